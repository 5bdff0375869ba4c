#include "storage/sqlite/schema.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* SQLite file format, section 1.3: the magic string, and two big-endian numbers of ours. */
enum { HEADER_SIZE = 100, APPLICATION_ID_OFFSET = 68 };
static const char MAGIC[16] = "SQLite format 3";

static bool header_is_ours(const unsigned char *header)
{
    const unsigned char *p = header + APPLICATION_ID_OFFSET;
    uint32_t id = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
    return memcmp(header, MAGIC, sizeof MAGIC) == 0 && id == DB_APPLICATION_ID;
}

static enum cw_err fail_open(const char *path, enum schema_kind *ret, struct errmsg *reterr_msg)
{
    if (errno == ENOENT) {
        *ret = SCHEMA_ABSENT;
        return CW_OK;
    }
    if (errno == ELOOP)
        return errmsg_set(reterr_msg, CW_ESTORAGE,
                          "%s is a symbolic link, which is not followed; name the file itself",
                          path);
    return errmsg_set(reterr_msg, CW_ESTORAGE, "cannot read %s: %s", path, strerror(errno));
}

enum cw_err schema_peek(const char *path, enum schema_kind *ret, struct errmsg *reterr_msg)
{
    unsigned char header[HEADER_SIZE];
    struct stat st;
    /* O_NONBLOCK: a named pipe is refused instead of waited for. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return fail_open(path, ret, reterr_msg);
    bool is_file = fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
    ssize_t got = is_file ? read(fd, header, sizeof header) : -1;
    close(fd);
    if (got != 0 && (got != HEADER_SIZE || !header_is_ours(header)))
        return errmsg_set(reterr_msg, CW_ENOTDB,
                          "%s is not a crawld database; it is left as it is, name another file",
                          path);
    *ret = got == 0 ? SCHEMA_EMPTY : SCHEMA_OURS;
    return CW_OK;
}

void schema_check(struct db *db)
{
    int64_t id = db_int(db, "PRAGMA application_id");
    int64_t version = db_int(db, "PRAGMA user_version");
    if (id != DB_APPLICATION_ID)
        db_fail(db, CW_ENOTDB, "%s is not a crawld database", db->path);
    else if (version > SCHEMA_VERSION)
        db_fail(db, CW_ENEWER,
                "%s was made by a newer crawld (schema %d, this one knows %d); use that one, or "
                "another --output",
                db->path, (int)version, SCHEMA_VERSION);
}

void schema_migrate(struct db *db)
{
    int64_t version = db_int(db, "PRAGMA user_version");
    for (; db->err == CW_OK && version < SCHEMA_VERSION; version++) {
        char pragma[64];
        snprintf(pragma, sizeof pragma, "PRAGMA user_version = %d", (int)version + 1);
        db_begin(db);
        db_exec(db, schema_migrations[version]);
        db_exec(db, pragma);
        db_end(db);
    }
}
