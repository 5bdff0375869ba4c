/* References that need no parser, against the parser. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "crawler/parse/url_p.h"

enum { REFERENCES = 200000, PIECES_MAX = 7 };

static const char *const bases[] = {
    "http://h.example/",
    "http://h.example/a/b/c.html?q#f",
    "https://h.example:81/a//b/",
    "http://u:p@h.example/a?x/y",
    "http://[::1]/a/b",
    "http://127.0.0.1/a/?",
    "ftp://h.example/a/b",
    "file:///a/b",
    "mailto:x@h.example",
    "x://h.example/a/b",
    "x:/a/b",
    "http://h.example/;a/b:c#",
};

/* What references are made of, plain and otherwise. */
static const char *const pieces[] = {
    "a",
    "b.html",
    "/",
    "/",
    "//",
    "..",
    "../",
    "../",
    ".",
    "./",
    "%2e",
    "%",
    "%41",
    "?",
    "#",
    "?q=1&r=/../",
    "#f/x",
    "http://h.example",
    ":",
    "\\",
    "@",
    "http:",
    "|",
    "^",
    "C:",
    "https://h.example:81/",
    " ",
    "\t",
    "\u00E9",
    "'",
    "\"",
    "`",
    "http://[::1]/",
    "HTTP://h.example/",
    "~;=$,+*!()_-",
    "\x7F",
    "<",
};

static unsigned next_random(uint32_t *seed)
{
    *seed = *seed * 1664525 + 1013904223;
    return *seed >> 16;
}

static void make_reference(struct buf *ret, uint32_t *seed)
{
    unsigned count = next_random(seed) % (PIECES_MAX + 1);
    buf_clear(ret);
    for (unsigned i = 0; i < count; i++)
        assert_int_equal(buf_add(ret, str_of(pieces[next_random(seed) % ARRAY_LEN(pieces)])),
                         CW_OK);
}

static bool is_same(const struct url *a, const struct url *b)
{
    return str_eq(url_href(a), url_href(b)) && a->scheme_end == b->scheme_end &&
           a->username_end == b->username_end && a->host_start == b->host_start &&
           a->host_end == b->host_end && a->pathname_start == b->pathname_start &&
           a->search_start == b->search_start && a->hash_start == b->hash_start &&
           a->port == b->port && a->has_opaque_path == b->has_opaque_path;
}

/* `joined` still holds what came before, as it does from link to link. */
static bool agrees(struct url *joined, struct str reference, const struct url *base)
{
    static const char *const charsets[] = {NULL, "UTF-8", "windows-1252", "ISO-2022-JP", "GBK"};
    struct url parsed = URL_INIT;
    if (!url_join_plain(joined, reference, base))
        return false;
    for (size_t i = 0; i < ARRAY_LEN(charsets); i++) {
        assert_int_equal(url_parse_any(&parsed, reference, base, str_of(charsets[i])), CW_OK);
        if (!is_same(joined, &parsed))
            fail_msg("\"" STR_FMT "\" of " STR_FMT ": " STR_FMT ", not " STR_FMT,
                     STR_ARG(reference), STR_ARG(url_href(base)), STR_ARG(url_href(joined)),
                     STR_ARG(url_href(&parsed)));
    }
    url_release(&parsed);
    return true;
}

static void what_needs_no_parser__is_what_the_parser_says(void **state)
{
    struct url base = URL_INIT, joined = URL_INIT, before = URL_INIT;
    struct buf reference = BUF_INIT(1000);
    uint32_t seed = 11;
    unsigned plain = 0;
    (void)state;
    for (unsigned i = 0; i < REFERENCES; i++) {
        const char *base_text = bases[next_random(&seed) % ARRAY_LEN(bases)];
        assert_int_equal(url_parse(&base, str_of(base_text), NULL), CW_OK);
        make_reference(&reference, &seed);
        assert_int_equal(url_copy(&before, &joined), CW_OK);
        if (agrees(&joined, buf_str(&reference), &base))
            plain++;
        else
            assert_true(is_same(&joined, &before));
        if (i % 8 == 0) /* the next link may be alike, or not */
            assert_int_equal(url_parse(&joined, str_of(base_text), NULL), CW_OK);
    }
    print_message("  %u of %u are plain\n", plain, (unsigned)REFERENCES);
    assert_in_range(plain, REFERENCES / 20, REFERENCES);
    url_release(&base);
    url_release(&joined);
    url_release(&before);
    buf_release(&reference);
}

/* Each kind of link that most pages are made of. */
static void common_links__need_no_parser(void **state)
{
    static const struct {
        const char *reference, *expected;
    } cases[] = {
        {"x.html", "http://h.example/a/b/x.html"},
        {"/x/y.html#z", "http://h.example/x/y.html#z"},
        {"../x", "http://h.example/a/x"},
        {"../../../x/", "http://h.example/x/"},
        {"./x?y=z&v=%20", "http://h.example/a/b/x?y=z&v=%20"},
        {"#f", "http://h.example/a/b/c?q#f"},
        {"?r", "http://h.example/a/b/c?r"},
        {"../", "http://h.example/a/"},
        {"http://h.example/x", "http://h.example/x"},
        {"https://o.example:81/x", "https://o.example:81/x"}, /* where the link before led to */
    };
    struct url base = URL_INIT, url = URL_INIT;
    (void)state;
    assert_int_equal(url_parse(&base, STR("http://h.example/a/b/c?q#r"), NULL), CW_OK);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_int_equal(url_parse(&url, STR("https://o.example:81/"), NULL), CW_OK);
        if (!agrees(&url, str_of(cases[i].reference), &base))
            fail_msg("\"%s\" goes to the parser", cases[i].reference);
        if (!str_eq(url_href(&url), str_of(cases[i].expected)))
            fail_msg("\"%s\" is " STR_FMT, cases[i].reference, STR_ARG(url_href(&url)));
    }
    url_release(&base);
    url_release(&url);
}

static void what_is_too_long__is_left_to_the_parser(void **state)
{
    struct url base = URL_INIT, url = URL_INIT;
    struct buf reference = BUF_INIT(2 << 20);
    (void)state;
    assert_int_equal(url_parse(&base, STR("http://h.example/"), NULL), CW_OK);
    while (reference.len < 1 << 20)
        assert_int_equal(buf_add(&reference, STR("abcdefghijklmnop")), CW_OK);
    assert_false(url_join_plain(&url, buf_str(&reference), &base));
    assert_int_equal(url_parse(&url, buf_str(&reference), &base), CW_ETOOBIG);
    url_release(&base);
    url_release(&url);
    buf_release(&reference);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_needs_no_parser__is_what_the_parser_says),
        cmocka_unit_test(common_links__need_no_parser),
        cmocka_unit_test(what_is_too_long__is_left_to_the_parser),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
