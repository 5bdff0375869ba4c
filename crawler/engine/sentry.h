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

struct sentry_question {
    struct str url, host;
    struct budget *budget;
    int32_t priority; /* as it was leased */
    bool is_seed;
};

struct sentry_answer {
    enum exclude_reason reason; /* EXCLUDE_NONE: it may go, or must wait */
    int32_t late_priority;      /* not 0: it waits until its host has nothing better */
    char detail[MAX(BUDGET_DETAIL_MAX, TRAP_DETAIL_MAX)]; /* of a reason */
};

/* True: it may go. */
bool sentry_ask(struct sentry *sentry, const struct sentry_question *question,
                struct sentry_answer *ret) MUST_CHECK;

/* A page is being asked for; one came of it, asked for the first time; or none. */
void sentry_enter(struct sentry *sentry, const struct sentry_question *question);
void sentry_learn(struct sentry *sentry, const struct outcome *outcome);
void sentry_leave(struct sentry *sentry, const struct sentry_question *question);

#endif
