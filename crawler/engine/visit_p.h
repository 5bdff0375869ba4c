/* visit_p: what visit.c (until the request) and visit_answer.c (from the answer on) share. */
#ifndef CRAWLER_ENGINE_VISIT_P_H
#define CRAWLER_ENGINE_VISIT_P_H

#include "crawler/engine/conditions.h"
#include "crawler/engine/crawl_p.h"
#include "crawler/engine/errand.h"
#include "crawler/engine/visit.h"

enum { VISIT_MAGIC = 0x56495354 };

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

/* ---- visit.c ---- */

/* Starts the outcome: whose it is. NULL: no memory; then visit_end(), and its URL stays leased. */
struct outcome *visit_begin_outcome(struct visit *v) MUST_CHECK;
/* A detail that is lost for want of memory is not worth failing for. */
void visit_keep_detail(struct outcome *o, struct str detail);
void visit_deliver(struct visit *v); /* sends the outcome to the store and ends the visit */
void visit_end(struct visit *v);     /* nothing of it is pending anywhere; it is gone after it */

/* ---- visit_answer.c ---- */

errand_done_fn visit_take_answer;

#endif
