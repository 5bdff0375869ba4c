/* origin: one simulated web server, whose capacity the crawler has to find out.
 *
 * `workers` serve one request each, first come first served; a request that finds all of them busy
 * waits, and slows the others down when `thrash` says so; one that finds `queue` waiting is
 * refused with 503. Behind them may stand a leaky bucket (as nginx's limit_req): requests above
 * `rate` a second are held back, and refused when `burst` are. Both may breathe with the day.
 * The answer to each request is known when it arrives, so an origin costs no events of its own. */
#ifndef TESTS_SIM_SUPPORT_ORIGIN_H
#define TESTS_SIM_SUPPORT_ORIGIN_H

#include "tests/sim/support/chance.h"

enum { ORIGIN_ROOM_MAX = 64 };

struct origin_kind {
    const char *name;
    unsigned workers, queue; /* together at most ORIGIN_ROOM_MAX */
    double service_ms;       /* the mean time that a worker needs */
    double noise;            /* sigma of the logarithm of a request's service time */
    double network_ms;       /* there and back */
    double thrash;     /* each waiting request lengthens service by this part, over the workers */
    double rate;       /* requests a second that the bucket lets through; 0: no bucket */
    unsigned burst;    /* requests it holds back before it refuses */
    bool is_strict;    /* it does not hold back: what it does not refuse goes straight through */
    double breath;     /* service takes 1 + breath times as long at the busiest hour */
    int retry_after_s; /* sent with 503; -1: not */
};

struct origin {
    const struct origin_kind *kind;
    struct chance chance;
    int64_t day_us;                   /* from one quiet hour to the next */
    int64_t ends_us[ORIGIN_ROOM_MAX]; /* when those inside leave; at most workers + queue */
    unsigned inside;
    int64_t free_us[ORIGIN_ROOM_MAX]; /* when each worker is free */
    int64_t bucket_us;                /* when all that the bucket let in will have passed it */
};

struct origin_answer {
    int status;
    int64_t at_us;      /* the answer's last byte is back */
    int retry_after_s;  /* -1: not sent */
    unsigned at_origin; /* requests inside when it came, itself included */
};

void origin_init(struct origin *origin, const struct origin_kind *kind, int64_t day_us,
                 uint64_t seed);
struct origin_answer origin_ask(struct origin *origin, int64_t now_us);

/* Requests a second that a crawler with `slots` could get at best at the time `now_us`: what the
 * workers do, what the bucket lets through, and what so many slots, but no more than the server has
 * room for, can ask one after the other. No crawler gets quite there: it would have to know when
 * each worker falls idle. */
double origin_capacity(const struct origin *origin, unsigned slots, int64_t now_us);

#endif
