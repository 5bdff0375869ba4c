#include "crawler/parse/linkset.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

enum {
    STRING_OVERHEAD = 32,       /* in an arena: its NUL and alignment */
    PAGE_STRINGS_MAX = 8 * 1024 /* title, description, canonical URL, language and list of links */
};

struct linkset_item {
    struct page_link link;
    uint64_t hash, target_hash;
    size_t order;
};

void linkset_release(struct linkset *set)
{
    free(set->items);
    free(set->slots);
    free(set->target_slots);
    *set = LINKSET_INIT;
}

/* Hashes are seeded by an address that no page can know, so that none can choose links that
 * collide. Few elements share a letter and a length. */
static uint64_t hash_target(const struct linkset *set, const struct page_link *link)
{
    uint64_t kind = (unsigned char)link->element.ptr[0] + (link->element.len << 8);
    return XXH3_64bits_withSeed(link->url.ptr, link->url.len, (uintptr_t)set + (kind << 48));
}

static uint64_t hash_text(struct str text, uint64_t target_hash)
{
    if (text.len == 0)
        return target_hash;
    return XXH3_64bits_withSeed(text.ptr, text.len, target_hash);
}

static bool is_same_target(const struct page_link *a, const struct page_link *b)
{
    return str_eq(a->url, b->url) && str_eq(a->element, b->element);
}

static bool is_same_link(const struct page_link *a, const struct page_link *b)
{
    return is_same_target(a, b) && str_eq(a->text, b->text);
}

/* The slot that holds the link, or the free one where it belongs. */
static uint32_t *find_slot(struct linkset *set, const struct linkset_item *wanted)
{
    size_t mask = set->slot_count - 1;
    for (size_t at = (size_t)wanted->hash & mask;; at = (at + 1) & mask) {
        uint32_t place = set->slots[at];
        if (place == 0)
            return &set->slots[at];
        const struct linkset_item *item = &set->items[place - 1];
        if (item->hash == wanted->hash && is_same_link(&item->link, &wanted->link))
            return &set->slots[at];
    }
}

static uint32_t *find_target_slot(struct linkset *set, const struct linkset_item *wanted)
{
    size_t mask = set->slot_count - 1;
    for (size_t at = (size_t)wanted->target_hash & mask;; at = (at + 1) & mask) {
        uint32_t place = set->target_slots[at];
        if (place == 0)
            return &set->target_slots[at];
        const struct linkset_item *item = &set->items[place - 1];
        if (item->target_hash == wanted->target_hash && is_same_target(&item->link, &wanted->link))
            return &set->target_slots[at];
    }
}

/* Enters the item at `place` (1-based) into both tables. */
static void enter(struct linkset *set, uint32_t place)
{
    const struct linkset_item *item = &set->items[place - 1];
    uint32_t *target_slot = find_target_slot(set, item);
    *find_slot(set, item) = place;
    if (*target_slot == 0)
        *target_slot = place;
}

/* Room for one more item, and slots enough that every other one stays free. */
static enum cw_err make_room(struct linkset *set)
{
    if (set->count < set->cap)
        return CW_OK;
    size_t cap = MAX(set->cap * 2, (size_t)64);
    struct linkset_item *items = realloc(set->items, cap * sizeof *items);
    if (items == NULL)
        return CW_ENOMEM;
    set->items = items;
    uint32_t *slots = calloc(cap * 2, sizeof *slots);
    uint32_t *target_slots = calloc(cap * 2, sizeof *target_slots);
    if (slots == NULL || target_slots == NULL) {
        free(slots);
        free(target_slots);
        return CW_ENOMEM;
    }
    free(set->slots);
    free(set->target_slots);
    set->slots = slots;
    set->target_slots = target_slots;
    set->slot_count = cap * 2;
    set->cap = cap;
    for (size_t i = 0; i < set->count; i++)
        enter(set, (uint32_t)i + 1);
    return CW_OK;
}

static bool has_place(const struct linkset *set, bool is_new_target)
{
    return set->count < (is_new_target ? LINKS_MAX : LINKS_MAX / 2);
}

/* Room for the link's strings and then still for linkset_finish() and the page's own strings. */
static bool arena_has_room(const struct linkset *set, const struct arena *arena,
                           const struct page_link *link)
{
    size_t strings = link->url.len + link->rel.len + link->text.len + 3 * STRING_OVERHEAD;
    size_t list = (set->count + 1) * sizeof *link;
    return arena->max - arena->used >= strings + list + PAGE_STRINGS_MAX;
}

static bool keep_strings(struct page_link *link, struct arena *arena)
{
    size_t host_start = (size_t)(link->host.ptr - link->url.ptr);
    if (!arena_keep(arena, &link->url) || !arena_keep(arena, &link->rel) ||
        !arena_keep(arena, &link->text))
        return false;
    link->host.ptr = link->url.ptr + host_start;
    return true;
}

enum cw_err linkset_add(struct linkset *set, struct arena *arena, const struct page_link *link,
                        size_t order)
{
    enum cw_err err = make_room(set);
    if (err != CW_OK)
        return err;
    struct linkset_item *item = &set->items[set->count]; /* made where it will stay */
    item->link = *link;
    item->target_hash = hash_target(set, link);
    item->hash = hash_text(link->text, item->target_hash);
    item->order = order;
    uint32_t *slot = find_slot(set, item);
    if (*slot != 0)
        return CW_OK;
    uint32_t *target_slot = find_target_slot(set, item);
    if (!has_place(set, *target_slot == 0)) {
        set->is_cut = true;
        return CW_OK;
    }
    if (!arena_has_room(set, arena, link) || !keep_strings(&item->link, arena))
        return CW_ETOOBIG;
    *slot = (uint32_t)++set->count;
    if (*target_slot == 0)
        *target_slot = *slot;
    return CW_OK;
}

/* By insertion: only what an <a> holds comes before it, and no <a> holds another, so the moves are
 * no more than the links. */
static void sort_by_order(struct linkset *set)
{
    for (size_t i = 1; i < set->count; i++) {
        if (set->items[i - 1].order <= set->items[i].order)
            continue;
        struct linkset_item item = set->items[i];
        size_t at = i;
        for (; at > 0 && set->items[at - 1].order > item.order; at--)
            set->items[at] = set->items[at - 1];
        set->items[at] = item;
    }
}

enum cw_err linkset_finish(struct linkset *set, struct arena *arena, struct page *page)
{
    if (set->count == 0)
        return CW_OK;
    sort_by_order(set);
    struct page_link *links = arena_take(arena, set->count * sizeof *links);
    if (links == NULL)
        return CW_ETOOBIG;
    for (size_t i = 0; i < set->count; i++)
        links[i] = set->items[i].link;
    page->links = links;
    page->link_count = set->count;
    page->links_cut = set->is_cut;
    return CW_OK;
}
