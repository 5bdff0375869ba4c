#include "crawler/fetch/resolver_cache.h"

#include <stdlib.h>

#include <utlist.h>

#include "crawler/base/table.h"
#include "crawler/fetch/address.h"

struct entry {
    struct entry *prev, *next; /* in the order of their last use, oldest first */
    UT_hash_handle hh;
    int64_t fresh_until_ms;
    enum cw_err err;
    struct resolved *addresses; /* held; NULL after a failure */
    const char *detail;         /* static */
    size_t name_len;
    char name[];
};

struct resolver_cache {
    struct entry *by_name;
    struct entry *by_use;
    size_t max;
    uint64_t last_serial; /* 0 stays for addresses that never change (literals) */
};

struct resolver_cache *resolver_cache_new(size_t max_names)
{
    struct resolver_cache *cache = malloc(sizeof *cache);
    if (cache != NULL)
        *cache = (struct resolver_cache){.max = max_names};
    return cache;
}

static void entry_drop(struct resolver_cache *cache, struct entry *entry)
{
    DL_DELETE(cache->by_use, entry);
    HASH_DEL(cache->by_name, entry);
    resolved_drop(entry->addresses);
    free(entry);
}

void resolver_cache_free(struct resolver_cache *cache)
{
    if (cache == NULL)
        return;
    while (cache->by_use != NULL)
        entry_drop(cache, cache->by_use);
    free(cache);
}

size_t resolver_cache_count(const struct resolver_cache *cache)
{
    return HASH_COUNT(cache->by_name);
}

static struct entry *entry_find(struct resolver_cache *cache, struct str name)
{
    struct entry *entry;
    HASH_FIND(hh, cache->by_name, name.ptr, name.len, entry);
    return entry;
}

static void entry_touch(struct resolver_cache *cache, struct entry *entry)
{
    DL_DELETE(cache->by_use, entry);
    DL_APPEND(cache->by_use, entry);
}

bool resolver_cache_find(struct resolver_cache *cache, struct str name, int64_t now_ms,
                         struct resolver_answer *ret)
{
    struct entry *entry = entry_find(cache, name);
    if (entry == NULL || now_ms >= entry->fresh_until_ms)
        return false;
    entry_touch(cache, entry);
    *ret = (struct resolver_answer){entry->err, entry->addresses, entry->detail};
    return true;
}

static struct entry *entry_add(struct resolver_cache *cache, struct str name)
{
    while (cache->by_use != NULL && resolver_cache_count(cache) >= cache->max)
        entry_drop(cache, cache->by_use);
    struct entry *entry = malloc(sizeof *entry + name.len + 1);
    if (entry == NULL)
        return NULL;
    *entry = (struct entry){.name_len = name.len, .detail = ""};
    memcpy(entry->name, name.ptr, name.len);
    entry->name[name.len] = '\0';
    HASH_ADD_KEYPTR(hh, cache->by_name, entry->name, entry->name_len, entry);
    if (!table_took(entry)) {
        free(entry);
        return NULL;
    }
    DL_APPEND(cache->by_use, entry);
    return entry;
}

/* The entry of `name`, made when there is none, as the most recently used. */
static struct entry *entry_want(struct resolver_cache *cache, struct str name)
{
    struct entry *entry = entry_find(cache, name);
    if (entry == NULL)
        return entry_add(cache, name);
    entry_touch(cache, entry);
    return entry;
}

static bool holds_address(const struct resolved *r, const struct sockaddr_storage *address)
{
    for (size_t i = 0; i < r->count; i++)
        if (address_equals((const struct sockaddr *)&r->addresses[i],
                           (const struct sockaddr *)address))
            return true;
    return false;
}

/* Servers rotate their answers; only a change of the set is a change. */
static bool is_same_set(const struct resolved *r, const struct sockaddr_storage *addresses,
                        size_t count)
{
    if (r == NULL || r->count != count)
        return false;
    for (size_t i = 0; i < count; i++)
        if (!holds_address(r, &addresses[i]))
            return false;
    return true;
}

struct resolved *resolver_cache_keep(struct resolver_cache *cache, struct str name,
                                     const struct sockaddr_storage *addresses, size_t count,
                                     int64_t ttl_s, int64_t now_ms)
{
    struct entry *entry = entry_want(cache, name);
    count = MIN(count, (size_t)RESOLVED_MAX);
    if (entry == NULL)
        return NULL;
    if (!is_same_set(entry->addresses, addresses, count)) {
        struct resolved *fresh = resolved_new(addresses, count, ++cache->last_serial);
        if (fresh == NULL)
            return NULL;
        resolved_drop(entry->addresses);
        entry->addresses = fresh;
    }
    ttl_s = MAX(MIN(ttl_s, (int64_t)RESOLVER_TTL_MAX_S), (int64_t)RESOLVER_TTL_MIN_S);
    entry->err = CW_OK;
    entry->detail = "";
    entry->fresh_until_ms = now_ms + ttl_s * 1000;
    return resolved_hold(entry->addresses);
}

static size_t find_address(const struct resolved *r, const char *address)
{
    size_t i = 0;
    for (; i < r->count; i++) {
        char text[RESOLVED_TEXT_SIZE];
        address_format((const struct sockaddr *)&r->addresses[i], text);
        if (strcmp(text, address) == 0)
            break;
    }
    return i;
}

void resolver_cache_prefer(struct resolver_cache *cache, struct str name, const char *address)
{
    struct entry *entry = entry_find(cache, name);
    if (entry == NULL || entry->addresses == NULL)
        return;
    const struct resolved *old = entry->addresses;
    size_t i = find_address(old, address);
    if (i == 0 || i == old->count)
        return;
    struct resolved *fresh = resolved_new(old->addresses, old->count, ++cache->last_serial);
    if (fresh == NULL)
        return;
    fresh->addresses[i] = old->addresses[0];
    fresh->addresses[0] = old->addresses[i];
    resolved_drop(old);
    entry->addresses = fresh;
}

void resolver_cache_keep_failure(struct resolver_cache *cache, struct str name, enum cw_err err,
                                 const char *static_detail, int64_t now_ms)
{
    struct entry *entry = entry_want(cache, name);
    if (entry == NULL)
        return;
    resolved_drop(entry->addresses);
    entry->addresses = NULL;
    entry->err = err;
    entry->detail = static_detail;
    int64_t ttl_s = err == CW_EDNS ? RESOLVER_TTL_NONAME_S : RESOLVER_TTL_FAILURE_S;
    entry->fresh_until_ms = now_ms + ttl_s * 1000;
}
