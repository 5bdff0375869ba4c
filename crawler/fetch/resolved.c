#include <stdlib.h>

#include "crawler/fetch/address.h"
#include "crawler/fetch/resolver_cache.h"

struct resolved *resolved_new(const struct sockaddr_storage *addresses, size_t count,
                              uint64_t serial)
{
    count = MIN(count, (size_t)RESOLVED_MAX);
    struct resolved *r = malloc(sizeof *r + count * sizeof r->addresses[0]);
    if (r == NULL)
        return NULL;
    *r = (struct resolved){
        .holders = 1,
        .count = count,
        .addresses = (struct sockaddr_storage *)(void *)(r + 1), /* in the same piece */
        .serial = serial,
    };
    memcpy(r->addresses, addresses, count * sizeof addresses[0]);
    return r;
}

/* The count of holders is bookkeeping, not content: holding does not change what is const. */
struct resolved *resolved_hold(const struct resolved *r)
{
    struct resolved *counted = (struct resolved *)(uintptr_t)r;
    counted->holders++;
    return counted;
}

void resolved_drop(const struct resolved *r)
{
    struct resolved *counted = (struct resolved *)(uintptr_t)r;
    if (counted != NULL && --counted->holders == 0)
        free(counted);
}

void resolved_text(const struct resolved *r, char ret_text[RESOLVED_TEXT_SIZE])
{
    _Static_assert((int)RESOLVED_TEXT_SIZE >= (int)ADDRESS_TEXT_SIZE, "the text must fit");
    address_format((const struct sockaddr *)&r->addresses[0], ret_text);
}
