/* arena: memory that lives and dies together, one page's strings for instance. Nothing in it is
 * freed alone. The ceiling bounds what it may hold. Not for several threads at once, but it may be
 * handed on. */
#ifndef CRAWLER_BASE_ARENA_H
#define CRAWLER_BASE_ARENA_H

#include <stddef.h>

#include "crawler/base/str.h"

struct arena_block;
struct arena {
    struct arena_block *blocks; /* owned; newest first */
    size_t used;                /* bytes handed out */
    size_t max;                 /* their ceiling */
};

#define ARENA_INIT(max_bytes) ((struct arena){.max = (max_bytes)})

void arena_release(struct arena *a); /* frees all that it ever gave */

/* Zeroed memory, aligned for any type, valid until arena_release(). NULL when the ceiling or the
 * memory is reached. */
void *arena_alloc(struct arena *a, size_t size) MUST_CHECK;
/* The same, but not zeroed: for what is written at once. */
void *arena_take(struct arena *a, size_t size) MUST_CHECK;

/* Copies `s` (with a NUL behind it) and sets *s to the copy; absent stays absent. False when full.
 */
bool arena_keep(struct arena *a, struct str *s) MUST_CHECK;

/* Bytes that the arena has taken from the system. */
size_t arena_footprint(const struct arena *a);

#endif
