/* What a crawl is at, in numbers: a walk over the visits in memory, whose number follows the
 * connections. */
#include "crawler/base/clock.h"
#include "crawler/engine/crawl_p.h"
#include "crawler/engine/errand.h"
#include "crawler/engine/visit.h"
#include "crawler/engine/watch.h"

/* What holds up one request. */
struct hold {
    enum stall_cause cause;
    bool rests;
    int64_t until_ms; /* monotonic; INT64_MIN: not known */
};

static struct hold hold_of(enum stall_cause cause)
{
    return (struct hold){.cause = cause, .until_ms = INT64_MIN};
}

/* ---- one request ---- */

static struct hold hold_of_host(const struct vitals *v, const struct host *host, int64_t now_ms)
{
    struct host_waiting w;
    host_waits(host, now_ms, &w);
    struct hold hold = {.until_ms = w.until_ms};
    switch (w.what) {
    case HOST_WAITS_FOR_REST:
        hold.rests = true;
        hold.cause = stall_cause_of_failure(v, w.rest_err);
        if (hold.cause == CAUSE_COUNT)
            hold.cause = CAUSE_BACKOFF;
        return hold;
    case HOST_WAITS_FOR_DELAY: hold.cause = CAUSE_DELAY; return hold;
    case HOST_WAITS_FOR_SLOT: return hold_of(CAUSE_SLOTS);
    case HOST_WAITS_FOR_ADDRESS: return hold_of(CAUSE_ADDRESS);
    case HOST_WAITS_FOR_NOTHING:
    case HOST_WAITS_FOR_CONNECTION: break;
    }
    return hold_of(CAUSE_CONNECTIONS);
}

static enum stall_cause cause_of_phase(const struct vitals *v, enum fetch_phase phase)
{
    switch (phase) {
    case FETCH_CONNECTING: return v->proxied ? CAUSE_PROXY : CAUSE_CONNECT;
    case FETCH_SECURING: return v->proxied ? CAUSE_PROXY : CAUSE_TLS;
    case FETCH_ASKED: return CAUSE_SILENT;
    case FETCH_ANSWERING: return CAUSE_BODY;
    }
    return CAUSE_COUNT;
}

/* What crawl_may_fetch() said no for. */
static enum stall_cause cause_of_standing_aside(const struct crawl *crawl)
{
    const struct crawl_config *config = crawl->config;
    int64_t pages = crawl->stored_pages + crawl->unlanded_pages + crawl->going;
    if (config->max_pages != CONFIG_UNLIMITED && pages >= config->max_pages)
        return CAUSE_PAGES;
    if (sink_is_full(crawl->sink) || sink_unlanded(crawl->sink) >= crawl->engine->connections)
        return CAUSE_WRITER;
    if (executor_waiting(crawl->engine->executor, LANE_PARSE) > 0)
        return CAUSE_PARSERS;
    return CAUSE_CONNECTIONS;
}

static struct hold hold_of_errand(const struct vitals *v, const struct crawl *crawl,
                                  const struct errand *e, int64_t now_ms)
{
    switch (e->state) {
    case ERRAND_WAITING: return hold_of_host(v, e->host, now_ms);
    case ERRAND_ASIDE: return hold_of(cause_of_standing_aside(crawl));
    case ERRAND_RESOLVING: return hold_of(stall_cause_of_failure(v, CW_ERESOLVER));
    case ERRAND_FETCHING: return hold_of(cause_of_phase(v, fetch_phase(e->fetch)));
    }
    return hold_of(CAUSE_COUNT);
}

/* A server that keeps back its robots.txt keeps back all its pages; where it cannot be reached at
 * all, that is what is to be told. */
static enum stall_cause cause_through_robots(enum stall_cause cause)
{
    switch (cause) {
    case CAUSE_SILENT:
    case CAUSE_BODY:
    case CAUSE_BACKOFF: return CAUSE_ROBOTS;
    default: return cause;
    }
}

/* ---- all of them ---- */

struct walk {
    struct vitals *vitals;
    const struct crawl *crawl;
    int64_t now_ms;
};

/* A host counts once, under the first of the causes. */
static void on_visit(void *arg, const struct visit_view *view)
{
    struct walk *walk = arg;
    struct bench_host *bh = view->host;
    struct hold hold = hold_of(CAUSE_PARSERS);
    if (view->errand != NULL)
        hold = hold_of_errand(walk->vitals, walk->crawl, view->errand, walk->now_ms);
    if (view->for_robots)
        hold.cause = cause_through_robots(hold.cause);
    if (hold.cause >= bh->held_by)
        return;
    bh->held_by = hold.cause;
    bh->held_rests = hold.rests;
    bh->held_until_ms = hold.until_ms;
}

static void walk_hosts(struct crawl *crawl, int64_t now_ms, struct vitals *v)
{
    struct walk walk = {.vitals = v, .crawl = crawl, .now_ms = now_ms};
    struct bench_host *bh;
    for (bh = crawl->bench.table; bh != NULL; bh = bh->hh.next)
        bh->held_by = CAUSE_COUNT;
    visits_view(crawl, on_visit, &walk);
    for (bh = crawl->bench.table; bh != NULL; bh = bh->hh.next) {
        bool is_known = bh->held_until_ms > now_ms;
        if (bh->held_by != CAUSE_COUNT)
            vitals_add(v, bh->held_by, bh->name, bh->held_rests,
                       is_known ? v->now_unix_ms + bh->held_until_ms - now_ms : 0);
    }
}

/* ---- the rest ---- */

static void take_database(const struct crawl *crawl, int64_t now_ms, struct vitals *v)
{
    struct store_wait wait;
    v->database_err = crawl->err;
    v->writer_behind_ms = sink_behind_ms(crawl->sink);
    store_waits(crawl->store, &wait);
    if (wait.since_mono_ms > 0 && v->writer_behind_ms > 0) {
        v->locked_ms = now_ms - wait.since_mono_ms;
        v->locked_by = wait.holder_pid;
    }
    const struct watch *w = &crawl->watch;
    bool later = crawl->db_queued > 0 && w->next_due_unix_ms > v->now_unix_ms;
    v->later = later ? (unsigned)MAX(w->later_hosts, crawl->visit_count == 0) : 0;
    v->later_resting = later ? (unsigned)w->later_rests : 0;
    v->later_until_unix_ms = later ? w->next_due_unix_ms : 0;
}

static void take_machine(const struct engine *engine, struct vitals *v)
{
    const struct pressure *p = &engine->pressure;
    struct resolver_status names;
    resolver_status(engine->resolver, &names);
    v->network_down = p->trouble == TROUBLE_NETWORK;
    v->short_of_descriptors = p->trouble == TROUBLE_DESCRIPTORS && 2 * p->allowed <= p->limit;
    v->connections = p->allowed;
    v->connections_limit = p->limit;
    v->lookups = names.ended;
    v->lookups_unanswered = names.unanswered;
    v->lookups_failed = names.failed;
}

static void take_last_minute(const struct watch *w, int64_t now_ms, struct vitals *v)
{
    v->ended = (unsigned)window_sum(&w->ended, now_ms);
    for (int err = 0; err < CW_ERR_COUNT; err++)
        v->failed[err] = (unsigned)window_sum(&w->failed[err], now_ms);
}

void vitals_take(struct crawl *crawl, int64_t now_ms, struct vitals *ret)
{
    bool is_open =
        crawl->state == CRAWL_RUNNING || (crawl->state == CRAWL_DRAINING && crawl->sink != NULL);
    *ret = (struct vitals){
        .now_unix_ms = clock_unix_ms(),
        .at_database = !is_open,
        .draining = crawl->state >= CRAWL_DRAINING,
        .proxied = crawl->config->proxy != NULL,
        .input_open = crawl->input_open,
    };
    if (!is_open)
        return; /* a worker has the crawl to itself */
    take_database(crawl, now_ms, ret);
    take_machine(crawl->engine, ret);
    ret->active = crawl->going;
    take_last_minute(&crawl->watch, now_ms, ret);
    ret->sitemaps = sitemaps_count(crawl->sitemaps);
    walk_hosts(crawl, now_ms, ret);
}
