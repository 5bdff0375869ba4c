/* sentry: may a leased URL be asked for at all? What budgets and traps (frontier/) say, and their
 * way to the database and back. Asked twice: before robots.txt, so that nothing is sent for what is
 * refused, and when its turn has come, since what others yielded meanwhile counts. Thread: the
 * loop's. */
#ifndef CRAWLER_ENGINE_SENTRY_H
#define CRAWLER_ENGINE_SENTRY_H

#include "config/config.h"
#include "crawler/frontier/budgets.h"
#include "crawler/frontier/traps.h"
#include "storage/store.h"

struct sentry {
    struct budgets *budgets; /* owned */
    struct traps *traps;     /* owned; NULL: nobody looks for them */
    /* what the batch under way points to; owned */
    struct trap_lesson *lessons;
    struct arena names;
};

/* `sentry` is zeroed. On failure sentry_release() is still due. */
enum cw_err sentry_init(struct sentry *sentry, const struct crawl_config *config) MUST_CHECK;
void sentry_release(struct sentry *sentry); /* every host must have been let go of */

/* For store_options: the registrable domain of a politeness host. */
struct str sentry_domain_of(struct str host);

/* Adds to a batch what was learned, and takes in what a reply tells of hosts that come in. */
void sentry_prepare(struct sentry *sentry, struct store_batch *batch);
void sentry_take(struct sentry *sentry, const struct store_reply *reply);

/* One leased URL before the sentry. What it is made of is borrowed until it ends. */
struct sentry_pass {
    struct sentry *sentry;
    struct str url, host;
    struct budget *budget;
    int32_t priority; /* as it was leased */
    bool is_seed;
    bool is_first;   /* it was never asked for before */
    bool is_known;   /* a page that comes back: it has its place, and always may go */
    bool is_sample;  /* traps let it go though they refuse its like: they are not asked again */
    bool is_entered; /* it is being asked for, and no page came yet */
};
struct sentry_pass sentry_pass_of(struct sentry *sentry, const struct store_lease *lease,
                                  struct str host, struct budget *budget);

struct sentry_answer {
    enum exclude_reason reason; /* EXCLUDE_NONE: it may go, or must wait */
    int32_t late_priority;      /* not 0: it waits until its host has nothing better */
    char detail[MAX(BUDGET_DETAIL_MAX, TRAP_DETAIL_MAX)]; /* of a reason */
};

/* True: it may go. */
bool sentry_ask(struct sentry_pass *pass, struct sentry_answer *ret) MUST_CHECK;

/* It is being asked for: exactly one of sentry_keep(), a page came of it, and sentry_leave(), none
 * did, is due then; sentry_leave() is harmless otherwise. */
void sentry_enter(struct sentry_pass *pass);
void sentry_keep(struct sentry_pass *pass);
void sentry_leave(struct sentry_pass *pass);

/* What came of it, whatever that is. */
void sentry_learn(const struct sentry_pass *pass, const struct outcome *outcome);

#endif
