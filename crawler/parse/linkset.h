/* linkset: the links of one page while they are being found, each (element, url, text) once. Time
 * is linear in their number. Of LINKS_MAX places the second half is for an (element, url) that did
 * not come before, so that an index which names few pages thousands of times loses none of them. */
#ifndef CRAWLER_PARSE_LINKSET_H
#define CRAWLER_PARSE_LINKSET_H

#include "crawler/base/arena.h"
#include "crawler/page.h"

struct linkset {
    struct linkset_item *items; /* owned */
    size_t count, cap;
    uint32_t *slots;        /* owned; a hash table of 1-based places in items, 0 is free */
    uint32_t *target_slots; /* owned; the same by (element, url): the first that has them */
    size_t slot_count;      /* of each of the two */
    bool is_cut;            /* a link found no place */
};

#define LINKSET_INIT ((struct linkset){0})

void linkset_release(struct linkset *set);

/* Adds `link` unless the set has it; its strings are copied into `arena`, its host is a part of its
 * url. `order` is its place in the page: links may come late (an <a> ends after what it holds).
 * CW_ENOMEM, or CW_ETOOBIG when the arena is full but for what linkset_finish() needs and 8 KiB. */
enum cw_err linkset_add(struct linkset *set, struct arena *arena, const struct page_link *link,
                        size_t order) MUST_CHECK;

/* Puts the links, in the order of the page, into page->links (in `arena`) and page->link_count. */
enum cw_err linkset_finish(struct linkset *set, struct arena *arena, struct page *page) MUST_CHECK;

#endif
