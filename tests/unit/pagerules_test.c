#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "crawler/parse/pagerules.h"

static const int64_t now_ms = 784111777000; /* Sun, 06 Nov 1994 08:49:37 GMT */

struct rules_case {
    const char *value;
    const char *expected; /* of "noindex", "nofollow" and "noarchive" the letters i, f and a */
};

static void check(struct pagerules rules, const struct rules_case *c)
{
    if (rules.noindex != (strchr(c->expected, 'i') != NULL) ||
        rules.nofollow != (strchr(c->expected, 'f') != NULL) ||
        rules.noarchive != (strchr(c->expected, 'a') != NULL))
        fail_msg("%s: noindex %d, nofollow %d, noarchive %d", c->value, rules.noindex,
                 rules.nofollow, rules.noarchive);
}

static void a_header__holds_rules_for_all_or_for_named_agents(void **state)
{
    (void)state;
    static const struct rules_case cases[] = {
        {"", ""},
        {"noindex", "i"},
        {" NoIndex , NOARCHIVE ", "ia"},
        {"none", "if"},
        {"all", ""},
        {"noindexing", ""},
        {"crawld: none", "if"},
        {"CRAWLD:nofollow", "f"},
        {"googlebot: none, otherbot: nofollow", ""},
        {"googlebot: noindex, crawld: nofollow, noarchive", "fa"},
        {"crawld: nofollow, googlebot: noindex, noarchive", "f"},
        {"noarchive, googlebot: noindex", "a"},
        {"max-snippet: -1, nofollow", "f"},
        {"googlebot: max-snippet: -1, nofollow", ""},
        {"crawld: max-image-preview:large, nofollow", "f"},
        {"a b: noindex", ""},
        {": noindex", ""},
        {"::::,;;,:", ""},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct pagerules rules = {.noindex = false};
        pagerules_add_header(&rules, str_of(cases[i].value), STR("crawld"), now_ms);
        check(rules, &cases[i]);
    }
}

static void a_page_past_its_date__is_not_to_be_indexed(void **state)
{
    (void)state;
    static const struct rules_case cases[] = {
        {"unavailable_after: 25 Jun 1990 15:00:00 PST", "i"},
        {"unavailable_after: 25 Jun 2010 15:00:00 PST", ""},
        {"unavailable_after: Mon, 25 Jun 1990 15:00:00 GMT, nofollow", "if"},
        {"unavailable_after: Fri, 25 Jun 2010 15:00:00 GMT, nofollow", "f"},
        {"unavailable_after: Monday, 25-Jun-90 15:00:00 GMT", "i"},
        {"unavailable_after: 1990-06-25T15:00:00+00:00", "i"},
        {"unavailable_after: 2010-06-25", ""},
        {"unavailable_after: Sun, 06 Nov 1994 08:49:37 GMT", "i"},
        {"googlebot: unavailable_after: Mon, 25 Jun 1990 15:00:00 GMT, noarchive", ""},
        {"unavailable_after: soon, noarchive", "a"},
        {"unavailable_after: soon", ""},
        {"unavailable_after:", ""},
        {"unavailable_after", ""},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct pagerules rules = {.noindex = false};
        pagerules_add_header(&rules, str_of(cases[i].value), STR("crawld"), now_ms);
        check(rules, &cases[i]);
    }
}

static void a_meta_element__speaks_to_robots_or_to_us(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        struct rules_case rules;
    } cases[] = {
        {"robots", {"noindex, nofollow", "if"}},
        {"ROBOTS", {"NONE", "if"}},
        {"Crawld", {"nofollow", "f"}},
        {"googlebot", {"none", ""}},
        {"", {"none", ""}},
        {"description", {"noindex", ""}},
        {"robots", {"googlebot: noindex", ""}},
        {"robots", {"unavailable_after: 1990-06-25", "i"}},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct pagerules rules = {.noindex = false};
        pagerules_add_meta(&rules, str_of(cases[i].name), str_of(cases[i].rules.value),
                           STR("crawld"), now_ms);
        check(rules, &cases[i].rules);
    }
}

static void rules_of_several_places__add_up(void **state)
{
    (void)state;
    struct pagerules rules = {.noarchive = true};
    pagerules_add_header(&rules, STR("nofollow"), STR("crawld"), now_ms);
    pagerules_add_meta(&rules, STR("robots"), STR("all, follow, index"), STR("crawld"), now_ms);
    check(rules, &(struct rules_case){"nofollow, then all", "fa"});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_header__holds_rules_for_all_or_for_named_agents),
        cmocka_unit_test(a_page_past_its_date__is_not_to_be_indexed),
        cmocka_unit_test(a_meta_element__speaks_to_robots_or_to_us),
        cmocka_unit_test(rules_of_several_places__add_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
