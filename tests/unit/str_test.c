#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "crawler/base/str.h"

static void absent_and_empty__are_equal_in_bytes_only(void **state)
{
    (void)state;
    assert_true(str_is_absent(STR_NONE));
    assert_false(str_is_absent(STR("")));
    assert_true(str_eq(STR_NONE, STR("")));
    assert_true(str_is_absent(str_of(NULL)));
    assert_true(str_is_absent(str_skip(STR_NONE, 3)));
    assert_true(str_is_absent(str_trim(STR_NONE)));
}

static void comparison__is_by_bytes_then_by_length(void **state)
{
    (void)state;
    assert_true(str_compare(STR("a"), STR("b")) < 0);
    assert_true(str_compare(STR("b"), STR("aa")) > 0);
    assert_true(str_compare(STR("a"), STR("aa")) < 0);
    assert_true(str_compare(STR("\xFF"), STR("a")) > 0); /* bytes are unsigned */
    assert_int_equal(str_compare(STR("a\0b"), STR("a\0b")), 0);
    assert_int_equal(str_compare(STR_NONE, STR("")), 0);
}

static void letters__fold_in_ascii_only(void **state)
{
    (void)state;
    assert_true(str_eq_nocase(STR("Content-TYPE"), STR("content-type")));
    assert_false(str_eq_nocase(STR("\xC3\x84"), STR("\xC3\xA4"))); /* a umlaut */
    assert_false(str_eq_nocase(STR("["), STR("{")));               /* 0x20 apart, no letters */
    assert_false(str_eq_nocase(STR("ab"), STR("abc")));
    assert_true(str_starts_nocase(STR("HTTP://x"), STR("http:")));
    assert_false(str_starts_nocase(STR("htt"), STR("http")));
}

static void ends__are_found_within_bounds(void **state)
{
    (void)state;
    assert_true(str_starts(STR("abc"), STR("")));
    assert_true(str_ends(STR("abc"), STR("bc")));
    assert_true(str_ends(STR("abc"), STR("")));
    assert_true(str_ends(STR("abc"), STR("abc")));
    assert_false(str_ends(STR("bc"), STR("abc")));
}

static void search__gives_the_length_when_nothing_is_found(void **state)
{
    (void)state;
    assert_int_equal(str_find_char(STR("a\0b"), 'b'), 2);
    assert_int_equal(str_find_char(STR("abc"), 'x'), 3);
    assert_int_equal(str_find_char(STR_NONE, 'x'), 0);
    assert_int_equal(str_find(STR("abcabd"), STR("abd")), 3);
    assert_int_equal(str_find(STR("abc"), STR("abcd")), 3);
    assert_int_equal(str_find(str_first(STR("abcabd"), 5), STR("abd")), 5);
}

static void cut__gives_every_part_and_then_ends(void **state)
{
    static const char *const expected[] = {"a", "", "b", ""};
    struct str rest = STR("a,,b,");
    size_t count = 0;
    (void)state;
    for (; !str_is_absent(rest); count++) {
        struct str part = str_cut(&rest, ',');
        assert_true(count < ARRAY_LEN(expected));
        assert_true(str_eq(part, str_of(expected[count])));
    }
    assert_int_equal(count, ARRAY_LEN(expected));
}

static void skip_and_first__stop_at_the_end(void **state)
{
    (void)state;
    assert_true(str_eq(str_skip(STR("abc"), 1), STR("bc")));
    assert_int_equal(str_skip(STR("abc"), 9).len, 0);
    assert_int_equal(str_first(STR("abc"), 9).len, 3);
    assert_true(str_eq(str_trim(STR(" \t\r\n\fa b\n")), STR("a b")));
    assert_int_equal(str_trim(STR(" \n ")).len, 0);
}

static const struct {
    const char *text;
    uint64_t max, value;
    bool ok;
} number_cases[] = {
    {"0", 0, 0, true},
    {"65535", 65535, 65535, true},
    {"65536", 65535, 0, false},
    {"00042", 42, 42, true},
    {"18446744073709551615", UINT64_MAX, UINT64_MAX, true},
    {"18446744073709551616", UINT64_MAX, 0, false},
    {"99999999999999999999999", UINT64_MAX, 0, false},
    {"9", 5, 0, false},
    {"", 9, 0, false},
    {"-1", 9, 0, false},
    {"+1", 9, 0, false},
    {"1 ", 9, 0, false},
};

static void number__is_all_digits_and_within_its_maximum(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(number_cases); i++) {
        uint64_t value = 77;
        bool ok = str_to_u64(str_of(number_cases[i].text), number_cases[i].max, &value);
        assert_int_equal(ok, number_cases[i].ok);
        assert_true(value == (ok ? number_cases[i].value : 77)); /* untouched on failure */
    }
}

static void hexadecimal_digit__has_a_value(void **state)
{
    static const char digits[] = "0123456789abcdefABCDEF";
    (void)state;
    for (int c = 0; c < 256; c++) {
        const char *at = c != 0 ? strchr(digits, c) : NULL;
        long expected = at == NULL ? -1 : at - digits;
        assert_int_equal(ascii_hex_value((char)c), expected > 15 ? expected - 6 : expected);
    }
}

static void copy__ends_in_nul_and_keeps_what_is_inside(void **state)
{
    char *copy = str_dup(STR("a\0b"));
    (void)state;
    assert_non_null(copy);
    assert_memory_equal(copy, "a\0b\0", 4);
    free(copy);
    copy = str_dup(STR_NONE);
    assert_string_equal(copy, "");
    free(copy);
    assert_true(str_hash(STR("a")) != str_hash(STR("b")));
    assert_true(str_hash(STR("")) == str_hash(STR_NONE));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(absent_and_empty__are_equal_in_bytes_only),
        cmocka_unit_test(comparison__is_by_bytes_then_by_length),
        cmocka_unit_test(letters__fold_in_ascii_only),
        cmocka_unit_test(ends__are_found_within_bounds),
        cmocka_unit_test(search__gives_the_length_when_nothing_is_found),
        cmocka_unit_test(cut__gives_every_part_and_then_ends),
        cmocka_unit_test(skip_and_first__stop_at_the_end),
        cmocka_unit_test(number__is_all_digits_and_within_its_maximum),
        cmocka_unit_test(hexadecimal_digit__has_a_value),
        cmocka_unit_test(copy__ends_in_nul_and_keeps_what_is_inside),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
