#include "crawler/base/window.h"

#include "crawler/base/util.h"

void window_add(struct window *w, int64_t now_ms, uint32_t count)
{
    int64_t bucket = now_ms / WINDOW_BUCKET_MS;
    int64_t first = MAX(w->newest + 1, bucket - WINDOW_BUCKETS + 1);
    for (int64_t i = first; i <= bucket; i++)
        w->counts[i % WINDOW_BUCKETS] = 0;
    w->newest = MAX(w->newest, bucket);
    w->counts[w->newest % WINDOW_BUCKETS] += count;
}

uint64_t window_sum(const struct window *w, int64_t now_ms)
{
    int64_t bucket = MAX(now_ms / WINDOW_BUCKET_MS, w->newest);
    uint64_t sum = 0;
    for (int64_t i = MAX(bucket - WINDOW_BUCKETS + 1, 0); i <= w->newest; i++)
        sum += w->counts[i % WINDOW_BUCKETS];
    return sum;
}
