/* failalloc: memory that runs out at the n-th call, for tests. Only in executables that are linked
 * with -Wl,--wrap=malloc and so on (see tests/CMakeLists.txt). It concerns what our own code
 * allocates, not the shared libraries beneath it. Thread: one.
 *
 *     for (unsigned n = 1;; n++) {
 *         failalloc_at(n);
 *         err = whatever();
 *         if (!failalloc_end())
 *             break;                // enough memory at last: err is CW_OK
 *         assert_int_equal(err, CW_ENOMEM);
 *     } */
#ifndef TESTS_SUPPORT_FAILALLOC_H
#define TESTS_SUPPORT_FAILALLOC_H

#include <stdbool.h>

/* From now on the n-th allocation fails, and all that follow; 0: none. */
void failalloc_at(unsigned n);
/* Did one fail since failalloc_at()? Allocations succeed again after this. */
bool failalloc_end(void);

#endif
