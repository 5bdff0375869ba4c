#include "crawler/base/heap.h"

static bool comes_before(const struct heap_item *a, const struct heap_item *b)
{
    return a->key != b->key ? a->key < b->key : a->order < b->order;
}

static void put(struct heap *h, size_t place, struct heap_item *item)
{
    h->items[place - 1] = item;
    item->place = place;
}

static void sift_up(struct heap *h, struct heap_item *item)
{
    size_t place = item->place;
    while (place > 1 && comes_before(item, h->items[place / 2 - 1])) {
        put(h, place, h->items[place / 2 - 1]);
        place /= 2;
    }
    put(h, place, item);
}

static void sift_down(struct heap *h, struct heap_item *item)
{
    size_t place = item->place;
    for (size_t child; (child = place * 2) <= h->count; place = child) {
        if (child < h->count && comes_before(h->items[child], h->items[child - 1]))
            child++;
        if (!comes_before(h->items[child - 1], item))
            break;
        put(h, place, h->items[child - 1]);
    }
    put(h, place, item);
}

void heap_release(struct heap *h)
{
    free(h->items);
    *h = HEAP_INIT;
}

enum cw_err heap_reserve(struct heap *h, size_t count)
{
    if (count <= h->cap)
        return CW_OK;
    size_t cap = MAX(count, MAX(h->cap * 2, (size_t)16));
    struct heap_item **grown = realloc(h->items, cap * sizeof(struct heap_item *));
    if (grown == NULL)
        return CW_ENOMEM;
    h->items = grown;
    h->cap = cap;
    return CW_OK;
}

enum cw_err heap_push(struct heap *h, struct heap_item *item, int64_t key)
{
    if (heap_reserve(h, h->count + 1) != CW_OK)
        return CW_ENOMEM;
    *item = (struct heap_item){.key = key, .order = h->next_order++, .place = ++h->count};
    sift_up(h, item);
    return CW_OK;
}

void heap_remove(struct heap *h, struct heap_item *item)
{
    size_t place = item->place;
    if (place == 0)
        return;
    struct heap_item *last = h->items[--h->count];
    item->place = 0;
    if (last == item)
        return;
    put(h, place, last);
    sift_up(h, last);
    sift_down(h, last);
}

struct heap_item *heap_first(const struct heap *h)
{
    return h->count > 0 ? h->items[0] : NULL;
}
