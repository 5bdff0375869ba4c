#include "crawler/engine/visit.h"

#include <assert.h>
#include <utlist.h>

#include "crawler/base/clock.h"
#include "crawler/engine/conditions.h"
#include "crawler/engine/crawl_p.h"
#include "crawler/engine/errand.h"
#include "crawler/engine/hint.h"
#include "crawler/engine/judge.h"

enum { VISIT_MAGIC = 0x56495354, EXCUSED_PAUSE_MS = 1000 };

/* Where a visit stands; what is pending in each place. */
enum visit_state {
    VISIT_ROBOTS,    /* waits for robots.txt (waiter) */
    VISIT_ERRAND,    /* waits for its turn, or is being fetched (errand) */
    VISIT_DIGESTING, /* on a worker (job) */
};

struct visit {
    unsigned magic;
    enum visit_state state;
    struct visit *next, *prev;             /* in crawl->visits */
    struct visit *aside_next, *aside_prev; /* in crawl->aside */
    bool is_aside, is_going;               /* going: counted in crawl->going */
    struct sentry_pass pass;
    struct crawl *crawl;
    struct bench_host *host;
    struct store_lease lease; /* its url is borrowed from `url` */
    struct url url;
    struct robots_waiter waiter;
    struct conditions conditions; /* owned */
    struct errand errand;
    struct outcome *outcome;   /* owned; from the answer on */
    struct digest_input input; /* owned; while digesting */
    int64_t retry_after_ms;
    struct job job;
};

static void ask_robots(struct visit *v);
static void on_robots(struct robots_waiter *waiter);
static bool on_may_go(struct errand *errand);
static void on_put_aside(struct errand *errand);
static void on_sent_back(struct errand *errand);
static void on_answer(struct errand *errand, struct fetch_result *res,
                      const struct errand_terms *terms);
static void on_digest(struct job *job);
static void on_digested(struct job *job);

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
static void end_visit(struct visit *v)
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
static void deliver(struct visit *v)
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
    end_visit(v);
}

/* Starts the outcome: whose it is. On failure the visit ends without one, and stays leased. */
static struct outcome *begin_outcome(struct visit *v)
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
static void keep_detail(struct outcome *o, struct str detail)
{
    if (detail.len > 0 && arena_keep(&o->arena, &detail))
        o->detail = detail;
}

static void deny(struct visit *v, const struct robots_answer *answer)
{
    char detail[512];
    struct outcome *o = begin_outcome(v);
    if (o == NULL) {
        end_visit(v);
        return;
    }
    (void)snprintf(detail, sizeof detail, "line %u: " STR_FMT, answer->line,
                   (int)MIN(answer->rule.len, (size_t)400), answer->rule.ptr);
    o->state = URL_EXCLUDED;
    o->reason = EXCLUDE_ROBOTS;
    keep_detail(o, str_of(detail));
    deliver(v);
}

/* False: budgets or traps keep the URL back, and the outcome that says so is in place, unless
 * memory is out. */
static bool pass_sentry(struct visit *v)
{
    struct sentry_answer answer;
    if (sentry_ask(&v->pass, &answer))
        return true;
    struct outcome *o = begin_outcome(v);
    if (o == NULL)
        return false;
    o->state = answer.reason == EXCLUDE_NONE ? URL_QUEUED : URL_EXCLUDED;
    o->late_priority = answer.late_priority;
    o->reason = answer.reason;
    if (answer.reason != EXCLUDE_NONE)
        keep_detail(o, str_of(answer.detail));
    return false;
}

static void deliver_if_any(struct visit *v)
{
    if (v->outcome != NULL)
        deliver(v);
    else
        end_visit(v);
}

static void fail_unreachable(struct visit *v, const struct robots_answer *answer)
{
    struct outcome *o = begin_outcome(v);
    if (o == NULL) {
        end_visit(v);
        return;
    }
    bool excused = crawl_excuses(v->crawl, answer->err);
    o->state = excused || answer->err == CW_ECANCELED ? URL_QUEUED : URL_FAILED;
    o->due_unix_ms = clock_unix_ms() + (excused ? EXCUSED_PAUSE_MS : 0);
    o->err = answer->err;
    keep_detail(o, str_of(answer->detail));
    deliver(v);
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
        .done = on_answer,
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
    struct outcome *o = begin_outcome(v);
    if (o == NULL) {
        end_visit(v);
        return;
    }
    o->state = URL_QUEUED;
    o->due_unix_ms = clock_unix_ms() + DAY_MS;
    deliver(v);
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
    enum cw_err err = url_parse(&v->url, lease->url, NULL);
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
        end_visit(v);
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
        end_visit(v);
}

static void record_attempt(struct visit *v, const struct fetch_result *res,
                           const struct errand_terms *terms)
{
    struct outcome *o = v->outcome;
    o->err = res->err;
    o->has_attempt = true;
    o->attempt = errand_attempt(FETCH_PAGE, o->url, o->host, v->lease.attempts + 1, res, terms);
    keep_detail(o, o->attempt.detail);
    o->attempt.detail = o->detail;
    if (!arena_keep(&o->arena, &o->attempt.remote_ip))
        o->attempt.remote_ip = STR_NONE;
}

/* Copies the headers that the digest reads; false when memory is out. */
static bool keep_headers(struct arena *arena, struct fetch_headers *h)
{
    return arena_keep(arena, &h->content_type) && arena_keep(arena, &h->content_encoding) &&
           arena_keep(arena, &h->location) && arena_keep(arena, &h->etag) &&
           arena_keep(arena, &h->last_modified) && arena_keep(arena, &h->x_robots_tag) &&
           arena_keep(arena, &h->link) && arena_keep(arena, &h->content_language);
}

static void judge_and_deliver(struct visit *v)
{
    const struct judge_rules rules = {
        .retries = (int32_t)v->crawl->config->retries,
        .now_unix_ms = clock_unix_ms(),
        .retry_after_ms = v->retry_after_ms,
        .excused = crawl_excuses(v->crawl, v->outcome->err),
    };
    v->outcome->attempt.err = v->outcome->err;
    judge_outcome(v->outcome, &rules);
    sentry_learn(&v->pass, v->outcome);
    deliver(v);
}

static void start_digest(struct visit *v, struct fetch_result *res)
{
    struct crawl *crawl = v->crawl;
    v->input = (struct digest_input){
        .raw = res->body,
        .body_cut = res->body_cut,
        .headers = res->headers,
        .scope = crawl_hold_scope(crawl),
        .agent = crawl->engine->agent,
        .max_size = (uint64_t)crawl->config->max_size,
        .store = crawl->config->store,
        .requisites = crawl->config->requisites,
        .prints = crawl->config->traps,
        .now_unix_ms = clock_unix_ms(),
        .hops = v->lease.hops,
    };
    res->body = BUF_INIT(0);
    if (v->input.scope == NULL || !keep_headers(&v->outcome->arena, &v->input.headers)) {
        digest_input_release(&v->input);
        v->outcome->err = CW_ENOMEM;
        judge_and_deliver(v);
        return;
    }
    v->state = VISIT_DIGESTING;
    crawl->digesting_bytes += v->input.raw.cap;
    executor_run(crawl->engine->executor, LANE_PARSE, &v->job, on_digest, on_digested);
}

/* 304: the page on record still holds; validators that come along count from now on. */
static void keep_known(struct visit *v, struct fetch_result *res)
{
    struct outcome *o = v->outcome;
    o->is_unchanged = true;
    if (res->headers.etag.len <= VALIDATOR_MAX_BYTES)
        o->page.etag = res->headers.etag;
    if (res->headers.last_modified.len <= VALIDATOR_MAX_BYTES)
        o->page.last_modified = res->headers.last_modified;
    if (!arena_keep(&o->arena, &o->page.etag) || !arena_keep(&o->arena, &o->page.last_modified))
        o->page.etag = o->page.last_modified = STR_NONE;
    judge_and_deliver(v);
}

static void on_answer(struct errand *errand, struct fetch_result *res,
                      const struct errand_terms *terms)
{
    struct visit *v = CONTAINER_OF(errand, struct visit, errand);
    assert(v->magic == VISIT_MAGIC);
    workbench_touch(&v->crawl->bench, v->host);
    v->crawl->bytes += res->size;
    watch_note_end(&v->crawl->watch, res->err);
    v->retry_after_ms = errand_retry_after_ms(res);
    if (begin_outcome(v) == NULL) {
        end_visit(v);
        return;
    }
    record_attempt(v, res, terms);
    if (res->err == CW_OK && res->status == 304 && v->conditions.count > 0)
        keep_known(v, res);
    else if (res->err == CW_OK)
        start_digest(v, res);
    else
        judge_and_deliver(v);
}

/* On a worker: the job's own memory and an immutable scope, nothing else. */
static void on_digest(struct job *job)
{
    struct visit *v = CONTAINER_OF(job, struct visit, job);
    struct digester *digester = v->crawl->engine->digesters[job->seat];
    digest(digester, v->outcome, &v->input);
}

static void widen_scope(struct visit *v)
{
    const struct page_link *to = v->outcome->page.redirect;
    if (v->outcome->is_seed && to != NULL && to->verdict.reason == EXCLUDE_NONE)
        crawl_add_root(v->crawl, to->url, to->host);
}

static void on_digested(struct job *job)
{
    struct visit *v = CONTAINER_OF(job, struct visit, job);
    assert(v->magic == VISIT_MAGIC);
    v->crawl->digesting_bytes -= v->input.raw.cap;
    digest_input_release(&v->input);
    widen_scope(v);
    judge_and_deliver(v);
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
            end_visit(v);
    }
}

void visits_return(struct crawl *crawl, const struct bench_host *host)
{
    struct visit *v, *next;
    DL_FOREACH_SAFE (crawl->visits, v, next) {
        if (v->host != host || v->is_going || !let_go(v, false))
            continue;
        if (begin_outcome(v) == NULL) { /* it stays leased until the store is opened again */
            end_visit(v);
            continue;
        }
        v->outcome->state = URL_QUEUED;
        deliver(v);
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
