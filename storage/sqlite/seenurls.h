/* seenurls: URLs that were met lately, and what is on record of them as far as one more sighting
 * might better it. Nearly all links lead to URLs that are known and better nothing: for them this
 * table of fixed size answers in place of the database. It never says anything else than the row
 * would; what it does not know is looked up.
 *
 * A URL is recognised by its key (keys.h) and 64 bits of a hash under a secret of this process, so
 * that nobody can choose two that are taken for each other. Only those are kept that stand at their
 * key. Memory: 24 bytes a URL, taken from the system as they are first used. One thread, as the
 * store. */
#ifndef STORAGE_SQLITE_SEENURLS_H
#define STORAGE_SQLITE_SEENURLS_H

#include <assert.h>
#include <stdint.h>

#include "crawler/base/str.h"

enum { SEENURLS_SETS = 32768, SEENURLS_WAYS = 4 };

struct seenurl {
    int64_t id;    /* its key as well; 0: free */
    uint64_t hash; /* seenurls_hash() */
    int32_t priority;
    uint16_t depth;
    uint8_t hops;
    bool is_seed : 1;
    bool is_excluded : 1; /* so a verdict that allows may change it */
};
static_assert(sizeof(struct seenurl) == 24, "three megabytes in all");

struct seenurls;

/* `sets`: how many groups of SEENURLS_WAYS URLs, a power of two. NULL: no memory or no random bytes
 * can be had. All calls take NULL: nothing is found, nothing is kept. */
struct seenurls *seenurls_new(size_t sets) MUST_CHECK;
void seenurls_free(struct seenurls *seen);

uint64_t seenurls_hash(const struct seenurls *seen, struct str url);

/* Borrowed until the next call; NULL: not here. */
const struct seenurl *seenurls_find(struct seenurls *seen, int64_t key, uint64_t hash);

/* Puts a URL in, or what is known of it now. To be told of everything that a transaction writes;
 * only state and times may change without. */
void seenurls_put(struct seenurls *seen, const struct seenurl *url);

/* What is on record at this id became worse: excluded, or later in the line. */
void seenurls_drop(struct seenurls *seen, int64_t id);

/* After a transaction that failed: what it wrote does not exist. */
void seenurls_forget(struct seenurls *seen);

#endif
