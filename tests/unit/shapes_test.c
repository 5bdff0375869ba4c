#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "crawler/frontier/shapes.h"

static const struct shape_case {
    const char *path, *classes; /* parted by spaces, the narrowest first */
} cases[] = {
    {"/", "/% /..."},
    {"/about", "/% /..."},
    {"/about.html", "/%.html /..."},
    {"/a/b/some-page", "/a/b/% /a/b/... /a/... /..."},
    {"/a/b/c/d/x/", "/a/b/c/d/%/ /a/b/c/... /a/b/... /a/... /..."},
    {"/2024/05/17/a-title/", "/#/#/#/%/ /#/#/#/... /#/#/... /#/... /..."},
    {"/cal/2024-05-17", "/cal/#-#-# /cal/... /..."},
    {"/item-17.html", "/%#.html /..."},
    {"/page/17", "/page/# /page/... /..."},
    {"/v1.2/x", "/v#.#/% /v#.#/... /..."},
    {"/x?", "/x /x?* /% /..."},
    {"/cal?y=2031&m=5", "/cal?m&y /cal?* /%?m&y /..."},
    {"/f/list.php?b=1&a=2&b=3", "/f/list.php?a&b /f/list.php?* /f/%.php?a&b /f/... /..."},
    {"/s/8f3a01c2d4e5f607/page", "/s/~/% /s/~/... /s/... /..."},
    {"/sid-8f3a01c2/page", "/sid-~/% /sid-~/... /..."},
    {"/(S(lit3py55t21z5v55vlm25s55))/page", "/(S(~/% /(S(~/... /..."},
    {"/doc/123e4567-e89b-12d3-a456-426614174000", "/doc/~ /doc/... /..."},
    {"/top-10-ideas-for-2024/x", "/top-#-ideas-for-#/% /top-#-ideas-for-#/... /..."},
    {"/a/b/a/x", "/a/b/a/% a_folder_twice_in_the_path /a/b/a/... /a/b/... /a/... /..."},
    {"/1/2/1/x", "/#/#/#/% /#/#/#/... /#/#/... /#/... /..."},
};

static void a_url__is_of_these_classes(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char url[256], got[1024] = "", room[SHAPE_TEXT_MAX];
        struct shapes shapes;
        (void)snprintf(url, sizeof url, "https://example.org:8443%s", cases[i].path);
        shapes_of(str_of(url), &shapes);
        for (unsigned n = 0; n < shapes.count; n++) {
            struct str text = shapes_text(str_of(url), n, room);
            size_t len = strlen(got);
            assert_true(shapes.keys[n] == str_hash(text));
            (void)snprintf(got + len, sizeof got - len, "%s" STR_FMT, n > 0 ? " " : "",
                           STR_ARG(text));
        }
        for (char *c = strstr(got, "a folder"); c != NULL && *c != '\0' && *c != '/'; c++)
            if (*c == ' ' && c[1] != '/')
                *c = '_';
        assert_string_equal(got, cases[i].classes);
    }
}

static void a_short_list__is_told_by_its_url(void **state)
{
    (void)state;
    static const struct {
        const char *url;
        bool is_listing;
    } lists[] = {
        {"http://h/2024/05/", true},     {"http://h/tag/x", true},
        {"http://h/tag/x?page=2", true}, {"http://h/list.php?start=20", true},
        {"http://h/x?sort=name", false}, {"http://h/x?page=2&sort=name", false},
        {"http://h/a/b/c", false},       {"http://h/8f3a01c2d4e5f607/c", false},
        {"http://h/a/a", false},
    };
    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        struct shapes shapes;
        shapes_of(str_of(lists[i].url), &shapes);
        if (shapes.is_listing != lists[i].is_listing)
            fail_msg("%s", lists[i].url);
    }
}

static void tokens__are_what_nobody_would_type(void **state)
{
    (void)state;
    static const char *const tokens[] = {"8f3a01c2", "lit3py55t21z5v55vlm25s55",
                                         "123E4567-e89b-12d3-a456-426614174000"};
    static const char *const others[] = {
        "",         "12345678901234567890",      "deadbeef",
        "faced1",   "top-10-tips-for-2024",      "wikipedia",
        "iso8859x", "a-very-long-page-name-1-2", "v1.2.3.4.5.6.7.8.9"};
    for (size_t i = 0; i < ARRAY_LEN(tokens); i++)
        if (!shapes_is_token(str_of(tokens[i])))
            fail_msg("%s is one", tokens[i]);
    for (size_t i = 0; i < ARRAY_LEN(others); i++)
        if (shapes_is_token(str_of(others[i])))
            fail_msg("%s is none", others[i]);
}

static void paths_that_repeat__are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        bool is_refused;
    } paths[] = {
        {"/a/a/a/x", false},
        {"/a/a/a/a", true},
        {"/x/a/a/a/a/y", true},
        {"/a/b/a/b/a/b/", false},
        {"/a/b/a/b/a/b/a/b/", true},
        {"/a/b/a/b/a/b/a/c", false},
        {"/1/2/3/1/2/3/1/2/3/1/2/3", true},
        {"/x?u=/a/a/a/a/a/a/a/a", false},
        {"/a//a//a//a", true},
        {"/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17/18/19/20/21/22/23/24/25/26/27/28/29/30/31/32",
         false},
        {"/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17/18/19/20/21/22/23/24/25/26/27/28/29/30/31/32/",
         false},
        {"/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17/18/19/20/21/22/23/24/25/26/27/28/29/30/31/32/"
         "33",
         true},
    };
    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        char url[512];
        (void)snprintf(url, sizeof url, "http://h%s", paths[i].path);
        if (str_is_absent(shapes_refuse(str_of(url))) == paths[i].is_refused)
            fail_msg("%s", paths[i].path);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_url__is_of_these_classes),
        cmocka_unit_test(a_short_list__is_told_by_its_url),
        cmocka_unit_test(tokens__are_what_nobody_would_type),
        cmocka_unit_test(paths_that_repeat__are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
