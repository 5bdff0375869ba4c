/* Pages that are larger than what is kept, and pages that mean harm. */
#include "crawler/base/utf8.h"
#include "tests/unit/html_reading.h"

/* ---- ceilings ---- */

static void beyond_LINKS_MAX__links_are_cut_and_the_page_says_so(void **state)
{
    struct buf html = BUF_INIT(16 << 20);
    (void)state;
    for (int i = 0; i < LINKS_MAX; i++)
        assert_int_equal(buf_addf(&html, "<a href=/%d>x</a><a href=/%d>x</a>", i, i), CW_OK);
    struct reading r = read_html(buf_str(&html));
    assert_int_equal(r.page.link_count, LINKS_MAX);
    assert_false(r.page.links_cut);
    reading_end(&r);
    assert_int_equal(buf_add(&html, STR("<a href=/more>")), CW_OK);
    r = read_html(buf_str(&html));
    assert_int_equal(r.page.link_count, LINKS_MAX);
    assert_true(r.page.links_cut);
    reading_end(&r);
    buf_release(&html);
}

static void an_index_of_few_pages__loses_none_of_them(void **state)
{
    struct buf html = BUF_INIT(16 << 20);
    (void)state;
    for (int i = 0; i < 2 * LINKS_MAX; i++)
        assert_int_equal(buf_addf(&html, "<a href=/few#%d>%d</a>", i, i), CW_OK);
    assert_int_equal(buf_add(&html, STR("<img src=/few><a href=/last>")), CW_OK);
    struct reading r = read_html(buf_str(&html));
    assert_int_equal(r.page.link_count, LINKS_MAX / 2 + 2);
    assert_true(r.page.links_cut);
    assert_non_null(find_link(&r, STR("http://ex.test/last")));
    reading_end(&r);
    buf_release(&html);
}

static void a_full_arena__keeps_what_was_found(void **state)
{
    struct buf html = repeat(STR("<title>t</title>"), STR(""), 0, STR(""));
    (void)state;
    for (int i = 0; i < 1000; i++)
        assert_int_equal(buf_addf(&html, "<img src=/%d>", i), CW_OK);
    struct reading r = read_html_into(buf_str(&html), 32 * 1024, (struct page){0});
    assert_int_equal(r.err, CW_ETOOBIG);
    assert_str(r.page.title, STR("t"));
    assert_in_range(r.page.link_count, 10, 999);
    assert_str(r.page.links[0].url, STR("http://ex.test/0"));
    reading_end(&r);
    buf_release(&html);
}

static void long_texts__are_cut_on_a_character_border(void **state)
{
    struct buf html = repeat(STR("<title>"), STR("\u20AC"), 1000, STR("</title><a href=x>"));
    assert_int_equal(buf_add(&html, STR("\u20AC\u20AC ")), CW_OK);
    for (int i = 0; i < 100; i++)
        assert_int_equal(buf_add(&html, STR("\u20AC\u20AC\u20AC")), CW_OK);
    (void)state;
    struct reading r = read_html(buf_str(&html));
    assert_int_equal(r.page.title.len, TITLE_MAX / 3 * 3);
    assert_true(utf8_is_valid(r.page.title));
    assert_in_range(r.page.links[0].text.len, LINK_TEXT_MAX - 3, LINK_TEXT_MAX);
    assert_true(utf8_is_valid(r.page.links[0].text));
    reading_end(&r);
    buf_release(&html);
}

/* ---- hostile.md, C12 and D1 to D8: each page ends with a link that must be found ---- */

static void assert_finds(struct buf html, struct str url)
{
    struct reading r = read_html(buf_str(&html));
    assert_non_null(find_link(&r, url));
    assert_false(r.page.links_cut);
    reading_end(&r);
    buf_release(&html);
}

static void after_any_flood__the_last_link_is_found(void **state)
{
    static const struct {
        const char *name;
        struct str head, unit;
        size_t count;
        struct str tail;
    } cases[] = {
        {"C12 NULs", STR("<p>"), STR("\0"), 1 << 20, STR("<a href=/z>")},
        {"D1 deep div", STR(""), STR("<div>"), 100000, STR("<a href=/z>")},
        {"D1 deep b", STR(""), STR("<b>"), 1000000, STR("<a href=/z>")},
        {"D1 deep object", STR(""), STR("<object data=/o>"), 100000, STR("<a href=/z>")},
        {"D1 deep svg", STR(""), STR("<svg>"), 100000, STR("<p><a href=/z>")},
        {"D3 attributes", STR("<a "), STR("b=1 c='2' "), 100000, STR("href=/z>")},
        {"D3 the same attribute", STR("<a href=/z "), STR("href=/y "), 100000, STR(">")},
        {"D3 kept attributes", STR("<a "), STR("alt=1 rel=2 "), 100000, STR("href=/z>")},
        {"D4 stray end tags", STR("<div><div>"), STR("</p></b>"), 100000, STR("<a href=/z>")},
        {"D4 opened and wrongly closed", STR(""), STR("<div></b><a></div>"), 50000,
         STR("<a href=/z>")},
        {"D4 body tags", STR(""), STR("<body a=b><html c=d>"), 50000, STR("<a href=/z>")},
        {"D6 references", STR(""), STR("&amp;&#xFFFFFFFFF;&copy&x"), 200000, STR("<a href=/z>")},
        {"D6 an endless number", STR("&#"), STR("9"), 1 << 20, STR(";<a href=/z>")},
        {"D7 one link, often", STR(""), STR("<a href=/y>y</a>"), 200000, STR("<a href=/z>")},
        {"comments", STR(""), STR("<!-- - -- >-->"), 100000, STR("<a href=/z>")},
        {"raw texts", STR(""), STR("<textarea></textarea>"), 100000, STR("<a href=/z>")},
        {"scripts", STR(""), STR("<script><!--<script></script></script>"), 50000,
         STR("--></script><a href=/z>")},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        print_message("%s\n", cases[i].name);
        assert_finds(repeat(cases[i].head, cases[i].unit, cases[i].count, cases[i].tail),
                     STR("http://ex.test/z"));
    }
}

static void before_what_never_ends__links_are_kept(void **state)
{
    static const struct str openings[] = {
        STR("<!--"),
        STR("<![CDATA["),
        STR("<script>"),
        STR("<textarea>"),
        STR("<b c='"),
        STR("<b c=\""),
        STR("<b c="),
        STR("<b "),
        STR("</b "),
        STR("<title>"),
        STR("<svg><![CDATA["),
        STR("<!x"),
        STR("<?x"),
        STR("<script><!--<script>"),
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(openings); i++) { /* D5 */
        struct buf html = repeat(STR("<a href=/z>z</a>"), openings[i], 1, STR(""));
        print_message(STR_FMT "\n", STR_ARG(openings[i]));
        for (int k = 0; k < 200000; k++)
            assert_int_equal(buf_add(&html, STR("x<y z")), CW_OK);
        assert_finds(html, STR("http://ex.test/z"));
    }
}

/* D2 */
static void one_huge_text__is_read_to_its_end(void **state)
{
    struct buf html = repeat(STR("<title>"), STR("word "), 3 << 20, STR("</title><a href=/z>"));
    (void)state;
    struct reading r = read_html(buf_str(&html));
    assert_in_range(r.page.title.len, TITLE_MAX - 4, TITLE_MAX);
    assert_non_null(find_link(&r, STR("http://ex.test/z")));
    reading_end(&r);
    buf_release(&html);
}

/* D8 */
static void a_url_too_long__leaves_its_head_and_the_reason(void **state)
{
    struct buf html = repeat(STR("<a href=/"), STR("x"), 5 << 20, STR(">x</a><a href=/z>z</a>"));
    (void)state;
    struct reading r = read_html(buf_str(&html));
    assert_int_equal(r.page.link_count, 2);
    assert_int_equal(r.page.links[0].url.len, URL_MAX_BYTES);
    assert_int_equal(r.page.links[0].verdict.reason, EXCLUDE_TOO_LONG);
    assert_str(r.page.links[0].host, STR("ex.test"));
    assert_int_equal(r.page.links[1].verdict.reason, EXCLUDE_NONE);
    reading_end(&r);
    buf_release(&html);
    assert_finds(repeat(STR("<img src='data:,"), STR("x"), 5 << 20, STR("'><a href=/z>")),
                 STR("http://ex.test/z"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(beyond_LINKS_MAX__links_are_cut_and_the_page_says_so),
        cmocka_unit_test(an_index_of_few_pages__loses_none_of_them),
        cmocka_unit_test(a_full_arena__keeps_what_was_found),
        cmocka_unit_test(long_texts__are_cut_on_a_character_border),
        cmocka_unit_test(after_any_flood__the_last_link_is_found),
        cmocka_unit_test(before_what_never_ends__links_are_kept),
        cmocka_unit_test(one_huge_text__is_read_to_its_end),
        cmocka_unit_test(a_url_too_long__leaves_its_head_and_the_reason),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
