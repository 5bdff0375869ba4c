/* Which URL of a host comes first. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "crawler/frontier/priority.h"

static void fewer_links_from_a_start_url__comes_first(void **state)
{
    (void)state;
    assert_int_equal(priority_of_depth(0), PRIORITY_SEED);
    for (int32_t depth = 0; depth < 100; depth++)
        assert_true(priority_of_depth(depth) < priority_of_depth(depth + 1));
    assert_true(priority_of_depth(INT32_MAX) < PRIORITY_LATE);
}

static void what_a_sitemap_announces__moves_by_half_a_level_at_most(void **state)
{
    (void)state;
    static const struct {
        int32_t per_mille, expected;
    } cases[] = {{0, 15}, {100, 14}, {500, 10}, {501, 10}, {640, 9}, {800, 7}, {1000, 5}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_int_equal(priority_of_announced(1, cases[i].per_mille), cases[i].expected);
    assert_true(priority_of_announced(1, 1000) > PRIORITY_SEED);
    assert_true(priority_of_announced(1, 0) < priority_of_depth(2));
    assert_int_equal(priority_of_announced(0, 1000), PRIORITY_SEED);
    assert_true(priority_of_announced(INT32_MAX, 0) < PRIORITY_LATE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fewer_links_from_a_start_url__comes_first),
        cmocka_unit_test(what_a_sitemap_announces__moves_by_half_a_level_at_most),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
