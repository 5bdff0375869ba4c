#include <stdlib.h>

#include "storage/sqlite/audit_p.h"

void audit_take_off(struct audit *a, struct heap *flying, int64_t end_ms, int64_t rest_ms)
{
    struct flight *f = malloc(sizeof *f);
    if (f != NULL) {
        *f = (struct flight){.rest_ms = rest_ms};
        if (heap_push(flying, &f->item, end_ms) == CW_OK)
            return;
    }
    free(f);
    audit_fail_memory(a);
}

struct flight *audit_first_landing(struct heap *flying, int64_t until_ms)
{
    struct heap_item *first = heap_first(flying);
    return first != NULL && first->key <= until_ms ? CONTAINER_OF(first, struct flight, item)
                                                   : NULL;
}

void audit_land(struct heap *flying, struct flight *first)
{
    heap_remove(flying, &first->item);
    free(first);
}

void audit_land_all(struct heap *flying)
{
    for (struct flight *f; (f = audit_first_landing(flying, INT64_MAX)) != NULL;)
        audit_land(flying, f);
}
