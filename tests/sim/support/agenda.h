/* agenda: the virtual clock. What is to happen stands in a heap by its time; taking the next thing
 * moves the clock there. Equal times happen in the order in which they were put down, so a run
 * depends on its seed alone. Time is in microseconds from 0; the policy sees whole milliseconds. */
#ifndef TESTS_SIM_SUPPORT_AGENDA_H
#define TESTS_SIM_SUPPORT_AGENDA_H

#include "crawler/base/heap.h"
#include "crawler/base/util.h"

#define SECOND_US 1000000LL
#define DAY_US    (86400 * SECOND_US)

/* Embed it in what it happens to; {0} is one that is not on the agenda. */
struct event {
    struct heap_item item;
    int kind; /* the user's; tells what it is embedded in */
};

struct agenda {
    struct heap heap;
    int64_t now_us;
    uint64_t happened;
};

#define AGENDA_INIT ((struct agenda){.heap = HEAP_INIT})

void agenda_release(struct agenda *agenda);

/* Puts `event` down for `time_us` (the past means now); an event that is on the agenda moves.
 * Memory that runs out ends the program: this is a simulator. */
void agenda_put(struct agenda *agenda, struct event *event, int64_t time_us);
void agenda_drop(struct agenda *agenda, struct event *event); /* nothing happens when not on it */

/* Takes what happens next and moves the clock there. NULL when that is after `end_us`, or never;
 * then the clock stands at `end_us`. */
struct event *agenda_next(struct agenda *agenda, int64_t end_us);

static inline int64_t agenda_now_ms(const struct agenda *agenda)
{
    return agenda->now_us / 1000;
}

#endif
