#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "crawler/parse/charset.h"

static void assert_str(struct str got, struct str expected)
{
    if (!str_eq(got, expected))
        fail_msg("expected \"" STR_FMT "\", got \"" STR_FMT "\"", STR_ARG(expected), STR_ARG(got));
}

static void a_label__is_read_without_case_and_outer_white_space(void **state)
{
    (void)state;
    assert_str(charset_of_label(STR(" \tUTF8\n")), STR("UTF-8"));
    assert_str(charset_of_label(STR("latin1")), STR("windows-1252"));
    assert_str(charset_of_label(STR("Shift_JIS")), STR("Shift_JIS"));
    assert_true(str_is_absent(charset_of_label(STR("utf-7")))); /* hostile.md C9: never used */
    assert_true(str_is_absent(charset_of_label(STR(""))));
    assert_true(str_is_absent(charset_of_label(STR_NONE)));
    assert_true(str_is_absent(charset_of_label(STR("a label longer than any of the standard's"))));
}

static void of_several_declarations__the_stronger_one_counts(void **state)
{
    static const struct {
        const char *name;
        struct str bytes, http;
        bool is_html;
        struct str expected;
    } cases[] = {
        {"the BOM beats HTTP", STR("\xEF\xBB\xBF<p>"), STR("koi8-r"), true, STR("UTF-8")},
        {"a UTF-16 BOM", STR("\xFF\xFE<\0"), STR("utf-8"), true, STR("UTF-16LE")},
        {"HTTP beats meta", STR("<meta charset=big5>"), STR("koi8-r"), true, STR("KOI8-R")},
        {"an unknown HTTP label is none", STR("<meta charset=big5>"), STR("x"), true, STR("Big5")},
        {"meta beats detection", STR("<meta charset=koi8-r>\xC3\xA9"), STR_NONE, true,
         STR("KOI8-R")},
        {"a meta is HTML's only", STR("<meta charset=koi8-r>\xC3\xA9"), STR_NONE, false,
         STR("UTF-8")},
        {"a meta cannot name UTF-16", STR("<meta charset=utf-16>"), STR_NONE, true, STR("UTF-8")},
        {"an XML declaration", STR("<?xml version='1.0' encoding='koi8-r'?>"), STR_NONE, false,
         STR("KOI8-R")},
        {"XML in UTF-16 without BOM", STR("<\0?\0x\0m\0l\0"), STR_NONE, false, STR("UTF-16LE")},
        {"UTF-8 is seen", STR("na\xC3\xAFve"), STR_NONE, true, STR("UTF-8")},
        {"UTF-8 whose last character was cut", STR("na\xC3\xAFve \xE2\x82"), STR_NONE, true,
         STR("UTF-8")},
        {"HTML of ASCII only, as browsers have it", STR("plain"), STR_NONE, true,
         STR("windows-1252")},
        {"other text of ASCII only", STR("plain"), STR_NONE, false, STR("UTF-8")},
        {"nothing at all", STR(""), STR_NONE, false, STR("UTF-8")},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        print_message("%s\n", cases[i].name);
        assert_str(charset_sniff(cases[i].bytes, cases[i].http, cases[i].is_html),
                   cases[i].expected);
    }
}

static void bytes__become_valid_utf8(void **state)
{
    static const struct {
        const char *name;
        struct str encoding, bytes, expected;
    } cases[] = {
        {"without the BOM", STR("UTF-8"), STR("\xEF\xBB\xBFx"), STR("x")},
        {"Encoding 4.5: one U+FFFD for each maximal subpart", STR("UTF-8"),
         STR("a\xE2\x82z\xFF\xFE\xED\xA0\x80"), STR("a\uFFFDz\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD")},
        {"a cut character at the end", STR("UTF-8"), STR("a\xF0\x9F"), STR("a\uFFFD")},
        {"NUL stays", STR("UTF-8"), STR("a\0b"), STR("a\0b")},
        {"0x80 to 0x9F of windows-1252", STR("windows-1252"), STR("\x80\x81\x9F\xE9"),
         STR("\u20AC\xC2\x81\u0178\u00E9")},
        {"Latin-1 means windows-1252", STR("iso-8859-1"), STR("\x93x\x94"), STR("\u201Cx\u201D")},
        {"ISO-8859-16, which ICU lacks", STR("ISO-8859-16"), STR("\xA4\xDE"), STR("\u20AC\u021A")},
        {"x-user-defined", STR("x-user-defined"), STR("a\x80\xFF"), STR("a\uF780\uF7FF")},
        {"KOI8-R", STR("KOI8-R"), STR("\xF0\xD2\xC9"), STR("\u041F\u0440\u0438")},
        {"Shift_JIS", STR("Shift_JIS"), STR("\x93\xFA\x96\x7B"), STR("\u65E5\u672C")},
        {"ASCII after a broken lead byte is kept", STR("Shift_JIS"), STR("\x81<"), STR("\uFFFD<")},
        {"GBK", STR("GBK"), STR("\xD6\xD0"), STR("\u4E2D")},
        {"EUC-KR with the letters of windows-949", STR("EUC-KR"), STR("\x81\x41"), STR("\uAC02")},
        {"UTF-16 without its BOM", STR("UTF-16LE"), STR("\xFF\xFEx\0\xAC\x20"), STR("x\u20AC")},
        {"a lone surrogate", STR("UTF-16BE"), STR("\xD8\0\0x"), STR("\uFFFDx")},
        {"odd length (hostile.md C10)", STR("UTF-16LE"), STR("x\0y"), STR("x\uFFFD")},
        {"replacement: one U+FFFD for all", STR("iso-2022-kr"), STR("abc"), STR("\uFFFD")},
        {"a character of Hong Kong that ICU lacks", STR("Big5"), STR("\x87\xA4"), STR("\u9F97")},
        {"Big5: two code points at once", STR("Big5"), STR("\x88\x62"), STR("\u00CA\u0304")},
        {"Big5: ASCII behind a broken lead is kept", STR("Big5"), STR("\x81<"), STR("\uFFFD<")},
        {"windows-1253: a byte without meaning", STR("windows-1253"), STR("\xAA"), STR("\uFFFD")},
        {"KOI8-U: the short u of Belarus", STR("KOI8-U"), STR("\xAE"), STR("\u045E")},
        {"gb18030: four bytes", STR("gb18030"), STR("\x90\x30\x81\x30"), STR("\U00010000")},
        {"gb18030: cut short", STR("gb18030"), STR("\x90\x30\x81"), STR("\uFFFD")},
        {"gb18030: what follows the lead is read again", STR("gb18030"), STR("\x81\x30<b"),
         STR("\uFFFD0<b")},
        {"GB 18030-2022", STR("GBK"), STR("\xFE\x59\x80"), STR("\u9FB4\u20AC")},
        {"EUC-JP: JIS X 0212 and half-width", STR("EUC-JP"), STR("\x8F\xB0\xA1\x8E\xB1"),
         STR("\u4E02\uFF71")},
        {"ISO-2022-JP: its states", STR("ISO-2022-JP"), STR("a\x1B$B\x46|\x1B(J\\\x1B(B\\"),
         STR("a\u65E5\u00A5\\")},
        {"ISO-2022-JP: two escapes in a row", STR("ISO-2022-JP"), STR("\x1B(J\x1B(Bx"),
         STR("\uFFFDx")},
        {"nothing", STR("Big5"), STR(""), STR("")},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct buf out = BUF_INIT(1024);
        print_message("%s\n", cases[i].name);
        assert_int_equal(charset_to_utf8(&out, cases[i].bytes, cases[i].encoding), CW_OK);
        assert_str(buf_str(&out), cases[i].expected);
        buf_release(&out);
    }
}

static void at_the_ceiling__the_head_is_kept_on_a_character_border(void **state)
{
    struct buf out = BUF_INIT(4);
    (void)state;
    assert_int_equal(charset_to_utf8(&out, STR("abc\xE2\x82\xAC"), STR("UTF-8")), CW_ETOOBIG);
    assert_str(buf_str(&out), STR("abc"));
    buf_release(&out);
}

static void an_unknown_encoding__is_an_error(void **state)
{
    struct buf out = BUF_INIT(4);
    (void)state;
    assert_int_equal(charset_to_utf8(&out, STR("a"), STR("no-such")), CW_EENCODING);
    assert_int_equal(out.len, 0);
}

static void text_longer_than_any_chunk__comes_out_whole(void **state)
{
    static const char *const encodings[] = {"windows-1252", "Shift_JIS", "UTF-8", "gb18030"};
    struct buf in = BUF_INIT(1 << 20);
    (void)state;
    for (int i = 0; i < 20000; i++)
        assert_int_equal(buf_addf(&in, "line %d\n", i), CW_OK);
    for (size_t i = 0; i < ARRAY_LEN(encodings); i++) {
        struct buf out = BUF_INIT(1 << 20);
        assert_int_equal(charset_to_utf8(&out, buf_str(&in), str_of(encodings[i])), CW_OK);
        assert_true(str_eq(buf_str(&in), buf_str(&out)));
        buf_release(&out);
    }
    buf_release(&in);
}

/* What need not be decoded is what decoding gives. */
static void text_that_stands_in_the_bytes__is_found_there(void **state)
{
    static const struct {
        struct str encoding, bytes, expected; /* absent: it must be decoded */
    } cases[] = {
        {STR("UTF-8"), STR("<p>\u20AC"), STR("<p>\u20AC")},
        {STR("utf8"), STR("plain"), STR("plain")},
        {STR("UTF-8"), STR("\xEF\xBB\xBFx"), STR("x")},
        {STR("UTF-8"), STR(""), STR("")},
        {STR("UTF-8"), STR("\xE4"), {NULL, 0}},
        {STR("windows-1252"), STR("plain, and longer than a few registers"),
         STR("plain, and longer than a few registers")},
        {STR("windows-1252"), STR("plain, and longer than a few registers \xE4"), {NULL, 0}},
        {STR("windows-1252"), STR("\u20AC"), {NULL, 0}},
        {STR("koi8-r"), STR("x"), STR("x")},
        {STR("UTF-16LE"), STR("x\0"), {NULL, 0}},
        {STR("ISO-2022-JP"), STR("\x1B$B"), {NULL, 0}},
        {STR("replacement"), STR("x"), {NULL, 0}},
        {STR("x-user-defined"), STR("\x80"), {NULL, 0}},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct buf decoded = BUF_INIT(1024);
        struct str within = charset_text_within(cases[i].bytes, cases[i].encoding);
        assert_int_equal(str_is_absent(within), str_is_absent(cases[i].expected));
        assert_true(str_eq(within, cases[i].expected));
        assert_int_equal(charset_to_utf8(&decoded, cases[i].bytes, cases[i].encoding), CW_OK);
        assert_true(str_is_absent(within) || str_eq(within, buf_str(&decoded)));
        buf_release(&decoded);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_label__is_read_without_case_and_outer_white_space),
        cmocka_unit_test(of_several_declarations__the_stronger_one_counts),
        cmocka_unit_test(bytes__become_valid_utf8),
        cmocka_unit_test(at_the_ceiling__the_head_is_kept_on_a_character_border),
        cmocka_unit_test(an_unknown_encoding__is_an_error),
        cmocka_unit_test(text_longer_than_any_chunk__comes_out_whole),
        cmocka_unit_test(text_that_stands_in_the_bytes__is_found_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
