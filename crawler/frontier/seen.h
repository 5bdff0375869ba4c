/* seen: which hashes came by of late, in bounded memory. A few generations of bits: when the
 * youngest is full a larger one begins, up to SEEN_BYTES_MAX, and the oldest is forgotten. So the
 * last 80,000 hashes at least are remembered, and of those never seen one in thirty at most is
 * taken for an old one. What comes by again is young again. A hash is four bits of one word (a
 * Bloom filter in blocks: Putze, Sanders and Singler, "Cache-, Hash- and Space-Efficient Bloom
 * Filters", 2007): 13 bits of memory, of which 64 bytes are the beginning. Thread: one. */
#ifndef CRAWLER_FRONTIER_SEEN_H
#define CRAWLER_FRONTIER_SEEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    SEEN_GENERATIONS = 3,
    SEEN_BYTES_MAX = 64 * 1024, /* of one generation */
};

struct seen {
    struct seen_generation {
        uint64_t *words;             /* owned; NULL: none yet */
        size_t count;                /* of words, a power of two */
    } generations[SEEN_GENERATIONS]; /* the youngest first */
    size_t hashes;                   /* in it */
};

void seen_release(struct seen *seen);

/* Was `hash` new? It is not any more. Without memory nothing is ever new. */
bool seen_add(struct seen *seen, uint32_t hash);

/* As seen_add() of each in turn, after `salt` was added to it by exclusive or. How many were new,
 * and the least of those, without the salt; UINT32_MAX when none was. */
unsigned seen_add_all(struct seen *seen, const uint32_t *hashes, unsigned count, uint32_t salt,
                      uint32_t *ret_least);

size_t seen_bytes(const struct seen *seen);

#endif
