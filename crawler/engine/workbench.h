/* workbench: the hosts that a crawl holds in memory, each with the head of its queue as visits (the
 * workbench of BUbiNG). The rest of the frontier stays on disk. Before each batch it says which
 * hosts run dry, how many new ones there is room for, and which go back.
 *
 * How many are held follows what they yield: usually twice the connections and 64, and more, batch
 * by batch, while they leave connections unused because they wait for their clocks; those get
 * BENCH_FEW_VISITS at a time. A host goes back when
 *   - nothing of it is queued any more;
 *   - it rests for longer than BENCH_REST_MS: the store brings it when its rest is over;
 *   - all places are taken while others wait, most of them by hosts that have had
 *     BENCH_LONG_URLS or more each, and so has this one: it goes to the end of the line. Hosts that
 *     have had fewer so find a place, however many huge ones there are.
 * Memory: at most BENCH_HOSTS_MAX hosts; visits: four times the connections, 1,024, and few of each
 * host; not a function of URLs.
 * Cost of a batch: that of the hosts with which something happened. Thread: the loop's. */
#ifndef CRAWLER_ENGINE_WORKBENCH_H
#define CRAWLER_ENGINE_WORKBENCH_H

#include <stdbool.h>

#include "crawler/base/err.h"
#include "crawler/base/table.h"
#include "crawler/engine/diagnosis.h"
#include "crawler/engine/dicts.h"
#include "crawler/frontier/hosts.h"
#include "storage/store.h"

enum {
    BENCH_HOSTS_MAX = 8192, /* with a delay of 10 s each, that is 819 pages a second */
    BENCH_REST_MS = 10 * 1000,
    BENCH_LONG_URLS = 1024,
    BENCH_FEW_VISITS = 2, /* one is asked for while the other waits */
};

struct crawl;

struct bench_host {
    UT_hash_handle hh;
    struct bench_host *next, *prev; /* utlist; in bench->noted */
    char *name;                     /* owned; the key */
    struct host *host;              /* held */
    struct budget *budget;          /* owned */
    struct host_dict dict;
    unsigned visits;    /* in memory */
    unsigned taken;     /* visits begun since it came */
    bool is_noted;      /* something happened that the next batch must look at */
    bool touched;       /* its clock has moved since it was last stored */
    bool rests, yields; /* goes back when its visits have ended, and gets no more */
    bool asked, idle;   /* in the batch that is being written: wanted more; goes back */
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
    struct bench_host *noted;
    unsigned per_host;
    unsigned long_count; /* hosts that have had BENCH_LONG_URLS or more and do not yield */
    unsigned leaving;    /* hosts that have just gone back or will with the next batch */
    bool others_wait;    /* in the store, as of the last batch */
    /* what the batch under way points to; owned */
    struct str *wanted, *idle;
    struct store_host *clocks;
    struct bench_host **looked_at; /* by workbench_prepare(): for workbench_take() */
    size_t cap, looked_count;
};

void workbench_init(struct workbench *bench, struct crawl *crawl, unsigned per_host);
void workbench_release(struct workbench *bench); /* no visit may be left */

/* Fills the batch's wants, idle hosts and clocks. `refill` false: wants nothing (the crawl drains).
 */
void workbench_prepare(struct workbench *bench, struct store_batch *batch, bool refill);

/* Takes in what the store leased: hosts, and a visit for each URL. */
enum cw_err workbench_take(struct workbench *bench, const struct store_reply *reply) MUST_CHECK;

struct bench_host *workbench_find(struct workbench *bench, struct str name);

/* What a host waited for may have come due in the database: the next batch asks for all that run
 * dry. Walks over all hosts held. */
void workbench_look_again(struct workbench *bench);

/* Its clock has moved, or what is known of it. */
void workbench_touch(struct workbench *bench, struct bench_host *bh);
void workbench_visit_began(struct workbench *bench, struct bench_host *bh);
void workbench_visit_ended(struct workbench *bench, struct bench_host *bh);

#endif
