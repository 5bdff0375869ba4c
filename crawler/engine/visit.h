/* visit: the life of one leased URL, step by step:
 *   robots verdict -> errand (turn, address, request) -> digest on a worker -> outcome to the sink
 * One visit, one outcome; a visit that is dropped leaves its URL leased, and the store queues it
 * again. Thread: the loop's. */
#ifndef CRAWLER_ENGINE_VISIT_H
#define CRAWLER_ENGINE_VISIT_H

#include "crawler/base/err.h"
#include "storage/store.h"

struct crawl;
struct bench_host;
struct visit;

enum cw_err visit_start(struct crawl *crawl, struct bench_host *host,
                        const struct store_lease *lease) MUST_CHECK;

/* Lets go of every visit that has not sent its request yet; `cancel_all`: cancels the others, too.
 * Each is reported by crawl_visit_ended() when it is gone. */
void visits_drop(struct crawl *crawl, bool cancel_all);

/* Gives the URLs of a host back to the store, as they came, but for requests under way. */
void visits_return(struct crawl *crawl, const struct bench_host *host);

/* The database holds all the pages it may, and the crawl goes on to keep them fresh: visits to new
 * ones go back to wait for a day, so that they do not stand aside for ever, in the way of others.
 */
void visits_put_off(struct crawl *crawl);

/* Visits that stood aside ask for a turn again, at most `count` of them that may go at once. */
void visits_resume(struct crawl *crawl, size_t count);

/* One visit, for the diagnosis of a stall. */
struct errand;
struct visit_view {
    struct bench_host *host;
    const struct errand *errand; /* what it waits for; NULL: the parsers */
    bool for_robots;             /* the errand is not its own: it fetches robots.txt */
};
typedef void visit_view_fn(void *arg, const struct visit_view *view);
void visits_view(const struct crawl *crawl, visit_view_fn *on_view, void *arg);

#endif
