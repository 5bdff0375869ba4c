/* revisits: a crawl's pages that are asked for again: all of them once (--revisit), after a fixed
 * time (`every: 6h`), or each as often as it changes (`every: auto`, frontier/revisit.h). Decides
 * when each URL that is settled comes back, learns from its answers, and says how many may come
 * back now. Thread: the loop's, but for revisits_open(). */
#ifndef CRAWLER_ENGINE_REVISITS_H
#define CRAWLER_ENGINE_REVISITS_H

#include "config/config.h"
#include "crawler/frontier/revisit.h"
#include "storage/store.h"

enum revisits_kind {
    REVISITS_NONE,
    REVISITS_ONCE,  /* everything, then the crawl ends */
    REVISITS_EVERY, /* after a fixed time; the crawl does not end */
    REVISITS_AUTO,  /* within a budget; the crawl does not end */
};

struct revisits {
    enum revisits_kind kind;
    int64_t every_ms;
    struct revisit_budget budget; /* of AUTO */
    int64_t next_unix_ms;         /* when the next settled URL is due; 0: none is */
    bool is_full;                 /* enough is queued, whatever else is due */
    bool is_resting;              /* nothing is left to do for now, and the log says so */
    int64_t unchanged;            /* answers of this run that said nothing new */
};

void revisits_init(struct revisits *r, const struct crawl_config *config, bool once);

/* Do pages come back for ever? Then the crawl does not end by itself. */
bool revisits_go_on(const struct revisits *r);

/* On the worker that opens the store, before its first commit. */
enum cw_err revisits_open(struct revisits *r, struct store *store,
                          struct errmsg *reterr_msg) MUST_CHECK;

/* For store_want.revisits, while `queued` URLs wait already. */
size_t revisits_want(struct revisits *r, int64_t queued, int64_t now_unix_ms);
void revisits_landed(struct revisits *r, const struct store_reply *reply);

/* When to ask the store for more; unix; 0: nothing will come back. */
int64_t revisits_wake_unix_ms(const struct revisits *r, int64_t now_unix_ms);

/* Completes an outcome that was judged: what its answer tells of the page, and when it comes back.
 */
void revisits_plan(struct revisits *r, struct outcome *o, const struct store_known *known,
                   int64_t now_unix_ms);

#endif
