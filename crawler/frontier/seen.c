#include "crawler/frontier/seen.h"

#include <stdlib.h>

#include "crawler/base/util.h"

enum { FIRST_BITS = 1 << 13, GROWTH = 4, FULL_PART = 4 };

void seen_release(struct seen *seen)
{
    free(seen->young);
    free(seen->old);
    *seen = (struct seen){0};
}

size_t seen_bytes(const struct seen *seen)
{
    return (seen->young_bits + seen->old_bits) / 8;
}

static bool has_bit(const uint64_t *bits, size_t at)
{
    return (bits[at / 64] >> at % 64 & 1) != 0;
}

static void set_bit(struct seen *seen, size_t at)
{
    seen->young_set += !has_bit(seen->young, at);
    seen->young[at / 64] |= UINT64_C(1) << at % 64;
}

static bool begin_generation(struct seen *seen)
{
    size_t bits = MIN(MAX(seen->young_bits * GROWTH, FIRST_BITS), (size_t)SEEN_BYTES_MAX * 8);
    uint64_t *fresh = calloc(bits / 64, sizeof *fresh);
    if (fresh == NULL)
        return false;
    free(seen->old);
    seen->old = seen->young;
    seen->old_bits = seen->young_bits;
    seen->young = fresh;
    seen->young_bits = bits;
    seen->young_set = 0;
    return true;
}

bool seen_add(struct seen *seen, uint32_t hash)
{
    /* samples have low bits that are all alike, so the high ones of a product count */
    size_t first = hash * UINT32_C(0x9E3779B1) >> 8, second = hash * UINT32_C(0x85EBCA77) >> 9;
    bool is_full = seen->young_set * FULL_PART >= seen->young_bits;
    if (is_full && !begin_generation(seen) && seen->young == NULL)
        return false;
    bool is_known = seen->old != NULL && has_bit(seen->old, first % seen->old_bits) &&
                    has_bit(seen->old, second % seen->old_bits);
    size_t a = first % seen->young_bits, b = second % seen->young_bits;
    is_known |= has_bit(seen->young, a) && has_bit(seen->young, b);
    set_bit(seen, a);
    set_bit(seen, b);
    return !is_known;
}
