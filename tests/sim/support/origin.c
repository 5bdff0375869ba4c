#include "tests/sim/support/origin.h"

#include <sys/param.h>

void origin_init(struct origin *origin, const struct origin_kind *kind, int64_t day_us,
                 uint64_t seed)
{
    *origin = (struct origin){.kind = kind, .day_us = day_us, .chance = {seed}};
}

/* How much longer than usual service takes at this hour: a cosine over the day, 1 at its start. */
static double breath_at(const struct origin *origin, int64_t now_us)
{
    double phase = 6.283185307179586 * (double)(now_us % origin->day_us) / (double)origin->day_us;
    return 1 + origin->kind->breath * (1 - cos(phase)) / 2;
}

static void let_out(struct origin *origin, int64_t now_us)
{
    unsigned left = 0;
    for (unsigned i = 0; i < origin->inside; i++)
        if (origin->ends_us[i] > now_us)
            origin->ends_us[left++] = origin->ends_us[i];
    origin->inside = left;
}

/* Leaky bucket: false when it is full; else *ret_us is when the request may pass. */
static bool bucket_take(struct origin *origin, int64_t now_us, int64_t *ret_us)
{
    const struct origin_kind *kind = origin->kind;
    *ret_us = now_us;
    if (kind->rate <= 0)
        return true;
    int64_t space_us = (int64_t)(1e6 / kind->rate * breath_at(origin, now_us));
    int64_t turn_us = MAX(origin->bucket_us, now_us);
    if (turn_us - now_us > (int64_t)kind->burst * space_us)
        return false;
    origin->bucket_us = turn_us + space_us;
    if (!kind->is_strict)
        *ret_us = turn_us;
    return true;
}

static int64_t serve(struct origin *origin, int64_t now_us, int64_t in_us)
{
    const struct origin_kind *kind = origin->kind;
    int64_t *worker_us = &origin->free_us[0];
    for (unsigned i = 1; i < kind->workers; i++)
        if (origin->free_us[i] < *worker_us)
            worker_us = &origin->free_us[i];
    double waiting = MAX((double)origin->inside - kind->workers, 0) / kind->workers;
    double service_ms = kind->service_ms * breath_at(origin, now_us) * (1 + kind->thrash * waiting);
    double service_us = 1000 * chance_lognormal(&origin->chance, service_ms, kind->noise);
    *worker_us = MAX(*worker_us, in_us) + MAX((int64_t)service_us, 1);
    return *worker_us;
}

struct origin_answer origin_ask(struct origin *origin, int64_t now_us)
{
    const struct origin_kind *kind = origin->kind;
    int64_t network_us = (int64_t)(kind->network_ms * 1000), in_us;
    let_out(origin, now_us);
    if (origin->inside >= kind->workers + kind->queue || !bucket_take(origin, now_us, &in_us))
        return (struct origin_answer){503, now_us + network_us + 500, kind->retry_after_s,
                                      origin->inside + 1};
    origin->inside++;
    int64_t end_us = serve(origin, now_us, in_us);
    origin->ends_us[origin->inside - 1] = end_us;
    return (struct origin_answer){200, end_us + network_us, -1, origin->inside};
}

double origin_capacity(const struct origin *origin, unsigned slots, int64_t now_us)
{
    const struct origin_kind *kind = origin->kind;
    double breath = breath_at(origin, now_us), service_ms = kind->service_ms * breath;
    unsigned out = MIN(slots, kind->workers + kind->queue);
    double best = MIN(kind->workers / service_ms, out / (service_ms + kind->network_ms)) * 1000;
    return kind->rate > 0 ? MIN(best, kind->rate / breath) : best;
}
