#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "crawler/fetch/head.h"

/* Gives every line of `text` to `h`, until one fails. */
static enum cw_err add_lines(struct head *h, struct str text)
{
    enum cw_err err = CW_OK;
    while (text.len > 0 && err == CW_OK) {
        size_t len = MIN(str_find_char(text, '\n') + 1, text.len);
        err = head_add_line(h, str_first(text, len));
        text = str_from(text.ptr + len, text.len - len);
    }
    return err;
}

#define OK_LINE "HTTP/1.1 200 OK\r\n"

static const struct verdict_case {
    const char *why;
    struct str text;
    enum cw_err err;
} verdict_cases[] = {
    {"RFC 9112 4", STR(OK_LINE "\r\n"), CW_OK},
    {"RFC 9112 4: the reason may be absent", STR("HTTP/1.1 200\r\n\r\n"), CW_OK},
    {"RFC 9112 2.2: LF alone may end a line", STR("HTTP/1.1 200 OK\nA: b\n\n"), CW_OK},
    {"as libcurl writes HTTP/2", STR("HTTP/2 200 \r\n\r\n"), CW_OK},
    {"a status of two digits", STR("HTTP/1.1 20\r\n"), CW_EPROTOCOL},
    {"no status", STR("HTTP/1.1\r\n"), CW_EPROTOCOL},
    {"no status line", STR("A: b\r\n"), CW_EPROTOCOL},
    {"RFC 9110 15: 100 to 599", STR("HTTP/1.1 600 X\r\n"), CW_EHTTPOTHER},
    {"RFC 9110 15: 100 to 599", STR("HTTP/1.1 099 X\r\n"), CW_EHTTPOTHER},
    {"RFC 9110 15.2.2: 101 answers an Upgrade", STR("HTTP/1.1 101 X\r\n"), CW_EPROTOCOL},
    {"RFC 9110 15.3.7: 206 answers a Range", STR("HTTP/1.1 206 X\r\n"), CW_EPROTOCOL},
    {"RFC 9110 15.4.5: 304 answers a condition", STR("HTTP/1.1 304 X\r\n"), CW_EPROTOCOL},
    {"RFC 9110 5.5: NUL", STR(OK_LINE "A: b\0c\r\n"), CW_EPROTOCOL},
    {"RFC 9112 5: no colon", STR(OK_LINE "A b\r\n"), CW_EPROTOCOL},
    {"RFC 9110 8.6: equal lengths", STR(OK_LINE "Content-Length: 5, 5\r\n"), CW_OK},
    {"RFC 9112 6.3: other lengths", STR(OK_LINE "Content-Length: 5, 6\r\n"), CW_EPROTOCOL},
    {"RFC 9110 8.6: digits", STR(OK_LINE "Content-Length: 5x\r\n"), CW_EPROTOCOL},
    {"RFC 9110 8.6: digits", STR(OK_LINE "Content-Length:\r\n"), CW_EPROTOCOL},
    {"beyond any integer", STR(OK_LINE "Content-Length: 9223372036854775808\r\n"), CW_EPROTOCOL},
    {"lengths of different answers",
     STR("HTTP/1.1 103 X\r\nContent-Length: 1\r\n\r\n" OK_LINE "Content-Length: 2\r\n\r\n"), CW_OK},
    {"trailers are not read", STR(OK_LINE "Content-Length: 1\r\n\r\nContent-Length: 2\r\n"), CW_OK},
};

static void every_head__has_its_verdict(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(verdict_cases); i++) {
        struct head h = HEAD_INIT(4096);
        enum cw_err err = add_lines(&h, verdict_cases[i].text);
        if (err != verdict_cases[i].err)
            fail_msg("%s: expected %s, got %s", verdict_cases[i].why,
                     cw_err_name(verdict_cases[i].err), cw_err_name(err));
        assert_true(err == CW_OK || h.problem[0] != '\0');
        head_release(&h);
    }
}

static void what_was_asked__may_come(void **state)
{
    (void)state;
    struct head h = HEAD_INIT(4096);
    h.may_206 = h.may_304 = true;
    assert_int_equal(add_lines(&h, STR("HTTP/1.1 206 X\r\n")), CW_OK);
    head_release(&h);
    h = HEAD_INIT(4096);
    h.may_304 = true;
    assert_int_equal(add_lines(&h, STR("HTTP/1.1 304 X\r\n")), CW_OK);
    head_release(&h);
}

/* The value of X-Robots-Tag in each case, or of Content-Type where there is none of it. */
static const struct value_case {
    const char *why, *text, *type, *robots;
} value_cases[] = {
    {"RFC 9110 5.1: names have no case", OK_LINE "CONTENT-type: a/b\r\n", "a/b", NULL},
    {"RFC 9112 5: white space around", OK_LINE "Content-Type: \t a/b \r\n", "a/b", NULL},
    {"an empty value is there", OK_LINE "Content-Type:\r\n", "", NULL},
    {"the last counts", OK_LINE "Content-Type: a\r\nContent-Type: b\r\n", "b", NULL},
    {"values are joined", OK_LINE "X-Robots-Tag: a\r\nX-Robots-Tag: b\r\n", NULL, "a, b"},
    {"RFC 9112 5.2: a folded line goes on", OK_LINE "Content-Type: a\r\n  b\r\n\tc\r\n", "a b c",
     NULL},
    {"a folded line of a field that is not kept", OK_LINE "Content-Type: a\r\nX: y\r\n b\r\n", "a",
     NULL},
    {"a folded line of nothing", OK_LINE " b\r\nContent-Type: a\r\n", "a", NULL},
    {"RFC 9112 2.2: a lone CR is a space", OK_LINE "Content-Type: a\rX-Robots-Tag: b\r\n",
     "a X-Robots-Tag: b", NULL},
    {"what an interim answer said is gone",
     "HTTP/1.1 103 X\r\nContent-Type: a\r\nX-Robots-Tag: b\r\n\r\n" OK_LINE "\r\n", NULL, NULL},
    {"trailers say nothing", OK_LINE "\r\nContent-Type: a\r\n", NULL, NULL},
    {"a status line inside is a field", OK_LINE "HTTP/1.1 200: OK\r\nContent-Type: a\r\n", "a",
     NULL},
};

static void assert_value(const char *why, struct str got, const char *expected)
{
    if (str_is_absent(got) != (expected == NULL) ||
        (expected != NULL && !str_eq(got, str_of(expected))))
        fail_msg("%s: expected %s, got " STR_FMT, why, expected != NULL ? expected : "none",
                 STR_ARG(got));
}

static void every_field__has_its_value(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(value_cases); i++) {
        struct head h = HEAD_INIT(4096);
        struct fetch_headers headers;
        assert_int_equal(add_lines(&h, str_of(value_cases[i].text)), CW_OK);
        head_fields(&h, &headers);
        assert_value(value_cases[i].why, headers.content_type, value_cases[i].type);
        assert_value(value_cases[i].why, headers.x_robots_tag, value_cases[i].robots);
        head_release(&h);
    }
}

static void the_limit__counts_every_line(void **state)
{
    (void)state;
    static const char text[] = OK_LINE "A: b\r\n\r\nTrailer: c\r\n";
    struct head h = HEAD_INIT(sizeof text - 1);
    assert_int_equal(add_lines(&h, str_from(text, sizeof text - 1)), CW_OK);
    assert_int_equal(head_add_line(&h, STR("\n")), CW_EHEADERS);
    head_release(&h);
    h = HEAD_INIT(sizeof text - 2);
    assert_int_equal(add_lines(&h, str_from(text, sizeof text - 1)), CW_EHEADERS);
    head_release(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_head__has_its_verdict),
        cmocka_unit_test(what_was_asked__may_come),
        cmocka_unit_test(every_field__has_its_value),
        cmocka_unit_test(the_limit__counts_every_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
