#include "storage/sqlite/schema.h"

#include <errno.h>
#include <sys/stat.h>

/* SQLite file format, section 1.3: the magic string, and two big-endian numbers of ours. */
enum { HEADER_SIZE = 100, APPLICATION_ID_OFFSET = 68 };
static const char MAGIC[16] = "SQLite format 3";

static bool header_is_ours(const unsigned char *header)
{
    const unsigned char *p = header + APPLICATION_ID_OFFSET;
    uint32_t id = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
    return memcmp(header, MAGIC, sizeof MAGIC) == 0 && id == DB_APPLICATION_ID;
}

enum cw_err schema_find_file(const char *path, bool *ret_exists, struct errmsg *reterr_msg)
{
    struct stat st;
    *ret_exists = lstat(path, &st) == 0;
    if (!*ret_exists && errno != ENOENT)
        return errmsg_set(reterr_msg, CW_ESTORAGE, "cannot read %s: %s", path, strerror(errno));
    if (*ret_exists && S_ISLNK(st.st_mode))
        return errmsg_set(reterr_msg, CW_ESTORAGE,
                          "%s is a symbolic link, which is not followed; name the file itself",
                          path);
    if (*ret_exists && !S_ISREG(st.st_mode))
        return errmsg_set(reterr_msg, CW_ENOTDB, "%s is not a file", path);
    return CW_OK;
}

bool schema_peek(struct db *db)
{
    unsigned char header[HEADER_SIZE];
    sqlite3_file *file = NULL;
    sqlite3_int64 size = 0;
    if (db->err != CW_OK)
        return false;
    sqlite3_file_control(db->handle, "main", SQLITE_FCNTL_FILE_POINTER, &file);
    int code = file->pMethods->xFileSize(file, &size);
    if (code == SQLITE_OK && size == 0)
        return false;
    if (code == SQLITE_OK)
        code = file->pMethods->xRead(file, header, sizeof header, 0);
    if (code == SQLITE_OK && header_is_ours(header))
        return true;
    if (code == SQLITE_OK || code == SQLITE_IOERR_SHORT_READ)
        db_fail(db, CW_ENOTDB,
                "%s is not a crawld database; it is left as it is, name another file", db->path);
    else
        db_fail(db, CW_ESTORAGE, "cannot read %s: %s", db->path, sqlite3_errstr(code));
    return false;
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
        for (const char *const *part = schema_migrations[version]; *part != NULL; part++)
            db_exec(db, *part);
        db_exec(db, pragma);
        db_end(db);
    }
}
