#include "crawler/frontier/seen.h"

#include <stdlib.h>
#include <string.h>

#include "crawler/base/util.h"

enum {
    FIRST_WORDS = 8,
    GROWTH = 4,
    AHEAD = 16,          /* hashes whose words are on their way from the caches of many threads */
    HASHES_PER_WORD = 5, /* when it is full: then one in 115 that is new seems old to it */
};

void seen_release(struct seen *seen)
{
    for (int i = 0; i < SEEN_GENERATIONS; i++)
        free(seen->generations[i].words);
    *seen = (struct seen){0};
}

size_t seen_bytes(const struct seen *seen)
{
    size_t bytes = 0;
    for (int i = 0; i < SEEN_GENERATIONS; i++)
        bytes += seen->generations[i].count * sizeof(uint64_t);
    return bytes;
}

static void begin_generation(struct seen *seen)
{
    size_t count = MAX(seen->generations[0].count * GROWTH, FIRST_WORDS);
    count = MIN(count, SEEN_BYTES_MAX / sizeof(uint64_t));
    uint64_t *words = calloc(count, sizeof *words);
    if (words == NULL)
        return; /* the one that is full goes on */
    free(seen->generations[SEEN_GENERATIONS - 1].words);
    memmove(seen->generations + 1, seen->generations,
            sizeof seen->generations - sizeof seen->generations[0]);
    seen->generations[0] = (struct seen_generation){words, count};
    seen->hashes = 0;
}

/* Its bits in the word. Samples have low bits that are all alike, so the high ones of a product
 * count, here and for the place of the word. */
static uint64_t bits_of(uint32_t hash)
{
    uint64_t product = hash * UINT64_C(0xC2B2AE3D27D4EB4F), bits = 0;
    bits |= UINT64_C(1) << (product >> 58);
    bits |= UINT64_C(1) << (product >> 52 & 63);
    bits |= UINT64_C(1) << (product >> 46 & 63);
    bits |= UINT64_C(1) << (product >> 40 & 63);
    return bits;
}

static size_t place_of(uint32_t hash)
{
    return hash * UINT64_C(0x9E3779B97F4A7C15) >> 40;
}

static uint64_t *word_at(const struct seen_generation *g, size_t place)
{
    return &g->words[place & (g->count - 1)];
}

static bool is_in(const struct seen_generation *g, size_t place, uint64_t bits)
{
    return (*word_at(g, place) & bits) == bits;
}

/* As many as surely fit into the youngest generation; all of it in registers. Whether a hash is
 * known nobody can foresee: it is counted with, not jumped on. */
static unsigned add_some(struct seen *seen, const uint32_t *hashes, unsigned count, uint32_t salt,
                         uint32_t *least_new)
{
    uint64_t nothing = 0;
    const struct seen_generation none = {&nothing, 1}, *g = seen->generations;
    const struct seen_generation young = g[0], old = g[1].words != NULL ? g[1] : none,
                                 oldest = g[2].words != NULL ? g[2] : none;
    unsigned known = 0, known_to_young = 0;
    uint32_t least = *least_new;
    _Static_assert(SEEN_GENERATIONS == 3, "each has its line");
    for (unsigned i = 0; i < count; i++) {
        uint32_t hash = hashes[i] ^ salt;
        size_t place = place_of(hash), next = place_of(hashes[MIN(i + AHEAD, count - 1)] ^ salt);
        uint64_t bits = bits_of(hash), *word = word_at(&young, place);
        __builtin_prefetch(word_at(&young, next));
        __builtin_prefetch(word_at(&old, next));
        __builtin_prefetch(word_at(&oldest, next));
        unsigned is_young = (*word & bits) == bits;
        unsigned is_known = is_young | is_in(&old, place, bits) | is_in(&oldest, place, bits);
        *word |= bits;
        known_to_young += is_young;
        known += is_known;
        least = MIN(least, hashes[i] | -is_known); /* all bits where it is known */
    }
    seen->hashes += count - known_to_young;
    *least_new = least;
    return count - known;
}

unsigned seen_add_all(struct seen *seen, const uint32_t *hashes, unsigned count, uint32_t salt,
                      uint32_t *ret_least)
{
    unsigned news = 0;
    *ret_least = UINT32_MAX;
    for (unsigned i = 0, part; i < count; i += part) {
        const struct seen_generation *young = &seen->generations[0];
        if (seen->hashes >= young->count * HASHES_PER_WORD)
            begin_generation(seen);
        if (young->words == NULL)
            return 0;
        size_t limit = young->count * HASHES_PER_WORD;
        part = (unsigned)MIN(count - i, seen->hashes < limit ? limit - seen->hashes : 1);
        news += add_some(seen, hashes + i, part, salt, ret_least);
    }
    return news;
}

bool seen_add(struct seen *seen, uint32_t hash)
{
    uint32_t least;
    return seen_add_all(seen, &hash, 1, 0, &least) > 0;
}
