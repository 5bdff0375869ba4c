#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "crawler/parse/mime.h"

static void a_type__has_an_essence_and_maybe_a_charset(void **state)
{
    (void)state;
    static const struct {
        const char *value, *essence, *charset;
    } cases[] = {
        {"text/html", "text/html", ""},
        {" Text/HTML ; Charset=UTF-8 ", "text/html", "UTF-8"},
        {"text/html; charset=\"utf-8\"; x", "text/html", "utf-8"},
        {"text/html; charset=\"ut\\f-8", "text/html", "utf-8"},
        {"text/html; charset=; charset=a; charset=b", "text/html", "a"},
        {"text/html; x=\";charset=a\"; charset=b", "text/html", "b"},
        {"text/html; charset", "text/html", ""},
        {"text/html;", "text/html", ""},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        CLEANUP(buf_release) struct buf essence = BUF_INIT(64), charset = BUF_INIT(64);
        assert_true(mime_parse(str_of(cases[i].value), &essence, &charset));
        assert_string_equal(essence.ptr, cases[i].essence);
        assert_true(str_eq(buf_str(&charset), str_of(cases[i].charset)));
    }
}

static void what_is_no_type__leaves_everything_alone(void **state)
{
    (void)state;
    static const char *const values[] = {
        "",           "html",        "text/",         "/html",         "text html",
        "te xt/html", "text/html/x", "text/ht\x01ml", ";charset=utf-8"};
    for (size_t i = 0; i < ARRAY_LEN(values); i++) {
        CLEANUP(buf_release) struct buf essence = BUF_INIT(64), charset = BUF_INIT(64);
        assert_int_equal(buf_add(&essence, STR("before")), CW_OK);
        assert_false(mime_parse(str_of(values[i]), &essence, &charset));
        assert_string_equal(essence.ptr, "before");
        assert_int_equal(charset.len, 0);
    }
}

static void what_does_not_fit__is_no_type_or_no_charset(void **state)
{
    (void)state;
    CLEANUP(buf_release) struct buf essence = BUF_INIT(9), charset = BUF_INIT(4);
    assert_false(mime_parse(STR("text/plain"), &essence, &charset));
    assert_int_equal(essence.len, 0);
    assert_true(mime_parse(STR("text/html;charset=utf-8"), &essence, &charset));
    assert_int_equal(charset.len, 0);
}

#define PNG "\x89PNG\r\n\x1A\n\0\0\0\rIHDR"

struct sniff_case {
    const char *why, *claim;
    struct str body;
    const char *expected;
};

#define BODY(bytes)                                                                                \
    {                                                                                              \
        "" bytes, sizeof(bytes) - 1                                                                \
    }

/* hostile.md, B25. */
static const struct sniff_case sniff_cases[] = {
    {"a true label", "text/html", BODY("<html><p>x"), "text/html"},
    {"a page without tags at its front", "text/html", BODY("hello"), "text/html"},
    {"an empty page", "text/html", BODY(""), "text/html"},
    {"a picture labelled HTML", "text/html", BODY(PNG), "image/png"},
    {"a picture labelled text", "text/plain", BODY(PNG), "image/png"},
    {"a page labelled picture", "image/png", BODY("<!DOCTYPE html><p>x"), "text/html"},
    {"a page labelled text", "text/plain", BODY("\n <HTML >"), "text/html"},
    {"a page behind a byte order mark", "text/plain", BODY("\xEF\xBB\xBF<!doctype html>"),
     "text/html"},
    {"a page labelled download", "application/octet-stream", BODY("<html>"), "text/html"},
    {"XHTML stays XHTML", "application/xhtml+xml", BODY("<html >"), "application/xhtml+xml"},
    {"a script may start with a comment", "text/javascript", BODY("<!-- \nf()"), "text/javascript"},
    {"a text may start with a tag", "text/plain", BODY("<b>hello"), "text/plain"},
    {"another picture", "image/gif", BODY(PNG), "image/png"},
    {"an office document is a zip", "application/vnd.oasis.opendocument.text", BODY("PK\3\4"),
     "application/vnd.oasis.opendocument.text"},
    {"a PDF labelled HTML", "text/html", BODY("%PDF-1.7"), "application/pdf"},
    {"gzip labelled HTML", "text/html", BODY("\x1F\x8B\x08\0"), "application/x-gzip"},
    {"a feed", "application/rss+xml", BODY("<?xml version=\"1.0\"?><rss>"), "application/rss+xml"},
    {"a page that starts like a bitmap", "text/html", BODY("BMW dealers"), "text/html"},
    {"no label, behind a byte order mark", "", BODY("\xEF\xBB\xBF<html>"), "text/html"},
    {"no label", "", BODY("<p>x"), "text/html"},
    {"unknown label", "*/*", BODY(PNG), "image/png"},
    {"UTF-16 without a mark is half NUL", "text/html", BODY("<\0h\0t\0m\0l\0>\0"), "text/html"},
    {"a page with a hole of NUL", "text/html",
     BODY("<p>\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"),
     "text/html"},
    {"a few stray controls", "text/html", BODY("a page\x01\x02\x03 as people write"), "text/html"},
    {"a binary of no known kind", "text/html", BODY("\x01\x02\x03\x04\x05\x06\x07\x0E\x0F\x10"),
     "application/octet-stream"},
};

static void a_body__is_what_it_is_not_what_it_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(sniff_cases); i++) {
        const struct sniff_case *c = &sniff_cases[i];
        struct str type = mime_sniff(str_of(c->claim), c->body);
        if (!str_eq(type, str_of(c->expected)))
            fail_msg("%s: got " STR_FMT, c->why, STR_ARG(type));
    }
}

static void html_and_text__are_told_by_their_names(void **state)
{
    (void)state;
    static const struct {
        const char *essence;
        bool is_html, is_text;
    } cases[] = {
        {"text/html", true, true},
        {"application/xhtml+xml", true, true},
        {"text/css", false, true},
        {"application/json", false, true},
        {"application/ld+json", false, true},
        {"application/xml", false, true},
        {"image/svg+xml", false, true},
        {"application/javascript", false, true},
        {"image/png", false, false},
        {"application/pdf", false, false},
        {"", false, false},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct str essence = str_of(cases[i].essence);
        assert_int_equal(mime_is_html(essence), cases[i].is_html);
        assert_int_equal(mime_is_text(essence), cases[i].is_text);
    }
    assert_false(mime_is_html(STR_NONE) || mime_is_text(STR_NONE));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_type__has_an_essence_and_maybe_a_charset),
        cmocka_unit_test(what_is_no_type__leaves_everything_alone),
        cmocka_unit_test(what_does_not_fit__is_no_type_or_no_charset),
        cmocka_unit_test(a_body__is_what_it_is_not_what_it_says),
        cmocka_unit_test(html_and_text__are_told_by_their_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
