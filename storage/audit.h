/* audit: what the stored attempts prove about politeness. A part of the store's interface.
 * A request is a row of `fetch` that reached for its host: not one whose name was not found or that
 * the guard refused. Its times are those of a clock that nobody can set and that goes on from run
 * to run; it tells milliseconds: a rule is broken when more than AUDIT_TOLERANCE_MS is missing.
 * Rows of older files have the wall clock's times only: where that was set back, what lies before
 * is not compared with what lies after. Addresses are those that were connected to. */
#ifndef STORAGE_AUDIT_H
#define STORAGE_AUDIT_H

#include "storage/store.h"

enum { AUDIT_TOLERANCE_MS = 1, AUDIT_SHORTEST_REST_MS = 1000, AUDIT_LISTED_MAX = 20 };

enum audit_rule {
    AUDIT_PAUSE,  /* limit_ms after the last request of the host that had ended */
    AUDIT_SPACE,  /* limit_ms after the last one that had started */
    AUDIT_REST,   /* after 429 or 503: Retry-After, at least AUDIT_SHORTEST_REST_MS */
    AUDIT_ROBOTS, /* a page before the robots.txt of its origin; runs that asked for none are not
                     judged */
    AUDIT_HOST_SLOTS,    /* requests at once: more than the host's slots when it started */
    AUDIT_ADDRESS_SLOTS, /* ... than those of the address that answered */
};

struct audit_violation {
    enum audit_rule rule;
    struct str url;
    int64_t start_unix_ms;  /* when it started */
    int64_t due_unix_ms;    /* when it might have; 0: no time is known, robots.txt was never asked
                               for, or there were no slots */
    int64_t at_once, slots; /* of the two rules about slots */
};

/* -1 where there is none. Borrowed for the callback. */
struct audit_host {
    struct str host;
    int64_t requests, first_unix_ms, last_unix_ms; /* first start, last end */
    int64_t most_at_once, most_unix_ms;            /* the largest number that overlap, and when */
    int64_t most_slots;                            /* the largest number that was allowed */
    int64_t smallest_gap_ms;                       /* from an end to the next start */
    int64_t shortest_limit_ms, longest_limit_ms;   /* the pause in force */
    int64_t refusals, shortest_wait_ms;            /* 429 and 503; what was waited after one */
    int64_t violation_count;
    struct audit_violation violations[AUDIT_LISTED_MAX]; /* the first ones */
};

struct audit_address {
    struct str address;
    int64_t requests, most_at_once, most_unix_ms, most_slots;
    int64_t violation_count;
    struct audit_violation violations[AUDIT_LISTED_MAX];
};

/* Hosts by name, then addresses. False ends the audit, which is no error. */
struct audit_sink {
    bool (*on_host)(void *arg, const struct audit_host *host);
    bool (*on_address)(void *arg, const struct audit_address *address);
    void *arg;
};

struct audit_totals {
    int64_t hosts, requests, violations;
    int64_t unsent;       /* rows of `fetch` that reached no host */
    int64_t clock_steps;  /* times that the wall clock was set back, by 5 s or more */
    int64_t unlimited;    /* requests from before slots were stored: what was under way at once is
                             shown, not judged */
    int64_t unasked;      /* page requests of runs that asked for no robots.txt at all */
    bool has_retry_after; /* false: all rows are older than the column, only the shortest rest
                             was checked */
};

/* One snapshot, also while a crawl writes. Memory: that of the requests which overlap; rows are
 * sorted in temporary files. Cost: O(n log n) in the rows of `fetch`. */
enum cw_err store_audit(struct store_reader *reader, const struct audit_sink *sink,
                        struct audit_totals *ret, struct errmsg *reterr_msg) MUST_CHECK;

#endif
