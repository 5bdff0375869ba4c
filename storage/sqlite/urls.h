/* urls: the seen test, and what is known of each URL. Discovered URLs of a whole batch are
 * collected as sightings, sorted by their key and merged before the database is asked, so that it
 * is walked in its own order and asked once a URL (the idea of IRLbot's DRUM). */
#ifndef STORAGE_SQLITE_URLS_H
#define STORAGE_SQLITE_URLS_H

#include "storage/sqlite/work.h"

/* A URL met in a batch: a seed, a link or the target of a redirect. */
struct sighting {
    struct str url; /* borrowed from the batch */
    struct host_row *host;
    struct verdict verdict;
    int64_t found_on; /* url id of the page; 0: named by a person */
    int32_t depth, priority, hops;
    int64_t modified_unix_ms; /* as announced; 0: not said */
    bool is_seed;             /* makes the URL a seed */
    bool is_named;            /* by a person: what once excluded it does not count */
    bool is_judged_again;     /* by other rules, so budgets and traps may have been others, too */
    int64_t *ret_id;          /* its id goes there, too; NULL: nowhere */

    /* Not to be set by whoever met it. */
    int64_t key;           /* where the search for it begins */
    uint64_t hash;         /* seenurls_hash() */
    int64_t id;            /* found or given by urls_resolve() */
    struct sighting *next; /* the one met after it */
    size_t number;         /* how many were met before it */
};

struct sightings {
    struct sighting *first, *last; /* in the work's arena */
    size_t count;
};

/* Notes a copy of `met`, its url cut to URL_MAX_BYTES. NULL: the transaction has failed. */
struct sighting *sightings_add(struct work *w, struct sightings *s, const struct sighting *met);

/* The same for some, but for those that are known to change nothing: of them the ids are known as
 * well, and that is all. Several at once wait together for the memory that knows them. */
enum { SIGHTINGS_AT_ONCE = 8 };
void sightings_add_news(struct work *w, struct sightings *s, struct sighting *met, size_t count);

/* Gives every sighting its id; inserts the new URLs, and betters what is known of the old ones. */
void urls_resolve(struct work *w, struct sightings *s);

/* A leased URL, as the database has it. */
struct leased_url {
    int64_t id;
    int32_t hops;
    bool is_seed;
};
/* False, with the transaction failed (CW_EINVAL), when `id` is not leased. */
bool urls_read_leased(struct work *w, int64_t id, struct leased_url *ret);

/* Does a verdict let the URL be fetched? */
static inline bool urls_allow(const struct verdict *verdict)
{
    return verdict->reason == EXCLUDE_NONE;
}

/* EXCLUDE_NONE: no reason of that name. */
enum exclude_reason urls_reason_by_name(struct str name);

/* Where a leased URL goes. `reason` and `detail` are for FAILED and EXCLUDED. */
struct url_end {
    enum url_state state;
    enum cw_err err;            /* of FAILED */
    enum exclude_reason reason; /* of EXCLUDED */
    struct str detail;
    int64_t due_unix_ms;   /* of QUEUED: not before then; of others: asked again then; 0: never */
    int32_t late_priority; /* of QUEUED: where it waits from now on; 0: where it did */
    int32_t new_attempts;  /* requests made since it was leased */
    int64_t last_fetch;    /* row of its latest attempt; 0: still the one that it has */
};
/* Takes a settled URL back into the queue, to be asked for as if it were new. `reason` is why it
 * failed or was excluded. */
void urls_requeue(struct work *w, struct host_row *host, int64_t id, enum url_state was,
                  struct str reason);

void urls_finish(struct work *w, struct host_row *host, int64_t id, const struct url_end *end);

#endif
