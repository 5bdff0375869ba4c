#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "crawler/base/utf8.h"

/* The Unicode Standard, table 3-7, at its borders; size 0 is what is not well-formed. */
static const struct {
    const char *bytes;
    size_t size;
} char_cases[] = {
    {"a", 1},
    {"\x7F", 1},
    {"\x80", 0},
    {"\xBF", 0},
    {"\xC0\x80", 0},
    {"\xC1\xBF", 0},
    {"\xC2\x80", 2},
    {"\xC2\x7F", 0},
    {"\xC2", 0},
    {"\xDF\xBF", 2},
    {"\xE0\x9F\xBF", 0},
    {"\xE0\xA0\x80", 3},
    {"\xE0\xA0", 0},
    {"\xED\x9F\xBF", 3},
    {"\xED\xA0\x80", 0},
    {"\xEE\x80\x80", 3},
    {"\xEF\xBF\xBF", 3},
    {"\xEF\xBF\xC0", 0},
    {"\xF0\x8F\xBF\xBF", 0},
    {"\xF0\x90\x80\x80", 4},
    {"\xF0\x90\x80", 0},
    {"\xF4\x8F\xBF\xBF", 4},
    {"\xF4\x90\x80\x80", 0},
    {"\xF5\x80\x80\x80", 0},
    {"\xFF", 0},
    {"", 0},
};

static void well_formed__is_what_table_3_7_lists(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(char_cases); i++)
        assert_int_equal(utf8_char_size(str_of(char_cases[i].bytes)), char_cases[i].size);
    assert_int_equal(utf8_char_size(STR("\0")), 1);
}

static void text__is_valid_as_a_whole(void **state)
{
    (void)state;
    assert_true(utf8_is_valid(STR("")));
    assert_true(utf8_is_valid(STR("a\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80\0z")));
    assert_false(utf8_is_valid(STR("a\xC3")));
    assert_false(utf8_is_valid(STR("\xE2\x82\xAC\x80")));
}

/* However the text falls to the steps of eight bytes in which ASCII is passed over. */
static void one_bad_byte__is_found_at_every_place(void **state)
{
    char text[40];
    (void)state;
    for (size_t at = 0; at + 3 <= sizeof text; at++) {
        memset(text, 'a', sizeof text);
        memcpy(text + at, "\xE2\x82\xAC", 3);
        assert_true(utf8_is_valid(str_from(text, sizeof text)));
        text[at + 2] = 'a';
        assert_false(utf8_is_valid(str_from(text, sizeof text)));
        assert_false(utf8_is_valid(str_from(text, at + 2)));
    }
}

static void cut__falls_between_characters(void **state)
{
    struct str text = STR("a\xE2\x82\xAC\xF0\x9F\x98\x80");
    static const size_t expected[] = {0, 1, 1, 1, 4, 4, 4, 4, 8, 8};
    (void)state;
    for (size_t max = 0; max < ARRAY_LEN(expected); max++)
        assert_int_equal(utf8_cut(text, max).len, expected[max]);
    assert_int_equal(utf8_cut(STR("\x80\x80\x80"), 2).len, 0);
}

static void a_code_point__is_written_and_taken_again(void **state)
{
    static const struct {
        uint32_t c;
        struct str text;
    } cases[] = {
        {0, STR("\0")},
        {0x7F, STR("\x7F")},
        {0x80, STR("\xC2\x80")},
        {0x7FF, STR("\xDF\xBF")},
        {0x800, STR("\xE0\xA0\x80")},
        {0xFFFD, STR("\xEF\xBF\xBD")},
        {0x10000, STR("\xF0\x90\x80\x80")},
        {0x10FFFF, STR("\xF4\x8F\xBF\xBF")},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char text[UTF8_CHAR_MAX];
        struct str rest = cases[i].text;
        assert_true(str_eq(str_from(text, utf8_encode(text, cases[i].c)), cases[i].text));
        assert_int_equal(utf8_take(&rest), cases[i].c);
        assert_int_equal(rest.len, 0);
    }
    struct str broken = STR("\xC3x");
    assert_int_equal(utf8_take(&broken), 0xFFFD);
    assert_int_equal(utf8_take(&broken), 'x');
}

static void ascii__has_no_other_byte_at_any_place(void **state)
{
    char text[80];
    (void)state;
    memset(text, 'a', sizeof text);
    for (size_t len = 0; len <= sizeof text; len++) {
        assert_true(utf8_is_ascii(str_from(text, len)));
        for (size_t i = 0; i < len; i++) {
            text[i] = '\x80';
            assert_false(utf8_is_ascii(str_from(text, len)));
            assert_false(utf8_is_valid(str_from(text, len)));
            text[i] = 'a';
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(well_formed__is_what_table_3_7_lists),
        cmocka_unit_test(text__is_valid_as_a_whole),
        cmocka_unit_test(one_bad_byte__is_found_at_every_place),
        cmocka_unit_test(ascii__has_no_other_byte_at_any_place),
        cmocka_unit_test(cut__falls_between_characters),
        cmocka_unit_test(a_code_point__is_written_and_taken_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
