/* Links that are not plain attributes of HTML: style sheets, srcdoc, SVG, and the attributes that
 * few pages have. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "crawler/parse/html.h"

enum { ARENA_MAX = 64 << 20 };

/* The page's links as "element url" lines, with "+" before those to follow. */
static struct buf list_links(struct str html, struct str charset, struct page *ret_page)
{
    struct buf list = BUF_INIT(16 << 20);
    struct arena arena = ARENA_INIT(ARENA_MAX);
    struct url base = URL_INIT;
    struct page page = {0};
    assert_int_equal(url_parse(&base, STR("http://h/d/p"), NULL), CW_OK);
    struct html_input input = {
        .html = html, .charset = charset, .base = &base, .agent = STR("crawld")};
    assert_int_equal(html_parse(&page, &arena, &input), CW_OK);
    for (size_t i = 0; i < page.link_count; i++)
        assert_int_equal(buf_addf(&list, "%s" STR_FMT " " STR_FMT "\n",
                                  page.links[i].follow ? "+" : "", STR_ARG(page.links[i].element),
                                  STR_ARG(str_skip(page.links[i].url, 9))),
                         CW_OK);
    *ret_page = page;
    arena_release(&arena);
    url_release(&base);
    return list;
}

static const struct {
    const char *name;
    struct str html, expected;
} cases[] = {
    {"a style element", STR("<style>a{b:url(x.png)} @import 'y.css'</style><a href=z>"),
     STR("style d/x.png\nstyle d/y.css\n+a d/z\n")},
    {"raw text: no references, tags or quotes", STR("<style>a{b:url('&amp;\"<b>')}</style>"),
     STR("style d/&amp;%22%3Cb%3E\n")},
    {"a style attribute has references", STR("<p style='b:url(&quot;x&amp;y&quot;)'>"),
     STR("style d/x&y\n")},
    {"even for what it means",
     STR("<p style=b:url&lpar;no) style=url(no)><p style='b:url&#40;x)'>"), STR("style d/x\n")},
    {"of an element that has links itself", STR("<img style='a:url(b)' src=c>"),
     STR("img d/c\nstyle d/b\n")},
    {"inside an <a>", STR("<a href=x>t<i style='b:url(y)'>u</i></a>"), STR("+a d/x\nstyle d/y\n")},
    {"the base rules styles", STR("<base href=/b/><style>@import 'x'</style>"), STR("style b/x\n")},
    {"data: and fragments", STR("<style>a{b:url(data:x);c:url(#y)}</style>"), STR("")},
    {"in SVG", STR("<svg><style>a{b:url(x)}</style><g style='b:url(y)'/></svg>"),
     STR("style d/x\nstyle d/y\n")},

    {"srcdoc", STR("<iframe src=s srcdoc='<a href=x>t</a><img src=y>'></iframe><a href=z>"),
     STR("+iframe d/s\n+a d/x\nimg d/y\n+a d/z\n")},
    {"srcdoc: references once", STR("<iframe srcdoc='&lt;a href=&quot;x&amp;amp;y&quot;&gt;'>"),
     STR("+a d/x&y\n")},
    {"srcdoc: the page's base, or its own",
     STR("<base href=/b/><iframe srcdoc='<a href=x>'></iframe>"
         "<iframe srcdoc='<a href=y><base href=/c/>'></iframe><a href=z>"),
     STR("+a b/x\n+a c/y\n+a b/z\n")},
    {"srcdoc: one level", STR("<iframe srcdoc='<iframe src=x srcdoc=\"<a href=no>\">'>"),
     STR("+iframe d/x\n")},
    {"srcdoc: its tags stay inside", STR("<iframe srcdoc='<a href=x><script>'></iframe><a href=y>"),
     STR("+a d/x\n+a d/y\n")},
    {"srcdoc without markup", STR("<iframe srcdoc='a b'></iframe>"), STR("")},
    {"srcdoc: refresh", STR("<iframe srcdoc='<meta http-equiv=refresh content=\"0;url=x\">'>"),
     STR("+meta d/x\n")},

    {"background", STR("<body background=a><table background=b><td background=c><th background=d>"),
     STR("body d/a\ntable d/b\ntd d/c\nth d/d\n")},
    {"cite", STR("<blockquote cite=a><q cite=b><ins cite=c><del cite=d>"),
     STR("blockquote d/a\nq d/b\nins d/c\ndel d/d\n")},
    {"ping", STR("<a ping=' x  y ' href=z>t</a><area ping=w>"),
     STR("+a d/z\na d/x\na d/y\narea d/w\n")},
    {"longdesc", STR("<img longdesc=x>"), STR("img d/x\n")},
    {"imagesrcset", STR("<link rel=preload imagesrcset='x 1x, y 2x'>"),
     STR("link d/x\nlink d/y\n")},
    {"SVG's images", STR("<svg><image href=x /><image xlink:href=y /><use href=z#i /></svg>"),
     STR("image d/x\nimage d/y\nuse d/z\n")},
    {"outside of SVG", STR("<image src=x href=no><use href=no>"), STR("img d/x\n")},
    {"an attribute of another element", STR("<p background=no cite=no ping=no>"), STR("")},
    {"pages that follow",
     STR("<link rel=next href=a><link rel=prev href=b>"
         "<link rel=alternate hreflang=de href=c><link rel=icon href=d>"),
     STR("+link d/a\n+link d/b\n+link d/c\nlink d/d\n")},
    {"a form is no page", STR("<form action=x>"), STR("form d/x\n")},
};

static void links__are_found_in(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct page page;
        struct buf list = list_links(cases[i].html, STR_NONE, &page);
        if (!str_eq(buf_str(&list), cases[i].expected))
            fail_msg("%s: got\n" STR_FMT, cases[i].name, STR_ARG(buf_str(&list)));
        buf_release(&list);
    }
}

static void what_a_srcdoc_says_of_itself__is_not_the_page_s(void **state)
{
    struct page page;
    struct buf list = list_links(
        STR("<iframe srcdoc='<html lang=de><title>t</title><meta name=description content=d>"
            "<meta name=robots content=nofollow><link rel=canonical href=c>some words'>"),
        STR_NONE, &page);
    (void)state;
    assert_true(str_is_absent(page.title) && str_is_absent(page.description));
    assert_true(str_is_absent(page.language) && str_is_absent(page.canonical_url));
    assert_false(page.nofollow);
    assert_int_equal(page.words, 0);
    buf_release(&list);
}

/* Linear, however many there are: each costs what its text does. */
static void many_srcdocs__are_read_all(void **state)
{
    struct page page;
    struct buf html = BUF_INIT(64 << 20), list;
    (void)state;
    for (int i = 0; i < 500000; i++)
        assert_int_equal(buf_addf(&html, "<iframe srcdoc='<a href=%d>'></iframe>", i % 9), CW_OK);
    list = list_links(buf_str(&html), STR_NONE, &page);
    assert_int_equal(page.link_count, 9);
    buf_release(&list);
    buf_release(&html);
}

static void queries__are_written_in_the_page_s_charset(void **state)
{
    static const struct {
        struct str html, charset, expected;
    } rows[] = {
        {STR("<a href='\u00E9?\u00E9'>"), STR("windows-1252"), STR("+a d/%C3%A9?%E9\n")},
        {STR("<a href='?\u00E9'>"), STR("UTF-8"), STR("+a d/p?%C3%A9\n")},
        {STR("<a href='?&#x65E5;'>"), STR("Shift_JIS"), STR("+a d/p?%93%FA\n")},
        {STR("<base href='/?\u00E9'><a href=''>"), STR("windows-1252"), STR("+a ?%E9\n")},
        {STR("<style>@import '?\u00E9'</style>"), STR("windows-1252"), STR("style d/p?%E9\n")},
        /* HTML 7.4.2.3.2: a srcdoc document is UTF-8 */
        {STR("<iframe srcdoc='<a href=?\u00E9>'>"), STR("windows-1252"), STR("+a d/p?%C3%A9\n")},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct page page;
        struct buf list = list_links(rows[i].html, rows[i].charset, &page);
        if (!str_eq(buf_str(&list), rows[i].expected))
            fail_msg("got\n" STR_FMT, STR_ARG(buf_str(&list)));
        buf_release(&list);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(links__are_found_in),
        cmocka_unit_test(what_a_srcdoc_says_of_itself__is_not_the_page_s),
        cmocka_unit_test(many_srcdocs__are_read_all),
        cmocka_unit_test(queries__are_written_in_the_page_s_charset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
