/* sitemaps: one crawl's sitemaps: those that the robots.txt of a start URL's host names, and its
 * /sitemap.xml; indexes up to SITEMAPS_DEPTH_MAX deep; each once a run, or
 * once in SITEMAPS_FRESH_MS where pages come back for ever. Every request goes through
 * an errand, and is made only where robots.txt allows it; the bytes are read on a worker; what they
 * announce goes to the sink piece by piece, as there is room. Nothing starts or ends inline that
 * the caller has not asked for: it asks the crawl to look again (crawl_look_soon()), which brings
 * it back here. Memory: at most SITEMAPS_MAX names, and SITEMAPS_AT_ONCE files that are being
 * worked on, of SITEMAP_MAX_BYTES (parse/sitemap.h) each as received; decoded and read are as many
 * as the parse lane has seats. Thread: the loop's. */
#ifndef CRAWLER_ENGINE_SITEMAPS_H
#define CRAWLER_ENGINE_SITEMAPS_H

#include <stdbool.h>

#include "crawler/base/err.h"
#include "crawler/base/str.h"
#include "crawler/parse/url.h"

enum {
    SITEMAPS_MAX = 1000,    /* files of one run; further ones are left out, and the log says so */
    SITEMAPS_DEPTH_MAX = 3, /* an index in an index in an index names no more files */
    SITEMAPS_AT_ONCE = 4,   /* files under way */
    SITEMAPS_REDIRECTS_MAX = 5,
    SITEMAPS_FEED_MAX = 1024,             /* URLs fed at once: they leave the pages room */
    SITEMAPS_FRESH_MS = 24 * 3600 * 1000, /* in a crawl that goes on: as long as a robots.txt */
};

struct crawl;
struct robots;
struct sitemaps;

enum cw_err sitemaps_new(struct sitemaps **ret, struct crawl *crawl) MUST_CHECK;
void sitemaps_free(struct sitemaps *all); /* none may be under way; NULL is fine */

/* The robots.txt of `url`'s origin, where a start URL lives, is known: notes what there is to
 * fetch. Often is fine: each origin counts once. `robots` may be NULL. */
void sitemaps_note(struct sitemaps *all, const struct url *url, const struct robots *robots);

/* Starts what may start and feeds the sink. To be called when a batch has landed, and when
 * crawl_look_soon() comes back. */
void sitemaps_go_on(struct sitemaps *all);

/* Lets go of all that can be let go at once and cancels the rest; crawl_look_soon() is called when
 * that has ended. */
void sitemaps_drop(struct sitemaps *all);

unsigned sitemaps_count(const struct sitemaps *all);     /* queued and being worked on */
bool sitemaps_are_done(const struct sitemaps *all);      /* nothing is left to do */
bool sitemaps_are_under_way(const struct sitemaps *all); /* a callback is still to come */

#endif
