/* When to ask for a page again: what is learned of its rate, what a visit buys, and the budget. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>

#include "crawler/base/util.h"
#include "crawler/frontier/revisit.h"

#define HOUR INT64_C(3600000)
#define DAY  (24 * HOUR)
#define T0   INT64_C(1700000000000)

static double rate_a_day(const struct page_history *h)
{
    return h->changes / h->exposure_ms * (double)DAY;
}

static void see(struct page_history *h, enum revisit_find find, int64_t now, int64_t modified)
{
    const struct revisit_evidence e = {.find = find, .now_ms = now, .modified_ms = modified};
    revisit_learn(h, &e);
}

static struct page_history new_page(void)
{
    struct page_history h = {0};
    revisit_begin(&h);
    see(&h, REVISIT_CHANGED, T0, -1);
    return h;
}

/* ---- learning ---- */

static void page_that_never_changes__is_believed_slower_with_each_visit(void **state)
{
    (void)state;
    struct page_history h = new_page();
    double before = rate_a_day(&h);
    for (int i = 1; i <= 30; i++) {
        see(&h, REVISIT_UNCHANGED, T0 + i * DAY, -1);
        assert_true(rate_a_day(&h) < before);
        before = rate_a_day(&h);
    }
    assert_true(before < 0.02);
}

/* The posterior by brute force: the prior times the likelihood of each visit, on a fine grid of
 * rates. */
static double posterior_mean(const struct page_history *prior, const bool *changed, size_t count,
                             double days)
{
    enum { STEPS = 200000 };
    double mass = 0, mean = 0, a = prior->changes, b = prior->exposure_ms / (double)DAY;
    for (int i = 0; i < STEPS; i++) {
        double rate = exp(log(1e-6) + (log(1e3) - log(1e-6)) * (i + 0.5) / STEPS);
        double log_weight = a * log(rate) - b * rate; /* the grid is even in log(rate) */
        for (size_t n = 0; n < count; n++)
            log_weight += changed[n] ? log(-expm1(-rate * days)) : -rate * days;
        mass += exp(log_weight);
        mean += rate * exp(log_weight);
    }
    return mean / mass;
}

/* Within a quarter; within a twentieth but for the first case, where all turns on one change. */
static void changes_seen_only_as_changed_since__give_nearly_the_exact_posterior(void **state)
{
    (void)state;
    static const bool seen[][6] = {
        {true, false, false, false, false, false},
        {true, true, false, true, false, true},
        {false, true, true, true, true, true},
        {true, false, true, false, true, false},
    };
    for (size_t i = 0; i < ARRAY_LEN(seen); i++) {
        struct page_history h = new_page();
        const struct page_history prior = h;
        for (size_t n = 0; n < ARRAY_LEN(seen[i]); n++)
            see(&h, seen[i][n] ? REVISIT_CHANGED : REVISIT_UNCHANGED,
                T0 + ((int64_t)n + 1) * 3 * DAY, -1);
        double exact = posterior_mean(&prior, seen[i], ARRAY_LEN(seen[i]), 3);
        assert_true(fabs(rate_a_day(&h) / exact - 1) < 0.25);
    }
}

/* One step is exact in mean: that is what the step keeps. */
static void one_change__gives_the_exact_mean(void **state)
{
    (void)state;
    const bool changed = true;
    struct page_history h = new_page();
    const struct page_history prior = h;
    see(&h, REVISIT_CHANGED, T0 + 2 * DAY, -1);
    assert_true(fabs(rate_a_day(&h) / posterior_mean(&prior, &changed, 1, 2) - 1) < 1e-3);
}

static void last_modified__tells_more_than_changed_since(void **state)
{
    (void)state;
    struct page_history dated = new_page(), undated = dated;
    for (int i = 1; i <= 10; i++) { /* it changes every day, and is seen every tenth */
        see(&dated, REVISIT_CHANGED, T0 + i * 10 * DAY, T0 + i * 10 * DAY - 12 * HOUR);
        see(&undated, REVISIT_CHANGED, T0 + i * 10 * DAY, -1);
    }
    assert_true(rate_a_day(&dated) > 1.2 && rate_a_day(&dated) < 3);
    assert_true(dated.changes > undated.changes * 2); /* and surer */
}

static void date_of_the_first_answer__counts_already(void **state)
{
    (void)state;
    struct page_history old = {0}, young = {0};
    revisit_begin(&old);
    revisit_begin(&young);
    see(&old, REVISIT_CHANGED, T0, T0 - 1000 * DAY);
    see(&young, REVISIT_CHANGED, T0, T0 - HOUR);
    assert_true(rate_a_day(&old) < 0.01 && rate_a_day(&young) > 1);
}

static void date_that_is_wrong__is_not_believed_again(void **state)
{
    (void)state;
    static const struct {
        enum revisit_find find;
        int64_t modified;
    } lies[] = {
        {REVISIT_UNCHANGED, T0 + HOUR},   /* newer than the last look, at the same content */
        {REVISIT_CHANGED, T0 - 300 * DAY} /* older, at another content */
    };
    for (size_t i = 0; i < ARRAY_LEN(lies); i++) {
        struct page_history h = {0};
        revisit_begin(&h);
        see(&h, REVISIT_CHANGED, T0, T0 - 300 * DAY);
        see(&h, lies[i].find, T0 + DAY, lies[i].modified);
        assert_true(h.traits & PAGE_MISDATES);
        assert_true(rate_a_day(&h) > 0.1); /* what the date had taught is gone */
        struct page_history same = h;
        see(&h, REVISIT_CHANGED, T0 + 2 * DAY, T0 + DAY + HOUR);
        see(&same, REVISIT_CHANGED, T0 + 2 * DAY, -1);
        assert_true(h.changes == same.changes && h.exposure_ms == same.exposure_ms);
    }
}

static void date_made_for_the_answer__tells_nothing(void **state)
{
    (void)state;
    struct page_history h = new_page(), same = h;
    see(&h, REVISIT_CHANGED, T0 + DAY, T0 + DAY);
    see(&same, REVISIT_CHANGED, T0 + DAY, -1);
    assert_true(h.changes == same.changes && h.exposure_ms == same.exposure_ms);
}

static void page_that_settles_down__is_believed_in_the_end(void **state)
{
    (void)state;
    struct page_history h = new_page();
    int64_t now = T0;
    for (int i = 0; i < 1000; i++, now += HOUR)
        see(&h, REVISIT_CHANGED, now + HOUR, now + HOUR / 2);
    assert_true(rate_a_day(&h) > 20);
    for (int i = 0; i < 60; i++, now += DAY)
        see(&h, REVISIT_UNCHANGED, now + DAY, -1);
    assert_true(rate_a_day(&h) < 1);
}

static void clock_set_back__does_no_harm(void **state)
{
    (void)state;
    struct page_history h = new_page();
    see(&h, REVISIT_CHANGED, T0 - DAY, -1);
    see(&h, REVISIT_UNCHANGED, T0 - 2 * DAY, T0 + DAY);
    assert_true(isfinite(h.changes) && h.changes > 0 && isfinite(h.exposure_ms));
    assert_true(h.exposure_ms > 0);
}

/* ---- what a visit buys ---- */

static void value__grows_with_age_and_solves_for_the_interval(void **state)
{
    (void)state;
    static const double shapes[] = {0.25, 0.5, 1, 1.0000001, 2, 30, 1e6};
    for (size_t i = 0; i < ARRAY_LEN(shapes); i++) {
        const struct page_history h = {.changes = shapes[i],
                                       .exposure_ms = shapes[i] * 3 * (double)DAY};
        double before = 0;
        for (double age = (double)HOUR; age < 300.0 * (double)DAY; age *= 1.5) {
            double value = revisit_value_ms(&h, age);
            assert_true(value >= before && value < age);
            before = value;
            int64_t back = revisit_interval_ms(&h, value, REVISIT_SHORTEST_MS, REVISIT_LONGEST_MS);
            double again = revisit_value_ms(&h, (double)back);
            assert_true(fabs(again / value - 1) < 1e-2);
        }
    }
}

static void known_rate__is_the_formula_of_the_paper(void **state)
{
    (void)state;
    const double rate = 1.0 / (2 * (double)DAY), age = 3.0 * (double)DAY, x = rate * age;
    const struct page_history h = {.changes = 1e9, .exposure_ms = 1e9 / rate};
    double paper = (1 - (1 + x) * exp(-x)) / rate;
    assert_true(fabs(revisit_value_ms(&h, age) / paper - 1) < 1e-5);
}

static void interval__keeps_its_bounds(void **state)
{
    (void)state;
    struct page_history h = new_page();
    assert_int_equal(revisit_interval_ms(&h, 1e30, HOUR, DAY), DAY);
    assert_int_equal(revisit_interval_ms(&h, 0, HOUR, DAY), HOUR);
}

/* ---- the budget ---- */

enum { PAGES = 2000 };

static void budget__is_what_all_pages_together_cost(void **state)
{
    (void)state;
    struct revisit_budget *b = calloc(1, sizeof *b);
    struct page_history *pages = calloc(PAGES, sizeof *pages);
    assert_true(b != NULL && pages != NULL);
    revisit_budget_init(b, 100, T0); /* a day: a visit of each in 20 days */
    for (int round = 0; round < 4; round++)
        for (int i = 0; i < PAGES; i++) {
            int64_t now = T0 + round * 20 * DAY;
            double days = pow(10, (i % 40) / 10.0 - 1); /* between changes: 2 hours to 3 years */
            pages[i].changes = 8;
            pages[i].exposure_ms = 8 * days * (double)DAY;
            (void)revisit_budget_plan(b, &pages[i], i, now);
        }
    double a_day = 0;
    int64_t longest = 0;
    for (int i = 0; i < PAGES; i++) {
        a_day += (double)DAY / (double)pages[i].interval_ms;
        longest = MAX(longest, pages[i].interval_ms);
    }
    assert_true(a_day > 90 && a_day < 110);
    assert_true(longest <= REVISIT_PATIENCE * 20 * DAY);
    assert_true(pages[0].interval_ms > pages[20].interval_ms); /* hopeless: less than middling */
    assert_int_equal(b->pages, PAGES);
    free(pages);
    free(b);
}

static void budget_of_an_earlier_run__goes_on_at_its_price(void **state)
{
    (void)state;
    struct revisit_budget *b = calloc(2, sizeof *b);
    struct page_history pages[500] = {{0}};
    assert_non_null(b);
    revisit_budget_init(&b[0], 50, T0);
    revisit_budget_init(&b[1], 50, T0);
    for (int round = 0; round < 3; round++)
        for (int i = 0; i < 500; i++) {
            pages[i].changes = 1 + i % 7;
            pages[i].exposure_ms = (double)((1 + i % 50) * DAY);
            (void)revisit_budget_plan(&b[0], &pages[i], i, T0 + round * 10 * DAY);
        }
    for (int i = 0; i < 500; i++)
        revisit_budget_count(&b[1], &pages[i], i);
    revisit_budget_counted(&b[1], T0 + 30 * DAY);
    assert_true(fabs(b[1].price / b[0].price - 1) < 0.1);
    assert_int_equal(b[1].pages, 500);
    free(b);
}

static void page_of_which_little_is_known__is_looked_at_at_its_half_life(void **state)
{
    (void)state;
    struct revisit_budget *b = calloc(1, sizeof *b);
    assert_non_null(b);
    revisit_budget_init(b, 1, T0);
    struct page_history h = {.changes = 1, .exposure_ms = (double)DAY};
    for (int i = 1; i < 100; i++) {
        struct page_history other = h;
        (void)revisit_budget_plan(b, &other, i, T0);
    }
    (void)revisit_budget_plan(b, &h, 0, T0);
    assert_true(h.interval_ms > 4 * DAY);
    assert_int_equal(revisit_budget_plan(b, &h, 0, T0 + 9 * DAY), T0 + 10 * DAY);
    assert_int_equal(h.interval_ms, DAY); /* half-life of a gamma of shape 1: its scale */
    (void)revisit_budget_plan(b, &h, 0, T0 + 10 * DAY);
    assert_true(h.interval_ms > 4 * DAY); /* every other time */
    free(b);
}

static void saved_requests__are_handed_out_and_capped(void **state)
{
    (void)state;
    struct revisit_budget *b = calloc(1, sizeof *b);
    assert_non_null(b);
    revisit_budget_init(b, 24, T0); /* one an hour */
    assert_int_equal(revisit_budget_allows(b, T0), 0);
    assert_in_range(revisit_budget_next_ms(b, T0), T0 + HOUR, T0 + HOUR + 1);
    assert_int_equal(revisit_budget_allows(b, T0 + 3 * HOUR + 1), 3);
    revisit_budget_take(b, 2);
    assert_int_equal(revisit_budget_allows(b, T0 + 3 * HOUR + 1), 1);
    assert_int_equal(revisit_budget_allows(b, T0), 1); /* a clock set back takes nothing away */
    assert_int_equal(revisit_budget_allows(b, T0 + 4000 * DAY), REVISIT_BURST);
    free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(page_that_never_changes__is_believed_slower_with_each_visit),
        cmocka_unit_test(changes_seen_only_as_changed_since__give_nearly_the_exact_posterior),
        cmocka_unit_test(one_change__gives_the_exact_mean),
        cmocka_unit_test(last_modified__tells_more_than_changed_since),
        cmocka_unit_test(date_of_the_first_answer__counts_already),
        cmocka_unit_test(date_that_is_wrong__is_not_believed_again),
        cmocka_unit_test(date_made_for_the_answer__tells_nothing),
        cmocka_unit_test(page_that_settles_down__is_believed_in_the_end),
        cmocka_unit_test(clock_set_back__does_no_harm),
        cmocka_unit_test(value__grows_with_age_and_solves_for_the_interval),
        cmocka_unit_test(known_rate__is_the_formula_of_the_paper),
        cmocka_unit_test(interval__keeps_its_bounds),
        cmocka_unit_test(budget__is_what_all_pages_together_cost),
        cmocka_unit_test(budget_of_an_earlier_run__goes_on_at_its_price),
        cmocka_unit_test(page_of_which_little_is_known__is_looked_at_at_its_half_life),
        cmocka_unit_test(saved_requests__are_handed_out_and_capped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
