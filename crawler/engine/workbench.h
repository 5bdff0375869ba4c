/* workbench: the hosts that a crawl holds in memory, each with the head of its queue as visits (the
 * workbench of BUbiNG). The rest of the frontier stays on disk. Before each batch it says which
 * hosts run dry, how many new ones there is room for, and which have nothing left and go back.
 * Memory: a function of connections, not of URLs. Thread: the loop's. */
#ifndef CRAWLER_ENGINE_WORKBENCH_H
#define CRAWLER_ENGINE_WORKBENCH_H

#include <stdbool.h>

#include "crawler/base/err.h"
#include "crawler/base/table.h"
#include "crawler/engine/diagnosis.h"
#include "crawler/frontier/hosts.h"
#include "storage/store.h"

struct crawl;

struct bench_host {
    UT_hash_handle hh;
    char *name;            /* owned; the key */
    struct host *host;     /* held */
    struct budget *budget; /* owned */
    unsigned visits;       /* in memory */
    bool asked, idle;      /* in the batch that is being written: wanted more; goes back */
    bool touched;          /* its clock has moved since it was last stored */
    int32_t robots_status;
    int64_t robots_unix_ms;
    /* for the length of one vitals_take() */
    enum stall_cause held_by;
    bool held_rests;
    int64_t held_until_ms;
};

struct workbench {
    struct crawl *crawl;
    struct bench_host *table; /* owned */
    unsigned max_visits, max_hosts, per_host;
    unsigned leaving; /* hosts that have just gone back or will with the next batch */
    /* what the batch under way points to; owned */
    struct str *wanted, *idle;
    struct store_host *clocks;
    size_t cap;
};

void workbench_init(struct workbench *bench, struct crawl *crawl, unsigned connections,
                    unsigned per_host);
void workbench_release(struct workbench *bench); /* no visit may be left */

/* Fills the batch's wants, idle hosts and clocks. `refill` false: wants nothing (the crawl drains).
 */
void workbench_prepare(struct workbench *bench, struct store_batch *batch, bool refill);

/* Takes in what the store leased: hosts, and a visit for each URL. */
enum cw_err workbench_take(struct workbench *bench, const struct store_reply *reply) MUST_CHECK;

struct bench_host *workbench_find(struct workbench *bench, struct str name);

#endif
