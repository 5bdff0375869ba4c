#include "tests/sim/support/referee.h"

#include "crawler/base/util.h"

enum { TOLERANCE_US = 1000, REST_US = 1000000, FORGIVEN = 2 };

void referee_start(struct referee *r, struct referee_host *host, unsigned at_address,
                   int64_t now_us)
{
    int64_t pause_us = MAX(host->pause_us, host->robots_us);
    int64_t latest_us = MAX(host->start_us, host->end_us);
    r->starts++;
    r->pauses += host->was_asked && now_us + TOLERANCE_US < latest_us + pause_us;
    r->rests += now_us + TOLERANCE_US < host->rest_until_us;
    r->slots += ++host->running > host->slots;
    r->addresses += at_address > r->limits.per_address;
    r->connections += ++r->running > r->limits.connections;
    host->was_asked = true;
    host->start_us = now_us;
}

/* The least rest after `blows` in a row. */
static int64_t least_rest_us(const struct referee *r, unsigned blows)
{
    return blows == 0 ? 0 : MIN((int64_t)REST_US << MIN(blows - 1, 30U), r->limits.max_backoff_us);
}

/* What was under way when a rest began belongs to the same blow. */
void referee_end(struct referee *r, struct referee_host *host, enum referee_end end,
                 int64_t retry_after_us, int64_t started_us, int64_t now_us)
{
    bool is_new = started_us > host->rest_began_us;
    int64_t rest_us = 0;
    r->running--;
    host->running--;
    host->end_us = now_us;
    if (end == REFEREE_ANSWER && now_us >= host->rest_until_us) {
        host->refusals = host->failures = 0;
    } else if (end == REFEREE_REFUSAL) {
        host->refusals += is_new;
        rest_us = retry_after_us >= 0 ? MIN(retry_after_us, r->limits.max_backoff_us)
                                      : least_rest_us(r, host->refusals);
    } else if (end == REFEREE_LOST) {
        host->failures += is_new;
        rest_us = least_rest_us(r, host->failures - MIN(host->failures, FORGIVEN));
    }
    if (rest_us > 0 && is_new)
        host->rest_began_us = now_us;
    host->rest_until_us = MAX(host->rest_until_us, now_us + rest_us);
}

uint64_t referee_violations(const struct referee *r)
{
    return r->slots + r->pauses + r->rests + r->addresses + r->connections;
}
