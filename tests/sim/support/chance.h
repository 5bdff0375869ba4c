/* chance: the same numbers everywhere, from a seed. splitmix64 (Steele, Lea and Flood, "Fast
 * splittable pseudorandom number generators", 2014): one addition and a mix a draw, and any two
 * seeds give unrelated streams, so a thing's own stream can be made from its number when it is
 * needed, and nothing of a web of millions of hosts need be kept. */
#ifndef TESTS_SIM_SUPPORT_CHANCE_H
#define TESTS_SIM_SUPPORT_CHANCE_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>

struct chance {
    uint64_t state; /* any seed will do */
};

static inline uint64_t chance_mix(uint64_t x)
{
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ULL;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBULL;
    return x ^ (x >> 31);
}

/* The stream of thing `number` of the kind `salt`, in the world of `seed`. */
static inline struct chance chance_of(uint64_t seed, uint64_t salt, uint64_t number)
{
    return (struct chance){chance_mix(chance_mix(seed + salt * 0x9E3779B97F4A7C15ULL) ^ number)};
}

static inline uint64_t chance_draw(struct chance *c)
{
    c->state += 0x9E3779B97F4A7C15ULL;
    return chance_mix(c->state);
}

/* Evenly from 0 to below `limit`, which must not be 0. The bias is below limit / 2^64. */
static inline uint64_t chance_below(struct chance *c, uint64_t limit)
{
    return chance_draw(c) % limit;
}

static inline double chance_unit(struct chance *c) /* in (0, 1]: its logarithm is finite */
{
    return (double)((chance_draw(c) >> 11) + 1) * 0x1p-53;
}

static inline bool chance_happens(struct chance *c, double probability)
{
    return chance_unit(c) <= probability;
}

static inline double chance_exponential(struct chance *c, double mean)
{
    return -mean * log(chance_unit(c));
}

/* Lognormal about a mean; `sigma` is that of the logarithm (0.5: a quarter of all draws are 1.25
 * times the mean or more; 1: the tail is heavy). */
static inline double chance_lognormal(struct chance *c, double mean, double sigma)
{
    double radius = sqrt(-2 * log(chance_unit(c))); /* Box and Muller, 1958 */
    double normal = radius * cos(6.283185307179586 * chance_unit(c));
    return mean * exp(sigma * normal - sigma * sigma / 2);
}

#endif
