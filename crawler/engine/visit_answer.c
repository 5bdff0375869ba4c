/* From the answer to the outcome: what was asked is recorded, the body digested on a worker, and
 * judged. */
#include <assert.h>

#include "crawler/base/clock.h"
#include "crawler/engine/judge.h"
#include "crawler/engine/visit_p.h"

static void on_digest(struct job *job);
static void on_digested(struct job *job);

static void record_attempt(struct visit *v, const struct fetch_result *res,
                           const struct errand_terms *terms)
{
    struct outcome *o = v->outcome;
    o->err = res->err;
    o->has_attempt = true;
    o->attempt = errand_attempt(FETCH_PAGE, o->url, o->host, v->lease.attempts + 1, res, terms);
    visit_keep_detail(o, o->attempt.detail);
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
    visit_deliver(v);
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
    dicts_give(&crawl->engine->dicts, &v->host->dict, &v->input);
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

void visit_take_answer(struct errand *errand, struct fetch_result *res,
                       const struct errand_terms *terms)
{
    struct visit *v = CONTAINER_OF(errand, struct visit, errand);
    assert(v->magic == VISIT_MAGIC);
    workbench_touch(&v->crawl->bench, v->host);
    v->crawl->bytes += res->size;
    watch_note_end(&v->crawl->watch, res->err);
    v->retry_after_ms = errand_retry_after_ms(res);
    if (visit_begin_outcome(v) == NULL) {
        visit_end(v);
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
    dicts_take(&v->crawl->engine->dicts, &v->host->dict, &v->input);
    digest_input_release(&v->input);
    widen_scope(v);
    judge_and_deliver(v);
}
