#include "crawler/engine/judge.h"

enum { FIRST_PAUSE_MS = 1000, LONGEST_PAUSE_MS = 5 * 60 * 1000 };

static bool status_may_change(int32_t status)
{
    return status == 408 || status == 429 || status == 500 || status == 502 || status == 503 ||
           status == 504;
}

static bool is_worth_another_try(const struct outcome *o)
{
    return o->err == CW_OK ? status_may_change(o->attempt.status)
                           : cw_err_retry(o->err) == CW_RETRY_LATER;
}

/* Doubles from try to try; the host's own back-off (frontier/hosts.h) comes on top. */
static int64_t pause_before(int32_t next_attempt, int64_t retry_after_ms)
{
    int64_t pause_ms = FIRST_PAUSE_MS;
    for (int32_t i = 2; i < next_attempt && pause_ms < LONGEST_PAUSE_MS; i++)
        pause_ms *= 2;
    return MAX(MIN(pause_ms, LONGEST_PAUSE_MS), retry_after_ms);
}

void judge_outcome(struct outcome *o, const struct judge_rules *rules)
{
    if (o->err == CW_ECANCELED || rules->excused) { /* our doing: it did not count */
        o->state = URL_QUEUED;
        o->due_unix_ms = rules->now_unix_ms + (rules->excused ? FIRST_PAUSE_MS : 0);
        o->has_attempt = o->has_page = false;
    } else if (is_worth_another_try(o) && o->attempt.attempt <= rules->retries) {
        o->state = URL_QUEUED;
        o->due_unix_ms =
            rules->now_unix_ms + pause_before(o->attempt.attempt + 1, rules->retry_after_ms);
        o->has_page = false;
    } else {
        o->state = o->err == CW_OK ? URL_DONE : URL_FAILED;
    }
}
