#include "crawler/frontier/throttle.h"

#include "crawler/base/util.h"

enum {
    MEAN_WEIGHT = 4,    /* a new answer counts one in four: 8 answers replace 90 % of the past */
    USUAL_WEIGHT = 4,   /* the same for rounds that went one at a time */
    SPIKE = 2,          /* an answer counts as at most so many times the usual: tails are heavy */
    FIRST_ANSWERS = 8,  /* a round while the host is new: so many, and one for each slot */
    ROUND_ANSWERS = 16, /* ... and later, for each slot: a round takes as long as 16 answers */
    REVIEW_FIRST = 4,   /* rounds until the usual is learned anew; then 8, 16, 32 ... */
    REVIEW_LATER = 64,  /* ... and this many: it costs 2 % */
    QUEUED_LEVEL = THROTTLE_ONE / 2, /* half a request of ours may stand in the host's queue, */
    QUEUED_PART = 4,                 /* or answers take a quarter longer, whichever is more */
    QUICK_US = 1000,                 /* an answer within this for each slot shows no queue at all */
    NEAR_CEILING = 16,               /* all but a sixteenth of what was refused may be had again */
    REFUSAL_PRICE = 300,             /* good answers for each refusal: 0.33 % are refused at most */
    DEBT_MAX = 3000,                 /* ... of an outage, only these are paid for */
    REST_PRICE = 32,                 /* rests: what refusals cost stays under 3 % of the time */
    LONGEST_US = 10000000 /* the longest pause that is found out, 10 s; more must be asked for */
};

void throttle_init(struct throttle *t)
{
    *t = (struct throttle){.level = THROTTLE_ONE,
                           .ceiling = INT32_MAX,
                           .retry_ms = INT64_MIN,
                           .refused_ms = INT64_MIN};
}

void throttle_restore(struct throttle *t, int64_t delay_ms)
{
    if (!t->is_measured)
        t->hint_us = MAX(delay_ms, 0) * 1000;
}

/* A level between two numbers of slots is kept by changing between them: of every 16 answers, its
 * part with the larger number. Not answer by answer: that would start requests in pairs. */
static bool has_one_more(const struct throttle *t)
{
    return t->answers % ROUND_ANSWERS * THROTTLE_ONE <
           ROUND_ANSWERS * ((uint32_t)t->level % THROTTLE_ONE);
}

unsigned throttle_slots(const struct throttle *t, unsigned per_host)
{
    if (t->usual_us == 0 || t->is_alone || t->level < THROTTLE_ONE)
        return 1;
    unsigned slots = (unsigned)(t->level / THROTTLE_ONE) + has_one_more(t);
    return MIN(slots, per_host);
}

/* A restored delay stands in for answers until the first. */
static int64_t mean_us(const struct throttle *t, unsigned per_host)
{
    return t->is_measured ? t->mean_us : t->hint_us * per_host;
}

int64_t throttle_delay_us(const struct throttle *t, unsigned per_host)
{
    if (t->usual_us == 0)
        return mean_us(t, per_host) / per_host;
    if (t->is_alone || t->level >= THROTTLE_ONE)
        return 0;
    return t->usual_us * THROTTLE_ONE / t->level - t->usual_us;
}

static void begin_round(struct throttle *t, int64_t now_ms)
{
    t->answers = t->stale = 0;
    t->sum_us = 0;
    t->begun_ms = now_ms;
}

/* The level that keeps `us` of answer time under way in each `span_us`. */
static int64_t level_of(int64_t us, int64_t span_us)
{
    return us * THROTTLE_ONE / MAX(span_us, 1);
}

static void set_level(struct throttle *t, unsigned per_host, int64_t level)
{
    int64_t least = level_of(t->usual_us, t->usual_us + LONGEST_US);
    t->level = (int32_t)MIN(MAX(level, MAX(least, 1)), (int64_t)per_host * THROTTLE_ONE);
}

/* Near the ceiling it goes on only when the last refusal is paid for, and by a thirty-second. One
 * slot fewer than was refused is always fine. */
static void raise_level(struct throttle *t, unsigned per_host, int64_t level, int64_t now_ms)
{
    int64_t fewer_slots = (t->ceiling - 1LL) / THROTTLE_ONE * THROTTLE_ONE;
    int64_t near = MAX(t->ceiling - t->ceiling / NEAR_CEILING, fewer_slots);
    if (level > near) {
        bool is_paid = t->debt == 0 && now_ms >= t->retry_ms;
        level = is_paid ? t->level + t->level / 32 + 1 : MAX(near, t->level);
    }
    set_level(t, per_host, level);
}

static bool is_quick(const struct throttle *t, unsigned per_host)
{
    return t->mean_us <= (int64_t)QUICK_US * per_host;
}

/* How long answers may take while our own queue at the host is as short as we want it. */
static int64_t bearable_us(const struct throttle *t)
{
    int64_t level = MAX(t->level, THROTTLE_ONE);
    int64_t queued_us = t->usual_us * QUEUED_LEVEL / (level - QUEUED_LEVEL);
    return t->usual_us + MAX(queued_us, t->usual_us / QUEUED_PART);
}

/* Goes half of the way to the level at which answers would be just bearable, were all that they
 * take longer our doing; a half down and an eighth up at most. Doubles while the host has not been
 * felt.
 */
static void steer(struct throttle *t, unsigned per_host, int64_t round_us, bool is_used,
                  int64_t now_ms)
{
    int64_t level = t->level, fitting = level * bearable_us(t) / round_us;
    if (fitting < level && !is_quick(t, per_host)) {
        t->is_steady |= round_us > t->usual_us * 3 / 2;
        set_level(t, per_host, (level + MAX(fitting, level / 2)) / 2);
    } else if (is_used) {
        fitting = t->is_steady ? MIN((level + fitting) / 2, level * 9 / 8) : level * 2;
        raise_level(t, per_host, fitting + 1, now_ms);
    }
}

static void learn_usual(struct throttle *t, int64_t round_us)
{
    if (t->usual_us == 0)
        t->usual_us = MAX(round_us, 1);
    else
        t->usual_us = MAX(t->usual_us + (round_us - t->usual_us) / USUAL_WEIGHT, 1);
}

/* A round one at a time begins when the answers to what is under way are over. A quick host needs
 * none. */
static void review(struct throttle *t, unsigned per_host)
{
    if (++t->rounds < MIN(REVIEW_FIRST << t->reviews, REVIEW_LATER))
        return;
    t->rounds = 0;
    t->reviews += (REVIEW_FIRST << t->reviews) < REVIEW_LATER;
    t->is_alone = t->level > THROTTLE_ONE && !is_quick(t, per_host);
    t->stale = t->is_alone ? (uint32_t)(t->level / THROTTLE_ONE) + 1 : 0;
}

static void end_round(struct throttle *t, unsigned per_host, int64_t now_ms)
{
    int64_t round_us = MAX(t->sum_us / t->answers, 1);
    int64_t used = level_of(t->mean_us * t->answers, (now_ms - t->begun_ms) * 1000);
    bool was_alone = t->is_alone;
    if (was_alone || t->level <= THROTTLE_ONE)
        learn_usual(t, round_us);
    t->is_alone = false;
    begin_round(t, now_ms);
    if (was_alone)
        return;
    steer(t, per_host, round_us, used >= t->level / 2, now_ms);
    review(t, per_host);
}

static uint32_t round_answers(const struct throttle *t)
{
    uint32_t slots = t->is_alone ? 1 : MAX((uint32_t)(t->level / THROTTLE_ONE), 1U);
    return t->is_steady ? ROUND_ANSWERS * slots : FIRST_ANSWERS + slots;
}

/* The first answer: from one at a time with a pause of its time / per_host. */
static void begin(struct throttle *t, unsigned per_host, int64_t elapsed_us, int64_t now_ms)
{
    t->is_measured = true;
    t->mean_us = elapsed_us;
    t->refused_ms = now_ms;
    set_level(t, per_host, (int64_t)THROTTLE_ONE * per_host / (per_host + 1));
    begin_round(t, now_ms - elapsed_us / 1000);
}

void throttle_on_answer(struct throttle *t, unsigned per_host, int64_t elapsed_us, bool is_good,
                        int64_t now_ms)
{
    if (!is_good && elapsed_us <= mean_us(t, per_host))
        return;
    if (!t->is_measured)
        begin(t, per_host, elapsed_us, now_ms);
    t->mean_us += (elapsed_us - t->mean_us) / MEAN_WEIGHT;
    t->served += is_good;
    t->debt -= is_good && t->debt > 0;
    if (t->stale > 0) {
        t->stale--;
        t->begun_ms = now_ms;
        return;
    }
    t->sum_us += t->usual_us > 0 ? MIN(elapsed_us, SPIKE * t->usual_us) : elapsed_us;
    if (++t->answers >= round_answers(t))
        end_round(t, per_host, now_ms);
}

/* A fifth less, and at least one at a time fewer. Much less when that is what the host has served
 * since it refused last, rests included; though not under a quarter: we may have asked for little.
 */
static int64_t lowered(const struct throttle *t, int64_t now_ms)
{
    int64_t level = t->level * 4LL / 5;
    if (t->level > THROTTLE_ONE) {
        int64_t fewer_slots = (t->level - 1LL) / THROTTLE_ONE * THROTTLE_ONE;
        level = MIN(MAX(level, THROTTLE_ONE), fewer_slots);
    }
    int64_t served = 0; /* before the first answer there is no refused_ms */
    if (t->served > 0)
        served = level_of(t->served * t->usual_us, (now_ms - t->refused_ms) * 1000);
    return served < t->level / 2 ? MIN(level, MAX(served, t->level / 4)) : level;
}

void throttle_on_refusal(struct throttle *t, unsigned per_host, int64_t rest_ms, bool is_new,
                         int64_t now_ms)
{
    t->debt = MIN(t->debt + REFUSAL_PRICE, DEBT_MAX);
    t->retry_ms = MAX(t->retry_ms, now_ms + REST_PRICE * rest_ms);
    bool is_first = t->ceiling == INT32_MAX;
    if (!is_new || (t->served == 0 && !is_first))
        return; /* the same trouble still: says nothing about how fast it may be asked */
    if (t->usual_us == 0)
        learn_usual(t, mean_us(t, per_host));
    int64_t level = lowered(t, now_ms);
    if (is_first && t->hint_us > 0)
        level = MIN(level, level_of(t->usual_us, t->usual_us + t->hint_us));
    t->ceiling = t->level;
    t->is_steady = true;
    t->is_alone = false;
    t->served = 0;
    t->refused_ms = now_ms;
    set_level(t, per_host, level);
    begin_round(t, now_ms + rest_ms);
}
