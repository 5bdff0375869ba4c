/* crawler: the crawl of a synthetic web in virtual time. Turns, slots, pauses and rests are the
 * real frontier/hosts, what belongs to the crawl is decided by the real frontier/scope. What stands
 * in is the store: a host that was found waits in a list of numbers until there is room among the
 * active ones, and of an active one the pages are counted, not named. Memory follows the active
 * hosts; of the web there is a bit a host. */
#ifndef TESTS_SIM_SUPPORT_CRAWLER_H
#define TESTS_SIM_SUPPORT_CRAWLER_H

#include "crawler/base/table.h"
#include "crawler/frontier/scope.h"
#include "tests/sim/support/agenda.h"
#include "tests/sim/support/referee.h"
#include "tests/sim/support/trace.h"
#include "tests/sim/support/web.h"

struct crawler_options {
    uint64_t seed;
    uint32_t hosts, active, seeds; /* of the web; at once; where it begins */
    unsigned connections;
    uint32_t pages_per_host; /* the budget: more of one host are excluded */
};

/* Every page that was found is in one of these. */
struct crawler_counts {
    uint64_t found, done, failed, excluded;
    uint64_t robots, refused, lost, requests; /* requests: all, robots and repeats too */
    uint64_t finished_hosts;
    uint32_t most_at_address; /* active hosts at one address, at most */
    int64_t longest_wait_us;  /* of an active host for its first turn */
    int64_t answer_us;        /* summed over all requests */
};

struct site;
struct place;
struct crawler {
    struct crawler_options options;
    struct web web;
    struct agenda agenda;
    struct hosts *hosts;
    struct hosts_limits limits;
    struct scope *scope;
    struct event wake, sweep;
    struct chance chance;
    struct referee referee;
    struct trace trace;
    struct crawler_counts counts;
    struct place *places; /* uthash */
    struct site *sites;   /* utlist; the active ones */
    uint32_t active;
    uint8_t *known;    /* owned; a bit for each host of the web */
    uint32_t *waiting; /* owned; a ring of hosts that were found and are not active */
    uint32_t waiting_at, waiting_count;
};

void crawler_init(struct crawler *crawler, const struct crawler_options *options);
/* Until `end_us`, or until nothing is left to do. */
void crawler_run(struct crawler *crawler, int64_t end_us);
/* The pages that are known and not settled: in the ring, and with active hosts. Walks them. */
uint64_t crawler_queued(const struct crawler *crawler);
void crawler_release(struct crawler *crawler);

#endif
