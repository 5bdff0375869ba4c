/* html_reading: one page through html_parse(), for the tests that ask what came of it. */
#ifndef TESTS_UNIT_HTML_READING_H
#define TESTS_UNIT_HTML_READING_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "crawler/parse/html.h"

enum { ARENA_MAX = 64 << 20, TEXT_MAX = 1 << 20 };

/* One page, parsed from `html` at http://ex.test/dir/page.html; reading_end() frees it. */
struct reading {
    struct page page;
    struct arena arena;
    struct url base;
    struct buf text;
    enum cw_err err;
};

static inline struct reading read_html_into(struct str html, size_t arena_max, struct page page)
{
    struct reading r = {
        .page = page, .arena = ARENA_INIT(arena_max), .base = URL_INIT, .text = BUF_INIT(TEXT_MAX)};
    assert_int_equal(url_parse(&r.base, STR("http://ex.test/dir/page.html"), NULL), CW_OK);
    struct html_input input = {
        .html = html, .base = &r.base, .agent = STR("crawld"), .ret_text = &r.text};
    r.err = html_parse(&r.page, &r.arena, &input);
    return r;
}

static inline struct reading read_html(struct str html)
{
    struct reading r = read_html_into(html, ARENA_MAX, (struct page){0});
    assert_int_equal(r.err, CW_OK);
    return r;
}

static inline void reading_end(struct reading *r)
{
    arena_release(&r->arena);
    url_release(&r->base);
    buf_release(&r->text);
}

static inline void assert_str(struct str got, struct str expected)
{
    if (!str_eq(got, expected) || str_is_absent(got) != str_is_absent(expected))
        fail_msg("expected \"" STR_FMT "\", got \"" STR_FMT "\"", STR_ARG(expected), STR_ARG(got));
}

/* `head`, then `unit` `count` times, then `tail`. */
static inline struct buf repeat(struct str head, struct str unit, size_t count, struct str tail)
{
    struct buf b = BUF_INIT(64 << 20);
    assert_int_equal(buf_reserve(&b, head.len + unit.len * count + tail.len), CW_OK);
    assert_int_equal(buf_add(&b, head), CW_OK);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(buf_add(&b, unit), CW_OK);
    assert_int_equal(buf_add(&b, tail), CW_OK);
    return b;
}

static inline const struct page_link *find_link(const struct reading *r, struct str url)
{
    for (size_t i = 0; i < r->page.link_count; i++)
        if (str_eq(r->page.links[i].url, url))
            return &r->page.links[i];
    return NULL;
}

#endif
