#include "crawler/base/loghist.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void nothing__has_quantile_0(void **state)
{
    (void)state;
    const struct loghist h = {0};
    assert_int_equal(loghist_quantile(&h, 999), 0);
}

/* Of 1 to 100,000 each once, the quantile is known; it is told at most an eighth too high. */
static void a_quantile__is_told_within_an_eighth(void **state)
{
    (void)state;
    static const unsigned permilles[] = {1, 10, 500, 900, 990, 999};
    struct loghist h = {0};
    for (uint64_t value = 1; value <= 100000; value++)
        loghist_add(&h, value);
    for (size_t i = 0; i < sizeof permilles / sizeof *permilles; i++) {
        uint64_t exact = 100 * permilles[i], told = loghist_quantile(&h, permilles[i]);
        assert_in_range(told, exact, exact + exact / 8 + 1);
    }
}

static void the_last_quantile__is_the_greatest_value(void **state)
{
    (void)state;
    static const uint64_t values[] = {0, 1, 7, 8, 9, 1000003, UINT64_MAX};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        struct loghist h = {0};
        loghist_add(&h, 0);
        loghist_add(&h, values[i]);
        assert_true(loghist_quantile(&h, 1000) == values[i]);
    }
}

static void one_in_a_thousand__is_beyond_p999(void **state)
{
    (void)state;
    struct loghist h = {0};
    for (unsigned i = 0; i < 999; i++)
        loghist_add(&h, 5);
    loghist_add(&h, 5000);
    assert_int_equal(loghist_quantile(&h, 999), 5);
    assert_int_equal(loghist_quantile(&h, 1000), 5000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing__has_quantile_0),
        cmocka_unit_test(a_quantile__is_told_within_an_eighth),
        cmocka_unit_test(the_last_quantile__is_the_greatest_value),
        cmocka_unit_test(one_in_a_thousand__is_beyond_p999),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
