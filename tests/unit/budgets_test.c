#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "crawler/frontier/budgets.h"

static struct budgets *budgets;

static void begin(int64_t host_pages, int64_t domain_pages, int64_t domain_hosts)
{
    const struct budget_limits limits = {host_pages, domain_pages, domain_hosts};
    assert_int_equal(budgets_new(&budgets, &limits), CW_OK);
}

static struct budget *hold(int64_t pages, const char *domain, int64_t domain_pages,
                           int64_t domain_hosts)
{
    const struct budget_stored stored = {pages, str_of(domain), domain_pages, domain_hosts};
    struct budget *budget = budgets_hold(budgets, &stored);
    assert_non_null(budget);
    return budget;
}

static bool allows(struct budget *budget, bool is_seed, const char *detail)
{
    char got[BUDGET_DETAIL_MAX] = "";
    bool is_allowed = budgets_allow(budgets, budget, is_seed, got);
    assert_string_equal(got, detail);
    return is_allowed;
}

static bool take(struct budget *budget, const char *detail)
{
    bool is_allowed = allows(budget, false, detail);
    if (is_allowed)
        budgets_take(budget);
    return is_allowed;
}

static void without_limits__everything_goes(void **state)
{
    (void)state;
    begin(-1, -1, -1);
    struct budget *b = hold(1000000, "example.org", 2000000, 3000000);
    assert_true(take(b, ""));
    budgets_drop(budgets, b);
    budgets_free(budgets);
}

static void pages_of_a_host__stored_and_under_way(void **state)
{
    (void)state;
    begin(10, -1, -1);
    struct budget *b = hold(8, NULL, 0, 0);
    assert_true(take(b, "") && take(b, ""));
    assert_false(take(b, "10 pages, the most of a host"));
    assert_false(allows(b, true, "10 pages, the most of a host")); /* a seed is a page, too */
    budgets_give_back(b);
    assert_true(take(b, ""));
    assert_false(take(b, "10 pages, the most of a host"));
    budgets_drop(budgets, b);
    budgets_free(budgets);
}

static void pages_of_a_domain__over_all_its_hosts(void **state)
{
    (void)state;
    begin(-1, 10, -1);
    struct budget *a = hold(3, "example.org", 7, 4);
    struct budget *b = hold(4, "example.org", 999, 999); /* the first one's word counts */
    struct budget *other = hold(0, "example.net", 0, 0);
    assert_true(take(a, "") && take(b, "") && take(b, ""));
    assert_false(take(a, "10 pages of example.org, the most of a domain"));
    assert_false(take(b, "10 pages of example.org, the most of a domain"));
    assert_true(take(other, ""));
    budgets_drop(budgets, a);
    budgets_drop(budgets, b);
    b = hold(6, "example.org", 9, 4); /* nobody held the domain: what is stored counts again */
    assert_true(take(b, ""));
    assert_false(take(b, "10 pages of example.org, the most of a domain"));
    budgets_drop(budgets, b);
    budgets_drop(budgets, other);
    budgets_free(budgets);
}

static void hosts_of_a_domain__but_never_a_seed(void **state)
{
    (void)state;
    begin(-1, -1, 3);
    struct budget *known = hold(5, "trap.test", 5, 2), *a = hold(0, "trap.test", 5, 2);
    struct budget *b = hold(0, "trap.test", 5, 2);
    assert_true(take(known, ""));
    assert_true(take(a, ""));
    assert_true(take(a, "")); /* counted once */
    assert_false(take(b, "3 hosts of trap.test, the most of a domain"));
    assert_true(allows(b, true, ""));
    assert_true(take(b, "")); /* it is in now */
    budgets_drop(budgets, b);
    budgets_drop(budgets, a);
    budgets_drop(budgets, known);
    budgets_free(budgets);
}

static void a_host_that_gave_no_page__leaves_its_place(void **state)
{
    (void)state;
    begin(-1, -1, 1);
    struct budget *a = hold(0, "trap.test", 0, 0), *b = hold(0, "trap.test", 0, 0);
    assert_true(take(a, ""));
    assert_false(take(b, "1 hosts of trap.test, the most of a domain"));
    budgets_give_back(a);
    budgets_drop(budgets, a);
    assert_true(take(b, ""));
    budgets_drop(budgets, b);
    budgets_free(budgets);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_limits__everything_goes),
        cmocka_unit_test(pages_of_a_host__stored_and_under_way),
        cmocka_unit_test(pages_of_a_domain__over_all_its_hosts),
        cmocka_unit_test(hosts_of_a_domain__but_never_a_seed),
        cmocka_unit_test(a_host_that_gave_no_page__leaves_its_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
