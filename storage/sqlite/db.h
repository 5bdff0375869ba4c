/* db: a thin wall around SQLite. Kept prepared statements, and one sticky error.
 *
 * The error is sticky, as with ferror(): the first failure is kept, and every later call does
 * nothing and answers "no row" until db_clear(). So a transaction is written as plain steps and
 * asked once, at its end, whether it worked. Foreign codes become enum cw_err here and nowhere
 * else. Thread: any, one at a time. */
#ifndef STORAGE_SQLITE_DB_H
#define STORAGE_SQLITE_DB_H

#include <sqlite3.h>

#include "crawler/base/err.h"
#include "crawler/base/str.h"

/* Who we are in the header of the file (PRAGMA application_id): "cwld". */
enum { DB_APPLICATION_ID = 0x63776c64 };

/* The statements that a connection keeps prepared; the SQL stands where it is used. */
enum db_statement {
    DB_HOST_FIND,
    DB_HOST_INSERT,
    DB_HOST_UPDATE,
    DB_HOST_DUE,
    DB_HOST_WAITING,
    DB_HOST_NEXT,
    DB_HOST_TOTALS,
    DB_URL_FIND,
    DB_URL_FIND_MANY,
    DB_URL_INSERT,
    DB_URL_INSERT_MANY,
    DB_URL_UPDATE,
    DB_URL_LEASED,
    DB_URL_FINISH,
    DB_URL_ANY_DUE,
    DB_URL_PROMOTE,
    DB_URL_LEASE_LIST,
    DB_URL_LEASE,
    DB_DOMAIN_ADD,
    DB_DOMAIN_FIND,
    DB_TRAP_PUT,
    DB_TRAP_LIST,
    DB_TRAP_URLS,
    DB_TALLY_ADD,
    DB_FETCH_INSERT,
    DB_PAGE_OLD,
    DB_PAGE_INSERT,
    DB_PAGE_DELETE,
    DB_BODY_INSERT,
    DB_ZDICT_FIND,
    DB_ZDICT_INSERT,
    DB_LINK_INSERT,
    DB_LINK_LAST,
    DB_LINK_DELETE,
    DB_LINK_TARGETS,
    DB_REDIRECT_FIND,
    DB_REDIRECT_INSERT,
    DB_REDIRECT_DELETE,
    DB_CRAWL_BEGIN,
    DB_CRAWL_ADD,
    DB_CRAWL_END,
    DB_TALLY_LIST,
    DB_SEED_LIST,
    DB_SEED_FAILED,
    DB_CLOCK_LAST,
    DB_CLOCK_ADOPT,
    DB_CLOCK_LAPSE,
    DB_CLOCK_BEGIN,
    DB_CLOCK_TICK,
    DB_CLOCK_PULL_URLS,
    DB_CLOCK_PULL_HOSTS,
    DB_CLOCK_LIST,
    DB_REJUDGE_LIST,
    DB_REJUDGE_NOTE,
    DB_ROBOTS_INSERT,
    DB_LOOKUP_HOST,
    DB_LOOKUP_URL,
    DB_READ_URL,
    DB_READ_BODY,
    DB_READ_OLD_BODY,
    DB_READ_VERSION,
    DB_EXPLAIN_URL,
    DB_EXPLAIN_TEXT,
    DB_EXPLAIN_SEEDS,
    DB_EXPLAIN_LINK,
    DB_EXPLAIN_LINK_COUNT,
    DB_EXPLAIN_LINKS,
    DB_EXPLAIN_ATTEMPT,
    DB_EXPLAIN_OLD_ATTEMPTS,
    DB_EXPLAIN_PAGE,
    DB_EXPLAIN_SAME,
    DB_EXPLAIN_SAME_COUNT,
    DB_EXPLAIN_HOP,
    DB_EXPLAIN_HOP_BACK,
    DB_EXPLAIN_HOP_COUNT,
    DB_EXPLAIN_HOST,
    DB_EXPLAIN_AHEAD,
    DB_EXPLAIN_HELD_AHEAD,
    DB_EXPLAIN_HOSTS_AHEAD,
    DB_EXPLAIN_ROBOTS,
    DB_EXPLAIN_RUN,
    DB_AUDIT_CLOCK,
    DB_AUDIT_RUNS,
    DB_AUDIT_HOSTS,
    DB_AUDIT_URL,
    DB_AUDIT_ADDRESSES,
    DB_SURVEY_LATER,
    DB_SURVEY_LONGEST,
    DB_REVISIT_DUE,
    DB_REVISIT_NEXT,
    DB_REVISIT_KNOWN,
    DB_REVISIT_STORE,
    DB_REVISIT_LIST,
    DB_REVISIT_LAST_RUN,
    DB_REVISIT_NOTE,
    DB_REVISIT_ANNOUNCE,
    DB_REVISIT_HASTEN,
    DB_REVISIT_MARK_ALL,
    DB_REVISIT_MARK_EVERY,
    DB_URL_REQUEUE,
    DB_PAGE_REFRESH,
    DB_VERSION_FIRST,
    DB_VERSION_ADD,
    DB_STATEMENT_COUNT,
};

/* A wait for another program's lock, as others may see it. */
struct db_wait {
    _Atomic int64_t since_ms, tried_ms; /* monotonic; 0: never */
    _Atomic int32_t holder;             /* its pid; 0: not known */
    int64_t looked_ms;                  /* when the holder was looked for; the waiting thread's */
};

struct db {
    sqlite3 *handle;      /* owned */
    struct db_wait *wait; /* borrowed; told of waits. NULL: nobody wants to know */
    int busy_timeout_ms;
    const char *path; /* borrowed, for messages */
    enum cw_err err;  /* the first failure since db_clear() */
    struct errmsg msg;
    sqlite3_stmt *statements[DB_STATEMENT_COUNT]; /* owned; NULL until first used */
};

/* Opens `path`, which is never followed when it is a symbolic link. `flags` are SQLITE_OPEN_*.
 * Always to be followed by db_close(). */
void db_open(struct db *db, const char *path, int flags, int busy_timeout_ms);
void db_close(struct db *db);

/* From now on waits for another program's lock are told to `wait`. */
void db_tell_waits(struct db *db, struct db_wait *wait);
int64_t db_wait_since_ms(const struct db_wait *wait, int64_t now_ms); /* 0: nobody waits now */

enum cw_err db_error(const struct db *db, struct errmsg *reterr_msg) MUST_CHECK;
void db_clear(struct db *db);
void db_fail(struct db *db, enum cw_err err, const char *format, ...) PRINTF_LIKE(3, 4);
/* Takes over what SQLite says went wrong in its last call. */
void db_fail_sqlite(struct db *db);

/* Statements without rows and without parameters; several may stand in one text. */
void db_exec(struct db *db, const char *sql);
/* The first column of the first row of a statement used once; 0 when there is none. */
int64_t db_int(struct db *db, const char *sql);

void db_begin(struct db *db);
/* Commits, or rolls back when anything failed since db_begin(). The statements survive. */
void db_end(struct db *db);

/* A kept statement about to run. put_x() fill its parameters from left to right; what they borrow
 * must live until the last query_next(). Then either query_run(), or query_next() until it is false
 * or query_end(). */
struct query {
    struct db *db;
    sqlite3_stmt *stmt; /* NULL after a failure: every call below is then harmless */
    int next;
};

struct query db_query(struct db *db, enum db_statement which, const char *sql);
void put_int(struct query *q, int64_t value);
void put_real(struct query *q, double value);
void put_int_or_null(struct query *q, int64_t value, int64_t null_value);
void put_text(struct query *q, struct str value); /* absent: NULL */
void put_blob(struct query *q, const void *bytes, size_t count);
void query_run(struct query *q);
bool query_next(struct query *q);
void query_end(struct query *q);
int64_t query_int(const struct query *q, int column);
double query_real(const struct query *q, int column);
/* Text (with a NUL behind it) or blob; absent when NULL; borrowed until the next row. */
struct str query_text(const struct query *q, int column);

#endif
