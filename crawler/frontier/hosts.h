/* hosts: who may be asked next, and when. Pure policy: no clock, no socket, no thread; time comes
 * in as monotonic milliseconds. One `struct hosts` serves a whole process, so that all its crawls
 * share every host's slots and clock (design, section 6).
 *
 * A request waits as a `struct turn` in its host's queue (FIFO; robots.txt goes first).
 * hosts_next() hands out the next turn that may start now, and with it one slot of the crawler and
 * one of the host. The caller resolves the name and calls hosts_locate(), which takes a slot of the
 * address or sends the turn back to wait. hosts_done() returns all its slots and moves the host's
 * clock.
 *
 * A host is always in exactly one place, and one function moves it:
 *   IDLE     no turn waits
 *   READY    in the heap, keyed by the time at which it may start its next request
 *   FULL     turns wait, but its slots are taken, or a turn of it is still finding its address: one
 *            at a time, so that no two start together after a slow name server
 *   CROWDED  turns wait, but its address has no free slot: it stands in the address's list
 * Invariant: a request starts no sooner than delay_ms after the previous one of its host ended, and
 * after the previous one started; and never before backoff_until. Memory: a few hundred bytes a
 * host; hosts_forget_idle() drops those with nothing to remember. */
#ifndef CRAWLER_FRONTIER_HOSTS_H
#define CRAWLER_FRONTIER_HOSTS_H

#include <stdbool.h>
#include <stdint.h>

#include "crawler/base/err.h"
#include "crawler/base/str.h"

struct hosts;
struct host;

struct hosts_limits {
    unsigned connections;       /* requests under way in the process */
    unsigned per_address;       /* ... to one address; at least the largest per_host in force */
    int64_t max_crawl_delay_ms; /* robots.txt may ask for no more than this; 60,000 */
    int64_t max_backoff_ms;     /* the longest rest after 429, 503 or failed connections */
};

/* What a crawl asks of a host. Of several crawls on one host the gentlest values count. */
struct host_policy {
    unsigned per_host; /* requests under way to it, at most */
    int64_t delay_ms;  /* between the end of one and the start of the next; HOST_DELAY_AUTO: it, and
                          how many at once, are found out (throttle.h) */
};
enum { HOST_DELAY_AUTO = -1 };

/* One request that waits or runs. Embed it; the caller owns it, and it must stay in place until
 * hosts_done() or hosts_withdraw(). */
struct turn {
    struct host *host;        /* set by hosts_ask() */
    struct turn *next, *prev; /* utlist; in the host's queue while waiting */
    struct address *address;  /* whose slot it holds */
    int64_t limit_ms;         /* the delay that was in force when it started */
    unsigned host_slots;      /* ... and how many requests of its host might be under way; 0 until
                                 hosts_locate() */
    unsigned address_slots;   /* ... and of its address; 0: not limited */
    bool running;
};

enum cw_err hosts_new(struct hosts **ret, const struct hosts_limits *limits) MUST_CHECK;
void hosts_free(struct hosts *hosts); /* every turn must have left */
void hosts_set_limits(struct hosts *hosts,
                      const struct hosts_limits *limits); /* takes effect at once */

/* Of these the number of connections alone; it costs no walk over the hosts. What runs, runs on. */
void hosts_set_connections(struct hosts *hosts, unsigned connections);

/* The host called `name` (copied), made when unknown. NULL when memory is out. Valid while a turn
 * or a crawl holds it: hosts_get() holds, hosts_drop() lets go. Policies add up until the last
 * holder has let go. */
struct host *hosts_get(struct hosts *hosts, struct str name,
                       const struct host_policy *policy) MUST_CHECK;
void hosts_drop(struct hosts *hosts, struct host *host);
struct str host_name(const struct host *host);

/* Restores a clock that was stored: the host may not start before `next_ms`. `delay_ms` stands in
 * for `auto` until the first answer. */
void hosts_restore(struct hosts *hosts, struct host *host, int64_t delay_ms, int64_t next_ms);

/* To any host, known or not, a request may have started as late as `start_ms`, one of a process
 * that was killed: none starts before its delay after that is over. */
void hosts_assume_start(struct hosts *hosts, int64_t start_ms);

/* Where in its host's queue a turn waits. */
enum turn_place {
    TURN_LAST,
    TURN_FIRST, /* as robots.txt must: the others are there because of it */
    TURN_NEXT,  /* behind the first: early, but what somebody waits for goes before it */
};

/* Puts `turn` into the host's queue. Allocates nothing: hosts_get() has made room for every host.
 */
void hosts_ask(struct hosts *hosts, struct host *host, struct turn *turn, enum turn_place place,
               int64_t now_ms);

/* The next turn that may start now, with its slots taken; NULL when none may. Then *ret_wake_ms is
 * the time at which one may (INT64_MAX: only after a hosts_done() or hosts_ask()). */
struct turn *hosts_next(struct hosts *hosts, int64_t now_ms, int64_t *ret_wake_ms);

/* Says which address the turn that hosts_next() gave is about to connect to: once, right before it
 * does, since the host's other turns wait for it and its clock starts here. An absent address takes
 * no slot of one. True: go on. False: the address is full, or a request of the host ended meanwhile
 * and its delay runs; the turn has given its slots back and waits at the head of its host's queue
 * again. */
bool hosts_locate(struct hosts *hosts, struct turn *turn, struct str address,
                  int64_t now_ms) MUST_CHECK;

/* How a request went, as far as politeness cares. */
struct turn_result {
    enum cw_err err;
    int status;             /* 0: no answer */
    int64_t elapsed_ms;     /* from connection to last byte */
    int64_t retry_after_ms; /* -1: not sent */
    bool sent; /* false: nothing went to the host (name unknown, canceled): clock untouched */
};

/* The request ended: slots come back, the host's clock moves, 429/503 and failed connections make
 * the whole host back off (Retry-After, else doubling with jitter up to the limit). */
void hosts_done(struct hosts *hosts, struct turn *turn, const struct turn_result *result,
                int64_t now_ms);

/* Takes a waiting turn out of its queue. */
void hosts_withdraw(struct hosts *hosts, struct turn *turn, int64_t now_ms);

/* robots.txt asked for this pause: a lower bound, capped. -1: it asked for none. */
void hosts_set_crawl_delay(struct hosts *hosts, struct host *host, int64_t delay_ms);

/* What is worth storing and showing. */
struct host_status {
    int64_t delay_ms;         /* in force now, `auto` resolved */
    int64_t last_end_ms;      /* monotonic; INT64_MIN: never */
    int64_t backoff_until_ms; /* INT64_MIN: none */
    int64_t quiet_until_ms;   /* no request starts before, whatever the reason; INT64_MIN: none */
    unsigned running, waiting;
    unsigned slots;      /* requests that may be under way at once now: per_host, or fewer */
    int64_t interval_ms; /* between the starts of two requests, as things are; see pace.h */
};
void host_status(const struct host *host, struct host_status *ret);

/* What the first turn in a host's queue waits for. */
enum host_wait {
    HOST_WAITS_FOR_NOTHING,    /* none waits */
    HOST_WAITS_FOR_REST,       /* it rests after refusals or failures */
    HOST_WAITS_FOR_DELAY,      /* the pause between two requests */
    HOST_WAITS_FOR_SLOT,       /* all that it may have at once are under way */
    HOST_WAITS_FOR_ADDRESS,    /* all that its address may have are */
    HOST_WAITS_FOR_CONNECTION, /* it may go, but for the crawler's own limit */
};
struct host_waiting {
    enum host_wait what;
    int64_t until_ms;     /* of REST and DELAY; monotonic */
    enum cw_err rest_err; /* REST: the failure that made it rest; CW_OK: it was refused, or rests */
    int rest_status;      /* ... with this status; 0: since an earlier run */
};
void host_waits(const struct host *host, int64_t now_ms, struct host_waiting *ret);

/* Why nothing starts: counts for the progress line. O(1). */
struct hosts_status {
    unsigned running; /* requests under way */
    unsigned waiting_turns;
    unsigned hosts, ready, full, crowded;
    unsigned backing_off;  /* of those ready: wait for the end of a rest */
    int64_t next_ready_ms; /* INT64_MAX: none */
};
void hosts_status(const struct hosts *hosts, struct hosts_status *ret);

/* Drops every host that nobody holds and whose clock lies in the past; of one that refused or could
 * not be reached, by the longest rest. */
void hosts_forget_idle(struct hosts *hosts, int64_t now_ms);

#endif
