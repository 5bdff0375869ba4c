#include "crawler/frontier/seen.h"

#include <stdlib.h>
#include <string.h>

#include "crawler/base/util.h"

enum { FIRST_BITS = 1 << 13, GROWTH = 4, FULL_PART = 8 };

void seen_release(struct seen *seen)
{
    for (int i = 0; i < SEEN_GENERATIONS; i++)
        free(seen->generations[i].bits);
    *seen = (struct seen){0};
}

size_t seen_bytes(const struct seen *seen)
{
    size_t bytes = 0;
    for (int i = 0; i < SEEN_GENERATIONS; i++)
        bytes += seen->generations[i].count / 8;
    return bytes;
}

/* Whether it is set nobody can foresee: it is counted with, not jumped on. */
static uint64_t bit(const struct seen_generation *g, size_t hash)
{
    size_t at = hash & (g->count - 1);
    return g->bits[at / 64] >> at % 64 & 1;
}

static void set_bit(struct seen *seen, size_t hash)
{
    struct seen_generation *g = &seen->generations[0];
    size_t at = hash & (g->count - 1);
    seen->set += bit(g, hash) ^ 1;
    g->bits[at / 64] |= UINT64_C(1) << at % 64;
}

static void begin_generation(struct seen *seen)
{
    size_t count = MAX(seen->generations[0].count * GROWTH, FIRST_BITS);
    count = MIN(count, (size_t)SEEN_BYTES_MAX * 8);
    uint64_t *bits = calloc(count / 64, sizeof *bits);
    if (bits == NULL)
        return; /* the one that is full goes on */
    free(seen->generations[SEEN_GENERATIONS - 1].bits);
    memmove(seen->generations + 1, seen->generations,
            sizeof seen->generations - sizeof seen->generations[0]);
    seen->generations[0] = (struct seen_generation){bits, count};
    seen->set = 0;
}

bool seen_add(struct seen *seen, uint32_t hash)
{
    /* samples have low bits that are all alike, so the high ones of a product count */
    size_t first = hash * UINT32_C(0x9E3779B1) >> 8, second = hash * UINT32_C(0x85EBCA77) >> 9;
    uint64_t is_known = 0;
    if (seen->set * FULL_PART >= seen->generations[0].count)
        begin_generation(seen);
    for (int i = 0; i < SEEN_GENERATIONS && seen->generations[i].bits != NULL; i++) {
        const struct seen_generation *g = &seen->generations[i];
        is_known |= bit(g, first) & bit(g, second);
    }
    if (seen->generations[0].bits == NULL)
        return false;
    set_bit(seen, first);
    set_bit(seen, second);
    return is_known == 0;
}
