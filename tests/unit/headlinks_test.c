/* The links of a Link header, and the page's own. */
#include "crawler/engine/headlinks.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct header_case {
    const char *name, *value;
    const char *links;     /* "url rel follow;" of each */
    const char *canonical; /* NULL: none */
};

static const struct header_case cases[] = {
    {"RFC 8288, 3: relations that lead on", "</b>; rel=next, <http://o.example/c>; rel=\"PREV\"",
     "http://a.example/b next follow;http://o.example/c prev follow;", NULL},
    {"canonical", "<https://a.example/x#f>; rel=canonical", "https://a.example/x canonical follow;",
     "https://a.example/x"},
    {"alternate with a language", "<de/>; rel=alternate; hreflang=de",
     "http://a.example/d/de/ alternate follow;", NULL},
    {"what a browser only needs is no link here",
     "</s.css>; rel=preload; as=style, </d>; rel=dns-prefetch", "", NULL},
    {"3.2: a link about another document", "</b>; rel=next; anchor=\"/other\"", "", NULL},
    {"HTML, 4.6.7.1: an alternate style sheet is a part of the page",
     "</s>; rel=\"alternate stylesheet\"", "http://a.example/s alternate stylesheet part;", NULL},
    {"nofollow", "</b>; rel=\"next nofollow\"", "http://a.example/b next nofollow nofollow;", NULL},
    {"no http(s) URL", "<mailto:x@y>; rel=next, <http://[>; rel=next", "", NULL},
    {"twice the same", "</b>; rel=next, </b>; rel=alternate", "http://a.example/b next follow;",
     NULL},
};

static void describe(struct buf *text, const struct page *page)
{
    for (size_t i = 0; i < page->link_count; i++) {
        const struct page_link *link = &page->links[i];
        assert_true(str_eq(link->element, STR("link")) && link->follow != link->requisite);
        assert_int_equal(link->internal, str_eq(link->host, STR("a.example")));
        assert_int_equal(buf_addf(text, STR_FMT " " STR_FMT " %s;", STR_ARG(link->url),
                                  STR_ARG(link->rel),
                                  link->requisite  ? "part"
                                  : link->nofollow ? "nofollow"
                                                   : "follow"),
                         CW_OK);
    }
}

static void links_of_a_header__join_the_page(void **state)
{
    (void)state;
    struct url base = URL_INIT, scratch = URL_INIT;
    assert_int_equal(url_parse(&base, STR("http://a.example/d/p"), NULL), CW_OK);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct header_case *c = &cases[i];
        struct arena arena = ARENA_INIT(1 << 20);
        struct buf text = BUF_INIT(4096);
        struct page page = {0};
        assert_int_equal(headlinks_add(&page, &arena, str_of(c->value), &base, &scratch), CW_OK);
        describe(&text, &page);
        if (!str_eq(buf_str(&text), str_of(c->links)) ||
            !str_eq(page.canonical_url, str_of(c->canonical)))
            fail_msg("%s: links " STR_FMT " canonical " STR_FMT, c->name, STR_ARG(buf_str(&text)),
                     STR_ARG(page.canonical_url));
        buf_release(&text);
        arena_release(&arena);
    }
    url_release(&base);
    url_release(&scratch);
}

static void too_many__are_cut_and_the_pages_own_stay(void **state)
{
    (void)state;
    struct url base = URL_INIT, scratch = URL_INIT;
    struct arena arena = ARENA_INIT(1 << 20);
    struct page_link own = {.url = STR("http://a.example/own"), .element = STR("a")};
    struct page page = {.links = &own, .link_count = 1, .canonical_url = STR("http://a.example/c")};
    struct buf value = BUF_INIT(4096);
    assert_int_equal(url_parse(&base, STR("http://a.example/"), NULL), CW_OK);
    for (int i = 0; i <= HEADLINKS_MAX; i++)
        assert_int_equal(buf_addf(&value, "</%d>; rel=\"next canonical\", ", i), CW_OK);
    assert_int_equal(headlinks_add(&page, &arena, buf_str(&value), &base, &scratch), CW_OK);
    assert_int_equal(page.link_count, 1 + HEADLINKS_MAX);
    assert_true(page.links_cut);
    assert_true(str_eq(page.links[0].url, own.url));
    assert_true(str_eq(page.canonical_url, STR("http://a.example/c")));
    buf_release(&value);
    arena_release(&arena);
    url_release(&base);
    url_release(&scratch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(links_of_a_header__join_the_page),
        cmocka_unit_test(too_many__are_cut_and_the_pages_own_stay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
