/* window: how often something happened in the last minute, without a timer: buckets of five seconds
 * that are emptied when they are next used. Pure: the time is a parameter (monotonic milliseconds,
 * never going back). All zero is an empty window. */
#ifndef CRAWLER_BASE_WINDOW_H
#define CRAWLER_BASE_WINDOW_H

#include <stdint.h>

enum {
    WINDOW_BUCKETS = 12,
    WINDOW_BUCKET_MS = 5000,
    WINDOW_MS = WINDOW_BUCKETS * WINDOW_BUCKET_MS
};

struct window {
    int64_t newest; /* the number of the newest bucket: time / WINDOW_BUCKET_MS */
    uint32_t counts[WINDOW_BUCKETS];
};

void window_add(struct window *w, int64_t now_ms, uint32_t count);

/* In the last 55 to 60 s. */
uint64_t window_sum(const struct window *w, int64_t now_ms);

#endif
