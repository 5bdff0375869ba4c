/* Page rules: of headers by crawler/parse/pagerules.h, of HTML by crawler/parse/html.h. */
#include "crawler/parse/html.h"
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

static bool agrees(const json_t *expect, const char *key, bool got)
{
    const json_t *wanted = json_object_get(expect, key);
    return wanted == NULL || json_is_true(wanted) == got;
}

static bool headers_agree(const json_t *test)
{
    struct pagerules rules = {.noindex = false};
    const json_t *expect = json_object_get(test, "expect");
    add_headers(&rules, json_object_get(test, "value"), suite_str(test, "agent"));
    return agrees(expect, "noindex", rules.noindex) && agrees(expect, "nofollow", rules.nofollow) &&
           agrees(expect, "noarchive", rules.noarchive);
}

/* Of a link the case says whether it may be followed. A page keeps no note of noarchive. */
static bool html_agrees(const json_t *test)
{
    struct page page = {0};
    struct arena arena = ARENA_INIT(1 << 20);
    struct url base = URL_INIT;
    const json_t *expect = json_object_get(test, "expect");
    struct html_input input = {.html = suite_str(test, "html"),
                               .base = &base,
                               .agent = suite_str(test, "agent"),
                               .now_unix_ms = in_2026};
    bool ok = url_parse(&base, STR("https://ex.test/"), NULL) == CW_OK &&
              html_parse(&page, &arena, &input) == CW_OK;
    ok = ok && agrees(expect, "noindex", page.noindex) && agrees(expect, "nofollow", page.nofollow);
    if (json_object_get(expect, "follow") != NULL)
        ok = ok && page.link_count == 1 && agrees(expect, "follow", !page.links[0].nofollow);
    url_release(&base);
    arena_release(&arena);
    return ok;
}

int main(void)
{
    json_t *tests = suite_load_json(CONFORMANCE_DIR "/robots/page-rules.json"), *test;
    struct suite suite = {.name = "page-rules.json"};
    size_t i;
    json_array_foreach(tests, i, test)
    {
        struct str html = suite_str(test, "html");
        bool is_html = !str_is_absent(html);
        suite_count(&suite, is_html ? html_agrees(test) : headers_agree(test),
                    is_html ? html : suite_str(test, "value"), STR_NONE, STR_NONE);
    }
    json_decref(tests);
    return suite_finish(&suite, 22);
}
