#include "crawler/frontier/strset.h"

#include <assert.h>

enum cw_err strset_init(struct strset *set, size_t max)
{
    size_t slot_count = 2;
    while (slot_count / 2 < max)
        slot_count *= 2;
    struct str *slots = calloc(slot_count, sizeof(struct str));
    if (slots == NULL)
        return CW_ENOMEM;
    *set = (struct strset){.slots = slots, .slot_count = slot_count, .max = max};
    return CW_OK;
}

void strset_release(struct strset *set)
{
    free(set->slots);
    *set = STRSET_INIT;
}

/* The slot that holds `s`, or the free one where it belongs. */
static struct str *find_slot(const struct strset *set, struct str s)
{
    size_t at = (size_t)str_hash(s) & (set->slot_count - 1);
    while (!str_is_absent(set->slots[at]) && !str_eq(set->slots[at], s))
        at = (at + 1) & (set->slot_count - 1);
    return &set->slots[at];
}

void strset_add(struct strset *set, struct str s)
{
    struct str *slot = find_slot(set, s);
    if (!str_is_absent(*slot))
        return;
    assert(set->count < set->max && !str_is_absent(s));
    *slot = s;
    set->count++;
}

bool strset_has(const struct strset *set, struct str s)
{
    return set->slot_count > 0 && !str_is_absent(*find_slot(set, s));
}
