#include "tests/support/failalloc.h"

#include <malloc.h>
#include <stddef.h>

static unsigned left; /* allocations until the failing one, itself included; 0: none fails */
static bool has_failed;

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *ptr, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *ptr, size_t size);

void failalloc_at(unsigned n)
{
    left = n;
    has_failed = false;
}

bool failalloc_end(void)
{
    left = 0;
    return has_failed;
}

static bool fails(void)
{
    if (left == 0)
        return false;
    if (left > 1) {
        left--;
        return false;
    }
    return has_failed = true;
}

void *__wrap_malloc(size_t size)
{
    return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *ptr, size_t size)
{
    bool shrinks = ptr != NULL && size <= malloc_usable_size(ptr); /* nobody refuses that */
    return !shrinks && fails() ? NULL : __real_realloc(ptr, size);
}
