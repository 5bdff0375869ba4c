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

/* Visits that stood aside ask for a turn again, `count` of them at the most. */
void visits_resume(struct crawl *crawl, size_t count);

#endif
