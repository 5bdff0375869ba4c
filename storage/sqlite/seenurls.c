#include "storage/sqlite/seenurls.h"

#include <assert.h>
#include <stdlib.h>
#include <sys/random.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

struct set {
    struct seenurl ways[SEENURLS_WAYS]; /* the more often met, the further in front */
};

struct seenurls {
    unsigned char secret[192];
    size_t set_count;
    struct set sets[];
};
static_assert(sizeof((struct seenurls *)0)->secret >= XXH3_SECRET_SIZE_MIN, "XXH3 asks for it");

struct seenurls *seenurls_new(size_t sets)
{
    assert(sets > 0 && (sets & (sets - 1)) == 0);
    struct seenurls *seen = calloc(1, sizeof *seen + sets * sizeof *seen->sets);
    if (seen == NULL)
        return NULL;
    seen->set_count = sets;
    if (getrandom(seen->secret, sizeof seen->secret, 0) == (ssize_t)sizeof seen->secret)
        return seen;
    free(seen);
    return NULL;
}

void seenurls_free(struct seenurls *seen)
{
    free(seen);
}

uint64_t seenurls_hash(const struct seenurls *seen, struct str url)
{
    if (seen == NULL)
        return 0;
    return XXH3_64bits_withSecret(url.ptr, url.len, seen->secret, sizeof seen->secret);
}

/* The low 35 bits of an id are a hash: some choose the set, the next are the tag. */
static struct set *set_of(struct seenurls *seen, int64_t id)
{
    return &seen->sets[(size_t)id & (seen->set_count - 1)];
}

static uint64_t tag_of(const struct seenurls *seen, int64_t id)
{
    const struct seenurl url = {.tag = (uint64_t)id >> __builtin_ctzl(seen->set_count)};
    return url.tag;
}

static struct seenurl *way_of(struct set *set, uint64_t tag, uint64_t hash)
{
    for (size_t i = 0; i < SEENURLS_WAYS; i++)
        if (set->ways[i].hash == hash && set->ways[i].tag == tag)
            return &set->ways[i];
    return NULL;
}

void seenurls_prefetch(const struct seenurls *seen, int64_t key)
{
    enum { CACHE_LINE = 64 };
    if (seen == NULL)
        return;
    const char *set = (const char *)&seen->sets[(size_t)key & (seen->set_count - 1)];
    for (size_t i = 0; i < sizeof(struct set); i += CACHE_LINE)
        __builtin_prefetch(set + i);
}

/* One that is met again moves a place up, so that those met often are the last to go. */
const struct seenurl *seenurls_find(struct seenurls *seen, int64_t key, uint64_t hash)
{
    if (seen == NULL || hash == 0)
        return NULL;
    struct set *set = set_of(seen, key);
    struct seenurl *way = way_of(set, tag_of(seen, key), hash);
    if (way == NULL || way == &set->ways[0])
        return way;
    struct seenurl found = *way;
    way[0] = way[-1];
    way[-1] = found;
    return &way[-1];
}

/* A free way, or that of the one met least. */
static struct seenurl *way_for_another(struct set *set)
{
    for (size_t i = 0; i < SEENURLS_WAYS; i++)
        if (set->ways[i].hash == 0)
            return &set->ways[i];
    return &set->ways[SEENURLS_WAYS - 1];
}

void seenurls_put(struct seenurls *seen, int64_t id, const struct seenurl *url)
{
    if (seen == NULL || url->hash == 0)
        return;
    struct set *set = set_of(seen, id);
    uint64_t tag = tag_of(seen, id);
    struct seenurl *way = way_of(set, tag, url->hash);
    if (way == NULL)
        way = way_for_another(set);
    *way = *url;
    way->tag = tag;
}

void seenurls_drop(struct seenurls *seen, int64_t id)
{
    if (seen == NULL)
        return;
    struct set *set = set_of(seen, id);
    uint64_t tag = tag_of(seen, id);
    for (size_t i = 0; i < SEENURLS_WAYS; i++)
        if (set->ways[i].tag == tag)
            set->ways[i] = (struct seenurl){0};
}

void seenurls_forget(struct seenurls *seen)
{
    if (seen != NULL)
        memset(seen->sets, 0, seen->set_count * sizeof *seen->sets);
}
