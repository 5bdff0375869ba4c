/* What an outcome tells of its page, and when its URL comes back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "crawler/engine/revisits.h"

#define NOW  INT64_C(1700000000000)
#define HOUR INT64_C(3600000)
#define DAY  (24 * HOUR)

static struct revisits *make(const char *every, bool once)
{
    struct revisits *r = malloc(sizeof *r);
    struct crawl_config config;
    struct errmsg msg = {""};
    crawl_config_init(&config);
    assert_int_equal(crawl_config_set(&config, "every", every, &msg), CW_OK);
    assert_non_null(r);
    revisits_init(r, &config, once);
    crawl_config_release(&config);
    return r;
}

static const struct plan_case {
    const char *name, *every;
    enum url_state state;
    enum exclude_reason reason;
    int64_t due_after_ms; /* -1: never */
} plans[] = {
    {"never", "never", URL_DONE, EXCLUDE_NONE, -1},
    {"done", "6h", URL_DONE, EXCLUDE_NONE, 6 * HOUR},
    {"failed", "6h", URL_FAILED, EXCLUDE_NONE, 6 * HOUR},
    {"forbidden: robots.txt is a day old at the most", "6h", URL_EXCLUDED, EXCLUDE_ROBOTS, DAY},
    {"forbidden, and the interval is longer", "7d", URL_EXCLUDED, EXCLUDE_ROBOTS, 7 * DAY},
    {"excluded by the crawl's own rules", "6h", URL_EXCLUDED, EXCLUDE_DEPTH, -1},
    {"queued again", "6h", URL_QUEUED, EXCLUDE_NONE, -1},
    {"auto: failed, without a history", "auto", URL_FAILED, EXCLUDE_NONE, 6 * HOUR},
    {"auto: forbidden", "auto", URL_EXCLUDED, EXCLUDE_ROBOTS, DAY},
};

static void url_that_is_settled__comes_back_when_it_should(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(plans); i++) {
        const struct plan_case *c = &plans[i];
        struct revisits *r = make(c->every, false);
        struct outcome o = {
            .state = c->state, .reason = c->reason, .has_page = c->state == URL_DONE};
        const struct store_known nothing = {0};
        o.page.status = o.attempt.status = 200;
        revisits_plan(r, &o, &nothing, NOW);
        int64_t due = c->due_after_ms < 0 ? 0 : NOW + c->due_after_ms;
        if (o.revisit_unix_ms != due)
            fail_msg("%s: due after %lld ms", c->name, (long long)(o.revisit_unix_ms - NOW));
        free(r);
    }
}

static void page_asked_for_once__does_not_come_back_but_is_remembered(void **state)
{
    (void)state;
    struct revisits *r = make("never", true);
    struct outcome o = {.state = URL_DONE, .is_unchanged = true};
    const struct store_known known = {.status = 200, .fetched_unix_ms = NOW - DAY};
    revisits_plan(r, &o, &known, NOW);
    assert_int_equal(o.revisit_unix_ms, 0);
    assert_true(o.has_history);
    assert_int_equal(o.history.checked_ms, NOW);
    assert_int_equal(r->unchanged, 1);
    assert_false(revisits_go_on(r));
    free(r);
}

/* ---- evidence ---- */

static const struct evidence_case {
    const char *name;
    int32_t known_status, status;
    bool same_body, is_304;
    bool learns, changed;
} evidence[] = {
    {"304", 200, 304, false, true, true, false},
    {"the same body", 200, 200, true, false, true, false},
    {"another body", 200, 200, false, false, true, true},
    {"the same body with another status", 200, 404, true, false, true, true},
    {"a server in trouble tells nothing", 200, 503, false, false, false, false},
    {"nor does one that was", 503, 200, false, false, false, false},
    {"too many requests", 200, 429, false, false, false, false},
};

static void answer_about_the_page__teaches_and_others_do_not(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(evidence); i++) {
        const struct evidence_case *c = &evidence[i];
        struct revisits *r = make("auto", false);
        struct outcome o = {.state = URL_DONE, .has_page = !c->is_304, .is_unchanged = c->is_304};
        struct store_known known = {.status = c->known_status, .has_history = true};
        known.history = (struct page_history){
            .changes = 1, .exposure_ms = (double)DAY, .checked_ms = NOW - DAY};
        o.page.status = o.attempt.status = c->status;
        o.page.body_hash[0] = !c->same_body;
        revisits_plan(r, &o, &known, NOW);
        double before = 1 / (double)DAY, after = o.history.changes / o.history.exposure_ms;
        bool is_right = c->learns ? (c->changed ? after > before : after < before)
                                  : o.history.checked_ms == NOW - DAY;
        if (!is_right)
            fail_msg("%s: rate %g to %g", c->name, before, after);
        assert_true(o.revisit_unix_ms > NOW);
        free(r);
    }
}

static void sitemap_that_was_wrong__is_not_heeded_again(void **state)
{
    (void)state;
    struct revisits *r = make("auto", false);
    struct store_known known = {.status = 200, .has_history = true};
    known.history = (struct page_history){.changes = 1,
                                          .exposure_ms = (double)DAY,
                                          .checked_ms = NOW - DAY,
                                          .announced_ms = NOW - HOUR};
    struct outcome same = {.state = URL_DONE, .is_unchanged = true};
    revisits_plan(r, &same, &known, NOW);
    assert_int_equal(same.history.traits, PAGE_MISANNOUNCED);
    struct outcome other = {.state = URL_DONE, .has_page = true};
    other.page.status = other.attempt.status = 200;
    other.page.body_hash[0] = 1;
    revisits_plan(r, &other, &known, NOW);
    assert_int_equal(other.history.traits, 0);
    assert_true(other.history.changes == 2); /* it said when: a change at a known time */
    assert_int_equal(other.history.announced_ms, 0);
    free(r);
}

/* ---- how many, and when ---- */

static void queue_that_is_full__wants_no_more(void **state)
{
    (void)state;
    struct revisits *r = make("1s", false);
    const struct store_reply reply = {.revisit_unix_ms = NOW - DAY};
    assert_true(revisits_want(r, 0, NOW) > 0);
    revisits_landed(r, &reply);
    assert_int_equal(revisits_wake_unix_ms(r, NOW), NOW - DAY);
    assert_int_equal(revisits_want(r, 1000000, NOW), 0);
    assert_int_equal(revisits_wake_unix_ms(r, NOW), 0);
    free(r);
}

static void budget__is_spent_by_what_was_queued(void **state)
{
    (void)state;
    struct revisits *r = make("auto", false); /* 10,000 a day */
    const struct store_reply reply = {.revisits = 1, .revisit_unix_ms = 1};
    const int64_t later = NOW + HOUR + 1;
    revisit_budget_init(&r->budget, 24, NOW);
    assert_int_equal(revisits_want(r, 0, NOW), 0);
    assert_int_equal(revisits_want(r, 0, later), 1);
    revisits_landed(r, &reply);
    assert_int_equal(revisits_want(r, 0, later), 0);
    assert_in_range(revisits_wake_unix_ms(r, later), NOW + 2 * HOUR, NOW + 2 * HOUR + 2);
    free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(url_that_is_settled__comes_back_when_it_should),
        cmocka_unit_test(page_asked_for_once__does_not_come_back_but_is_remembered),
        cmocka_unit_test(answer_about_the_page__teaches_and_others_do_not),
        cmocka_unit_test(sitemap_that_was_wrong__is_not_heeded_again),
        cmocka_unit_test(queue_that_is_full__wants_no_more),
        cmocka_unit_test(budget__is_spent_by_what_was_queued),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
