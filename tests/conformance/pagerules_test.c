/* Page rules of headers and meta elements, against crawler/parse/pagerules.h. What needs an HTML
 * parser (comments, rel=nofollow) is conformance.html's; here the suite's few lines of HTML are
 * taken apart by hand. */
#include "crawler/parse/pagerules.h"
#include "tests/support/json.h"

static const int64_t in_2026 = 1767225600000;

static void add_headers(struct pagerules *rules, const json_t *value, struct str agent)
{
    if (json_is_string(value))
        pagerules_add_header(rules, suite_str_of(value), agent, in_2026);
    for (size_t i = 0; i < json_array_size(value); i++)
        pagerules_add_header(rules, suite_str_of(json_array_get(value, i)), agent, in_2026);
}

/* The value of `key` in a tag, quoted or not. */
static struct str attribute(struct str tag, struct str key)
{
    for (; tag.len > 0; tag = str_skip(tag, 1)) {
        if (!str_starts_nocase(tag, key))
            continue;
        struct str value = str_skip(tag, key.len);
        if (value.ptr[0] != '"')
            return str_first(value, MIN(str_find_char(value, ' '), str_find_char(value, '>')));
        value = str_skip(value, 1);
        return str_first(value, str_find_char(value, '"'));
    }
    return STR_NONE;
}

static void add_metas(struct pagerules *rules, struct str html, struct str agent)
{
    for (; html.len > 0; html = str_skip(html, 1))
        if (str_starts_nocase(html, STR("<meta "))) {
            struct str tag = str_first(html, str_find_char(html, '>') + 1);
            pagerules_add_meta(rules, attribute(tag, STR("name=")), attribute(tag, STR("content=")),
                               agent, in_2026);
        }
}

static bool agrees(const json_t *expect, const char *key, bool got)
{
    const json_t *wanted = json_object_get(expect, key);
    return wanted == NULL || json_is_true(wanted) == got;
}

static void check_case(struct suite *suite, const json_t *test)
{
    struct pagerules rules = {.noindex = false};
    struct str agent = suite_str(test, "agent"), html = suite_str(test, "html");
    const json_t *expect = json_object_get(test, "expect");
    if (str_is_absent(html))
        add_headers(&rules, json_object_get(test, "value"), agent);
    else
        add_metas(&rules, html, agent);
    bool passed = agrees(expect, "noindex", rules.noindex) &&
                  agrees(expect, "nofollow", rules.nofollow) &&
                  agrees(expect, "noarchive", rules.noarchive);
    suite_count(suite, passed, str_is_absent(html) ? suite_str(test, "value") : html, STR_NONE,
                STR_NONE);
}

static bool needs_html(const json_t *test)
{
    return str_eq(suite_str(test, "kind"), STR("link")) ||
           str_starts(suite_str(test, "html"), STR("<!--"));
}

int main(void)
{
    json_t *tests = suite_load_json(CONFORMANCE_DIR "/robots/page-rules.json");
    struct suite suite = {.name = "page-rules.json (without 4 that need HTML)"};
    for (size_t i = 0; i < json_array_size(tests); i++)
        if (!needs_html(json_array_get(tests, i)))
            check_case(&suite, json_array_get(tests, i));
    json_decref(tests);
    return suite_finish(&suite, 18);
}
