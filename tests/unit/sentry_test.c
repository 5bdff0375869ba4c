/* A URL before the sentry as the engine brings it there: when it was leased, and again at its turn.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "crawler/engine/sentry.h"
#include "crawler/frontier/priority.h"

#define HOST STR("h")

struct fixture {
    struct crawl_config config;
    struct sentry sentry;
    struct budget *budget;
};

static int setup(void **state)
{
    static struct fixture f;
    f = (struct fixture){0};
    crawl_config_init(&f.config);
    if (sentry_init(&f.sentry, &f.config) != CW_OK)
        return -1;
    f.budget = budgets_hold(f.sentry.budgets, &(struct budget_stored){0});
    *state = &f;
    return f.budget != NULL ? 0 : -1;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    budgets_drop(f->sentry.budgets, f->budget);
    sentry_release(&f->sentry);
    crawl_config_release(&f->config);
    return 0;
}

/* The page came, and said what only those of this `story` say; 0: what all say. */
static void learn(const struct sentry_pass *pass, unsigned story)
{
    uint32_t items[32] = {1};
    struct page_link link = {.url = pass->url};
    struct outcome o = {.has_page = true};
    for (uint32_t i = 1; i < ARRAY_LEN(items); i++)
        items[i] = story > 0 ? (story << 8) + i : i + 1;
    o.page = (struct page){.status = 200, .links = &link, .link_count = 1};
    o.page.print = (struct print){.items = items, .count = 32, .each = 4, .sum = story};
    sentry_learn(pass, &o);
}

/* True: it went, once it had nothing before it. */
static bool visit(struct fixture *f, const char *path, unsigned n, unsigned story)
{
    char url[64];
    struct sentry_answer answer;
    (void)snprintf(url, sizeof url, "http://h/%s%u", path, n);
    struct store_lease lease = {.url = str_of(url)};
    struct sentry_pass pass = sentry_pass_of(&f->sentry, &lease, HOST, f->budget);
    if (!sentry_ask(&pass, &answer)) {
        lease.priority = answer.late_priority;
        pass = sentry_pass_of(&f->sentry, &lease, HOST, f->budget);
        if (!sentry_ask(&pass, &answer) || !sentry_ask(&pass, &answer)) {
            assert_int_equal(answer.reason, EXCLUDE_TRAP);
            return false;
        }
    }
    sentry_enter(&pass);
    learn(&pass, story);
    sentry_keep(&pass);
    return true;
}

static unsigned visit_many(struct fixture *f, const char *path, unsigned first, unsigned count,
                           bool has_stories)
{
    unsigned went = 0;
    for (unsigned n = first; n < first + count; n++)
        went += visit(f, path, n, has_stories ? n : 0);
    return went;
}

static void a_sample_of_what_is_refused__goes_though_it_is_asked_about_twice(void **state)
{
    struct fixture *f = *state;
    visit_many(f, "page/", 1, 50, true);
    visit_many(f, "cal?m=", 1, TRAP_CREDIT + 100, false); /* until the credit is used up */
    assert_false(visit(f, "cal?m=", 999, 0));
    unsigned went = visit_many(f, "cal?m=", 1000, 1000, false);
    assert_in_range(went, 3, 5); /* of 64, 128, 256, 512, 1024 */
}

static void a_class_that_was_refused__recovers(void **state)
{
    struct fixture *f = *state;
    visit_many(f, "page/", 1, 50, true);
    visit_many(f, "news/", 1, 1000, false);
    unsigned went = visit_many(f, "news/", 5000, 5000, true);
    assert_in_range(went, 4000, 5000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            a_sample_of_what_is_refused__goes_though_it_is_asked_about_twice, setup, teardown),
        cmocka_unit_test_setup_teardown(a_class_that_was_refused__recovers, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
