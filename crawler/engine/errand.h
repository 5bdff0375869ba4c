/* errand: one polite request, from asking for a turn to the answer. Pages and robots.txt alike go
 * this way, so nothing reaches a host but through its slots and clock, and no socket opens but past
 * the guard. ask for a turn -> (pump) turn comes -> may it go now? -> resolve -> slot of the
 * address -> fetch Thread: the loop's. */
#ifndef CRAWLER_ENGINE_ERRAND_H
#define CRAWLER_ENGINE_ERRAND_H

#include <stdbool.h>

#include "crawler/engine/engine.h"
#include "crawler/fetch/fetch.h"
#include "crawler/frontier/hosts.h"

struct errand;

/* What politeness asked of a request, and what it did to the host's clock: for the database. Times
 * are the boot clock's. */
struct errand_terms {
    int64_t limit_ms;                   /* the delay that was in force */
    unsigned host_slots, address_slots; /* ... and the requests at once; 0: not limited, not sent */
    int64_t started_ms, ended_ms;
    int64_t quiet_until_ms; /* the host is left alone until then */
};

/* `res` and `terms` are borrowed for the call; never called before errand_start() returns. Of the
 * errand itself nothing is left anywhere then: its memory may go. */
typedef void errand_done_fn(struct errand *errand, struct fetch_result *res,
                            const struct errand_terms *terms);

/* Asked when the turn has come: false gives the turn back, and the errand waits aside until
 * errand_resume(). */
typedef bool errand_may_go_fn(struct errand *errand);

/* Told when the errand may not go after all, since its address is full: it waits again, and may_go
 * will be asked again. The errand may be cancelled in the call. */
typedef void errand_sent_back_fn(struct errand *errand);

/* Told when may_go was answered with false and the errand stands aside. It may be cancelled in the
 * call, and its memory go. */
typedef void errand_put_aside_fn(struct errand *errand);

enum errand_state {
    ERRAND_WAITING,   /* in the host's queue */
    ERRAND_ASIDE,     /* its owner holds it back */
    ERRAND_RESOLVING, /* holds a turn */
    ERRAND_FETCHING,  /* holds a turn and a slot of the address */
};

/* Embed it, and keep it in place until `done`. */
struct errand {
    unsigned magic;
    enum errand_state state;
    struct engine *engine;
    struct host *host; /* borrowed: the owner holds it */
    struct turn turn;
    struct fetch_request request;     /* its url is borrowed from the owner */
    struct str hostname;              /* of the URL; borrowed from the owner */
    struct resolver_query *query;     /* pending, or NULL */
    struct fetch *fetch;              /* pending, or NULL */
    struct resolved *addresses;       /* held while it fetches */
    char address[RESOLVED_TEXT_SIZE]; /* the first of them, of which it holds a slot; "": unknown */
    int64_t asked_ms;                 /* when the name was asked for; monotonic */
    int32_t dns_ms;
    int64_t started_unix_ms, started_boot_ms;
    enum turn_place place; /* in its host's queue */
    bool canceled;
    errand_may_go_fn *may_go;       /* NULL: always */
    errand_put_aside_fn *put_aside; /* NULL: need not know */
    errand_sent_back_fn *sent_back; /* NULL: need not know */
    errand_done_fn *done;
};

/* Fill request, hostname, host, engine, place, may_go, sent_back and done; the rest is set here. */
void errand_start(struct errand *errand);
void errand_resume(struct errand *errand); /* one that stands aside asks for a turn again */
/* Asks it to end; `done` still comes, with CW_ECANCELED, soon but never inline for one that runs.
 * One that waits or stands aside is over at once: true, and `done` never comes. */
bool errand_cancel(struct errand *errand) MUST_CHECK;

/* The row for view `fetch` that a request makes; all but its numbers is borrowed from what was
 * given. */
struct attempt errand_attempt(enum fetch_kind kind, struct str url, struct str host,
                              int32_t attempt, const struct fetch_result *res,
                              const struct errand_terms *terms);

/* How long the answer asks to be left alone; -1: it does not say. A date counts from the Date of
 * the answer, where it has one: our wall clock may be wrong. Clamped to a day. */
int64_t errand_retry_after_ms(const struct fetch_result *res);

/* For the pump: the turn has come. False: it stepped aside, which costs next to nothing. */
bool errand_take_turn(struct turn *turn);

#endif
