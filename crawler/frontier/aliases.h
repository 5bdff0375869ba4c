/* aliases: URLs of one host that differ in the identifier of a session alone. Whether that matters
 * is learned: when ALIAS_PAIRS pages were the same as one fetched under another identifier, and
 * hardly any was not, each page is asked for under one identifier only (the idea of DUST:
 * Bar-Yossef et al., "Do Not Crawl in the DUST", 2007, with exact pairs in place of likely ones).
 *   An identifier is the value of a query's name that is known for it (sid, PHPSESSID ...) or a
 * token (shapes.h) as such a value or in a folder of the path. Pure. Memory: 8 bytes a page, at
 * most ALIAS_SLOTS_MAX pages; what comes after takes the place of what was there, and may be
 * fetched twice. */
#ifndef CRAWLER_FRONTIER_ALIASES_H
#define CRAWLER_FRONTIER_ALIASES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "crawler/base/str.h"
#include "crawler/page.h"

enum {
    ALIAS_PAIRS = 8,
    ALIAS_RULES_MAX = 16, /* of a host */
    ALIAS_NAME_MAX = 40,
    ALIAS_SLOTS_MAX = 1 << 16,
};

/* A place of an identifier. */
struct alias_rule {
    uint64_t key;
    char name[ALIAS_NAME_MAX]; /* "sid", or the folder before it: "/s/" */
    int64_t same, differ;      /* pairs of pages */
    int64_t refused;           /* URLs */
    bool is_dirty;             /* since it was last stored */
};

struct aliases {
    uint64_t *slots; /* owned; what was fetched: 40 bits of a hash, 24 of what the page said */
    size_t slot_count, used;
    struct alias_rule *rules; /* owned; NULL: none yet, else room for ALIAS_RULES_MAX */
    unsigned rule_count;
};

void aliases_release(struct aliases *a);
void aliases_forget_all(struct aliases *a); /* what was fetched, not the rules */

/* The rule by which `url` has an identifier that does not matter, or NULL. *ret_is_known: the page
 * was already asked for without it, or under another one. */
struct alias_rule *aliases_find(struct aliases *a, struct str url, bool *ret_is_known);

/* `url` is being asked for; or nothing came of it. */
void aliases_reserve(struct aliases *a, struct str url);
void aliases_forget(struct aliases *a, struct str url);

/* What no page said before: how many shingles, and the least of them. */
struct alias_news {
    unsigned count;
    uint32_t least;
};

/* `url` said `print`, which had that `news`. True: some page of the host said exactly the same. */
bool aliases_learn(struct aliases *a, struct str url, const struct print *print,
                   const struct alias_news *news);

/* `url` was fetched by an earlier run. */
void aliases_recall(struct aliases *a, struct str url);

/* Puts back a rule that was stored; what does not fit is left out. */
void aliases_restore(struct aliases *a, const struct alias_rule *rule);

size_t aliases_bytes(const struct aliases *a);

#endif
