#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "crawler/parse/css.h"

/* The sheet's URLs, each behind a space. */
static struct buf read_all(struct str css)
{
    struct buf found = BUF_INIT(1 << 24);
    struct css_reader reader = css_reader_on(css, 64);
    for (struct str url; css_next_url(&reader, &url);) {
        assert_int_equal(buf_add_char(&found, ' '), CW_OK);
        assert_int_equal(buf_add(&found, url), CW_OK);
    }
    assert_int_equal(reader.err, CW_OK);
    css_reader_release(&reader);
    return found;
}

/* Sections of CSS Syntax Module Level 3. */
static const struct {
    const char *name;
    struct str css, expected;
} cases[] = {
    {"4.3.6: unquoted, white space around it", STR("a{b:url( x.png\n)}"), STR(" x.png")},
    {"4.3.4: quoted", STR("a{b:url(\"x y\") url('(z)')}"), STR(" x y (z)")},
    {"4.3.4: any case, several", STR("a{b:URL(1),uRl(2)}"), STR(" 1 2")},
    {"2.2: @import", STR("@import 'a.css';@IMPORT \"b.css\" print;@import url(c.css);"),
     STR(" a.css b.css c.css")},
    {"2.2: @import behind a comment", STR("@import/**/ 'a'"), STR(" a")},
    {"2.2: a string of @import's condition is none", STR("@import 'a' supports(b:'c');"),
     STR(" a")},
    {"other strings are none", STR("a{content:'x.png'} @charset \"utf-8\";"), STR("")},
    {"@namespace names nothing to fetch", STR("@namespace s url(http://w3/svg);a{b:url(x)}"),
     STR(" x")},
    {"4.3.2: in a comment", STR("/* url(no) */ url(a) /* url(no)"), STR(" a")},
    {"4.3.5: in a string", STR("a{content:'url(no)';b:url(a)}"), STR(" a")},
    {"4.3.5: a newline ends a bad string", STR("a{b:'x\nurl(a)'"), STR(" a")},
    {"4.3.5: an escaped newline does not", STR("url('a\\\nb')"), STR(" ab")},
    {"4.3.7: escapes", STR("url(a\\29 b\\\"c) url('\\1F600\\2b')"), STR(" a)b\"c \U0001F600+")},
    {"4.3.7: escaped zero, surrogates, too large", STR("url(\\0 \\D800 \\110000 )"),
     STR(" \uFFFD\uFFFD\uFFFD")},
    {"4.3.7: an escaped name", STR("\\75 r\\6C(a)"), STR(" a")},
    {"4.3.12: a longer name is another", STR("my-url(no) xurl(no) url-x(no) 1url(no) #url(no)"),
     STR("")},
    {"4.3.4: no space before the parenthesis", STR("url (no)"), STR("")},
    {"4.3.14: a bad url goes to its parenthesis", STR("url(a b) url(a\"b) url(a(b) url(ok)"),
     STR(" ok")},
    {"4.3.14: and past an escaped one", STR("url(a b\\) url(no)) url(ok)"), STR(" ok")},
    {"4.3.6: the end of all closes it", STR("url(a"), STR(" a")},
    {"4.3.5: the end of all closes it", STR("url('a"), STR(" a")},
    {"CSS Values 4.5.1: fragments point inside", STR("url(#clip) url('#x') url(a#x)"), STR(" a#x")},
    {"empty", STR("url() url('') @import ''; url( )"), STR("")},
    {"a style attribute", STR("background: url(a.png) no-repeat"), STR(" a.png")},
    {"longer than wanted",
     STR("url(0123456789012345678901234567890123456789012345678901234567890123"
         "4) url('a')"),
     STR(" a")},
    {"nothing", STR(""), STR("")},
    {"a lone backslash, at, slash", STR("\\"), STR("")},
    {"NUL", STR("\0url(a)"), STR(" a")},
};

static void urls__are_found_where_a_browser_finds_them(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct buf found = read_all(cases[i].css);
        if (!str_eq(buf_str(&found), cases[i].expected))
            fail_msg("%s: got \"" STR_FMT "\"", cases[i].name, STR_ARG(buf_str(&found)));
        buf_release(&found);
    }
}

/* Each part is one that a slow tokenizer would read to the end of all for. */
static void hostile_sheets__take_linear_time(void **state)
{
    static const struct str parts[] = {STR("url("), STR("/*"), STR("'\n"),       STR("url(a b"),
                                       STR("\\"),   STR("@"),  STR("@import '"), STR("\"\\\n")};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        struct buf css = BUF_INIT(1 << 24);
        for (int n = 0; n < 500000; n++)
            assert_int_equal(buf_add(&css, parts[i]), CW_OK);
        struct buf found = read_all(buf_str(&css));
        buf_release(&found);
        buf_release(&css);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(urls__are_found_where_a_browser_finds_them),
        cmocka_unit_test(hostile_sheets__take_linear_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
