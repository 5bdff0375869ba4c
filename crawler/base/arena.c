#include "crawler/base/arena.h"

#include <stdalign.h>

struct arena_block {
    struct arena_block *next;
    size_t size, used;
    alignas(max_align_t) char bytes[];
};

enum { FIRST_BLOCK = 2048, LARGEST_BLOCK = 256 * 1024 };

void arena_release(struct arena *a)
{
    while (a->blocks != NULL) {
        struct arena_block *block = a->blocks;
        a->blocks = block->next;
        free(block);
    }
    a->used = 0;
}

static struct arena_block *add_block(struct arena *a, size_t need)
{
    size_t size = a->blocks != NULL ? MIN(a->blocks->size * 2, LARGEST_BLOCK) : FIRST_BLOCK;
    size = MAX(size, need);
    struct arena_block *block = malloc(sizeof *block + size);
    if (block == NULL)
        return NULL;
    *block = (struct arena_block){.next = a->blocks, .size = size};
    return a->blocks = block;
}

void *arena_take(struct arena *a, size_t size)
{
    if (size > PTRDIFF_MAX) /* so no sum below overflows */
        return NULL;
    size = (size + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
    if (size > a->max - a->used)
        return NULL;
    struct arena_block *block = a->blocks;
    if (block == NULL || size > block->size - block->used)
        block = add_block(a, size);
    if (block == NULL)
        return NULL;
    void *memory = block->bytes + block->used;
    block->used += size;
    a->used += size;
    return memory;
}

void *arena_alloc(struct arena *a, size_t size)
{
    void *memory = arena_take(a, size);
    return memory != NULL ? memset(memory, 0, size) : NULL;
}

bool arena_keep(struct arena *a, struct str *s)
{
    if (str_is_absent(*s))
        return true;
    char *copy = arena_take(a, s->len + 1);
    if (copy == NULL)
        return false;
    if (s->len > 0)
        memcpy(copy, s->ptr, s->len);
    copy[s->len] = '\0';
    s->ptr = copy;
    return true;
}

size_t arena_footprint(const struct arena *a)
{
    size_t total = 0;
    for (const struct arena_block *b = a->blocks; b != NULL; b = b->next)
        total += sizeof *b + b->size;
    return total;
}
