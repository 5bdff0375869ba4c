/* revisit: when to ask for a page again. Pure policy; time is a parameter. Thread: any.
 *
 * Each page is taken to change as a Poisson process with a rate of its own (Cho & Garcia-Molina,
 * "Synchronizing a database to improve freshness", SIGMOD 2000). What is known of that rate is a
 * gamma distribution, two numbers a page:
 *   not changed during t            exact: exposure grows by t
 *   changed last at a known time    exact: one change, exposure grows by its age. This is what
 *                                   Last-Modified tells, already at the first visit (Cho &
 *                                   Garcia-Molina, "Estimating frequency of change", TOIT 2003)
 *   changed somewhere during t      the posterior is no gamma any more; the gamma with its mean
 *                                   and variance takes its place (assumed-density filtering)
 *
 * A visit buys freshness: of a page last seen t ago it buys so many milliseconds more than one that
 * comes a little later would. That value grows with t, sooner for pages that change at a middling
 * rate; one that changes all the time is hardly worth a visit. Freshness on average is greatest
 * when every visit is made at the moment when its value reaches one price, the same for all pages
 * (Cho & Garcia-Molina 2000; as thresholds on the value: Azar, Horvitz, Lubetzky, Peres and Shahaf,
 * "Tractable near-optimal policies for crawling", PNAS 2018). The price (a Lagrange multiplier) is
 * what makes the visits of all pages together cost the budget: the sum of 1 / interval is worked
 * out with a sample of them, and the price moved, again and again. */
#ifndef CRAWLER_FRONTIER_REVISIT_H
#define CRAWLER_FRONTIER_REVISIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "crawler/page.h"

enum revisit_find {
    REVISIT_UNCHANGED, /* 304, or the same content */
    REVISIT_CHANGED,   /* another content; also the first one */
};

struct revisit_evidence {
    enum revisit_find find;
    int64_t now_ms;      /* when the answer came; unix */
    int64_t modified_ms; /* Last-Modified, or lastmod of a sitemap; unix; -1: not known */
};

/* What is known of a page before its first answer. */
void revisit_begin(struct page_history *h);

/* Takes in what a visit found. A Last-Modified that contradicts it is not believed again, and what
 * was learned through it is forgotten. */
void revisit_learn(struct page_history *h, const struct revisit_evidence *evidence);

/* The freshness, in milliseconds, that a visit buys `age_ms` after the last. Grows with age_ms. */
double revisit_value_ms(const struct page_history *h, double age_ms);

/* The age at which a visit buys `price_ms`, within [shortest_ms, longest_ms]. */
int64_t revisit_interval_ms(const struct page_history *h, double price_ms, int64_t shortest_ms,
                            int64_t longest_ms);

/* ---- the budget that the pages of a crawl share ---- */

#define REVISIT_SHORTEST_MS INT64_C(600000)      /* 10 minutes: no page is asked for more often */
#define REVISIT_LONGEST_MS  INT64_C(31536000000) /* a year, and at most REVISIT_PATIENCE times */
enum {
    REVISIT_PATIENCE = 8, /* the mean interval, pages / budget: so long the dullest page waits */
    REVISIT_BURST = 1000, /* requests that may be saved up */
    REVISIT_SAMPLE = 512, /* pages that the price is worked out with */
};

/* A page of the sample: of all those whose id falls to its place, the one with the least hash. So
 * every page is as likely to be in it as any other, however often it is visited. */
struct revisit_sample {
    uint64_t hash; /* 0: none yet */
    double changes, exposure_ms;
};

struct revisit_budget {
    double per_ms; /* requests */
    double price;  /* in mean intervals */
    int64_t pages; /* that have an interval */
    double saved;  /* requests that may be made now */
    int64_t saved_ms;
    int64_t priced_ms, priced_pages; /* when the price was last worked out, and for how many */
    struct revisit_sample sample[REVISIT_SAMPLE];
};

void revisit_budget_init(struct revisit_budget *b, int64_t requests_a_day, int64_t now_ms);

/* A page that has an interval from an earlier run is counted in; then, once, the price is worked
 * out anew. `id` names the page, the same in every call. */
void revisit_budget_count(struct revisit_budget *b, const struct page_history *h, int64_t id);
void revisit_budget_counted(struct revisit_budget *b, int64_t now_ms);

/* Gives the page, just answered, its next interval: where the price is met, or sooner when more
 * must be learned of it. Returns when to come back; unix. */
int64_t revisit_budget_plan(struct revisit_budget *b, struct page_history *h, int64_t id,
                            int64_t now_ms);

/* How many known pages may be asked for now; take off what was. */
size_t revisit_budget_allows(struct revisit_budget *b, int64_t now_ms);
void revisit_budget_take(struct revisit_budget *b, size_t requests);
/* When the next one may be; unix. */
int64_t revisit_budget_next_ms(const struct revisit_budget *b, int64_t now_ms);

#endif
