#include "crawler/base/grow.h"

#include <stdint.h>

enum cw_err grow(void *array, size_t *cap, size_t count, size_t size)
{
    enum { FIRST = 16 };
    void *old, *grown;
    if (count < *cap)
        return CW_OK;
    size_t wanted = MAX(*cap * 2, (size_t)FIRST);
    if (wanted > SIZE_MAX / 2 / size)
        return CW_ENOMEM;
    memcpy(&old, array, sizeof old); /* whatever the element's type, a pointer to it looks alike */
    grown = realloc(old, wanted * size);
    if (grown == NULL)
        return CW_ENOMEM;
    memcpy(array, &grown, sizeof grown);
    *cap = wanted;
    return CW_OK;
}
