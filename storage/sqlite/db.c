#include "storage/sqlite/db.h"

#include <errno.h>
#include <stdarg.h>

#include "storage/sqlite/logfile.h"

void db_open(struct db *db, const char *path, int flags, int busy_timeout_ms)
{
    *db = (struct db){.path = path, .busy_timeout_ms = busy_timeout_ms};
    flags |= SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    const char *vfs = sqlite3_vfs_find(LOGFILE_VFS) != NULL ? LOGFILE_VFS : NULL;
    if (sqlite3_open_v2(path, &db->handle, flags, vfs) != SQLITE_OK) {
        db_fail_sqlite(db);
        return;
    }
    sqlite3_busy_timeout(db->handle, busy_timeout_ms);
    /* The file may come from a stranger: its schema gets no say beyond plain tables and views. */
    sqlite3_db_config(db->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(db->handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
}

void db_close(struct db *db)
{
    for (size_t i = 0; i < DB_STATEMENT_COUNT; i++)
        sqlite3_finalize(db->statements[i]);
    sqlite3_close(db->handle);
    *db = (struct db){0};
}

enum cw_err db_error(const struct db *db, struct errmsg *reterr_msg)
{
    if (db->err != CW_OK && reterr_msg != NULL)
        *reterr_msg = db->msg;
    return db->err;
}

void db_clear(struct db *db)
{
    db->err = CW_OK;
}

void db_fail(struct db *db, enum cw_err err, const char *format, ...)
{
    if (db->err != CW_OK)
        return;
    db->err = err;
    va_list args;
    va_start(args, format);
    vsnprintf(db->msg.text, sizeof db->msg.text, format, args);
    va_end(args);
}

static bool disk_is_full(sqlite3 *handle, int code)
{
    if ((code & 0xff) == SQLITE_FULL || code == SQLITE_IOERR_SHMSIZE)
        return true;
    int number = handle != NULL ? sqlite3_system_errno(handle) : 0;
    return (code & 0xff) == SQLITE_IOERR && (number == ENOSPC || number == EDQUOT);
}

static enum cw_err err_from_sqlite(sqlite3 *handle, int code)
{
    if (disk_is_full(handle, code))
        return CW_EDISKFULL;
    switch (code & 0xff) {
    case SQLITE_NOMEM: return CW_ENOMEM;
    case SQLITE_NOTADB: return CW_ENOTDB;
    default: return CW_ESTORAGE;
    }
}

void db_fail_sqlite(struct db *db)
{
    int code = db->handle != NULL ? sqlite3_extended_errcode(db->handle) : SQLITE_NOMEM;
    enum cw_err err = err_from_sqlite(db->handle, code);
    const char *words = db->handle != NULL ? sqlite3_errmsg(db->handle) : sqlite3_errstr(code);
    if (err == CW_EDISKFULL)
        db_fail(db, err, "%s: no space left on the disk; free some and run the same command again",
                db->path);
    else if (code == SQLITE_CANTOPEN_SYMLINK)
        db_fail(db, err, "%s is a symbolic link, which is not followed; name the file itself",
                db->path);
    else if ((code & 0xff) == SQLITE_BUSY)
        db_fail(db, err, "%s: locked by another program for too long (%s)", db->path, words);
    else
        db_fail(db, err, "%s: %s (SQLite error %d)", db->path, words, code);
}

void db_exec(struct db *db, const char *sql)
{
    if (db->err == CW_OK && sqlite3_exec(db->handle, sql, NULL, NULL, NULL) != SQLITE_OK)
        db_fail_sqlite(db);
}

int64_t db_int(struct db *db, const char *sql)
{
    sqlite3_stmt *stmt = NULL;
    int64_t value = 0;
    if (db->err != CW_OK)
        return 0;
    int code = sqlite3_prepare_v2(db->handle, sql, -1, &stmt, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_step(stmt);
    if (code == SQLITE_ROW)
        value = sqlite3_column_int64(stmt, 0);
    else if (code != SQLITE_DONE)
        db_fail_sqlite(db);
    sqlite3_finalize(stmt);
    return value;
}

void db_begin(struct db *db)
{
    db_exec(db, "BEGIN IMMEDIATE");
}

void db_end(struct db *db)
{
    db_exec(db, "COMMIT");
    /* After some failures (a full disk) SQLite has rolled back by itself. */
    if (db->err != CW_OK && !sqlite3_get_autocommit(db->handle))
        sqlite3_exec(db->handle, "ROLLBACK", NULL, NULL, NULL);
}

struct query db_query(struct db *db, enum db_statement which, const char *sql)
{
    struct query q = {.db = db, .next = 1};
    if (db->err != CW_OK)
        return q;
    sqlite3_stmt **kept = &db->statements[which];
    if (*kept == NULL &&
        sqlite3_prepare_v3(db->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, kept, NULL) != SQLITE_OK)
        db_fail_sqlite(db);
    q.stmt = *kept;
    return q;
}

static void check_bound(struct query *q, int code)
{
    if (code != SQLITE_OK)
        db_fail_sqlite(q->db);
}

void put_int(struct query *q, int64_t value)
{
    if (q->stmt != NULL)
        check_bound(q, sqlite3_bind_int64(q->stmt, q->next++, value));
}

void put_real(struct query *q, double value)
{
    if (q->stmt != NULL)
        check_bound(q, sqlite3_bind_double(q->stmt, q->next++, value));
}

static void put_null(struct query *q)
{
    if (q->stmt != NULL)
        check_bound(q, sqlite3_bind_null(q->stmt, q->next++));
}

void put_int_or_null(struct query *q, int64_t value, int64_t null_value)
{
    if (value == null_value)
        put_null(q);
    else
        put_int(q, value);
}

void put_text(struct query *q, struct str value)
{
    if (str_is_absent(value))
        put_null(q);
    else if (q->stmt != NULL)
        check_bound(q, sqlite3_bind_text64(q->stmt, q->next++, value.ptr, value.len, SQLITE_STATIC,
                                           SQLITE_UTF8));
}

void put_blob(struct query *q, const void *bytes, size_t count)
{
    if (q->stmt != NULL)
        check_bound(q, sqlite3_bind_blob64(q->stmt, q->next++, bytes, count, SQLITE_STATIC));
}

void query_end(struct query *q)
{
    if (q->stmt != NULL)
        sqlite3_reset(q->stmt);
    q->stmt = NULL;
}

bool query_next(struct query *q)
{
    int code = SQLITE_DONE;
    if (q->stmt != NULL && q->db->err == CW_OK)
        code = sqlite3_step(q->stmt);
    if (code == SQLITE_ROW)
        return true;
    if (code != SQLITE_DONE)
        db_fail_sqlite(q->db);
    query_end(q);
    return false;
}

void query_run(struct query *q)
{
    while (query_next(q))
        ;
}

int64_t query_int(const struct query *q, int column)
{
    return sqlite3_column_int64(q->stmt, column);
}

double query_real(const struct query *q, int column)
{
    return sqlite3_column_double(q->stmt, column);
}

struct str query_text(const struct query *q, int column)
{
    bool is_text = sqlite3_column_type(q->stmt, column) == SQLITE_TEXT;
    const void *bytes = is_text ? (const void *)sqlite3_column_text(q->stmt, column)
                                : sqlite3_column_blob(q->stmt, column);
    size_t count = (size_t)sqlite3_column_bytes(q->stmt, column);
    return str_from(bytes, bytes != NULL ? count : 0);
}
