/* crawl_p: a crawl's inside, for the files of this room that tell its story: crawl.c and
 * crawl_end.c, seeds.c, rules.c, workbench.c and visit.c. */
#ifndef CRAWLER_ENGINE_CRAWL_P_H
#define CRAWLER_ENGINE_CRAWL_P_H

#include "crawler/base/table.h"
#include "crawler/engine/crawl.h"
#include "crawler/engine/credentials.h"
#include "crawler/engine/engine_p.h"
#include "crawler/engine/revisits.h"
#include "crawler/engine/robotcache.h"
#include "crawler/engine/roots.h"
#include "crawler/engine/rules.h"
#include "crawler/engine/sentry.h"
#include "crawler/engine/sink.h"
#include "crawler/engine/sitemaps.h"
#include "crawler/engine/watch.h"
#include "crawler/engine/workbench.h"

enum crawl_state { CRAWL_OPENING, CRAWL_RUNNING, CRAWL_DRAINING, CRAWL_CLOSING };

struct visit;

struct crawl {
    unsigned magic;
    enum crawl_state state;
    struct engine *engine;             /* borrowed */
    const struct crawl_config *config; /* borrowed */
    struct crawl_options options;      /* its strings are owned: db_path, command, version */
    char *settings;                    /* owned; for the database; NULL: not kept */
    struct store *store;               /* owned; reached through jobs only */
    struct sink *sink;                 /* owned */
    struct robotcache *robots;         /* owned */
    struct sitemaps *sitemaps;         /* owned */
    struct workbench bench;
    struct revisits revisits;
    struct roots roots;  /* what scope is built from */
    struct scope *scope; /* held; NULL: to be built anew before the next use */
    struct sentry sentry;
    struct guard guard;
    struct host_policy policy;
    struct fetch_request request;    /* what all of the crawl's requests have in common */
    struct credentials *credentials; /* owned; the headers of each */
    struct visit *visits;            /* owned; every leased URL in memory */
    struct visit *aside;             /* those whose turn came while crawl_may_fetch() was false */
    unsigned visit_count, going;     /* going: past crawl_may_fetch() */
    size_t digesting_bytes;          /* raw bodies on their way through the parsers */
    uv_timer_t due;                  /* wakes when a URL that waits in the database is due */
    uv_timer_t deadline;             /* --max-time */
    struct watch watch;              /* sees whether it moves */
    unsigned open_parts;             /* what the end still waits for */
    bool input_open, was_full, stopping, sink_open;
    const char *end_reason; /* static */
    enum cw_err err;        /* of the database */
    struct errmsg message;
    /* as of the last reply of the store, and since */
    int64_t stored_pages, unlanded_pages, db_queued, seen;
    bool landed_once;
    int64_t run_pages, run_unchanged, errors, bytes; /* unchanged: 304, nothing to store */
    int64_t started_ms;
    /* for the jobs that open and close the store */
    struct job job;
    struct store_clocks known_clocks;
    struct store_seeds known_seeds;
    struct store_summary summary;
    bool has_summary;
};

struct crawl *crawl_from(void *arg); /* checks magic */
void crawl_free(struct crawl *crawl);

/* ---- crawl_room.c: what may be fetched now ---- */

/* May a visit whose turn has come start its request now? Not while the writer or the parsers are
 * behind (back-pressure), nor beyond --max-pages, which does not keep known pages from being asked
 * for again. What has been requested and is not yet on disk is
 * never more than twice the connections: that is what a kill costs at the most. */
bool crawl_may_fetch(const struct crawl *crawl, bool is_known);

/* A new page that must wait, for the database holds --max-pages of them, and what it holds goes on
 * to be kept fresh. */
bool crawl_puts_off(const struct crawl *crawl, const struct store_lease *lease);
bool crawl_has_all_pages(const struct crawl *crawl); /* --max-pages is reached */

/* Visits that stood aside may ask again, as many as there is room for. */
void crawl_wake_aside(struct crawl *crawl);

/* ---- crawl.c: running ---- */

/* Was it this machine's fault that a request failed so? Then the URL waits and nothing counts: its
 * descriptors or ports ran out; or, once the crawl has begun to store pages or is patient, its
 * network or its name servers are gone. Before, whoever waits for the first page is told. */
bool crawl_excuses(const struct crawl *crawl, enum cw_err err);

/* A request that belongs to no URL of the crawl (robots.txt, a sitemap): a row of view `fetch`. */
void crawl_record_attempt(struct crawl *crawl, const struct attempt *attempt);

/* The robots.txt of `url`'s host is known: if a start URL lives there, so may sitemaps. */
void crawl_note_sitemaps(struct crawl *crawl, const struct url *url, bool is_seed,
                         const struct robots *robots);

/* A visit has ended and is gone. */
void crawl_visit_ended(struct crawl *crawl);

/* ---- rules.c: what the scope is ---- */

/* On the worker that opens the store: what the start URLs of now and of earlier runs make of the
 * scope, and what of the database that changes. */
void rules_add_known_roots(struct crawl *crawl);
enum cw_err rules_judge_again(struct crawl *crawl) MUST_CHECK;

/* The scope as of now, held for the caller; NULL when memory is out. */
struct scope *crawl_hold_scope(struct crawl *crawl);

/* A start URL was redirected to `url`: its host belongs to the crawl, too. */
void crawl_add_root(struct crawl *crawl, struct str url, struct str host);

/* ---- seeds.c ---- */

/* Parses and canonicalizes what a person wrote. CW_EURL: no http(s) URL, or too long. */
enum cw_err seeds_parse(struct url *ret, struct str text, struct errmsg *reterr_msg) MUST_CHECK;
enum cw_err seeds_check(const struct crawl_config *config, struct errmsg *reterr_msg) MUST_CHECK;

/* ---- crawl_end.c: what leads to the end ---- */

/* Looks after `wait_ms` whether there is something to do, or to end. */
void crawl_look_soon(struct crawl *crawl, int64_t wait_ms);
void crawl_fail(struct crawl *crawl, enum cw_err err, const char *message);
void crawl_close(struct crawl *crawl); /* everything has landed, or never will */
void crawl_on_storage_failed(void *arg, enum cw_err err, const char *message);
void crawl_on_robots_closed(void *arg);
void crawl_on_sink_closed(void *arg);

#endif
