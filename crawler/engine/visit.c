#include "crawler/engine/visit_p.h"

#include <assert.h>
#include <utlist.h>

#include "crawler/base/clock.h"
#include "crawler/engine/hint.h"

enum { EXCUSED_PAUSE_MS = 1000 };

static void ask_robots(struct visit *v);
static void on_robots(struct robots_waiter *waiter);
static bool on_may_go(struct errand *errand);
static void on_put_aside(struct errand *errand);
static void on_sent_back(struct errand *errand);

static void stop_going(struct visit *v)
{
    if (v->is_going)
        v->crawl->going--;
    v->is_going = false;
}

static void step_in(struct visit *v)
{
    if (v->is_aside)
        DL_DELETE2(v->crawl->aside, v, aside_prev, aside_next);
    v->is_aside = false;
}

/* The visit is over; nothing of it is pending anywhere. */
void visit_end(struct visit *v)
{
    struct crawl *crawl = v->crawl;
    step_in(v);
    stop_going(v);
    sentry_leave(&v->pass);
    DL_DELETE(crawl->visits, v);
    crawl->visit_count--;
    workbench_visit_ended(&crawl->bench, v->host);
    outcome_free(v->outcome);
    conditions_release(&v->conditions);
    url_release(&v->url);
    v->magic = 0;
    free(v);
    crawl_visit_ended(crawl);
}

/* Sends the outcome to the store and ends the visit. */
void visit_deliver(struct visit *v)
{
    struct outcome *o = STEAL(v->outcome);
    struct crawl *crawl = v->crawl;
    bool is_answer = o->has_page || o->is_unchanged;
    if (o->err != CW_OK && (o->has_attempt || o->state != URL_QUEUED))
        crawl->errors++;
    hint_log(crawl->engine->log, o);
    revisits_plan(&crawl->revisits, o, &v->lease.known, clock_unix_ms());
    if (o->has_page)
        sentry_keep(&v->pass);
    if (sink_push(crawl->sink, o) == CW_OK)
        crawl->unlanded_pages += is_answer;
    visit_end(v);
}

/* Starts the outcome: whose it is. On failure the visit ends without one, and stays leased. */
struct outcome *visit_begin_outcome(struct visit *v)
{
    struct outcome *o = outcome_new();
    if (o == NULL)
        return NULL;
    o->url_id = v->lease.url_id;
    o->url = v->lease.url;
    o->host = str_of(v->host->name);
    o->depth = v->lease.depth;
    o->is_seed = v->lease.is_seed;
    if (arena_keep(&o->arena, &o->url) && arena_keep(&o->arena, &o->host))
        return v->outcome = o;
    outcome_free(o);
    return NULL;
}

/* A detail that is lost for want of memory is not worth failing for. */
void visit_keep_detail(struct outcome *o, struct str detail)
{
    if (detail.len > 0 && arena_keep(&o->arena, &detail))
        o->detail = detail;
}

static void deny(struct visit *v, const struct robots_answer *answer)
{
    char detail[512];
    struct outcome *o = visit_begin_outcome(v);
    if (o == NULL) {
        visit_end(v);
        return;
    }
    (void)snprintf(detail, sizeof detail, "line %u: " STR_FMT, answer->line,
                   (int)MIN(answer->rule.len, (size_t)400), answer->rule.ptr);
    o->state = URL_EXCLUDED;
    o->reason = EXCLUDE_ROBOTS;
    visit_keep_detail(o, str_of(detail));
    visit_deliver(v);
}

/* False: budgets or traps keep the URL back, and the outcome that says so is in place, unless
 * memory is out. */
static bool pass_sentry(struct visit *v)
{
    struct sentry_answer answer;
    if (sentry_ask(&v->pass, &answer))
        return true;
    struct outcome *o = visit_begin_outcome(v);
    if (o == NULL)
        return false;
    o->state = answer.reason == EXCLUDE_NONE ? URL_QUEUED : URL_EXCLUDED;
    o->late_priority = answer.late_priority;
    o->reason = answer.reason;
    if (answer.reason != EXCLUDE_NONE)
        visit_keep_detail(o, str_of(answer.detail));
    return false;
}

static void deliver_if_any(struct visit *v)
{
    if (v->outcome != NULL)
        visit_deliver(v);
    else
        visit_end(v);
}

static void fail_unreachable(struct visit *v, const struct robots_answer *answer)
{
    struct outcome *o = visit_begin_outcome(v);
    if (o == NULL) {
        visit_end(v);
        return;
    }
    bool excused = crawl_excuses(v->crawl, answer->err);
    o->state = excused || answer->err == CW_ECANCELED ? URL_QUEUED : URL_FAILED;
    o->due_unix_ms = clock_unix_ms() + (excused ? EXCUSED_PAUSE_MS : 0);
    o->err = answer->err;
    visit_keep_detail(o, str_of(answer->detail));
    visit_deliver(v);
}

static void send_errand(struct visit *v)
{
    struct crawl *crawl = v->crawl;
    v->state = VISIT_ERRAND;
    v->errand = (struct errand){
        .engine = crawl->engine,
        .host = v->host->host,
        .request = crawl->request,
        .hostname = url_hostname(&v->url),
        .may_go = on_may_go,
        .put_aside = on_put_aside,
        .sent_back = on_sent_back,
        .done = visit_take_answer,
    };
    v->errand.request.url = v->lease.url;
    v->errand.request.headers =
        conditions_add_to(&v->conditions, credentials_headers(crawl->credentials, &v->url));
    errand_start(&v->errand);
}

/* The database holds all the pages it may: a new one waits for a day. */
static void put_off(struct visit *v)
{
    enum { DAY_MS = 24 * 3600 * 1000 };
    struct outcome *o = visit_begin_outcome(v);
    if (o == NULL) {
        visit_end(v);
        return;
    }
    o->state = URL_QUEUED;
    o->due_unix_ms = clock_unix_ms() + DAY_MS;
    visit_deliver(v);
}

/* Conditions that cannot be made for want of memory cost a whole answer, no more. */
static void take_known(struct visit *v)
{
    struct store_known *known = &v->lease.known;
    bool needs_body = v->crawl->config->store != CONFIG_STORE_NONE;
    (void)!conditions_make(&v->conditions, known, needs_body);
    known->etag = known->last_modified = STR_NONE; /* the reply's; it goes */
}

enum cw_err visit_start(struct crawl *crawl, struct bench_host *host,
                        const struct store_lease *lease)
{
    struct visit *v = calloc(1, sizeof *v);
    if (v == NULL)
        return CW_ENOMEM;
    *v = (struct visit){
        .magic = VISIT_MAGIC,
        .crawl = crawl,
        .host = host,
        .lease = *lease,
        .url = URL_INIT,
        .waiter.ready = on_robots,
    };
    /* Leases come host by host, so most URLs begin as the one before: parsed beside it, that is
     * copied. */
    const struct url *before = crawl->visits != NULL ? &crawl->visits->prev->url : NULL;
    enum cw_err err = url_parse(&v->url, lease->url, before);
    if (err != CW_OK) { /* the store holds canonical URLs only */
        url_release(&v->url);
        free(v);
        return err == CW_ENOMEM ? err : CW_ESTORAGE;
    }
    v->lease.url = url_href(&v->url);
    DL_APPEND(crawl->visits, v);
    crawl->visit_count++;
    workbench_visit_began(&crawl->bench, host);
    v->pass = sentry_pass_of(&crawl->sentry, &v->lease, str_of(host->name), host->budget);
    take_known(v);
    if (crawl_puts_off(crawl, lease))
        put_off(v);
    else if (!pass_sentry(v))
        deliver_if_any(v);
    else if (crawl->config->robots)
        ask_robots(v);
    else
        send_errand(v);
    return CW_OK;
}

static void ask_robots(struct visit *v)
{
    struct robots_answer answer;
    v->state = VISIT_ROBOTS;
    if (robotcache_ask(v->crawl->robots, &v->url, &v->waiter, &answer) != CW_OK) {
        visit_end(v);
        return;
    }
    if (answer.verdict == ROBOTS_ALLOWED || answer.verdict == ROBOTS_DENIED)
        crawl_note_sitemaps(v->crawl, &v->url, v->lease.is_seed, answer.rules);
    switch (answer.verdict) {
    case ROBOTS_PENDING: break; /* on_robots() resumes us */
    case ROBOTS_ALLOWED: send_errand(v); break;
    case ROBOTS_DENIED: deny(v, &answer); break;
    case ROBOTS_UNREACHABLE: fail_unreachable(v, &answer); break;
    }
}

static void on_robots(struct robots_waiter *waiter)
{
    struct visit *v = CONTAINER_OF(waiter, struct visit, waiter);
    assert(v->magic == VISIT_MAGIC);
    ask_robots(v);
}

static bool on_may_go(struct errand *errand)
{
    struct visit *v = CONTAINER_OF(errand, struct visit, errand);
    assert(v->magic == VISIT_MAGIC);
    if (!crawl_may_fetch(v->crawl, v->lease.known.status != 0)) {
        v->is_aside = true;
        DL_APPEND2(v->crawl->aside, v, aside_prev, aside_next);
        return false;
    }
    if (!pass_sentry(v))
        return false;
    sentry_enter(&v->pass);
    v->is_going = true;
    v->crawl->going++;
    return true;
}

/* What the sentry keeps back is over; what there is no room for waits. */
static void on_put_aside(struct errand *errand)
{
    struct visit *v = CONTAINER_OF(errand, struct visit, errand);
    assert(v->magic == VISIT_MAGIC);
    if (!v->is_aside && errand_cancel(&v->errand))
        deliver_if_any(v);
}

/* What waits for its address takes no room from those whose address is free. */
static void on_sent_back(struct errand *errand)
{
    struct visit *v = CONTAINER_OF(errand, struct visit, errand);
    assert(v->magic == VISIT_MAGIC);
    stop_going(v);
    sentry_leave(&v->pass);
    if (v->crawl->state == CRAWL_RUNNING)
        crawl_wake_aside(v->crawl);
    else if (errand_cancel(&v->errand)) /* the crawl ends: nobody would let it go any more */
        visit_end(v);
}

void visits_view(const struct crawl *crawl, visit_view_fn *on_view, void *arg)
{
    const struct visit *v;
    DL_FOREACH (crawl->visits, v) {
        struct visit_view view = {.host = v->host, .for_robots = v->state == VISIT_ROBOTS};
        if (view.for_robots)
            view.errand = robotcache_errand(&v->waiter);
        else if (v->state == VISIT_ERRAND)
            view.errand = &v->errand;
        on_view(arg, &view);
    }
}

/* True: nothing of the visit is under way, it may end. */
static bool let_go(struct visit *v, bool cancel_all)
{
    switch (v->state) {
    case VISIT_ROBOTS: robotcache_leave(&v->waiter); return true;
    case VISIT_ERRAND: return (cancel_all || !v->is_going) && errand_cancel(&v->errand);
    case VISIT_DIGESTING: return false; /* it will be over in a moment */
    }
    return false;
}

void visits_drop(struct crawl *crawl, bool cancel_all)
{
    struct visit *v, *next;
    DL_FOREACH_SAFE (crawl->visits, v, next) {
        if (let_go(v, cancel_all))
            visit_end(v);
    }
}

void visits_put_off(struct crawl *crawl)
{
    struct visit *v, *next;
    DL_FOREACH_SAFE (crawl->visits, v, next) {
        if (crawl_puts_off(crawl, &v->lease) && !v->is_going && let_go(v, false))
            put_off(v);
    }
}

void visits_return(struct crawl *crawl, const struct bench_host *host)
{
    struct visit *v, *next;
    DL_FOREACH_SAFE (crawl->visits, v, next) {
        if (v->host != host || v->is_going || !let_go(v, false))
            continue;
        if (visit_begin_outcome(v) == NULL) { /* it stays leased until the store is opened again */
            visit_end(v);
            continue;
        }
        v->outcome->state = URL_QUEUED;
        visit_deliver(v);
    }
}

void visits_resume(struct crawl *crawl, size_t count)
{
    int64_t now_ms = clock_mono_ms();
    while (count > 0 && crawl->aside != NULL) {
        struct visit *v = crawl->aside;
        struct host_status status;
        step_in(v);
        errand_resume(&v->errand);
        host_status(v->host->host, &status);
        count -= status.quiet_until_ms <= now_ms; /* else it waits again, and takes no room */
    }
}
