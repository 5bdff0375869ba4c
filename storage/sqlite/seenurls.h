/* seenurls: URLs that were met lately, and what is on record of them as far as one more sighting
 * might better it. Nearly all links lead to URLs that are known and better nothing: for them this
 * table of fixed size answers in place of the database. It never says anything else than the row
 * would; what it does not know is looked up.
 *
 * A URL is recognised by its key (keys.h) and 64 bits of a hash under a secret of this process, so
 * that nobody can choose two that are taken for each other. Only those are kept that stand at their
 * key. Memory: 16 bytes a URL, taken from the system as they are first used. One thread, as the
 * store. */
#ifndef STORAGE_SQLITE_SEENURLS_H
#define STORAGE_SQLITE_SEENURLS_H

#include <assert.h>
#include <stdint.h>

#include "crawler/base/str.h"

enum { SEENURLS_SETS = 32768, SEENURLS_WAYS = 8 };

struct seenurl {
    uint64_t hash;     /* seenurls_hash(); 0: free */
    uint64_t tag : 19; /* of its id; set by seenurls_put() */
    uint64_t priority : 26;
    uint64_t depth : 12;
    uint64_t hops : 5;
    uint64_t is_seed : 1;
    uint64_t is_excluded : 1; /* so a verdict that allows may change it */
};
static_assert(sizeof(struct seenurl) == 16, "four megabytes in all");

struct seenurls;

/* `sets`: how many groups of SEENURLS_WAYS URLs, a power of two. NULL: no memory or no random bytes
 * can be had. All calls take NULL: nothing is found, nothing is kept. */
struct seenurls *seenurls_new(size_t sets) MUST_CHECK;
void seenurls_free(struct seenurls *seen);

uint64_t seenurls_hash(const struct seenurls *seen, struct str url);

/* It will be looked for soon: the table lies in memory that is rarely near. */
void seenurls_prefetch(const struct seenurls *seen, int64_t key);

/* Borrowed until the next call; NULL: not here. */
const struct seenurl *seenurls_find(struct seenurls *seen, int64_t key, uint64_t hash);

/* Puts the URL at `id` in, or what is known of it now. To be told of everything that a transaction
 * writes; only state and times may change without. */
void seenurls_put(struct seenurls *seen, int64_t id, const struct seenurl *url);

/* What is on record at this id became worse: excluded, or later in the line. May drop another that
 * looks like it, too. */
void seenurls_drop(struct seenurls *seen, int64_t id);

/* After a transaction that failed: what it wrote does not exist. */
void seenurls_forget(struct seenurls *seen);

#endif
