#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "crawler/engine/admit.h"

static const struct admitted {
    const char *name, *url, *host;
    int32_t depth;
    bool is_seed;
    enum exclude_reason reason;
} cases[] = {
    {"in scope", "http://a.example/x", "a.example", 1, false, EXCLUDE_NONE},
    {"out of scope", "http://b.example/", "b.example", 1, false, EXCLUDE_SCOPE},
    {"too deep", "http://a.example/x", "a.example", 3, false, EXCLUDE_DEPTH},
    {"a bad port in scope", "http://c.example:22/", "c.example:22", 1, false, EXCLUDE_PORT},
    {"scope is asked before the port", "http://d.example:22/", "d.example:22", 1, false,
     EXCLUDE_SCOPE},
    {"a seed with a bad port", "http://d.example:6000/", "d.example:6000", 0, true, EXCLUDE_PORT},
    {"a seed with any other port", "http://d.example:8080/", "d.example:8080", 0, true,
     EXCLUDE_NONE},
    {"a seed that is excluded", "http://a.example/no", "a.example", 0, true, EXCLUDE_PATTERN},
    {"the port after an IPv6 address", "http://[::1]:22/", "[::1]:22", 0, true, EXCLUDE_PORT},
    {"the end of an IPv6 address is no port", "http://[2001:db8::22]/", "[2001:db8::22]", 0, true,
     EXCLUDE_NONE},
    {"an IPv4 address is no port", "http://192.0.2.22/", "192.0.2.22", 0, true, EXCLUDE_NONE},
    {"a name that ends in digits is no port", "http://web22/", "web22", 0, true, EXCLUDE_NONE},
    {"port 0 is bad (Fetch, port blocking)", "http://e.example:0/", "e.example:0", 0, true,
     EXCLUDE_PORT},
};

static struct scope *make_scope(void)
{
    const struct str seeds[] = {STR("http://a.example/"), STR("http://c.example:22/")};
    const struct str exclude[] = {STR("*/no")};
    const struct scope_options options = {.kind = SCOPE_HOST,
                                          .seeds = seeds,
                                          .seed_count = ARRAY_LEN(seeds),
                                          .exclude = exclude,
                                          .exclude_count = ARRAY_LEN(exclude),
                                          .max_depth = 2};
    struct scope *scope;
    assert_int_equal(scope_new(&scope, &options, NULL), CW_OK);
    return scope;
}

static void a_url__needs_scope_and_port(void **state)
{
    (void)state;
    struct scope *scope = make_scope();
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct admitted *c = &cases[i];
        struct verdict v = c->is_seed ? admit_seed(scope, str_of(c->url), str_of(c->host))
                                      : admit_url(scope, str_of(c->url), str_of(c->host), c->depth);
        if (v.reason != c->reason)
            fail_msg("%s: %s", c->name, exclude_reason_name(v.reason));
    }
    scope_drop(scope);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_url__needs_scope_and_port)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
