/* pace: the clock of one host, and what moves it. Pure arithmetic on monotonic milliseconds;
 * hosts.c asks it when a host may start its next request. Thread: that of its hosts. */
#ifndef CRAWLER_FRONTIER_PACE_H
#define CRAWLER_FRONTIER_PACE_H

#include <stdbool.h>
#include <stdint.h>

#include "crawler/base/str.h"
#include "crawler/frontier/hosts.h"
#include "crawler/frontier/throttle.h"

/* Times are INT64_MIN until there is one. */
struct pace {
    const struct hosts_limits *limits; /* borrowed from the hosts; they change under way */
    unsigned per_host;                 /* the fewest that any crawl allows; at least 1 */
    int64_t fixed_ms;                  /* the longest delay that any crawl asks for */
    bool is_auto;                      /* some crawl asks for `auto` */
    struct throttle throttle;          /* what `auto` has learned */
    int64_t crawl_delay_ms;            /* of robots.txt, not yet capped; 0 when none */
    int64_t last_start_ms, last_end_ms;
    int64_t not_before_ms; /* a restored clock */
    int64_t backoff_until_ms;
    unsigned refusals;    /* 429 and 503 in a row */
    unsigned failures;    /* unreachable in a row */
    enum cw_err rest_err; /* what made it rest last: an error, or CW_OK and ... */
    int rest_status;      /* ... 429 or 503; 0 and CW_OK: an earlier run, or memory */
};

void pace_init(struct pace *pace, const struct hosts_limits *limits,
               const struct host_policy *policy);

/* The first of the host's crawls: its policy stands alone. */
void pace_set_policy(struct pace *pace, const struct host_policy *policy);
/* One more crawl on the host: of both policies the gentler values count. A fixed delay and `auto`
 * hold together: the longer one of the moment. */
void pace_join_policy(struct pace *pace, const struct host_policy *policy);

/* Seeds the clock from storage. `delay_ms` stands in for `auto` until the first answer. */
void pace_restore(struct pace *pace, int64_t delay_ms, int64_t next_ms);

/* The delay in force: the longest of the fixed one, `auto`, and robots.txt's. `auto` is rounded
 * down, so a site that answers within a millisecond a slot never waits; like Crawl-delay it is
 * capped at limits->max_crawl_delay_ms. */
int64_t pace_delay_ms(const struct pace *pace);

/* How far apart its requests start while there are always more to make: what a forecast multiplies.
 * One that is answered within the delay is followed by the next a delay after its end; longer
 * answers overlap, pace_slots() of them. */
int64_t pace_interval_ms(const struct pace *pace);

/* Requests that may be under way at once: all that the policies allow, or as many as `auto` found
 * the host to bear. */
unsigned pace_slots(const struct pace *pace);

/* The first moment at which the next request may start; INT64_MIN: at any. */
int64_t pace_start_ms(const struct pace *pace);

void pace_on_start(struct pace *pace, int64_t now_ms);

/* A request ended: moves the clock, the mean and the back-off. `name` spreads the rests of hosts
 * that fail together. */
void pace_on_end(struct pace *pace, struct str name, const struct turn_result *result,
                 int64_t now_ms);

/* Rests for the shortest back-off, for a reason of our own (memory). */
void pace_rest(struct pace *pace, int64_t now_ms);

#endif
