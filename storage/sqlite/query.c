#include "storage/sqlite/reader_p.h"

/* ---- errors, with the place ---- */

struct place {
    int line, column; /* 1-based; the column in bytes */
};

static struct place find_place(struct str sql, size_t offset)
{
    struct place place = {.line = 1, .column = 1};
    for (size_t i = 0; i < offset && i < sql.len; i++) {
        place.column++;
        if (sql.ptr[i] == '\n')
            place = (struct place){.line = place.line + 1, .column = 1};
    }
    return place;
}

/* Is it the file that failed, and not the statement? */
static bool is_storage_failure(int code)
{
    switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_CANTOPEN:
    case SQLITE_CORRUPT:
    case SQLITE_FULL:
    case SQLITE_IOERR:
    case SQLITE_NOMEM:
    case SQLITE_NOTADB:
    case SQLITE_PERM:
    case SQLITE_PROTOCOL: return true;
    default: return false;
    }
}

/* `start`: where in `sql` the statement at fault begins. */
static enum cw_err fail_sql(struct store_reader *reader, struct str sql, size_t start,
                            struct errmsg *reterr_msg)
{
    sqlite3 *handle = reader->db.handle;
    if (is_storage_failure(sqlite3_errcode(handle))) {
        db_clear(&reader->db);
        db_fail_sqlite(&reader->db);
        return db_error(&reader->db, reterr_msg);
    }
    int offset = sqlite3_error_offset(handle);
    if (offset < 0)
        return errmsg_set(reterr_msg, CW_EINVAL, "%s", sqlite3_errmsg(handle));
    struct place place = find_place(sql, start + (size_t)offset);
    return errmsg_set(reterr_msg, CW_EINVAL, "line %d, column %d: %s", place.line, place.column,
                      sqlite3_errmsg(handle));
}

/* ---- one statement ---- */

/* Room for the columns of one statement. */
struct columns {
    size_t count;
    const char **names;
    struct store_value *values;
};

static void columns_release(struct columns *c)
{
    free(c->names);
    free(c->values);
}

static struct store_value read_value(sqlite3_stmt *stmt, int column)
{
    struct store_value value = {.type = STORE_NULL};
    switch (sqlite3_column_type(stmt, column)) {
    case SQLITE_INTEGER:
        value.type = STORE_INTEGER;
        value.integer = sqlite3_column_int64(stmt, column);
        return value;
    case SQLITE_FLOAT:
        value.type = STORE_REAL;
        value.real = sqlite3_column_double(stmt, column);
        return value;
    case SQLITE_TEXT:
        value.type = STORE_TEXT;
        value.text.ptr = (const char *)sqlite3_column_text(stmt, column);
        break;
    case SQLITE_BLOB:
        value.type = STORE_BLOB;
        value.text.ptr = sqlite3_column_blob(stmt, column);
        break;
    default: return value;
    }
    value.text.len = (size_t)sqlite3_column_bytes(stmt, column);
    if (value.text.ptr == NULL) /* an empty blob is no NULL */
        value.text = STR("");
    return value;
}

/* *ret_goes_on says whether the sink wants more. The result is SQLite's. */
static int send_rows(sqlite3_stmt *stmt, const struct store_query_sink *sink, struct columns *c,
                     bool *ret_goes_on)
{
    for (size_t i = 0; i < c->count; i++)
        c->names[i] = sqlite3_column_name(stmt, (int)i);
    *ret_goes_on = sink->on_columns(sink->arg, c->names, c->count);
    int code = SQLITE_DONE;
    while (*ret_goes_on && (code = sqlite3_step(stmt)) == SQLITE_ROW) {
        for (size_t i = 0; i < c->count; i++)
            c->values[i] = read_value(stmt, (int)i);
        *ret_goes_on = sink->on_row(sink->arg, c->values, c->count);
        code = SQLITE_DONE;
    }
    return code;
}

static int run_statement(sqlite3_stmt *stmt, const struct store_query_sink *sink, bool *ret_goes_on)
{
    CLEANUP(columns_release) struct columns c = {.count = (size_t)sqlite3_column_count(stmt)};
    c.names = calloc(c.count + 1, sizeof *c.names);
    c.values = calloc(c.count + 1, sizeof *c.values);
    if (c.names == NULL || c.values == NULL)
        return SQLITE_NOMEM;
    return send_rows(stmt, sink, &c, ret_goes_on);
}

/* Runs the first statement of sql[start..]; *ret_end is where the next begins. */
static enum cw_err run_next(struct store_reader *reader, struct str sql, size_t start,
                            const struct store_query_sink *sink, size_t *ret_end, bool *ret_goes_on,
                            struct errmsg *reterr_msg)
{
    sqlite3 *handle = reader->db.handle;
    sqlite3_stmt *stmt = NULL;
    const char *tail = NULL;
    size_t left = sql.len - start;
    if (left > INT32_MAX)
        return errmsg_set(reterr_msg, CW_EINVAL, "the statement is too long");
    if (sqlite3_prepare_v2(handle, sql.ptr + start, (int)left, &stmt, &tail) != SQLITE_OK)
        return fail_sql(reader, sql, start, reterr_msg);
    *ret_end = (size_t)(tail - sql.ptr);
    if (stmt == NULL) /* white space or a comment */
        return CW_OK;
    enum cw_err err = CW_OK;
    if (!sqlite3_stmt_readonly(stmt)) {
        err = errmsg_set(reterr_msg, CW_EINVAL, "only statements that read are allowed");
    } else {
        int code = run_statement(stmt, sink, ret_goes_on);
        if (code == SQLITE_NOMEM)
            err = errmsg_set(reterr_msg, CW_ENOMEM, "%s", cw_err_text(CW_ENOMEM));
        else if (code != SQLITE_DONE)
            err = fail_sql(reader, sql, start, reterr_msg);
    }
    sqlite3_finalize(stmt);
    return err;
}

enum cw_err store_query(struct store_reader *reader, struct str sql,
                        const struct store_query_sink *sink, struct errmsg *reterr_msg)
{
    enum cw_err err = CW_OK;
    bool goes_on = true;
    size_t at = 0;
    while (err == CW_OK && goes_on && at < sql.len)
        err = run_next(reader, sql, at, sink, &at, &goes_on, reterr_msg);
    return err;
}
