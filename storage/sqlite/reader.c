#include "storage/sqlite/reader_p.h"
#include "storage/sqlite/schema.h"
#include "storage/sqlite/store_p.h"

enum { READER_BUSY_TIMEOUT_MS = 10000 };

/* Pragmas that only tell, and only when they are given no value. */
static bool pragma_only_tells(const char *name)
{
    static const char *const names[] = {
        "application_id",  "collation_list", "compile_options", "database_list", "encoding",
        "freelist_count",  "function_list",  "index_info",      "index_list",    "index_xinfo",
        "integrity_check", "module_list",    "page_count",      "page_size",     "pragma_list",
        "quick_check",     "table_info",     "table_list",      "table_xinfo",   "user_version",
    };
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (str_eq_nocase(str_of(name), str_of(names[i])))
            return true;
    return false;
}

/* These take the name of a table or an index, which changes nothing. */
static bool pragma_may_have_argument(const char *name)
{
    struct str s = str_of(name);
    return str_starts_nocase(s, STR("table_")) || str_starts_nocase(s, STR("index_")) ||
           str_ends(s, STR("_check"));
}

/* SQLite asks for each thing that a statement would do, while it is compiled. What is not named
 * here is refused: it writes, or reaches for another file (ATTACH, also from VACUUM INTO). */
static int authorize(void *arg UNUSED, int action, const char *first, const char *second,
                     const char *database UNUSED, const char *trigger UNUSED)
{
    bool is_allowed = false;
    switch (action) {
    case SQLITE_SELECT:
    case SQLITE_READ:
    case SQLITE_RECURSIVE: is_allowed = true; break;
    case SQLITE_FUNCTION: is_allowed = !str_eq_nocase(str_of(second), STR("load_extension")); break;
    case SQLITE_UPDATE: /* how it declares table-valued functions (json_each, pragma_table_info);
                         * a real update is no read-only statement and is refused as such */
        is_allowed = str_eq(str_of(first), STR("sqlite_master"));
        break;
    case SQLITE_PRAGMA:
        is_allowed =
            pragma_only_tells(first) && (second == NULL || pragma_may_have_argument(first));
        break;
    default: break;
    }
    return is_allowed ? SQLITE_OK : SQLITE_DENY;
}

void reader_guard(struct store_reader *reader, bool guarded)
{
    sqlite3_set_authorizer(reader->db.handle, guarded ? authorize : NULL, NULL);
}

static enum cw_err open_reader(struct store_reader *reader, const char *path,
                               struct errmsg *reterr_msg)
{
    bool exists = false;
    enum cw_err err = store_resolve_path(path, &reader->path, reterr_msg);
    if (err == CW_OK)
        err = schema_find_file(reader->path, &exists, reterr_msg);
    if (err == CW_OK && !exists)
        err = errmsg_set(reterr_msg, CW_ENOTFOUND, "%s: no such file", path);
    if (err != CW_OK)
        return err;
    db_open(&reader->db, reader->path, SQLITE_OPEN_READONLY, READER_BUSY_TIMEOUT_MS);
    if (!schema_peek(&reader->db))
        db_fail(&reader->db, CW_ENOTDB, "%s is empty: no crawl has begun in it", path);
    db_exec(&reader->db, "PRAGMA query_only = ON;"
                         "PRAGMA cell_size_check = ON;" /* the file may be forged */
                         "PRAGMA temp_store = MEMORY");
    schema_check(&reader->db);
    if (reader->db.err == CW_OK)
        reader_guard(reader, true);
    return db_error(&reader->db, reterr_msg);
}

enum cw_err store_reader_open(struct store_reader **ret, const char *path,
                              struct errmsg *reterr_msg)
{
    struct store_reader *reader = malloc(sizeof *reader);
    if (reader == NULL)
        return errmsg_set(reterr_msg, CW_ENOMEM, "%s", cw_err_text(CW_ENOMEM));
    *reader = (struct store_reader){0};
    enum cw_err err = open_reader(reader, path, reterr_msg);
    if (err == CW_OK)
        *ret = STEAL(reader);
    store_reader_close(reader);
    return err;
}

void store_reader_close(struct store_reader *reader)
{
    if (reader == NULL)
        return;
    db_close(&reader->db);
    free(reader->path);
    free(reader);
}
