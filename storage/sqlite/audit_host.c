/* All requests, host by host: pauses, rests, slots and robots.txt. */
#include <stdlib.h>

#include "storage/sqlite/audit_p.h"

struct request {
    struct str host; /* borrowed from the row */
    int64_t id, epoch, start_ms, end_ms, limit_ms;
    int64_t start_unix_ms, end_unix_ms; /* to be shown */
    int64_t retry_after_ms;             /* -1: none */
    int64_t slots;                      /* of its host; -1: not stored */
    int kind, status;
    bool is_https, is_robots_txt; /* the latter: of its own origin, not where that redirects */
};

/* INT64_MIN stands for "never". */
struct host_walk {
    struct audit *audit;
    struct heap flying;
    struct audit_host host;
    char *name; /* owned; NULL before the first */
    int64_t epoch;
    int64_t last_start_ms, last_end_ms;
    int64_t refused_ms, rest_until_ms; /* the end of the last 429 or 503; how long it keeps */
    bool is_refused;                   /* and nothing has started since */
    bool was_asked[2];                 /* robots.txt by http, by https */
    int64_t asked_ms[2];               /* when the first one had ended */
};

static void forget_clock(struct host_walk *w)
{
    audit_land_all(&w->flying);
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
    arena_release(&a->urls);
}

static void begin_host(struct host_walk *w, const struct request *r)
{
    end_host(w);
    w->name = str_dup(r->host);
    if (w->name == NULL) {
        audit_fail_memory(w->audit);
        return;
    }
    w->host = (struct audit_host){.host = str_from(w->name, r->host.len),
                                  .first_unix_ms = r->start_unix_ms,
                                  .last_unix_ms = r->end_unix_ms,
                                  .smallest_gap_ms = -1,
                                  .shortest_limit_ms = r->limit_ms,
                                  .longest_limit_ms = r->limit_ms,
                                  .most_slots = -1,
                                  .shortest_wait_ms = -1};
    w->was_asked[0] = w->was_asked[1] = false;
    w->epoch = r->epoch;
    forget_clock(w);
}

/* `due_ms`: when it might have started. */
static void report_early(struct host_walk *w, enum audit_rule rule, const struct request *r,
                         int64_t due_ms)
{
    const struct audit_violation violation = {.rule = rule,
                                              .start_unix_ms = r->start_unix_ms,
                                              .due_unix_ms =
                                                  r->start_unix_ms + due_ms - r->start_ms};
    audit_report(w->audit, w->host.violations, &w->host.violation_count, &violation, r->id);
}

/* What had ended when this request started. */
static void settle_ends(struct host_walk *w, int64_t start_ms)
{
    for (struct flight *f; (f = audit_first_landing(&w->flying, start_ms)) != NULL;) {
        w->last_end_ms = f->item.key; /* they come in the order of their ends */
        if (f->rest_ms >= 0) {
            w->refused_ms = w->last_end_ms;
            w->rest_until_ms = MAX(w->rest_until_ms, w->last_end_ms + f->rest_ms);
            w->is_refused = true;
        }
        audit_land(&w->flying, f);
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
        report_early(w, AUDIT_PAUSE, r, after_end_ms);
    else if (is_early(r->start_ms, after_start_ms))
        report_early(w, AUDIT_SPACE, r, after_start_ms);
    if (w->last_end_ms != INT64_MIN)
        w->host.smallest_gap_ms =
            smaller_known(w->host.smallest_gap_ms, r->start_ms - w->last_end_ms);
}

static void check_rest(struct host_walk *w, const struct request *r)
{
    if (is_early(r->start_ms, w->rest_until_ms))
        report_early(w, AUDIT_REST, r, w->rest_until_ms);
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
    const struct run *run = audit_find_run(w->audit, r->id);
    const struct audit_violation never = {.rule = AUDIT_ROBOTS, .start_unix_ms = r->start_unix_ms};
    if (run == NULL || !run->asks_robots)
        w->audit->totals.unasked++;
    else if (!w->was_asked[r->is_https])
        audit_report(w->audit, w->host.violations, &w->host.violation_count, &never, r->id);
    else if (is_early(r->start_ms, w->asked_ms[r->is_https]))
        report_early(w, AUDIT_ROBOTS, r, w->asked_ms[r->is_https]);
}

/* After it has taken off. */
static void check_slots(struct host_walk *w, const struct request *r)
{
    int64_t at_once = (int64_t)w->flying.count;
    w->host.most_slots = MAX(w->host.most_slots, r->slots);
    w->audit->totals.unlimited += r->slots < 0;
    const struct audit_violation violation = {.rule = AUDIT_HOST_SLOTS,
                                              .start_unix_ms = r->start_unix_ms,
                                              .at_once = at_once,
                                              .slots = r->slots};
    if (r->slots >= 0 && at_once > r->slots)
        audit_report(w->audit, w->host.violations, &w->host.violation_count, &violation, r->id);
}

static void count_request(struct host_walk *w, const struct request *r)
{
    struct audit_host *h = &w->host;
    h->requests++;
    h->first_unix_ms = MIN(h->first_unix_ms, r->start_unix_ms);
    h->last_unix_ms = MAX(h->last_unix_ms, r->end_unix_ms);
    h->shortest_limit_ms = MIN(h->shortest_limit_ms, r->limit_ms);
    h->longest_limit_ms = MAX(h->longest_limit_ms, r->limit_ms);
    if ((int64_t)w->flying.count > h->most_at_once) {
        h->most_at_once = (int64_t)w->flying.count;
        h->most_unix_ms = r->start_unix_ms;
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
    audit_take_off(w->audit, &w->flying, r->end_ms, rest_ms);
    check_slots(w, r);
    w->last_start_ms = r->start_ms;
    w->host.refusals += is_refusal;
    count_request(w, r);
}

/* ---- the rows ---- */

#define HOSTS_SQL(times, retry_after, slots)                                                       \
    "SELECT audit_host(coalesce(f.url, u.text)) AS host, " times                                   \
    ", f.id, coalesce(f.limit_ms, 0), coalesce(" retry_after ", -1), f.kind,"                      \
    " coalesce(f.status, 0), substr(coalesce(f.url, u.text), 1, 6) = 'https:',"                    \
    " f.kind = 1 AND f.url LIKE '%/robots.txt'"                                                    \
    " AND length(f.url) - length(replace(f.url, '/', '')) = 3,"                                    \
    " f.started_ms, f.ended_ms, coalesce(" slots ", -1)" AUDIT_REQUESTS                            \
    " ORDER BY host, epoch, start, end, f.id"

static const char *choose_sql(const struct audit *a)
{
    if (a->version >= AUDIT_SINCE_LIMITS)
        return HOSTS_SQL(AUDIT_TIMES, "f.retry_after_ms", "f.host_slots");
    if (a->version >= AUDIT_SINCE_RETRY_AFTER)
        return HOSTS_SQL(AUDIT_OLD_TIMES, "f.retry_after_ms", "NULL");
    return HOSTS_SQL(AUDIT_OLD_TIMES, "NULL", "NULL");
}

static void read_request(const struct query *q, struct request *ret)
{
    *ret = (struct request){.host = query_text(q, 0),
                            .epoch = query_int(q, 1),
                            .start_ms = query_int(q, 2),
                            .end_ms = query_int(q, 3),
                            .id = query_int(q, 4),
                            .limit_ms = query_int(q, 5),
                            .retry_after_ms = query_int(q, 6),
                            .kind = (int)query_int(q, 7),
                            .status = (int)query_int(q, 8),
                            .is_https = query_int(q, 9) != 0,
                            .is_robots_txt = query_int(q, 10) != 0,
                            .start_unix_ms = query_int(q, 11),
                            .end_unix_ms = query_int(q, 12),
                            .slots = query_int(q, 13)};
}

void audit_walk_hosts(struct audit *a)
{
    struct host_walk w = {.audit = a, .flying = HEAP_INIT};
    struct query q = db_query(a->db, DB_AUDIT_HOSTS, choose_sql(a));
    while (a->goes_on && query_next(&q)) {
        struct request r;
        read_request(&q, &r);
        walk_request(&w, &r);
    }
    query_end(&q);
    end_host(&w);
    audit_land_all(&w.flying);
    heap_release(&w.flying);
}
