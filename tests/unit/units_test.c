#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "crawler/base/units.h"

static const struct duration_case {
    const char *text;
    int64_t ms; /* -1: refused */
} durations[] = {
    {"0", 0},
    {"500ms", 500},
    {"2s", 2000},
    {"5m", 300000},
    {"6h", 21600000},
    {"1d", 86400000},
    {"0ms", 0},
    {"5", -1},
    {"3650d", 315360000000},
    {"3651d", -1},
    {"", -1},
    {"s", -1},
    {"1.5s", -1},
    {"-1s", -1},
    {"1 s", -1},
    {"1w", -1},
    {"1ss", -1},
    {"2s ", -1},
    {"99999999999999999999s", -1},
};

static const struct size_case {
    const char *text;
    uint64_t bytes; /* 1: refused */
} sizes[] = {
    {"0", 0},        {"512", 512}, {"64K", 65536},        {"64k", 65536}, {"10M", 10 << 20},
    {"1G", 1 << 30}, {"", 1},      {"1024G", 1ULL << 40}, {"1025G", 1},   {"1T", 1},
    {"K", 1},        {"1.5M", 1},  {"1099511627777", 1},  {"-1", 1},      {"1KB", 1},
};

static void duration__needs_a_unit_and_has_a_ceiling(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(durations); i++) {
        int64_t ms = -1;
        bool ok = units_parse_duration(str_of(durations[i].text), &ms);
        assert_int_equal(ok, durations[i].ms >= 0);
        assert_int_equal(ms, durations[i].ms);
    }
}

static void size__is_in_powers_of_1024(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        uint64_t bytes = 1;
        bool ok = units_parse_size(str_of(sizes[i].text), &bytes);
        assert_int_equal(ok, sizes[i].bytes != 1);
        assert_int_equal(bytes, sizes[i].bytes);
    }
}

static void text__reads_well(void **state)
{
    char text[UNITS_TEXT_SIZE];
    (void)state;
    units_format_duration(999, text);
    assert_string_equal(text, "999ms");
    units_format_duration(1500, text);
    assert_string_equal(text, "1.5s");
    units_format_duration(125000, text);
    assert_string_equal(text, "2m 05s");
    units_format_duration(3 * 3600000 + 10 * 60000, text);
    assert_string_equal(text, "3h 10m");
    units_format_duration(INT64_MAX, text);
    assert_true(strlen(text) < sizeof text - 1);
    units_format_size(512, text);
    assert_string_equal(text, "512 B");
    units_format_size(1536 * 1024, text);
    assert_string_equal(text, "1.5 MiB");
    units_format_size(UINT64_MAX, text);
    assert_string_equal(text, "16777216.0 TiB");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(duration__needs_a_unit_and_has_a_ceiling),
        cmocka_unit_test(size__is_in_powers_of_1024),
        cmocka_unit_test(text__reads_well),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
