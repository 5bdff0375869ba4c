/* What a crawl would make of a URL, from what its database keeps. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "crawler/engine/foresight.h"

struct fixture {
    struct foresight f;
    struct url url;
    struct arena arena;
};

static void begin(struct fixture *fx, const char *settings)
{
    *fx = (struct fixture){.url = URL_INIT, .arena = ARENA_INIT(1 << 20)};
    foresight_init(&fx->f, str_of(settings));
}

static void end(struct fixture *fx)
{
    foresight_release(&fx->f);
    url_release(&fx->url);
    arena_release(&fx->arena);
}

static void name(struct fixture *fx, const char *url)
{
    assert_int_equal(url_parse(&fx->url, str_of(url), NULL), CW_OK);
    assert_int_equal(url_canonicalize(&fx->url), CW_OK);
}

static const struct verdict_case {
    const char *settings, *seed, *url;
    int depth;
    enum exclude_reason reason;
    const char *detail;
} verdicts[] = {
    {"{}", "http://a.example/", "http://a.example/x", 1, EXCLUDE_NONE, ""},
    {"{}", "http://a.example/", "http://b.example/x", 1, EXCLUDE_SCOPE, "host"},
    {"{\"scope\":\"domain\"}", "http://w.a.example/", "http://b.a.example/", 1, EXCLUDE_NONE, ""},
    {"{\"scope\":\"prefix\"}", "http://a.example/d/", "http://a.example/e", 1, EXCLUDE_SCOPE,
     "prefix"},
    {"{\"scope\":\"any\"}", "http://a.example/", "http://b.example/", 1, EXCLUDE_NONE, ""},
    {"{\"scope\":\"any\"}", "http://a.example/", "http://b.example:22/", 1, EXCLUDE_PORT, ""},
    {"{\"depth\":\"1\"}", "http://a.example/", "http://a.example/x", 2, EXCLUDE_DEPTH,
     "deeper than 1"},
    {"{\"exclude\":[\"*x\"]}", "http://a.example/", "http://a.example/x", 1, EXCLUDE_PATTERN, "*x"},
    {"{\"include\":[\"*y\"]}", "http://a.example/", "http://a.example/x", 1, EXCLUDE_INCLUDE, ""},
    {"{\"follow\":\"false\"}", "http://a.example/", "http://a.example/x", 1, EXCLUDE_FOLLOW, ""},
};

static void settings_and_start_urls__make_the_rules(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(verdicts); i++) {
        const struct verdict_case *c = &verdicts[i];
        struct fixture fx;
        struct verdict verdict;
        begin(&fx, c->settings);
        foresight_add_seed(&fx.f, str_of(c->seed), true);
        name(&fx, c->url);
        assert_int_equal(foresight_judge(&fx.f, &fx.url, c->depth, &fx.arena, &verdict, NULL),
                         CW_OK);
        if (verdict.reason != c->reason || !str_eq(verdict.detail, str_of(c->detail)))
            fail_msg("%s %s: %s " STR_FMT, c->settings, c->url, exclude_reason_name(verdict.reason),
                     STR_ARG(verdict.detail));
        end(&fx);
    }
}

static void robots_txt__is_read_for_the_agent_that_asked(void **state)
{
    (void)state;
    static const char body[] = "User-agent: mill\nDisallow: /m\n\nUser-agent: *\nDisallow: /x\n";
    static const struct {
        const char *settings, *url;
        bool allowed;
        unsigned line;
    } cases[] = {
        {"{\"user_agent\":\"mill/1.0\"}", "http://a.example/m", false, 2},
        {"{\"user_agent\":\"mill/1.0\"}", "http://a.example/x", true, 0},
        {"{\"user_agent\":\"other\"}", "http://a.example/x?q", false, 5},
        {NULL, "http://a.example/x", false, 5},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct fixture fx;
        struct foreseen_robots said;
        begin(&fx, cases[i].settings);
        name(&fx, cases[i].url);
        assert_int_equal(foresight_ask_robots(&fx.f, str_of(body), &fx.url, &fx.arena, &said),
                         CW_OK);
        assert_int_equal(said.allowed, cases[i].allowed);
        assert_int_equal(said.line, cases[i].line);
        end(&fx);
    }
}

static void a_private_address__is_reachable_by_a_seed_or_a_setting(void **state)
{
    (void)state;
    static const struct {
        const char *settings, *seed;
        bool is_named, reachable;
    } cases[] = {
        {"{}", "http://127.0.0.1/", true, false},
        {"{\"seeds_open_guard\":\"true\"}", "http://127.0.0.1/", true, true},
        {"{\"seeds_open_guard\":\"true\"}", "http://127.0.0.1/", false, false},
        {"{\"seeds_open_guard\":\"true\"}", "http://10.0.0.1/", true, false},
        {"{\"allow_private\":\"true\"}", "http://a.example/", true, true},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct fixture fx;
        bool reachable;
        begin(&fx, cases[i].settings);
        foresight_add_seed(&fx.f, str_of(cases[i].seed), cases[i].is_named);
        name(&fx, "http://localhost/");
        assert_int_equal(foresight_class(&fx.f, &fx.url, &reachable), GUARD_LOOPBACK);
        assert_int_equal(reachable, cases[i].reachable);
        end(&fx);
    }
}

static void what_is_kept_of_the_host__counts_for_budgets(void **state)
{
    (void)state;
    for (int64_t pages = 4; pages <= 5; pages++) {
        struct fixture fx;
        struct sentry_answer answer = {0};
        const struct store_explanation known = {.stored = {.pages = pages}};
        begin(&fx, "{\"max_pages_per_host\":\"5\"}");
        name(&fx, "http://a.example/x");
        assert_int_equal(foresight_ask_sentry(&fx.f, &fx.url, &known, 1, &answer), CW_OK);
        assert_int_equal(answer.reason, pages < 5 ? EXCLUDE_NONE : EXCLUDE_BUDGET);
        end(&fx);
    }
}

static void without_settings__nothing_is_claimed(void **state)
{
    (void)state;
    static const char *const texts[] = {NULL, "", "no object", "[]"};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct fixture fx;
        begin(&fx, texts[i]);
        assert_false(fx.f.has_settings);
        assert_int_equal(fx.f.err, CW_OK);
        end(&fx);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(settings_and_start_urls__make_the_rules),
        cmocka_unit_test(robots_txt__is_read_for_the_agent_that_asked),
        cmocka_unit_test(a_private_address__is_reachable_by_a_seed_or_a_setting),
        cmocka_unit_test(what_is_kept_of_the_host__counts_for_budgets),
        cmocka_unit_test(without_settings__nothing_is_claimed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
