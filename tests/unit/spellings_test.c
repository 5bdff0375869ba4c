/* Other spellings of a URL. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "crawler/engine/spellings.h"

static const struct spelling_case {
    const char *url, *other, *differs; /* differs NULL: it must not be listed */
} cases[] = {
    {"https://a.example/x", "https://a.example/x/", "last slash"},
    {"https://a.example/x/", "https://a.example/x", "last slash"},
    {"https://a.example/x", "http://a.example/x", "scheme"},
    {"http://a.example:8080/x", "https://a.example:8080/x", "scheme"},
    {"https://a.example/", "https://www.a.example/", "\"www.\""},
    {"https://www.a.example/", "https://a.example/", "\"www.\""},
    {"https://www.a.example/x", "http://a.example/x/", "scheme, \"www.\" and last slash"},
    {"https://a.example/d/index.html", "https://a.example/d/", "index file"},
    {"https://a.example/d/", "https://a.example/d/index.php", "index file"},
    {"https://a.example/About", "https://a.example/about", "capital letters"},
    {"https://a.example/x?b=2&a=1", "https://a.example/x", "query"},
    {"https://a.example/x?b=2&a=1", "https://a.example/x?a=1&b=2", "order of the query"},
    {"https://a.example/x?c&b&a&d", "https://a.example/x?a&b&c&d", "order of the query"},
    {"https://a.example/x?b=2&a=1", "https://a.example/x/?b=2&a=1", "last slash"},
    {"https://a.example/x/?b=2", "https://a.example/x", "last slash and query"},
    {"http://127.0.0.1/x", "http://www.127.0.0.1/x", NULL},
    {"http://localhost/x", "http://www.localhost/x", NULL},
    {"http://[::1]/x", "https://[::1]/x", "scheme"},
    {"https://a.example/x", "https://a.example/x", NULL},
};

static struct spelling find(const struct spelling *list, size_t count, const char *url)
{
    for (size_t i = 0; i < count; i++)
        if (str_eq(list[i].url, str_of(url)))
            return list[i];
    return (struct spelling){0};
}

static void run_case(const struct spelling_case *c)
{
    struct arena arena = ARENA_INIT(1 << 20);
    struct url url = URL_INIT;
    struct spelling list[SPELLINGS_MAX];
    char text[SPELLING_TEXT_SIZE];
    assert_int_equal(url_parse(&url, str_of(c->url), NULL), CW_OK);
    size_t count = spellings_list(&arena, &url, list);
    struct spelling found = find(list, count, c->other);
    spelling_describe(found.differs, text);
    if (strcmp(text, c->differs != NULL ? c->differs : "") != 0)
        fail_msg("%s and %s: \"%s\"", c->url, c->other, text);
    url_release(&url);
    arena_release(&arena);
}

static void each_spelling__says_in_what_it_differs(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        run_case(&cases[i]);
}

static void none_comes_twice__and_the_list_has_an_end(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT(1 << 20);
    struct url url = URL_INIT;
    struct spelling list[SPELLINGS_MAX];
    struct str input = STR("https://www.a.example/A/B/?a&b&c&d");
    assert_int_equal(url_parse(&url, input, NULL), CW_OK);
    size_t count = spellings_list(&arena, &url, list);
    assert_in_range(count, 30, SPELLINGS_MAX);
    for (size_t i = 0; i < count; i++)
        for (size_t j = i + 1; j < count; j++)
            assert_false(str_eq(list[i].url, list[j].url));
    url_release(&url);
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_spelling__says_in_what_it_differs),
        cmocka_unit_test(none_comes_twice__and_the_list_has_an_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
