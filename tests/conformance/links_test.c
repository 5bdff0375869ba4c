/* srcset.json, meta-refresh.json and extract.json: see README.md beside them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "crawler/parse/html.h"
#include "crawler/parse/links.h"
#include "tests/support/json.h"

static int check_srcset(void)
{
    struct suite suite = {.name = "srcset.json: first candidate"};
    json_t *cases = suite_load_json(CONFORMANCE_DIR "/links/srcset.json");
    size_t i;
    json_t *test;
    json_array_foreach(cases, i, test)
    {
        struct str rest = suite_str(test, "srcset"), first = STR_NONE;
        (void)links_next_srcset(&rest, &first);
        suite_check(&suite, suite_str(test, "srcset"), suite_str(test, "first_url"), first);
    }
    json_decref(cases);
    return suite_finish(&suite, 229);
}

/* White space inside a URL goes away in URL parsing, which is not part of these steps. */
static void add_without_space(struct buf *b, struct str url)
{
    for (size_t i = 0; i < url.len; i++)
        if (!ascii_is_space(url.ptr[i]))
            assert_int_equal(buf_add_char(b, url.ptr[i]), CW_OK);
}

static void check_refresh_case(struct suite *suite, const json_t *test)
{
    struct buf got = BUF_INIT(4096), expected = BUF_INIT(4096);
    uint64_t seconds;
    struct str content = suite_str(test, "content"), url;
    if (links_parse_refresh(content, &seconds, &url)) {
        assert_int_equal(buf_addf(&got, "%llu ", (unsigned long long)seconds), CW_OK);
        add_without_space(&got, url);
    }
    if (!json_is_null(json_object_get(test, "seconds"))) {
        json_int_t wanted = json_integer_value(json_object_get(test, "seconds"));
        assert_int_equal(buf_addf(&expected, "%lld ", (long long)wanted), CW_OK);
        add_without_space(&expected, suite_str(test, "url"));
    }
    suite_check(suite, content, buf_str(&expected), buf_str(&got));
    buf_release(&got);
    buf_release(&expected);
}

static int check_refresh(void)
{
    struct suite suite = {.name = "meta-refresh.json"};
    json_t *cases = suite_load_json(CONFORMANCE_DIR "/links/meta-refresh.json");
    size_t i;
    json_t *test;
    json_array_foreach(cases, i, test) check_refresh_case(&suite, test);
    json_decref(cases);
    return suite_finish(&suite, 69);
}

/* The canonical form of an expected URL, or false where crawld keeps no link: not a URL, or not
 * http(s). */
static bool is_kept(struct url *ret, struct str url)
{
    return url_parse(ret, url, NULL) == CW_OK && url_is_http(ret) && url_canonicalize(ret) == CW_OK;
}

static bool page_has(const struct page *page, struct str element, struct str url)
{
    for (size_t i = 0; i < page->link_count; i++)
        if (str_eq(page->links[i].element, element) && str_eq(page->links[i].url, url))
            return true;
    return false;
}

static bool test_has(const json_t *links, const struct page_link *link)
{
    struct url url = URL_INIT;
    bool found = false;
    size_t i;
    json_t *expected;
    json_array_foreach(links, i, expected) found |=
        str_eq(suite_str(expected, "tag"), link->element) &&
        is_kept(&url, suite_str(expected, "url")) && str_eq(url_href(&url), link->url);
    url_release(&url);
    return found;
}

/* Each expected link was found, and each found one was expected, unless the case allows two
 * readings ("optional"). */
static bool is_same_set(const json_t *test, const struct page *page)
{
    const json_t *links = json_object_get(test, "links");
    bool may_have_more = json_is_true(json_object_get(test, "optional"));
    struct url url = URL_INIT;
    bool same = true;
    size_t i;
    json_t *expected;
    json_array_foreach(links, i, expected) same &=
        !is_kept(&url, suite_str(expected, "url")) ||
        page_has(page, suite_str(expected, "tag"), url_href(&url));
    for (i = 0; i < page->link_count; i++)
        same &= may_have_more || test_has(links, &page->links[i]);
    url_release(&url);
    return same;
}

static void list_links(struct buf *b, const struct page *page)
{
    for (size_t i = 0; i < page->link_count; i++)
        assert_int_equal(buf_addf(b, STR_FMT " " STR_FMT "\n", STR_ARG(page->links[i].element),
                                  STR_ARG(page->links[i].url)),
                         CW_OK);
}

static void check_page(struct suite *suite, const json_t *test)
{
    struct page page = {0};
    struct arena arena = ARENA_INIT(1 << 20);
    struct url base = URL_INIT;
    struct buf got = BUF_INIT(1 << 20);
    assert_int_equal(url_parse(&base, suite_str(test, "base"), NULL), CW_OK);
    struct html_input input = {
        .html = suite_str(test, "html"), .base = &base, .agent = STR("crawld")};
    assert_int_equal(html_parse(&page, &arena, &input), CW_OK);
    list_links(&got, &page);
    char *expected = json_dumps(json_object_get(test, "links"), JSON_COMPACT);
    suite_count(suite, is_same_set(test, &page), input.html, str_of(expected), buf_str(&got));
    free(expected);
    buf_release(&got);
    url_release(&base);
    arena_release(&arena);
}

static int check_pages(void)
{
    struct suite suite = {.name = "extract.json: sets of links"};
    json_t *cases = suite_load_json(CONFORMANCE_DIR "/links/extract.json");
    size_t i;
    json_t *test;
    json_array_foreach(cases, i, test) check_page(&suite, test);
    json_decref(cases);
    return suite_finish(&suite, 95);
}

int main(void)
{
    return check_srcset() | check_refresh() | check_pages();
}
