/* referee: stands at the servers' side, writes down what comes, and holds the promises of design,
 * section 6, to it. It knows what a host and the operator asked for, not what the crawler believes:
 * slots of host and address, pauses, Crawl-delay, Retry-After, and rests that double. Times are in
 * microseconds. The crawler's clock has whole milliseconds, so up to one may be missing from a
 * pause (TOLERANCE_US). */
#ifndef TESTS_SIM_SUPPORT_REFEREE_H
#define TESTS_SIM_SUPPORT_REFEREE_H

#include <stdbool.h>
#include <stdint.h>

struct referee_limits {
    unsigned connections, per_host, per_address;
    int64_t max_backoff_us;
};

/* What is granted to one host, and what has come. Zero it but for the first three. */
struct referee_host {
    unsigned slots;
    int64_t pause_us;  /* that the operator fixed; 0: auto */
    int64_t robots_us; /* Crawl-delay, once its robots.txt has been read; 0: none */
    unsigned running;
    bool was_asked;
    int64_t start_us, end_us; /* the last ones */
    int64_t rest_began_us, rest_until_us;
    unsigned refusals, failures; /* in a row */
};

struct referee {
    struct referee_limits limits;
    unsigned running;
    uint64_t starts, slots, pauses, rests, addresses, connections; /* violations, by kind */
};

/* `at_address`: requests under way there, this one included. */
void referee_start(struct referee *r, struct referee_host *host, unsigned at_address,
                   int64_t now_us);

enum referee_end {
    REFEREE_ANSWER,  /* any but ... */
    REFEREE_REFUSAL, /* 429, 503 */
    REFEREE_LOST,    /* no answer */
};
/* `retry_after_us`: -1: not sent. */
void referee_end(struct referee *r, struct referee_host *host, enum referee_end end,
                 int64_t retry_after_us, int64_t started_us, int64_t now_us);
uint64_t referee_violations(const struct referee *r);

#endif
