/* throttle: what `--delay auto` learns of one host: how many requests of ours it bears at a time.
 * Pure arithmetic. Thread: that of its hosts.
 *
 * The one thing that is steered is the level: how many requests we keep under way on average. Above
 * one it is a number of slots, and between two whole numbers the slots change between them. Below
 * one it is one slot and a pause: by Little's law, a level L whose answers take W needs a pause of
 * W / L - W after each.
 *
 * A host begins with one request at a time and the pause W / per_host (design, section 6), so with
 * L = per_host / (per_host + 1). From then on answers are taken in rounds:
 * - "Usual" is what answers take when we ask one at a time: none of that is our own doing.
 * - A round that is hardly slower than usual raises the level. A slower one lowers it: what we had
 *   under way beyond that only made a queue (TCP Vegas). Once in a while a round goes one at a time
 *   to learn the usual anew (ProbeRTT of BBR).
 * - A rest that the host makes us take (429, 503, lost connections) lowers the level, down to what
 *   was really served since the last one (TCP Westwood). It leaves a ceiling, which is neared but
 *   not passed until the refusal has been paid for by good answers and by time (the plateau of
 *   CUBIC).
 * Errors never raise the level, nor does one that was not made use of.
 *
 * Sources: Little, "A proof for the queuing formula L = lambda W", 1961; Brakmo and Peterson, "TCP
 * Vegas", 1995; Mascolo et al., "TCP Westwood", 2001; Ha, Rhee and Xu, "CUBIC", 2008; Cardwell et
 * al., "BBR", 2016. Figures: DESIGN.md. */
#ifndef CRAWLER_FRONTIER_THROTTLE_H
#define CRAWLER_FRONTIER_THROTTLE_H

#include <stdbool.h>
#include <stdint.h>

enum { THROTTLE_ONE = 1 << 16 }; /* the unit of levels: one request under way */

struct throttle {
    int32_t level;      /* in units of THROTTLE_ONE; from 1 to per_host times that */
    int32_t ceiling;    /* the level at which it refused last; INT32_MAX: never */
    int64_t mean_us;    /* of the latest answers, a new one counting one in four */
    int64_t usual_us;   /* when we ask one at a time; 0: not yet known */
    int64_t hint_us;    /* the delay in force before a restart; 0: none */
    int64_t retry_ms;   /* not before may the ceiling be tried */
    int64_t refused_ms; /* when it refused last, or answered first */
    int64_t begun_ms;   /* the round under way: since when, answers and their times */
    int64_t sum_us;
    uint32_t answers;
    uint32_t stale;   /* answers that come before the round begins: of requests made earlier */
    uint32_t debt;    /* good answers that must come before the ceiling may be tried */
    uint32_t served;  /* good answers since it refused last */
    uint8_t rounds;   /* since the usual was learned anew */
    uint8_t reviews;  /* how often it was, up to 4 */
    bool is_alone;    /* the round goes one at a time to learn it */
    bool is_steady;   /* it has been found where the host begins to slow down or refuse */
    bool is_measured; /* there was an answer */
};

void throttle_init(struct throttle *t);

/* A delay that was stored. It stands until the first answer, and returns at the first refusal. */
void throttle_restore(struct throttle *t, int64_t delay_ms);

/* Both for a policy that allows `per_host` slots (at least 1). */
unsigned throttle_slots(const struct throttle *t, unsigned per_host); /* from 1 to per_host */
int64_t throttle_delay_us(const struct throttle *t, unsigned per_host);

/* An answer came after `elapsed_us`. One that `is_good` is neither an error nor cut; another one
 * counts only when it is slow. */
void throttle_on_answer(struct throttle *t, unsigned per_host, int64_t elapsed_us, bool is_good,
                        int64_t now_ms);

/* The host refused and will rest for `rest_ms`. `is_new`: it was not resting yet. */
void throttle_on_refusal(struct throttle *t, unsigned per_host, int64_t rest_ms, bool is_new,
                         int64_t now_ms);

#endif
