/* One walk over all requests in the order of their start, host by host, then address by address.
 * A heap holds those that have not ended yet; each start first settles the ends before it. */
#include <stdlib.h>

#include "crawler/base/arena.h"
#include "crawler/base/grow.h"
#include "crawler/base/heap.h"
#include "storage/sqlite/keys.h"
#include "storage/sqlite/reader_p.h"

enum {
    DISORDER_MAX_MS = 5000, /* rows land in about the order of their ends: no set-back up to this */
    URLS_MAX_BYTES = 2 * AUDIT_LISTED_MAX * URL_MAX_BYTES,
};

/* ---- what lies beneath: runs, and the clock's set-backs ---- */

struct run {
    int64_t started_ms;
    bool asks_robots;
};

struct audit {
    struct db *db;
    const struct audit_sink *sink;
    struct audit_totals totals;
    int64_t *steps; /* owned; the first row (its id) after each set-back */
    size_t step_count, step_cap;
    struct run *runs; /* owned; by start */
    size_t run_count, run_cap;
    bool goes_on;
};

static void fail_memory(struct audit *a)
{
    db_fail(a->db, CW_ENOMEM, "%s", cw_err_text(CW_ENOMEM));
}

/* How often the clock had been set back when row `id` landed. */
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

/* The run in which `time_ms` lies; one before all runs (the clock was set) belongs to the first. */
static struct run *find_run(const struct audit *a, int64_t time_ms)
{
    size_t low = 0, high = a->run_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (a->runs[middle].started_ms <= time_ms)
            low = middle + 1;
        else
            high = middle;
    }
    return a->run_count > 0 ? &a->runs[low > 0 ? low - 1 : 0] : NULL;
}

static void read_runs(struct audit *a)
{
    struct query q =
        db_query(a->db, DB_AUDIT_RUNS, "SELECT started_ms FROM crawl_ ORDER BY started_ms");
    while (query_next(&q)) {
        if (grow(&a->runs, &a->run_cap, a->run_count, sizeof *a->runs) != CW_OK)
            fail_memory(a);
        else
            a->runs[a->run_count++] = (struct run){.started_ms = query_int(&q, 0)};
    }
}

static void note_step(struct audit *a, int64_t id)
{
    if (grow(&a->steps, &a->step_cap, a->step_count, sizeof *a->steps) != CW_OK)
        fail_memory(a);
    else
        a->steps[a->step_count++] = id;
}

/* The rows in the order in which they landed tell when the clock was set back. */
static void read_clock(struct audit *a)
{
    int64_t latest_ms = INT64_MIN;
    struct query q = db_query(a->db, DB_AUDIT_CLOCK,
                              "SELECT id, kind, started_ms, ended_ms FROM fetch_"
                              " WHERE started_ms > 0 AND ended_ms > 0 ORDER BY id");
    while (query_next(&q)) {
        int64_t start_ms = query_int(&q, 2), end_ms = query_int(&q, 3);
        bool is_back = latest_ms != INT64_MIN && end_ms < latest_ms - DISORDER_MAX_MS;
        if (is_back)
            note_step(a, query_int(&q, 0));
        latest_ms = is_back ? end_ms : MAX(latest_ms, end_ms);
        struct run *run = find_run(a, start_ms);
        if (run != NULL && query_int(&q, 1) == FETCH_ROBOTS)
            run->asks_robots = true;
    }
    a->totals.clock_steps = (int64_t)a->step_count;
}

/* ---- requests under way ---- */

struct flight {
    struct heap_item item; /* keyed by its end */
    int64_t rest_ms;       /* that its answer asked for; -1: none */
};

static void land_first(struct heap *flying)
{
    struct heap_item *first = heap_first(flying);
    heap_remove(flying, first);
    free(CONTAINER_OF(first, struct flight, item));
}

static void land_all(struct heap *flying)
{
    while (heap_first(flying) != NULL)
        land_first(flying);
}

static void take_off(struct audit *a, struct heap *flying, int64_t end_ms, int64_t rest_ms)
{
    struct flight *f = malloc(sizeof *f);
    if (f != NULL) {
        *f = (struct flight){.rest_ms = rest_ms};
        if (heap_push(flying, &f->item, end_ms) == CW_OK)
            return;
    }
    free(f);
    fail_memory(a);
}

struct request {
    struct str host; /* borrowed from the row */
    int64_t id, epoch, start_ms, end_ms, limit_ms;
    int64_t retry_after_ms; /* -1: none */
    int kind, status;
    bool is_https, is_robots_txt; /* the latter: of its own origin, not where that redirects */
};

/* INT64_MIN stands for "never". */
struct host_walk {
    struct audit *audit;
    struct heap flying;
    struct audit_host host;
    char *name; /* owned; NULL before the first */
    struct arena urls;
    int64_t epoch;
    int64_t last_start_ms, last_end_ms;
    int64_t refused_ms, rest_until_ms; /* the end of the last 429 or 503; how long it keeps */
    bool is_refused;                   /* and nothing has started since */
    bool was_asked[2];                 /* robots.txt by http, by https */
    int64_t asked_ms[2];               /* when the first one had ended */
};

static void forget_clock(struct host_walk *w)
{
    land_all(&w->flying);
    w->last_start_ms = w->last_end_ms = w->refused_ms = w->rest_until_ms = INT64_MIN;
    w->is_refused = false;
    w->asked_ms[0] = w->asked_ms[1] = INT64_MIN;
}

static void end_host(struct host_walk *w)
{
    struct audit *a = w->audit;
    if (w->name == NULL)
        return;
    a->totals.hosts++;
    a->totals.requests += w->host.requests;
    a->totals.violations += w->host.violation_count;
    if (a->db->err == CW_OK && a->goes_on)
        a->goes_on = a->sink->on_host(a->sink->arg, &w->host);
    free(STEAL(w->name));
    arena_release(&w->urls);
}

static void begin_host(struct host_walk *w, const struct request *r)
{
    end_host(w);
    w->name = str_dup(r->host);
    if (w->name == NULL) {
        fail_memory(w->audit);
        return;
    }
    w->host = (struct audit_host){.host = str_from(w->name, r->host.len),
                                  .first_unix_ms = r->start_ms,
                                  .last_unix_ms = r->end_ms,
                                  .smallest_gap_ms = -1,
                                  .shortest_limit_ms = r->limit_ms,
                                  .longest_limit_ms = r->limit_ms,
                                  .shortest_wait_ms = -1};
    w->was_asked[0] = w->was_asked[1] = false;
    w->epoch = r->epoch;
    forget_clock(w);
}

static struct str read_url(struct host_walk *w, int64_t id)
{
    struct query q = db_query(w->audit->db, DB_AUDIT_URL,
                              "SELECT coalesce(f.url, u.text) FROM fetch_ AS f"
                              " LEFT JOIN url_ AS u ON u.id = f.url_id WHERE f.id = ?");
    put_int(&q, id);
    struct str url = query_next(&q) ? query_text(&q, 0) : STR_NONE;
    if (!arena_keep(&w->urls, &url))
        fail_memory(w->audit);
    query_end(&q);
    return url;
}

static void report(struct host_walk *w, enum audit_rule rule, const struct request *r,
                   int64_t due_ms)
{
    int64_t place = w->host.violation_count++;
    if (place < AUDIT_LISTED_MAX)
        w->host.violations[place] =
            (struct audit_violation){rule, read_url(w, r->id), r->start_ms, due_ms};
}

/* What had ended when this request started. */
static void settle_ends(struct host_walk *w, int64_t start_ms)
{
    for (struct heap_item *i; (i = heap_first(&w->flying)) != NULL && i->key <= start_ms;) {
        const struct flight *f = CONTAINER_OF(i, struct flight, item);
        w->last_end_ms = i->key; /* they come in the order of their ends */
        if (f->rest_ms >= 0) {
            w->refused_ms = i->key;
            w->rest_until_ms = MAX(w->rest_until_ms, i->key + f->rest_ms);
            w->is_refused = true;
        }
        land_first(&w->flying);
    }
}

static bool is_early(int64_t start_ms, int64_t due_ms)
{
    return due_ms != INT64_MIN && start_ms + AUDIT_TOLERANCE_MS < due_ms;
}

static int64_t due_after(int64_t time_ms, int64_t limit_ms)
{
    return time_ms == INT64_MIN ? INT64_MIN : time_ms + limit_ms;
}

static int64_t smaller_known(int64_t known, int64_t value)
{
    return known < 0 ? value : MIN(known, value);
}

static void check_pause(struct host_walk *w, const struct request *r)
{
    int64_t after_end_ms = due_after(w->last_end_ms, r->limit_ms),
            after_start_ms = due_after(w->last_start_ms, r->limit_ms);
    if (is_early(r->start_ms, after_end_ms))
        report(w, AUDIT_PAUSE, r, after_end_ms);
    else if (is_early(r->start_ms, after_start_ms))
        report(w, AUDIT_SPACE, r, after_start_ms);
    if (w->last_end_ms != INT64_MIN)
        w->host.smallest_gap_ms =
            smaller_known(w->host.smallest_gap_ms, r->start_ms - w->last_end_ms);
}

static void check_rest(struct host_walk *w, const struct request *r)
{
    if (is_early(r->start_ms, w->rest_until_ms))
        report(w, AUDIT_REST, r, w->rest_until_ms);
    if (w->is_refused)
        w->host.shortest_wait_ms =
            smaller_known(w->host.shortest_wait_ms, r->start_ms - w->refused_ms);
    w->is_refused = false;
}

static void check_robots(struct host_walk *w, const struct request *r)
{
    if (r->is_robots_txt && !w->was_asked[r->is_https]) {
        w->was_asked[r->is_https] = true;
        w->asked_ms[r->is_https] = r->end_ms;
    }
    if (r->kind != FETCH_PAGE)
        return;
    const struct run *run = find_run(w->audit, r->start_ms);
    if (run == NULL || !run->asks_robots)
        w->audit->totals.unasked++;
    else if (!w->was_asked[r->is_https])
        report(w, AUDIT_ROBOTS, r, 0);
    else if (is_early(r->start_ms, w->asked_ms[r->is_https]))
        report(w, AUDIT_ROBOTS, r, w->asked_ms[r->is_https]);
}

static void count_request(struct host_walk *w, const struct request *r)
{
    struct audit_host *h = &w->host;
    h->requests++;
    h->first_unix_ms = MIN(h->first_unix_ms, r->start_ms);
    h->last_unix_ms = MAX(h->last_unix_ms, r->end_ms);
    h->shortest_limit_ms = MIN(h->shortest_limit_ms, r->limit_ms);
    h->longest_limit_ms = MAX(h->longest_limit_ms, r->limit_ms);
    if ((int64_t)w->flying.count > h->most_at_once) {
        h->most_at_once = (int64_t)w->flying.count;
        h->most_unix_ms = r->start_ms;
    }
}

static void walk_request(struct host_walk *w, const struct request *r)
{
    if (w->name == NULL || !str_eq(w->host.host, r->host))
        begin_host(w, r);
    if (w->epoch != r->epoch) {
        w->epoch = r->epoch;
        forget_clock(w);
    }
    bool is_refusal = r->status == 429 || r->status == 503;
    int64_t rest_ms = is_refusal ? MAX(r->retry_after_ms, AUDIT_SHORTEST_REST_MS) : -1;
    settle_ends(w, r->start_ms);
    check_pause(w, r);
    check_rest(w, r);
    check_robots(w, r);
    take_off(w->audit, &w->flying, r->end_ms, rest_ms);
    w->last_start_ms = r->start_ms;
    w->host.refusals += is_refusal;
    count_request(w, r);
}

/* ---- the rows ---- */

/* No packet left for the host. %s: the column, or NULL where the file has none. A request during
 * which the clock was set back counts from its end. */
#define REQUESTS                                                                                   \
    " FROM fetch_ AS f LEFT JOIN url_ AS u ON u.id = f.url_id"                                     \
    " WHERE f.started_ms > 0 AND f.ended_ms > 0 AND NOT " UNSENT
#define UNSENT                                                                                     \
    "(f.status IS NULL AND (coalesce(f.error, '') = 'blocked' OR f.remote_ip IS NULL AND"          \
    " coalesce(f.error, '') IN ('dns', 'dns-temp', 'resolver', 'canceled', 'memory', "             \
    "'descriptors')))"
#define HOSTS_SQL(retry_after)                                                                     \
    "SELECT audit_host(coalesce(f.url, u.text)) AS host, audit_epoch(f.id) AS epoch,"              \
    " min(f.started_ms, f.ended_ms) AS start, f.id, f.ended_ms, coalesce(f.limit_ms, 0),"          \
    " coalesce(" retry_after ", -1), f.kind, coalesce(f.status, 0),"                               \
    " substr(coalesce(f.url, u.text), 1, 6) = 'https:', f.kind = 1 AND f.url LIKE '%/robots.txt'"  \
    " AND length(f.url) - length(replace(f.url, '/', '')) = 3" REQUESTS                            \
    " ORDER BY host, epoch, start, f.ended_ms, f.id"

static void read_request(const struct query *q, struct request *ret)
{
    *ret = (struct request){.host = query_text(q, 0),
                            .epoch = query_int(q, 1),
                            .start_ms = query_int(q, 2),
                            .id = query_int(q, 3),
                            .end_ms = query_int(q, 4),
                            .limit_ms = query_int(q, 5),
                            .retry_after_ms = query_int(q, 6),
                            .kind = (int)query_int(q, 7),
                            .status = (int)query_int(q, 8),
                            .is_https = query_int(q, 9) != 0,
                            .is_robots_txt = query_int(q, 10) != 0};
}

static void walk_hosts(struct audit *a)
{
    struct host_walk w = {.audit = a, .flying = HEAP_INIT, .urls = ARENA_INIT(URLS_MAX_BYTES)};
    struct query q =
        db_query(a->db, DB_AUDIT_HOSTS,
                 a->totals.has_retry_after ? HOSTS_SQL("f.retry_after_ms") : HOSTS_SQL("NULL"));
    while (a->goes_on && query_next(&q)) {
        struct request r;
        read_request(&q, &r);
        walk_request(&w, &r);
    }
    query_end(&q);
    end_host(&w);
    land_all(&w.flying);
    heap_release(&w.flying);
}

struct address_walk {
    struct audit *audit;
    struct heap flying;
    struct audit_address address;
    char *text; /* owned; NULL before the first */
    int64_t epoch;
};

static void end_address(struct address_walk *w)
{
    struct audit *a = w->audit;
    if (w->text != NULL && a->db->err == CW_OK && a->goes_on)
        a->goes_on = a->sink->on_address(a->sink->arg, &w->address);
    free(STEAL(w->text));
}

static void begin_address(struct address_walk *w, struct str address)
{
    end_address(w);
    land_all(&w->flying);
    w->text = str_dup(address);
    if (w->text == NULL)
        fail_memory(w->audit);
    w->address = (struct audit_address){.address = str_from(w->text, address.len)};
}

static void walk_contact(struct address_walk *w, const struct query *q)
{
    struct str address = query_text(q, 0);
    int64_t epoch = query_int(q, 1), start_ms = query_int(q, 2), end_ms = query_int(q, 3);
    if (w->text == NULL || !str_eq(w->address.address, address))
        begin_address(w, address);
    if (w->epoch != epoch)
        land_all(&w->flying);
    w->epoch = epoch;
    for (struct heap_item *i; (i = heap_first(&w->flying)) != NULL && i->key <= start_ms;)
        land_first(&w->flying);
    take_off(w->audit, &w->flying, end_ms, -1);
    w->address.requests++;
    if ((int64_t)w->flying.count > w->address.most_at_once) {
        w->address.most_at_once = (int64_t)w->flying.count;
        w->address.most_unix_ms = start_ms;
    }
}

static void walk_addresses(struct audit *a)
{
    struct address_walk w = {.audit = a, .flying = HEAP_INIT};
    struct query q = db_query(a->db, DB_AUDIT_ADDRESSES,
                              "SELECT f.remote_ip, audit_epoch(f.id) AS epoch,"
                              " min(f.started_ms, f.ended_ms) AS start, f.ended_ms" REQUESTS
                              " AND f.remote_ip IS NOT NULL ORDER BY f.remote_ip, epoch, start");
    while (a->goes_on && query_next(&q))
        walk_contact(&w, &q);
    query_end(&q);
    end_address(&w);
    land_all(&w.flying);
    heap_release(&w.flying);
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
    a->totals.has_retry_after = db_int(a->db, "SELECT count(*) FROM pragma_table_info('fetch_')"
                                              " WHERE name = 'retry_after_ms'") > 0;
    a->totals.unsent =
        db_int(a->db, "SELECT count(*) FROM fetch_ AS f WHERE NOT"
                      " (coalesce(f.started_ms > 0 AND f.ended_ms > 0, 0) AND NOT " UNSENT ")");
    read_runs(a);
    read_clock(a);
    define_functions(a->db, a);
    walk_hosts(a);
    walk_addresses(a);
    db_end(a->db);
}

enum cw_err store_audit(struct store_reader *reader, const struct audit_sink *sink,
                        struct audit_totals *ret, struct errmsg *reterr_msg)
{
    struct audit a = {.db = &reader->db, .sink = sink, .goes_on = true};
    db_clear(a.db);
    reader_guard(reader, false);
    audit_snapshot(&a);
    define_functions(a.db, NULL);
    reader_guard(reader, true);
    free(a.steps);
    free(a.runs);
    enum cw_err err = db_error(a.db, reterr_msg);
    if (err == CW_OK)
        *ret = a.totals;
    return err;
}
