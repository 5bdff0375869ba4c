#include "crawler/base/loghist.h"

#include "crawler/base/util.h"

enum { STEP_BITS = 3, STEPS = 1 << STEP_BITS }; /* buckets a doubling */

/* Below STEPS each value has a bucket of its own; above, the leading bits below the highest one
 * tell the eighth of the doubling. */
static unsigned bucket_of(uint64_t value)
{
    if (value < STEPS)
        return (unsigned)value;
    unsigned top = 63 - (unsigned)__builtin_clzll(value);
    unsigned step = (unsigned)(value >> (top - STEP_BITS)) & (STEPS - 1);
    return (top - STEP_BITS + 1) * STEPS + step;
}

/* The greatest value of a bucket. */
static uint64_t bucket_end(unsigned bucket)
{
    if (bucket < STEPS)
        return bucket;
    unsigned shift = bucket / STEPS - 1;
    return ((uint64_t)(STEPS + bucket % STEPS) << shift) + ((uint64_t)1 << shift) - 1;
}

void loghist_add(struct loghist *h, uint64_t value)
{
    h->buckets[bucket_of(value)]++;
    h->count++;
    h->max = MAX(h->max, value);
}

uint64_t loghist_quantile(const struct loghist *h, unsigned permille)
{
    uint64_t rest = 1000 - permille, above = 0;
    uint64_t may_exceed = h->count / 1000 * rest + h->count % 1000 * rest / 1000;
    if (h->count == 0)
        return 0;
    for (unsigned i = bucket_of(h->max); i > 0; i--) {
        above += h->buckets[i];
        if (above > may_exceed)
            return MIN(bucket_end(i), h->max);
    }
    return 0;
}
