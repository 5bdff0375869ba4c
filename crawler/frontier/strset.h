/* strset: a set of strings that is filled once and then only asked. Open addressing at most half
 * full; two words a slot. The strings stay the caller's and must outlive the set. Thread: any, once
 * it is filled. */
#ifndef CRAWLER_FRONTIER_STRSET_H
#define CRAWLER_FRONTIER_STRSET_H

#include <stdbool.h>
#include <stddef.h>

#include "crawler/base/err.h"
#include "crawler/base/str.h"

struct strset {
    struct str *slots; /* owned; absent where free */
    size_t slot_count; /* a power of two, or 0 */
    size_t count, max;
};

#define STRSET_INIT ((struct strset){0})

/* Room for `max` strings: adding more is a broken promise. */
enum cw_err strset_init(struct strset *set, size_t max) MUST_CHECK;
void strset_release(struct strset *set);

void strset_add(struct strset *set, struct str s); /* present (not absent); twice is once */
bool strset_has(const struct strset *set, struct str s);

#endif
