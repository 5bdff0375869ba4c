#include "crawler/frontier/seen.h"

#include <stdlib.h>
#include <string.h>

#include "crawler/base/util.h"

enum {
    FIRST_WORDS = 8,
    GROWTH = 4,
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
    uint64_t product = hash * UINT64_C(0xC2B2AE3D27D4EB4F);
    return UINT64_C(1) << (product >> 58) | UINT64_C(1) << (product >> 52 & 63) |
           UINT64_C(1) << (product >> 46 & 63) | UINT64_C(1) << (product >> 40 & 63);
}

bool seen_add(struct seen *seen, uint32_t hash)
{
    size_t place = hash * UINT64_C(0x9E3779B97F4A7C15) >> 40;
    uint64_t bits = bits_of(hash);
    unsigned known = 0; /* whether it is nobody can foresee: it is counted with, not jumped on */
    if (seen->hashes >= seen->generations[0].count * HASHES_PER_WORD)
        begin_generation(seen);
    struct seen_generation *young = &seen->generations[0];
    if (young->words == NULL)
        return false;
    for (int i = 1; i < SEEN_GENERATIONS && seen->generations[i].words != NULL; i++) {
        const struct seen_generation *g = &seen->generations[i];
        known |= (g->words[place & (g->count - 1)] & bits) == bits;
    }
    uint64_t *word = &young->words[place & (young->count - 1)];
    unsigned is_young = (*word & bits) == bits;
    seen->hashes += 1 - is_young;
    *word |= bits;
    return (known | is_young) == 0;
}
