/* loghist: how many values fell where, on a scale that is logarithmic: any 64-bit value, in
 * constant room, and a quantile is told to within an eighth of itself. Thread: the owner's. */
#ifndef CRAWLER_BASE_LOGHIST_H
#define CRAWLER_BASE_LOGHIST_H

#include <stdint.h>

enum { LOGHIST_BUCKETS = 64 * 8 };

/* All zero: empty. */
struct loghist {
    uint64_t count, max;
    uint64_t buckets[LOGHIST_BUCKETS];
};

void loghist_add(struct loghist *h, uint64_t value);

/* What `permille` of a thousand values do not exceed; at most the greatest one. 0 when empty. */
uint64_t loghist_quantile(const struct loghist *h, unsigned permille);

#endif
