/* What a page says, and which links it has. */
#include "tests/unit/html_reading.h"

/* ---- what a page says ---- */

static void a_title__is_the_first_one_folded_and_cut(void **state)
{
    static const struct {
        const char *name;
        struct str html, title;
    } cases[] = {
        {"folded", STR("<title>\n a &amp;\t b\n</title>"), STR("a & b")},
        {"the first", STR("<title>a</title><title>b</title>"), STR("a")},
        {"an empty one does not count", STR("<title> </title><title>b</title>"), STR("b")},
        {"markup inside is text", STR("<title><b>a</b></title>"), STR("<b>a</b>")},
        {"of an icon is none", STR("<svg><title>icon</title></svg>"), STR_NONE},
        {"none", STR("<p>text"), STR_NONE},
        {"never closed: the rest", STR("<title>a<p>b"), STR("a<p>b")},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct reading r = read_html(cases[i].html);
        print_message("%s\n", cases[i].name);
        assert_str(r.page.title, cases[i].title);
        reading_end(&r);
    }
}

/* HTML 13.2.5.73 to 80, character references. */
static void a_reference__reads_as_in_a_browser(void **state)
{
    static const struct {
        const char *name;
        struct str html, title;
    } cases[] = {
        {"named", STR("<title>&eacute;&lt;&quot;</title>"), STR("\u00E9<\"")},
        {"a legacy name without semicolon", STR("<title>&copy 2024 &eacutex</title>"),
         STR("\u00A9 2024 \u00E9x")},
        {"a legacy name before a semicolon that is not its own", STR("<title>&notit;</title>"),
         STR("\u00ACit;")},
        {"upper case", STR("<title>&AMP;&LT;</title>"), STR("&<")},
        {"no name", STR("<title>a & b &nosuch; &;</title>"), STR("a & b &nosuch; &;")},
        {"numbers", STR("<title>&#65;&#x42;&#X43 &#x1F600;</title>"), STR("ABC \U0001F600")},
        {"windows-1252 numbers", STR("<title>&#150;&#x80;</title>"), STR("\u2013\u20AC")},
        {"no characters", STR("<title>&#0;&#xD800;&#x110000;&#xFFFFFFFFF;</title>"),
         STR("\uFFFD\uFFFD\uFFFD\uFFFD")},
        {"no digits", STR("<title>&#;&#x;&#</title>"), STR("&#;&#x;&#")},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct reading r = read_html(cases[i].html);
        print_message("%s\n", cases[i].name);
        assert_str(r.page.title, cases[i].title);
        reading_end(&r);
    }
}

static void metadata__is_read_from_the_first_that_says_it(void **state)
{
    struct reading r = read_html(
        STR("<html lang=de-CH><meta name=Description content=' a  b '><meta name=description "
            "content=c><meta http-equiv=content-language content=fr>"
            "<link rel='x Canonical' href='/c#f'><link rel=canonical href=/d>"
            "<meta name=robots content='noindex'>"));
    (void)state;
    assert_str(r.page.language, STR("de-CH"));
    assert_str(r.page.description, STR("a b"));
    assert_str(r.page.canonical_url, STR("http://ex.test/c"));
    assert_true(r.page.noindex);
    assert_false(r.page.nofollow);
    reading_end(&r);
}

static void without_html_lang__content_language_counts(void **state)
{
    struct reading r = read_html(STR("<meta http-equiv=Content-Language content='en'>"));
    (void)state;
    assert_str(r.page.language, STR("en"));
    reading_end(&r);
}

static void visible_text__is_folded_and_its_words_counted(void **state)
{
    static const struct {
        const char *name;
        struct str html, text;
        int words;
    } cases[] = {
        {"inline tags part no words", STR("a<b>b</b><span>c</span> d"), STR("abc d"), 2},
        {"block tags do", STR("<p>a</p><p>b<br>c<li>d<td>e"), STR("a b c d e"), 5},
        {"scripting is off", STR("<noscript>a <i>b</i></noscript>"), STR("a b"), 2},
        {"what nobody sees",
         STR("<title>t</title><script>s</script><style>s</style>"
             "<template>t</template><textarea>t</textarea><!-- c -->a"),
         STR("a"), 1},
        {"no-break spaces fold too", STR("a&nbsp; b\u00A0c"), STR("a b c"), 3},
        {"plain text after all", STR("1 < 2 <3 </ 4>"), STR("1 < 2 <3"), 4},
        {"none", STR("<div></div>"), STR(""), 0},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct reading r = read_html(cases[i].html);
        print_message("%s\n", cases[i].name);
        assert_str(buf_str(&r.text), cases[i].text);
        assert_int_equal(r.page.words, cases[i].words);
        reading_end(&r);
    }
}

/* ---- links ---- */

static void a_link__has_text_rel_and_flags(void **state)
{
    struct reading r = read_html(STR(
        "<a href=/in rel='NoFollow Me'> in <img src=i.png alt='the\timage'> </a>"
        "<a href=//other.test:8080/out>out</a><a href=/ugc rel=ugc></a><img src=/p.png alt=pic>"));
    (void)state;
    assert_int_equal(r.page.link_count, 5);
    const struct page_link *in = find_link(&r, STR("http://ex.test/in"));
    assert_ptr_equal(in, &r.page.links[0]); /* the order of the page: before its image */
    assert_str(in->text, STR("in the image"));
    assert_str(in->rel, STR("nofollow me"));
    assert_str(in->element, STR("a"));
    assert_str(in->host, STR("ex.test"));
    assert_true(in->nofollow && in->internal && in->follow);
    const struct page_link *out = find_link(&r, STR("http://other.test:8080/out"));
    assert_str(out->host, STR("other.test:8080"));
    assert_true(!out->nofollow && !out->internal && out->follow && str_is_absent(out->rel));
    assert_true(find_link(&r, STR("http://ex.test/ugc"))->nofollow);
    const struct page_link *image = find_link(&r, STR("http://ex.test/p.png"));
    assert_str(image->text, STR("pic"));
    assert_false(image->follow);
    reading_end(&r);
}

static void a_link_element__is_followed_by_its_rel(void **state)
{
    struct reading r = read_html(STR("<link rel=stylesheet href=s><link rel=next href=n>"));
    (void)state;
    assert_false(find_link(&r, STR("http://ex.test/dir/s"))->follow);
    assert_true(find_link(&r, STR("http://ex.test/dir/n"))->follow);
    reading_end(&r);
}

static void the_same_link__comes_once(void **state)
{
    struct reading r = read_html(STR("<a href=/x>x</a><a href='/x#y'>x</a><a href=/x> x </a>"
                                     "<a href=/x>other text</a><area href=/x alt=x>"));
    (void)state;
    assert_int_equal(r.page.link_count, 3);
    reading_end(&r);
}

static void what_is_not_http__is_no_link(void **state)
{
    struct reading r = read_html(
        STR("<a href=mailto:a@b>x</a><a href=' JavaScript:x'>x</a><img src=data:,x>"
            "<a href=ftp://h/>x</a><a href='http://ex.test:99999/'>x</a><a name=x>x</a>"));
    (void)state;
    assert_int_equal(r.page.link_count, 0);
    reading_end(&r);
}

static void a_page_that_says_nofollow__makes_every_link_so(void **state)
{
    struct reading r = read_html(STR("<a href=/x>x</a><meta name=robots content=nofollow>"));
    (void)state;
    assert_true(r.page.nofollow);
    assert_true(r.page.links[0].nofollow);
    reading_end(&r);
    struct page by_header = {.nofollow = true};
    r = read_html_into(STR("<a href=/x>x</a>"), ARENA_MAX, by_header);
    assert_true(r.page.links[0].nofollow);
    reading_end(&r);
}

/* hostile.md D9 */
static void a_base__rules_all_links_and_the_first_valid_one_counts(void **state)
{
    static const struct {
        const char *name;
        struct str html, url;
    } cases[] = {
        {"late", STR("<a href=x></a><base href=/b/>"), STR("http://ex.test/b/x")},
        {"twice", STR("<base href=/b/><base href=/c/><a href=x>"), STR("http://ex.test/b/x")},
        {"javascript first", STR("<base href=javascript:1><base href=/c/><a href=x>"),
         STR("http://ex.test/c/x")},
        {"to another host", STR("<base href=//o.test><a href=x>"), STR("http://o.test/x")},
        {"in a comment", STR("<!--<base href=/b/>--><a href=x>"), STR("http://ex.test/dir/x")},
        {"in a title", STR("<title><base href=/b/></title><a href=x>"),
         STR("http://ex.test/dir/x")},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct reading r = read_html(cases[i].html);
        print_message("%s\n", cases[i].name);
        assert_int_equal(r.page.link_count, 1);
        assert_str(r.page.links[0].url, cases[i].url);
        assert_int_equal(r.page.links[0].internal, !str_eq(r.page.links[0].host, STR("o.test")));
        reading_end(&r);
    }
}

/* What looks for one takes many bytes in one go. */
static void a_base__is_found_wherever_it_stands(void **state)
{
    static const char *const bases[] = {"<base href=/b/>", "<BASE\thref=/b/>", "<bAsE href=/b/"};
    (void)state;
    for (size_t before = 0; before < 200; before++)
        for (size_t i = 0; i < ARRAY_LEN(bases); i++) {
            struct buf html = repeat(STR("<a href=x>"), STR("b"), before, str_of(bases[i]));
            struct reading r = read_html(buf_str(&html));
            bool is_whole = buf_str(&html).ptr[html.len - 1] == '>';
            assert_str(r.page.links[0].url,
                       is_whole ? STR("http://ex.test/b/x") : STR("http://ex.test/dir/x"));
            reading_end(&r);
            buf_release(&html);
        }
}

/* References and NULs are looked for once for the whole page, and each piece of it must know which
 * are its own. */
static void a_reference__is_decoded_in_its_own_piece_only(void **state)
{
    (void)state;
    struct reading r =
        read_html(STR("a&amp;b<a title='&amp;' href='/1?a=&amp;b' rel='x&amp;y'>1</a>"
                      "<!-- & --><a rel='z' href=/2&amp;>&lt;2</a><b c='&lt;'>&lt;</b>"
                      "<img alt=4&amp; src='/4'><title>&amp;&#0;</title>"
                      "<img src='/5&amp;' alt=5><a href=/6>6</a> & </b &amp; >&lt"));
    assert_str(buf_str(&r.text), STR("a&b1<2< 6 & <"));
    assert_str(r.page.title, STR("&\uFFFD"));
    assert_int_equal(r.page.link_count, 5);
    assert_str(r.page.links[0].url, STR("http://ex.test/1?a=&b"));
    assert_str(r.page.links[0].rel, STR("x&y"));
    assert_str(r.page.links[1].url, STR("http://ex.test/2&"));
    assert_str(r.page.links[1].text, STR("<2"));
    assert_str(r.page.links[2].text, STR("4&"));
    assert_str(r.page.links[3].url, STR("http://ex.test/5&"));
    assert_str(r.page.links[4].text, STR("6"));
    reading_end(&r);
}

static void svg__hides_its_own_links_only(void **state)
{
    struct reading r =
        read_html(STR("<svg><a href=1></a><style/><foreignObject><a href=2></a></foreignObject>"
                      "<![CDATA[<a href=3>]]></svg><a href=4></a><svg><p><a href=5>"));
    (void)state;
    assert_null(find_link(&r, STR("http://ex.test/dir/1")));
    assert_non_null(find_link(&r, STR("http://ex.test/dir/2")));
    assert_null(find_link(&r, STR("http://ex.test/dir/3")));
    assert_non_null(find_link(&r, STR("http://ex.test/dir/4")));
    assert_non_null(find_link(&r, STR("http://ex.test/dir/5")));
    reading_end(&r);
}

static void a_self_closed_script__has_no_content_in_xhtml_alone(void **state)
{
    struct str html =
        STR("<title/><script src='s'/><![CDATA[<b>]]><a href='1'/>x<a href='2'>y</a>");
    (void)state;
    for (int is_xhtml = 0; is_xhtml < 2; is_xhtml++) {
        struct reading r = {.arena = ARENA_INIT(ARENA_MAX), .base = URL_INIT};
        assert_int_equal(url_parse(&r.base, STR("http://ex.test/"), NULL), CW_OK);
        struct html_input input = {.html = html, .is_xhtml = is_xhtml, .base = &r.base};
        r.text = BUF_INIT(TEXT_MAX);
        input.ret_text = &r.text;
        assert_int_equal(html_parse(&r.page, &r.arena, &input), CW_OK);
        assert_int_equal(r.page.link_count, is_xhtml ? 3 : 0);
        assert_str(buf_str(&r.text), is_xhtml ? STR("<b>xy") : STR(""));
        reading_end(&r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_title__is_the_first_one_folded_and_cut),
        cmocka_unit_test(a_reference__reads_as_in_a_browser),
        cmocka_unit_test(metadata__is_read_from_the_first_that_says_it),
        cmocka_unit_test(without_html_lang__content_language_counts),
        cmocka_unit_test(visible_text__is_folded_and_its_words_counted),
        cmocka_unit_test(a_link__has_text_rel_and_flags),
        cmocka_unit_test(a_link_element__is_followed_by_its_rel),
        cmocka_unit_test(the_same_link__comes_once),
        cmocka_unit_test(what_is_not_http__is_no_link),
        cmocka_unit_test(a_page_that_says_nofollow__makes_every_link_so),
        cmocka_unit_test(a_base__rules_all_links_and_the_first_valid_one_counts),
        cmocka_unit_test(a_base__is_found_wherever_it_stands),
        cmocka_unit_test(a_reference__is_decoded_in_its_own_piece_only),
        cmocka_unit_test(svg__hides_its_own_links_only),
        cmocka_unit_test(a_self_closed_script__has_no_content_in_xhtml_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
