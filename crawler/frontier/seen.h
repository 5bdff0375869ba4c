/* seen: which hashes came by of late, in bounded memory. Two generations of bits, two bits a hash:
 * when the younger one is a quarter full it becomes the older one, and a larger one begins, up to
 * SEEN_BYTES_MAX. So the last 130,000 hashes at least are remembered, and of those never seen one
 * in sixteen at most is taken for an old one. What comes by again is young again. Thread: one. */
#ifndef CRAWLER_FRONTIER_SEEN_H
#define CRAWLER_FRONTIER_SEEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SEEN_BYTES_MAX = 128 * 1024 }; /* of one generation */

struct seen {
    uint64_t *young, *old; /* owned; NULL: none yet */
    size_t young_bits, old_bits;
    size_t young_set; /* bits that are set */
};

void seen_release(struct seen *seen);

/* Was `hash` new? It is not any more. Without memory nothing is ever new. */
bool seen_add(struct seen *seen, uint32_t hash);

size_t seen_bytes(const struct seen *seen);

#endif
