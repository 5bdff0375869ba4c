#include "crawler/frontier/revisit.h"

#include <math.h>

#define DAY_MS 86400000.0

/* Before anything is known: a change in two weeks on average, but it may as well be far from that
 * either way. */
#define PRIOR_CHANGES     0.25
#define PRIOR_EXPOSURE_MS DAY_MS

/* What was seen long ago counts less: evidence of more changes than this is scaled down to it. */
#define CHANGES_MAX 30.0

/* A date that is no older than this when the answer comes was made for the answer. */
enum { MADE_UP_MS = 2000 };

/* ---- one page ---- */

void revisit_begin(struct page_history *h)
{
    *h = (struct page_history){
        .changes = PRIOR_CHANGES,
        .exposure_ms = PRIOR_EXPOSURE_MS,
        .interval_ms = h->interval_ms,
        .traits = h->traits,
    };
}

/* Does the date say what cannot be? Unchanged content is not newer than when it was last looked at,
 * and content that changed since is not older. */
static bool contradicts(const struct page_history *h, const struct revisit_evidence *e)
{
    if (e->modified_ms < 0 || h->checked_ms == 0)
        return false;
    bool is_newer = e->modified_ms > h->checked_ms;
    return e->find == REVISIT_UNCHANGED ? is_newer : !is_newer;
}

static bool believes(const struct page_history *h, const struct revisit_evidence *e)
{
    return e->modified_ms >= 0 && (h->traits & PAGE_MISDATES) == 0 &&
           e->modified_ms + MADE_UP_MS <= e->now_ms;
}

/* "At least one change during `ms`": the gamma with the posterior's mean and variance. With
 * P(no change) = (1 + ms / exposure)^-changes all moments are closed; expm1() and log1p() keep them
 * exact where that probability is near one. */
static void learn_some_change(struct page_history *h, double ms)
{
    double a = h->changes, b = h->exposure_ms, l = log1p(ms / b);
    double some = -expm1(-a * l);
    double mean = a / b * -expm1(-(a + 1) * l) / some;
    double square = a * (a + 1) / (b * b) * -expm1(-(a + 2) * l) / some;
    double variance = square - mean * mean;
    h->changes = mean * mean / variance;
    h->exposure_ms = mean / variance;
}

static void fade(struct page_history *h)
{
    if (h->changes <= CHANGES_MAX)
        return;
    h->exposure_ms *= CHANGES_MAX / h->changes;
    h->changes = CHANGES_MAX;
}

void revisit_learn(struct page_history *h, const struct revisit_evidence *e)
{
    double since_ms = h->checked_ms > 0 ? (double)MAX(e->now_ms - h->checked_ms, 1) : 0;
    if (contradicts(h, e) && (h->traits & PAGE_MISDATES) == 0) {
        revisit_begin(h);
        h->traits |= PAGE_MISDATES;
    }
    if (e->find == REVISIT_UNCHANGED) {
        h->exposure_ms += since_ms;
    } else if (believes(h, e)) {
        h->changes += 1;
        h->exposure_ms += (double)(e->now_ms - e->modified_ms);
    } else if (since_ms > 0) {
        learn_some_change(h, since_ms);
    }
    fade(h);
    h->checked_ms = e->now_ms;
}

/* Of a page with the rate r, a visit at age t buys (1 - e^-rt) / r - t e^-rt: the freshness of the
 * whole interval less that of its end drawn out. Here it is averaged over what r may be. */
double revisit_value_ms(const struct page_history *h, double age_ms)
{
    double b = h->exposure_ms, l = log1p(age_ms / b), a = h->changes - 1;
    double fresh_ms = fabs(a) < 1e-9 ? b * l : b * -expm1(-a * l) / a;
    return fresh_ms - age_ms * exp(-h->changes * l);
}

/* Newton's method on logarithms, where the value is nearly a straight line; its slope,
 * d value / d age = age r e^(-r age) averaged, is closed as well. */
int64_t revisit_interval_ms(const struct page_history *h, double price_ms, int64_t shortest_ms,
                            int64_t longest_ms)
{
    enum { STEPS = 40 };
    double low = (double)shortest_ms, high = (double)longest_ms;
    if (revisit_value_ms(h, high) <= price_ms)
        return longest_ms;
    if (revisit_value_ms(h, low) >= price_ms)
        return shortest_ms;
    double age = sqrt(low * high), step = 1;
    for (int i = 0; i < STEPS && fabs(step) > 1e-4; i++) {
        double value = revisit_value_ms(h, age), b = h->exposure_ms;
        double slope = age * age * h->changes / b * exp(-(h->changes + 1) * log1p(age / b)) / value;
        *(value < price_ms ? &low : &high) = age;
        step = log(price_ms / value) / slope;
        double next = age * exp(step);
        age = next > low && next < high ? next : sqrt(low * high);
    }
    return (int64_t)age;
}

/* ---- the budget ---- */

/* Where a crawl begins: near what the price comes to when rates are spread widely. */
#define FIRST_PRICE 0.3
/* The price is worked out again after this part of a mean interval, or of new pages. */
#define PRICE_AGE 0.1
/* So many half-lives of doubt make a visit worth a probe, until so many changes are on record. */
#define PROBE_FROM     4.0
#define CHANGES_ENOUGH 3.0
#define PRICE_LEAST    1e-6

void revisit_budget_init(struct revisit_budget *b, int64_t requests_a_day, int64_t now_ms)
{
    *b = (struct revisit_budget){
        .per_ms = (double)requests_a_day / DAY_MS,
        .price = FIRST_PRICE,
        .priced_ms = now_ms,
        .saved_ms = now_ms,
    };
}

static double mean_interval_ms(const struct revisit_budget *b)
{
    return (double)MAX(b->pages, 1) / b->per_ms;
}

static int64_t find_interval(const struct revisit_budget *b, const struct page_history *h)
{
    double mean_ms = mean_interval_ms(b);
    double longest_ms = MAX(REVISIT_PATIENCE * mean_ms, 2.0 * REVISIT_SHORTEST_MS);
    return revisit_interval_ms(h, b->price * mean_ms, REVISIT_SHORTEST_MS,
                               (int64_t)MIN(longest_ms, (double)REVISIT_LONGEST_MS));
}

static void sample(struct revisit_budget *b, const struct page_history *h, int64_t id)
{
    uint64_t hash = str_hash(str_from((const char *)&id, sizeof id)) | 1;
    struct revisit_sample *s = &b->sample[(hash >> 1) % REVISIT_SAMPLE];
    if (s->hash == 0 || hash <= s->hash)
        *s = (struct revisit_sample){hash, h->changes, h->exposure_ms};
}

/* What all pages would cost at the present price, over what they may. */
static double excess(const struct revisit_budget *b)
{
    double rate_per_ms = 0;
    int64_t count = 0;
    for (size_t i = 0; i < REVISIT_SAMPLE; i++) {
        const struct revisit_sample *s = &b->sample[i];
        const struct page_history h = {.changes = s->changes, .exposure_ms = s->exposure_ms};
        if (s->hash == 0)
            continue;
        rate_per_ms += 1 / (double)find_interval(b, &h);
        count++;
    }
    return rate_per_ms / (double)count * (double)b->pages / b->per_ms;
}

/* Moves the price to where the excess is none: doubled or halved until that lies between two
 * prices, then halved between them. */
static void work_out_price(struct revisit_budget *b, int64_t now_ms)
{
    enum { STEPS = 24 };
    double low = PRICE_LEAST, high = REVISIT_PATIENCE, ratio = 1.2;
    for (int i = 0; i < STEPS && high / low > 1.01; i++) {
        bool is_cheap = excess(b) > 1;
        *(is_cheap ? &low : &high) = b->price;
        double next = is_cheap ? b->price * ratio : b->price / ratio;
        b->price = next > low && next < high ? next : sqrt(low * high);
        ratio *= ratio;
    }
    b->priced_ms = now_ms;
    b->priced_pages = b->pages;
}

void revisit_budget_count(struct revisit_budget *b, const struct page_history *h, int64_t id)
{
    if (h->interval_ms <= 0)
        return;
    b->pages++;
    sample(b, h, id);
}

void revisit_budget_counted(struct revisit_budget *b, int64_t now_ms)
{
    if (b->pages > 0)
        work_out_price(b, now_ms);
}

/* A visit that comes when the page has changed almost for sure tells nothing of its rate, however
 * often it is made. While little is known, every other visit comes when the page is as likely to
 * have changed as not, which tells most. */
static int64_t probe_early(const struct page_history *h, int64_t last_ms, int64_t next_ms)
{
    double half_ms = h->exposure_ms * (exp2(1 / h->changes) - 1);
    if (last_ms <= 0 || h->changes >= CHANGES_ENOUGH ||
        (double)MIN(last_ms, next_ms) < PROBE_FROM * half_ms)
        return next_ms;
    return MAX((int64_t)half_ms, REVISIT_SHORTEST_MS);
}

int64_t revisit_budget_plan(struct revisit_budget *b, struct page_history *h, int64_t id,
                            int64_t now_ms)
{
    b->pages += h->interval_ms <= 0;
    sample(b, h, id);
    if ((double)(now_ms - b->priced_ms) > PRICE_AGE * mean_interval_ms(b) ||
        (double)(b->pages - b->priced_pages) > PRICE_AGE * (double)b->pages)
        work_out_price(b, now_ms);
    h->interval_ms = probe_early(h, h->interval_ms, find_interval(b, h));
    return now_ms + h->interval_ms;
}

size_t revisit_budget_allows(struct revisit_budget *b, int64_t now_ms)
{
    b->saved += (double)MAX(now_ms - b->saved_ms, 0) * b->per_ms;
    b->saved = MIN(b->saved, (double)REVISIT_BURST);
    b->saved_ms = now_ms;
    return (size_t)MAX(b->saved, 0);
}

void revisit_budget_take(struct revisit_budget *b, size_t requests)
{
    b->saved -= (double)requests;
}

int64_t revisit_budget_next_ms(const struct revisit_budget *b, int64_t now_ms)
{
    return b->saved >= 1 ? now_ms : now_ms + (int64_t)ceil((1 - b->saved) / b->per_ms);
}
