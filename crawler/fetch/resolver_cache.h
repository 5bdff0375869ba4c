/* resolver_cache: what the name servers said, for as long as they said it may be kept. Pure: the
 * time is a parameter (monotonic milliseconds). Bounded: the least recently asked name leaves.
 * Thread: one. */
#ifndef CRAWLER_FETCH_RESOLVER_CACHE_H
#define CRAWLER_FETCH_RESOLVER_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "crawler/base/err.h"
#include "crawler/base/str.h"
#include "crawler/fetch/resolver.h"

/* How long an answer is kept, whatever the servers say. */
enum {
    RESOLVER_TTL_MIN_S = 1,
    RESOLVER_TTL_MAX_S = 3600,
    RESOLVER_TTL_NONAME_S = 60, /* CW_EDNS */
    RESOLVER_TTL_FAILURE_S = 2, /* anything else that is not an answer */
};

/* What is known of a name. */
struct resolver_answer {
    enum cw_err err;
    const struct resolved *addresses; /* NULL unless err is CW_OK */
    const char *detail;               /* static text; "" when there is nothing to say */
};

struct resolver_cache;
struct resolver_cache *resolver_cache_new(size_t max_names) MUST_CHECK; /* NULL: out of memory */
void resolver_cache_free(struct resolver_cache *cache);

/* The fresh answer for `name`, borrowed until the next call that changes the cache. False, and *ret
 * untouched, when there is none. */
bool resolver_cache_find(struct resolver_cache *cache, struct str name, int64_t now_ms,
                         struct resolver_answer *ret) MUST_CHECK;

/* Keeps `addresses` (the first RESOLVED_MAX; at least one) for `ttl_s` and returns them, held for
 * the caller. The same addresses in another order are the same answer: the struct, its order and
 * its serial stay. NULL: out of memory. */
struct resolved *resolver_cache_keep(struct resolver_cache *cache, struct str name,
                                     const struct sockaddr_storage *addresses, size_t count,
                                     int64_t ttl_s, int64_t now_ms) MUST_CHECK;

/* A connection was made to this one of the addresses kept for `name`: it comes first from now on.
 * Nothing happens when it is none of them, or without memory. */
void resolver_cache_prefer(struct resolver_cache *cache, struct str name, const char *address);

/* Keeps a failure, for the time its class deserves; it forgets the addresses. Without memory
 * nothing is kept. */
void resolver_cache_keep_failure(struct resolver_cache *cache, struct str name, enum cw_err err,
                                 const char *static_detail, int64_t now_ms);

size_t resolver_cache_count(const struct resolver_cache *cache);

/* A new answer with one holder. NULL: out of memory. */
struct resolved *resolved_new(const struct sockaddr_storage *addresses, size_t count,
                              uint64_t serial) MUST_CHECK;

#endif
