#include "crawler/engine/pressure.h"

#include "crawler/base/util.h"

enum { STEPS = 16 };

void pressure_init(struct pressure *p, unsigned limit)
{
    *p = (struct pressure){.limit = limit, .allowed = limit, .hold_until_ms = INT64_MIN};
}

void pressure_set_limit(struct pressure *p, unsigned limit)
{
    p->limit = limit;
    p->allowed = p->trouble == TROUBLE_NONE ? limit : MIN(p->allowed, limit);
}

void pressure_on_trouble(struct pressure *p, enum trouble trouble, unsigned running, int64_t now_ms)
{
    if (now_ms < p->hold_until_ms)
        return;
    p->pause_ms = MIN(MAX(2 * p->pause_ms, PRESSURE_FIRST_PAUSE_MS), PRESSURE_LONGEST_PAUSE_MS);
    p->hold_until_ms = now_ms + p->pause_ms;
    p->grown_ms = p->hold_until_ms;
    p->trouble = trouble;
    p->allowed = trouble == TROUBLE_NETWORK ? 1 : MAX(MIN(p->allowed, running) / 2, 1);
}

void pressure_on_answer(struct pressure *p, int64_t now_ms)
{
    if (p->trouble == TROUBLE_NONE || now_ms < p->hold_until_ms)
        return; /* what was under way before the blow proves nothing */
    p->pause_ms = 0;
    p->hold_until_ms = INT64_MIN;
    if (p->trouble == TROUBLE_NETWORK)
        p->allowed = p->limit;
    else if (now_ms - p->grown_ms >= PRESSURE_GROW_MS) {
        p->allowed = MIN(p->allowed + MAX(p->limit / STEPS, 1), p->limit);
        p->grown_ms = now_ms;
    }
    if (p->allowed == p->limit)
        p->trouble = TROUBLE_NONE;
}
