/* seen: which hashes came by of late, in bounded memory. A few generations of bits, two bits a
 * hash: when the youngest is an eighth full a larger one begins, up to SEEN_BYTES_MAX, and the
 * oldest is forgotten. So the last 130,000 hashes at least are remembered, and of those never seen
 * one in twenty at most is taken for an old one. What comes by again is young again. Thread: one.
 */
#ifndef CRAWLER_FRONTIER_SEEN_H
#define CRAWLER_FRONTIER_SEEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    SEEN_GENERATIONS = 3,
    SEEN_BYTES_MAX = 128 * 1024, /* of one generation */
};

struct seen {
    struct seen_generation {
        uint64_t *bits;              /* owned; NULL: none yet */
        size_t count;                /* of bits */
    } generations[SEEN_GENERATIONS]; /* the youngest first */
    size_t set;                      /* bits that are set in it */
};

void seen_release(struct seen *seen);

/* Was `hash` new? It is not any more. Without memory nothing is ever new. */
bool seen_add(struct seen *seen, uint32_t hash);

size_t seen_bytes(const struct seen *seen);

#endif
