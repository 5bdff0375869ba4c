#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "crawler/base/clock.h"
#include "crawler/base/util.h"

static const struct {
    int64_t unix_ms;
    const char *text;
} cases[] = {
    {0, "1970-01-01T00:00:00.000Z"},
    {1, "1970-01-01T00:00:00.001Z"},
    {-1, "1969-12-31T23:59:59.999Z"},
    {951782400000, "2000-02-29T00:00:00.000Z"},
    {253402300799999, "9999-12-31T23:59:59.999Z"},
    {253402300800000, "9999-12-31T23:59:59.999Z"},
    {INT64_MAX, "9999-12-31T23:59:59.999Z"},
    {-62167219200000, "0000-01-01T00:00:00.000Z"},
    {-62167219200001, "0000-01-01T00:00:00.000Z"},
    {INT64_MIN, "0000-01-01T00:00:00.000Z"},
    {-59011459200000, "0100-01-01T00:00:00.000Z"},
};

static void time__is_utc_text_within_the_years_0_to_9999(void **state)
{
    char text[CLOCK_TEXT_SIZE];
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        clock_format(cases[i].unix_ms, text);
        assert_string_equal(text, cases[i].text);
    }
}

static void monotonic_clock__never_goes_back(void **state)
{
    int64_t last = clock_mono_ms();
    (void)state;
    for (int i = 0; i < 1000; i++) {
        int64_t now = clock_mono_ms();
        assert_true(now >= last);
        last = now;
    }
}

static void boot_clock__never_goes_back_and_counts_no_less_than_the_monotonic_one(void **state)
{
    int64_t last = clock_boot_ms();
    (void)state;
    for (int i = 0; i < 1000; i++) {
        int64_t mono = clock_mono_ms(), now = clock_boot_ms();
        assert_true(now >= last);
        assert_true(now >= mono); /* sleep counts, too */
        last = now;
    }
}

static void wall_clock__is_in_milliseconds_since_1970(void **state)
{
    time_t before = time(NULL);
    int64_t now = clock_unix_ms();
    time_t after = time(NULL);
    (void)state;
    /* time() may be a tick of the kernel behind. */
    assert_true(now / 1000 >= before - 1 && now / 1000 <= after + 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(time__is_utc_text_within_the_years_0_to_9999),
        cmocka_unit_test(monotonic_clock__never_goes_back),
        cmocka_unit_test(boot_clock__never_goes_back_and_counts_no_less_than_the_monotonic_one),
        cmocka_unit_test(wall_clock__is_in_milliseconds_since_1970),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
