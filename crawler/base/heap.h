/* heap: a binary min-heap of items that know their own place, so that any of them can be moved or
 * taken out in O(log n). The items stay the caller's; the heap holds pointers only. */
#ifndef CRAWLER_BASE_HEAP_H
#define CRAWLER_BASE_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "crawler/base/err.h"

/* Embed it. Ties in `key` are broken by `order`, so equal keys leave in the order of arrival. */
struct heap_item {
    int64_t key;
    uint64_t order; /* given by the heap */
    size_t place;   /* 1-based; 0 while in no heap */
};

struct heap {
    struct heap_item **items; /* owned array of borrowed items */
    size_t count, cap;
    uint64_t next_order;
};

#define HEAP_INIT ((struct heap){0})

void heap_release(struct heap *h);

/* Makes room for `count` items in all: until there are as many, heap_push() cannot fail. */
enum cw_err heap_reserve(struct heap *h, size_t count) MUST_CHECK;
enum cw_err heap_push(struct heap *h, struct heap_item *item, int64_t key) MUST_CHECK;
void heap_remove(struct heap *h,
                 struct heap_item *item);           /* nothing happens when it is in no heap */
struct heap_item *heap_first(const struct heap *h); /* the smallest, NULL when empty */

#endif
