#include "crawler/engine/revisits.h"

#include <string.h>

#include "crawler/base/clock.h"
#include "crawler/parse/httpdate.h"

enum {
    QUEUED_ENOUGH = 4096,           /* what is due beyond it can wait in its place */
    AT_ONCE = 1024,                 /* queued again by one commit: it must not take long */
    ROBOTS_FRESH_MS = 24 * 3600000, /* robots.txt is not asked for more often */
    FAILED_AGAIN_MS = 6 * 3600000,  /* where a page that failed has no interval of its own */
};

void revisits_init(struct revisits *r, const struct crawl_config *config, bool once)
{
    *r = (struct revisits){
        .kind = once                                    ? REVISITS_ONCE
                : config->every_ms == CONFIG_NEVER      ? REVISITS_NONE
                : config->every_ms == CONFIG_EVERY_AUTO ? REVISITS_AUTO
                                                        : REVISITS_EVERY,
        .every_ms = config->every_ms,
    };
    revisit_budget_init(&r->budget, config->revisit_budget, clock_unix_ms());
}

bool revisits_go_on(const struct revisits *r)
{
    return r->kind == REVISITS_EVERY || r->kind == REVISITS_AUTO;
}

static void on_history(void *arg, int64_t url_id, const struct page_history *history)
{
    struct revisits *r = arg;
    revisit_budget_count(&r->budget, history, url_id);
}

enum cw_err revisits_open(struct revisits *r, struct store *store, struct errmsg *reterr_msg)
{
    const struct store_revisits how = {
        .all = r->kind == REVISITS_ONCE,
        .every_ms = r->kind == REVISITS_EVERY ? r->every_ms : 0,
    };
    if (r->kind == REVISITS_NONE)
        return CW_OK;
    enum cw_err err = store_begin_revisits(store, &how, reterr_msg);
    if (err == CW_OK && r->kind == REVISITS_AUTO)
        err = store_list_histories(store, on_history, r, reterr_msg);
    revisit_budget_counted(&r->budget, clock_unix_ms());
    return err;
}

size_t revisits_want(struct revisits *r, int64_t queued, int64_t now_unix_ms)
{
    r->is_full = queued >= QUEUED_ENOUGH;
    if (r->is_full)
        return 0;
    switch (r->kind) {
    case REVISITS_NONE: return 0;
    case REVISITS_AUTO: return MIN(revisit_budget_allows(&r->budget, now_unix_ms), (size_t)AT_ONCE);
    default: return AT_ONCE;
    }
}

void revisits_landed(struct revisits *r, const struct store_reply *reply)
{
    r->next_unix_ms = reply->revisit_unix_ms;
    if (r->kind == REVISITS_AUTO)
        revisit_budget_take(&r->budget, reply->revisits);
}

int64_t revisits_wake_unix_ms(const struct revisits *r, int64_t now_unix_ms)
{
    if (r->is_full)
        return 0; /* what is queued brings us back */
    if (r->next_unix_ms == 0 || r->kind != REVISITS_AUTO)
        return r->next_unix_ms;
    return MAX(r->next_unix_ms, revisit_budget_next_ms(&r->budget, now_unix_ms));
}

/* ---- what an answer tells ---- */

/* An answer about the server's day, not about the page. */
static bool is_passing(int32_t status)
{
    return status >= 500 || status == 408 || status == 425 || status == 429;
}

static bool says_the_same(const struct outcome *o, const struct store_known *known)
{
    return o->is_unchanged ||
           (o->page.status == known->status &&
            memcmp(o->page.body_hash, known->body_hash, sizeof known->body_hash) == 0);
}

static int64_t modified_ms(const struct outcome *o, const struct page_history *h, bool changed,
                           int64_t now_unix_ms)
{
    int64_t ms;
    if (o->page.last_modified.len > 0 && httpdate_parse(o->page.last_modified, now_unix_ms, &ms))
        return ms;
    return changed && h->announced_ms > h->checked_ms ? h->announced_ms : -1;
}

static void learn(struct revisits *r, struct outcome *o, const struct store_known *known,
                  int64_t now_unix_ms)
{
    struct page_history *h = &o->history;
    bool is_first = known->status == 0;
    bool changed = is_first || !says_the_same(o, known);
    const struct revisit_evidence evidence = {
        .find = changed ? REVISIT_CHANGED : REVISIT_UNCHANGED,
        .now_ms = now_unix_ms,
        .modified_ms = modified_ms(o, h, changed, now_unix_ms),
    };
    if (!changed && h->announced_ms > h->checked_ms)
        h->traits |= PAGE_MISANNOUNCED;
    h->announced_ms = 0;
    r->unchanged += !changed;
    revisit_learn(h, &evidence);
}

/* The history so far: of a page that was stored by a run without revisits, what can still be told
 * of it. */
static void begin(struct outcome *o, const struct store_known *known)
{
    o->has_history = true;
    o->history = known->history;
    if (known->has_history)
        return;
    revisit_begin(&o->history);
    if (known->status != 0)
        o->history.checked_ms = known->fetched_unix_ms;
}

/* ---- when it comes back ---- */

static int64_t next_visit(struct revisits *r, struct outcome *o, int64_t now_unix_ms)
{
    bool is_denied = o->state == URL_EXCLUDED && o->reason == EXCLUDE_ROBOTS;
    if (!revisits_go_on(r) || o->state == URL_QUEUED || (o->state == URL_EXCLUDED && !is_denied))
        return 0;
    if (r->kind == REVISITS_EVERY)
        return now_unix_ms + (is_denied ? MAX(r->every_ms, (int64_t)ROBOTS_FRESH_MS) : r->every_ms);
    if (is_denied)
        return now_unix_ms + ROBOTS_FRESH_MS;
    if (o->state == URL_DONE && o->has_history)
        return revisit_budget_plan(&r->budget, &o->history, o->url_id, now_unix_ms);
    return now_unix_ms + FAILED_AGAIN_MS;
}

void revisits_plan(struct revisits *r, struct outcome *o, const struct store_known *known,
                   int64_t now_unix_ms)
{
    if (r->kind == REVISITS_NONE || o->state == URL_QUEUED)
        return;
    bool has_answer = o->state == URL_DONE && (o->has_page || o->is_unchanged);
    if (has_answer || known->has_history)
        begin(o, known);
    if (has_answer && !is_passing(o->attempt.status) && !is_passing(known->status))
        learn(r, o, known, now_unix_ms);
    o->revisit_unix_ms = next_visit(r, o, now_unix_ms);
}
