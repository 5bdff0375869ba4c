/* What lies beneath the walks: runs, the wall clock's set-backs, and the whole. */
#include <stdlib.h>

#include "crawler/base/grow.h"
#include "storage/sqlite/audit_p.h"
#include "storage/sqlite/keys.h"
#include "storage/sqlite/reader_p.h"

enum {
    DISORDER_MAX_MS = 5000, /* rows land in about the order of their ends: no set-back up to this */
    URLS_MAX_BYTES = 2 * AUDIT_LISTED_MAX * URL_MAX_BYTES,
};

void audit_fail_memory(struct audit *a)
{
    db_fail(a->db, CW_ENOMEM, "%s", cw_err_text(CW_ENOMEM));
}

/* ---- runs ---- */

struct run *audit_find_run(const struct audit *a, int64_t id)
{
    size_t low = 0, high = a->run_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (a->runs[middle].first_fetch <= id)
            low = middle + 1;
        else
            high = middle;
    }
    return a->run_count > 0 ? &a->runs[low > 0 ? low - 1 : 0] : NULL;
}

/* Where an older file does not say it, the run's first request is the first that ended in it. */
#define FIRST_BY_TIME                                                                              \
    "(SELECT min(f.id) FROM fetch_ AS f WHERE f.ended_ms >= c.started_ms), 9223372036854775807)"

static void read_runs(struct audit *a)
{
    struct query q = db_query(
        a->db, DB_AUDIT_RUNS,
        a->version >= AUDIT_SINCE_LIMITS
            ? "SELECT coalesce(c.first_fetch, " FIRST_BY_TIME " FROM crawl_ AS c ORDER BY id"
            : "SELECT coalesce(" FIRST_BY_TIME " FROM crawl_ AS c ORDER BY id");
    while (query_next(&q)) {
        if (grow(&a->runs, &a->run_cap, a->run_count, sizeof *a->runs) != CW_OK)
            audit_fail_memory(a);
        else
            a->runs[a->run_count++] = (struct run){.first_fetch = query_int(&q, 0)};
    }
}

/* ---- the wall clock ---- */

/* How often it had been set back when row `id` landed. */
static size_t find_epoch(const struct audit *a, int64_t id)
{
    size_t low = 0, high = a->step_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (a->steps[middle] <= id)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void note_step(struct audit *a, int64_t id)
{
    if (grow(&a->steps, &a->step_cap, a->step_count, sizeof *a->steps) != CW_OK)
        audit_fail_memory(a);
    else
        a->steps[a->step_count++] = id;
}

/* The rows in the order in which they landed tell when it was set back; those on the steady clock
 * need not be asked. */
static void read_clock(struct audit *a)
{
#define CLOCK_SQL(is_steady)                                                                       \
    "SELECT id, kind, ended_ms, " is_steady " FROM fetch_ WHERE started_ms > 0 AND ended_ms > 0"   \
    " ORDER BY id"
    int64_t latest_ms = INT64_MIN;
    struct query q =
        db_query(a->db, DB_AUDIT_CLOCK,
                 a->version >= AUDIT_SINCE_LIMITS ? CLOCK_SQL("steady_start_ms IS NOT NULL")
                                                  : CLOCK_SQL("0"));
    while (query_next(&q)) {
        int64_t id = query_int(&q, 0), end_ms = query_int(&q, 2);
        struct run *run = audit_find_run(a, id);
        if (run != NULL && query_int(&q, 1) == FETCH_ROBOTS)
            run->asks_robots = true;
        if (query_int(&q, 3) != 0)
            continue;
        bool is_back = latest_ms != INT64_MIN && end_ms < latest_ms - DISORDER_MAX_MS;
        if (is_back)
            note_step(a, id);
        latest_ms = is_back ? end_ms : MAX(latest_ms, end_ms);
    }
    a->totals.clock_steps = (int64_t)a->step_count;
}

/* ---- violations ---- */

static struct str read_url(struct audit *a, int64_t id)
{
    struct query q = db_query(a->db, DB_AUDIT_URL,
                              "SELECT coalesce(f.url, u.text) FROM fetch_ AS f"
                              " LEFT JOIN url_ AS u ON u.id = f.url_id WHERE f.id = ?");
    put_int(&q, id);
    struct str url = query_next(&q) ? query_text(&q, 0) : STR_NONE;
    if (!arena_keep(&a->urls, &url))
        audit_fail_memory(a);
    query_end(&q);
    return url;
}

void audit_report(struct audit *a, struct audit_violation list[AUDIT_LISTED_MAX], int64_t *count,
                  const struct audit_violation *violation, int64_t id)
{
    int64_t place = (*count)++;
    if (place >= AUDIT_LISTED_MAX)
        return;
    list[place] = *violation;
    list[place].url = read_url(a, id);
}

/* ---- the whole ---- */

static void sql_host(sqlite3_context *context, int count UNUSED, sqlite3_value **values)
{
    struct str url = str_from((const char *)sqlite3_value_text(values[0]),
                              (size_t)sqlite3_value_bytes(values[0]));
    struct str host = str_is_absent(url) ? STR("") : key_host_of_url(url);
    sqlite3_result_text(context, host.len > 0 ? host.ptr : "", (int)host.len, SQLITE_TRANSIENT);
}

static void sql_epoch(sqlite3_context *context, int count UNUSED, sqlite3_value **values)
{
    const struct audit *a = sqlite3_user_data(context);
    sqlite3_result_int64(context, (int64_t)find_epoch(a, sqlite3_value_int64(values[0])));
}

/* `a`: what they know of; NULL takes them away, before it goes. */
static void define_functions(struct db *db, struct audit *a)
{
    int code = sqlite3_create_function(db->handle, "audit_host", 1, SQLITE_UTF8, a,
                                       a != NULL ? sql_host : NULL, NULL, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_create_function(db->handle, "audit_epoch", 1, SQLITE_UTF8, a,
                                       a != NULL ? sql_epoch : NULL, NULL, NULL);
    if (code != SQLITE_OK)
        db_fail_sqlite(db);
}

static void audit_snapshot(struct audit *a)
{
    db_exec(a->db, "PRAGMA temp_store = FILE; BEGIN"); /* sorting may outgrow the memory */
    a->version = db_int(a->db, "PRAGMA user_version");
    a->totals.has_retry_after = a->version >= AUDIT_SINCE_RETRY_AFTER;
    a->totals.unsent = db_int(
        a->db, "SELECT count(*) FROM fetch_ AS f WHERE NOT"
               " (coalesce(f.started_ms > 0 AND f.ended_ms > 0, 0) AND NOT " AUDIT_UNSENT ")");
    read_runs(a);
    read_clock(a);
    define_functions(a->db, a);
    audit_walk_hosts(a);
    audit_walk_addresses(a);
    db_end(a->db);
}

enum cw_err store_audit(struct store_reader *reader, const struct audit_sink *sink,
                        struct audit_totals *ret, struct errmsg *reterr_msg)
{
    struct audit a = {
        .db = &reader->db, .sink = sink, .urls = ARENA_INIT(URLS_MAX_BYTES), .goes_on = true};
    db_clear(a.db);
    reader_guard(reader, false);
    audit_snapshot(&a);
    define_functions(a.db, NULL);
    reader_guard(reader, true);
    arena_release(&a.urls);
    free(a.steps);
    free(a.runs);
    enum cw_err err = db_error(a.db, reterr_msg);
    if (err == CW_OK)
        *ret = a.totals;
    return err;
}
