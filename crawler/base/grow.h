/* grow: room for one more element in an array that its owner counts. */
#ifndef CRAWLER_BASE_GROW_H
#define CRAWLER_BASE_GROW_H

#include "crawler/base/err.h"

/* Makes sure that *array (of elements of `size` bytes, *cap of them allocated) has room for element
 * `count`; at least doubles it when not. CW_ENOMEM: all is as it was. Any pointer into the array
 * may be stale afterwards. */
enum cw_err grow(void *array, size_t *cap, size_t count, size_t size) MUST_CHECK;

#endif
