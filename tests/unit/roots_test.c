#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "crawler/engine/roots.h"

enum { MOST = 4 };
static const struct rooted {
    const char *name;
    enum config_scope kind;
    const char *urls[MOST];
    bool widens[MOST];
    size_t count;
} cases[] = {
    {"host: one for each host and port",
     CONFIG_SCOPE_HOST,
     {"http://a.example/1", "http://a.example/2", "http://a.example:81/", "https://b.example/"},
     {true, false, true, true},
     3},
    {"host: http and https of one host are one",
     CONFIG_SCOPE_HOST,
     {"http://a.example/", "https://a.example/"},
     {true, false},
     1},
    {"domain: one for each host, scope finds their domains",
     CONFIG_SCOPE_DOMAIN,
     {"http://www.a.example/", "http://a.example/", "http://a.example/x"},
     {true, true, false},
     2},
    {"prefix: up to the last slash of the path",
     CONFIG_SCOPE_PREFIX,
     {"http://a.example/d/x", "http://a.example/d/y?q=/e/", "http://a.example/d/e/",
      "http://a.example/d"},
     {true, false, true, true},
     3},
    {"any: nothing widens it",
     CONFIG_SCOPE_ANY,
     {"http://a.example/", "http://b.example/"},
     {false, false},
     0},
};

static struct str host_of(const char *url)
{
    struct str rest = str_of(strstr(url, "//") + 2);
    return str_first(rest, str_find_char(rest, '/'));
}

static void roots__are_one_for_what_widens_the_scope(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct rooted *c = &cases[i];
        struct roots roots;
        roots_init(&roots, c->kind);
        for (size_t n = 0; n < MOST && c->urls[n] != NULL; n++) {
            bool widened = !c->widens[n];
            assert_int_equal(roots_add(&roots, str_of(c->urls[n]), host_of(c->urls[n]), &widened),
                             CW_OK);
            if (widened != c->widens[n])
                fail_msg("%s: %s", c->name, c->urls[n]);
        }
        assert_int_equal(roots.count, c->count);
        roots_release(&roots);
        assert_int_equal(roots.count, 0);
    }
}

static uint64_t mark_of(enum config_scope kind, const char *const *urls, size_t count)
{
    struct roots roots;
    bool widened;
    roots_init(&roots, kind);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(roots_add(&roots, str_of(urls[i]), host_of(urls[i]), &widened), CW_OK);
    uint64_t mark = roots.mark;
    roots_release(&roots);
    return mark;
}

static void the_mark__stands_for_the_set_in_any_order(void **state)
{
    (void)state;
    static const char *const abc[] = {"http://a/", "http://b/", "http://c/"};
    static const char *const cabba[] = {"http://c/", "http://a/1", "http://b/2", "http://b/",
                                        "http://a/"};
    assert_true(mark_of(CONFIG_SCOPE_HOST, abc, 3) == mark_of(CONFIG_SCOPE_HOST, cabba, 5));
    assert_true(mark_of(CONFIG_SCOPE_HOST, abc, 2) != mark_of(CONFIG_SCOPE_HOST, abc, 3));
    assert_true(mark_of(CONFIG_SCOPE_HOST, abc, 1) != mark_of(CONFIG_SCOPE_HOST, abc + 1, 1));
}

static void a_thousand_hosts__keep_their_urls_in_order(void **state)
{
    (void)state;
    struct roots roots;
    char url[64];
    bool widened;
    roots_init(&roots, CONFIG_SCOPE_HOST);
    for (int i = 0; i < 1000; i++) {
        (void)snprintf(url, sizeof url, "http://h%d.example/", i);
        assert_int_equal(roots_add(&roots, str_of(url), host_of(url), &widened), CW_OK);
    }
    assert_int_equal(roots.count, 1000);
    for (int i = 0; i < 1000; i++) {
        (void)snprintf(url, sizeof url, "http://h%d.example/", i);
        assert_true(str_eq(roots.urls[i], str_of(url)));
    }
    roots_release(&roots);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(roots__are_one_for_what_widens_the_scope),
        cmocka_unit_test(the_mark__stands_for_the_set_in_any_order),
        cmocka_unit_test(a_thousand_hosts__keep_their_urls_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
