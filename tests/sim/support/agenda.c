#include "tests/sim/support/agenda.h"

#include <stdio.h>
#include <stdlib.h>

void agenda_release(struct agenda *agenda)
{
    heap_release(&agenda->heap);
}

void agenda_put(struct agenda *agenda, struct event *event, int64_t time_us)
{
    heap_remove(&agenda->heap, &event->item);
    if (heap_push(&agenda->heap, &event->item, MAX(time_us, agenda->now_us)) != CW_OK) {
        (void)fputs("out of memory\n", stderr);
        exit(2);
    }
}

void agenda_drop(struct agenda *agenda, struct event *event)
{
    heap_remove(&agenda->heap, &event->item);
}

struct event *agenda_next(struct agenda *agenda, int64_t end_us)
{
    struct heap_item *first = heap_first(&agenda->heap);
    if (first == NULL || first->key > end_us) {
        agenda->now_us = end_us;
        return NULL;
    }
    heap_remove(&agenda->heap, first);
    agenda->now_us = first->key;
    agenda->happened++;
    return CONTAINER_OF(first, struct event, item);
}
