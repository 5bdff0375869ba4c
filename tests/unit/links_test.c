#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "crawler/parse/links.h"

static void assert_str(struct str got, struct str expected)
{
    if (!str_eq(got, expected))
        fail_msg("expected \"" STR_FMT "\", got \"" STR_FMT "\"", STR_ARG(expected), STR_ARG(got));
}

static void a_table_entry__says_how_the_value_reads_and_what_it_names(void **state)
{
    static const struct {
        struct str element, attribute;
        enum link_value value;
        enum link_use use;
    } cases[] = {
        {STR("a"), STR("href"), LINK_URL, LINK_PAGE},
        {STR("area"), STR("href"), LINK_URL, LINK_PAGE},
        {STR("iframe"), STR("src"), LINK_URL, LINK_PAGE},
        {STR("frame"), STR("src"), LINK_URL, LINK_PAGE},
        {STR("img"), STR("src"), LINK_URL, LINK_PART},
        {STR("img"), STR("srcset"), LINK_SRCSET, LINK_PART},
        {STR("source"), STR("srcset"), LINK_SRCSET, LINK_PART},
        {STR("video"), STR("poster"), LINK_URL, LINK_PART},
        {STR("object"), STR("data"), LINK_URL, LINK_PART},
        {STR("use"), STR("xlink:href"), LINK_URL, LINK_PART},
        {STR("form"), STR("action"), LINK_URL, LINK_MENTION},
        {STR("q"), STR("cite"), LINK_URL, LINK_MENTION},
        {STR("a"), STR("ping"), LINK_LIST, LINK_MENTION},
        {STR("img"), STR("longdesc"), LINK_URL, LINK_MENTION},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct link_attribute *found =
            link_attribute_find(cases[i].element, cases[i].attribute);
        assert_non_null(found);
        assert_int_equal(found->value, cases[i].value);
        assert_int_equal(found->use, cases[i].use);
    }
}

/* HTML 4.6.7, "link types". */
static void a_link_element__is_what_its_rel_says(void **state)
{
    static const struct {
        struct str rel;
        enum link_use use;
    } cases[] = {
        {STR("next"), LINK_PAGE},          {STR("nofollow prev"), LINK_PAGE},
        {STR("canonical"), LINK_PAGE},     {STR("alternate"), LINK_PAGE},
        {STR("stylesheet"), LINK_PART},    {STR("alternate stylesheet"), LINK_PART},
        {STR("shortcut icon"), LINK_PART}, {STR("preload"), LINK_PART},
        {STR("search"), LINK_MENTION},     {STR("nexts"), LINK_MENTION},
        {STR_NONE, LINK_MENTION},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_int_equal(links_use_of_rel(cases[i].rel), cases[i].use);
}

static void an_attribute_of_another_element__holds_no_url(void **state)
{
    (void)state;
    assert_null(link_attribute_find(STR("div"), STR("href")));
    assert_null(link_attribute_find(STR("a"), STR("src")));
    assert_null(link_attribute_find(STR("base"), STR("href"))); /* rules links, is none */
    assert_null(link_attribute_find(STR_NONE, STR_NONE));
}

/* HTML, "parse a srcset attribute": the valid candidates, each followed by a bar. */
static void a_srcset__gives_its_valid_candidates_in_order(void **state)
{
    static const struct {
        const char *name;
        struct str srcset, candidates;
    } cases[] = {
        {"step 4: white space and commas part candidates", STR(" a 1x , b 2x"), STR("a|b|")},
        {"step 8: commas at the end of a URL end the candidate", STR("a,,, b"), STR("a|b|")},
        {"a comma inside a URL belongs to it", STR("a,b 1x"), STR("a,b|")},
        {"in parens: a comma does not part", STR("a (1x,b) , c"), STR("c|")},
        {"step 13: a bad descriptor drops its candidate only", STR("a 1q, b 1x"), STR("b|")},
        {"a height needs a width", STR("a 1h, b 1h 1w"), STR("b|")},
        {"a width and a density exclude each other", STR("a 1w 1x, b 1x 1w, c"), STR("c|")},
        {"a width of zero is an error", STR("a 0w, b 00w, c 10w"), STR("c|")},
        {"a density may be a fraction, not below zero", STR("a .5x, b -1x, c -0x"), STR("a|c|")},
        {"nothing but separators", STR(" ,, , "), STR("")},
        {"parens that never close", STR("a (,,,,"), STR("")},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char got[64] = "";
        size_t len = 0;
        struct str rest = cases[i].srcset, url;
        while (links_next_srcset(&rest, &url))
            len += (size_t)snprintf(got + len, sizeof got - len, STR_FMT "|", STR_ARG(url));
        print_message("%s\n", cases[i].name);
        assert_str(str_of(got), cases[i].candidates);
    }
}

/* HTML, "shared declarative refresh steps". */
static void a_refresh__gives_its_seconds_and_its_url(void **state)
{
    static const struct {
        const char *name;
        struct str content;
        uint64_t seconds;
        struct str url;
    } cases[] = {
        {"step 11: without a URL the page itself is meant", STR("5"), 5, STR("")},
        {"step 7: the fraction is skipped", STR("1.9;url=x"), 1, STR("x")},
        {"step 11.5: 'url' without '=' is the URL itself", STR("0;urlx"), 0, STR("urlx")},
        {"step 11.9: a quote ends at its twin", STR("0;url='a\"b'c"), 0, STR("a\"b")},
        {"a quote without its twin takes all", STR("0;url='ab"), 0, STR("ab")},
        {"more seconds than a number holds", STR("99999999999999999999;x"), UINT64_MAX, STR("x")},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        uint64_t seconds = 0;
        struct str url;
        print_message("%s\n", cases[i].name);
        assert_true(links_parse_refresh(cases[i].content, &seconds, &url));
        assert_int_equal(seconds, cases[i].seconds);
        assert_str(url, cases[i].url);
    }
}

static void what_starts_with_no_time__does_not_refresh(void **state)
{
    uint64_t seconds = 7;
    struct str url = STR("untouched");
    (void)state;
    assert_false(links_parse_refresh(STR(""), &seconds, &url));
    assert_false(links_parse_refresh(STR("url=x"), &seconds, &url));
    assert_false(links_parse_refresh(STR("-1;url=x"), &seconds, &url));
    assert_false(links_parse_refresh(STR("1s;url=x"), &seconds, &url));
    assert_int_equal(seconds, 7);
    assert_str(url, STR("untouched"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_table_entry__says_how_the_value_reads_and_what_it_names),
        cmocka_unit_test(a_link_element__is_what_its_rel_says),
        cmocka_unit_test(an_attribute_of_another_element__holds_no_url),
        cmocka_unit_test(a_srcset__gives_its_valid_candidates_in_order),
        cmocka_unit_test(a_refresh__gives_its_seconds_and_its_url),
        cmocka_unit_test(what_starts_with_no_time__does_not_refresh),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
