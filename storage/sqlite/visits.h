/* visits: what came of each leased URL: its state, the attempt, the page with body, links and
 * redirect. Two steps, because the URLs of a whole batch are resolved in between. */
#ifndef STORAGE_SQLITE_VISITS_H
#define STORAGE_SQLITE_VISITS_H

#include "storage/sqlite/urls.h"

enum { HOPS_MAX = 10 }; /* redirects followed in a row */

struct visit {
    const struct outcome *outcome; /* borrowed from the batch */
    struct host_row *host;
    struct leased_url url;
    int64_t *link_ids;         /* of the targets: page.link_count of them */
    struct sighting *redirect; /* NULL: none */
};

/* How many sightings the outcomes may add. */
size_t visits_count_urls(struct outcome *const *outcomes, size_t count);

/* Fills `visits` (one for each outcome) and collects what they discovered. */
void visits_collect(struct work *w, struct outcome *const *outcomes, size_t count,
                    struct visit *visits, struct sightings *sightings);

/* After urls_resolve(). */
void visits_store(struct work *w, const struct visit *visits, size_t count);

/* A request that belongs to no URL: robots.txt. */
void visits_store_attempt(struct work *w, const struct attempt *attempt);

#endif
