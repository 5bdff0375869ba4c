/* crawl: one crawl into one database, on an engine. Several may run on one engine under its limits.
 *   OPENING -> RUNNING -> DRAINING -> CLOSING -> over: on_ended comes and the crawl is gone
 * It ends by itself when the queue is empty, its input is closed and all has landed; or at
 * --max-pages or
 * --max-time; or when told to. Thread: the loop's; the database is reached through the executor
 * only. */
#ifndef CRAWLER_ENGINE_CRAWL_H
#define CRAWLER_ENGINE_CRAWL_H

#include <stdbool.h>
#include <stdint.h>

#include "config/config.h"
#include "crawler/engine/diagnosis.h"
#include "crawler/engine/engine.h"
#include "crawler/engine/forecast.h"
#include "crawler/page.h"
#include "storage/store.h"

struct crawl;

/* How it ended; borrowed for the call of on_ended. */
struct crawl_result {
    enum cw_err err;        /* CW_OK, or why the database could not be opened or written */
    const char *message;    /* when err: names the file and the way out */
    const char *end_reason; /* "finished", "interrupted", "max-pages", "max-time"; "failed" */
    bool has_summary;
    const struct store_summary *summary;
    int64_t pages;     /* stored by this run */
    int64_t unchanged; /* known pages that were as they had been; stored ones among them */
    int64_t elapsed_ms;
    const int64_t *held_ms; /* [CAUSE_COUNT]: for how long each cause held it up */
};

struct crawl_options {
    const struct crawl_config *config; /* borrowed until on_ended */
    const char *db_path;               /* copied */
    const char *command, *version;     /* for view `crawl`; copied */
    bool fresh;                        /* forget the database first */
    bool revisit;                      /* ask for everything in it again, once */
    bool patient;                      /* an outage before the first page is waited out, too */
    bool input_open;                   /* more seeds will come through crawl_add_seed() */
    bool seeds_open_guard; /* a private start URL makes its class of addresses reachable */
    void *arg;
    void (*on_opened)(void *arg); /* the database is open; seeds may be added. May be NULL */
    void (*on_page)(void *arg, const struct outcome *outcome); /* a page landed. May be NULL */
    void (*on_room)(void *arg); /* after crawl_has_room() was false. May be NULL */
    void (*on_ended)(void *arg,
                     const struct crawl_result *result); /* once; the crawl is gone after it */
};

/* Patterns that do not compile and seeds that are no URLs are found here: CW_EINVAL, CW_EURL. What
 * the database says comes through on_ended. */
enum cw_err crawl_start(struct crawl **ret, struct engine *engine,
                        const struct crawl_options *options, struct errmsg *reterr_msg) MUST_CHECK;

/* Adds a start URL, any spelling. CW_EURL: not an http(s) URL. CW_ECANCELED: the crawl is not open
 * yet, or ends. Nothing was added then. */
enum cw_err crawl_add_seed(struct crawl *crawl, struct str url,
                           struct errmsg *reterr_msg) MUST_CHECK;
bool crawl_has_room(const struct crawl *crawl); /* for more seeds; else wait for on_room */
void crawl_close_input(struct crawl *crawl);    /* no more seeds will come */

/* Starts nothing new; what is under way is finished and stored, then the crawl ends. Twice is fine.
 */
void crawl_drain(struct crawl *crawl, const char *end_reason);
/* Cancels what is under way, too; it is queued again. */
void crawl_stop(struct crawl *crawl, const char *end_reason);

struct crawl_status {
    int64_t pages;     /* in the database */
    int64_t run_pages; /* stored by this run */
    int64_t errors;    /* failed requests of this run */
    int64_t queued;    /* URLs that wait, leased ones included */
    int64_t seen;
    int64_t bytes;           /* body bytes received by this run */
    unsigned active;         /* visits under way */
    int64_t revisit_unix_ms; /* when the next known page is asked for again; 0: none is */
    int64_t behind_ms;       /* age of the batch that is being written */
    bool draining;
    const struct diagnosis *stall;   /* why it stands still; NULL: it does not. Both are */
    const struct forecast *forecast; /* borrowed until the loop turns; as of the last second */
};
void crawl_status(const struct crawl *crawl, struct crawl_status *ret);

#endif
