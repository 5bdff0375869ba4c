#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>

#include "crawler/frontier/scope.h"

enum { MOST = 3 };

struct judged {
    const char *name;
    const char *seeds[MOST], *include[MOST], *exclude[MOST];
    enum scope_kind kind;
    int32_t max_depth;
    bool no_follow;
    const char *url;
    int32_t depth;
    enum exclude_reason reason;
    const char *detail; /* NULL: absent */
};

static size_t strs_of(const char *const texts[MOST], struct str ret[MOST])
{
    size_t count = 0;
    while (count < MOST && texts[count] != NULL) {
        ret[count] = str_of(texts[count]);
        count++;
    }
    return count;
}

static struct scope *scope_of(const struct judged *c)
{
    struct str seeds[MOST], include[MOST], exclude[MOST];
    struct scope_options options = {.kind = c->kind,
                                    .seeds = seeds,
                                    .seed_count = strs_of(c->seeds, seeds),
                                    .include = include,
                                    .include_count = strs_of(c->include, include),
                                    .exclude = exclude,
                                    .exclude_count = strs_of(c->exclude, exclude),
                                    .max_depth = c->max_depth,
                                    .no_follow = c->no_follow};
    struct scope *scope = NULL;
    struct errmsg msg = {""};
    if (scope_new(&scope, &options, &msg) != CW_OK)
        fail_msg("%s: %s", c->name, msg.text);
    return scope;
}

static struct str host_of(const char *url)
{
    struct str rest = str_skip(str_of(url), str_find(str_of(url), STR("://")) + 3);
    return str_first(rest, str_find_char(rest, '/'));
}

static void check_all(const struct judged *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct judged *c = &cases[i];
        struct scope *scope = scope_of(c);
        struct verdict got = scope_judge(scope, str_of(c->url), host_of(c->url), c->depth);
        if (got.reason != c->reason || !str_eq(got.detail, str_of(c->detail)))
            fail_msg("%s: %s is \"%s\" (" STR_FMT "), expected \"%s\" (%s)", c->name, c->url,
                     exclude_reason_name(got.reason), STR_ARG(got.detail),
                     exclude_reason_name(c->reason), c->detail != NULL ? c->detail : "");
        scope_drop(scope);
    }
}

/* Cases of one scope share all but the URL. */
#define A_SEED  .seeds = {"https://a.example/dir/page"}, .max_depth = -1
#define OUT(of) .reason = EXCLUDE_SCOPE, .detail = of

/* scope.h, enum scope_kind. */
static void scope_kind__decides_which_places_belong(void **state)
{
    (void)state;
    static const struct judged cases[] = {
        {"host", A_SEED, .kind = SCOPE_HOST, .url = "https://a.example/x"},
        {"host, the other scheme", A_SEED, .kind = SCOPE_HOST, .url = "http://a.example/x"},
        {"host, a subdomain", A_SEED, .kind = SCOPE_HOST, .url = "https://b.a.example/",
         OUT("host")},
        {"host, a port", A_SEED, .kind = SCOPE_HOST, .url = "https://a.example:81/", OUT("host")},
        {"host, the seed's port", .seeds = {"http://[::1]:81/"}, .max_depth = -1,
         .kind = SCOPE_HOST, .url = "http://[::1]:81/x"},
        {"host, one of several", .seeds = {"https://a.example/", "https://b.example/"},
         .max_depth = -1, .kind = SCOPE_HOST, .url = "https://b.example/x"},
        {"host, no seeds", .max_depth = -1, .url = "https://a.example/", OUT("host")},

        {"domain, a subdomain", .seeds = {"https://www.a.co.uk:81/"}, .max_depth = -1,
         .kind = SCOPE_DOMAIN, .url = "https://b.c.a.co.uk/x"},
        {"domain, a sibling under a public suffix", .seeds = {"https://www.a.co.uk/"},
         .max_depth = -1, .kind = SCOPE_DOMAIN, .url = "https://b.co.uk/x", OUT("domain")},
        {"domain, an address is its own", .seeds = {"http://[::1]:81/"}, .max_depth = -1,
         .kind = SCOPE_DOMAIN, .url = "http://[::1]:82/x"},

        {"prefix", A_SEED, .kind = SCOPE_PREFIX, .url = "https://a.example/dir/x/y?z=/"},
        {"prefix, the folder itself", A_SEED, .kind = SCOPE_PREFIX,
         .url = "https://a.example/dir/"},
        {"prefix, half a folder", A_SEED, .kind = SCOPE_PREFIX, .url = "https://a.example/dirty/",
         OUT("prefix")},
        {"prefix, above it", A_SEED, .kind = SCOPE_PREFIX, .url = "https://a.example/",
         OUT("prefix")},
        {"prefix, only in the query", A_SEED, .kind = SCOPE_PREFIX,
         .url = "https://a.example/?https://a.example/dir/", OUT("prefix")},
        {"prefix, a slash in the seed's query", .seeds = {"https://a.example/b?u=/c/d"},
         .max_depth = -1, .kind = SCOPE_PREFIX, .url = "https://a.example/x"},

        {"any", A_SEED, .kind = SCOPE_ANY, .url = "http://elsewhere.example/"},
    };
    check_all(cases, ARRAY_LEN(cases));
}

static void rules__are_asked_in_the_order_of_the_header(void **state)
{
    (void)state;
    static const struct judged cases[] = {
        {"depth reached", .seeds = {"https://a.example/"}, .max_depth = 2,
         .url = "https://a.example/x", .depth = 2},
        {"depth passed", .seeds = {"https://a.example/"}, .max_depth = 2,
         .url = "https://a.example/x", .depth = 3, .reason = EXCLUDE_DEPTH,
         .detail = "deeper than 2"},
        {"scope before depth", .seeds = {"https://a.example/"}, .max_depth = 2,
         .url = "https://b.example/x", .depth = 3, OUT("host")},
        {"depth before exclude", .seeds = {"https://a.example/"}, .max_depth = 0, .exclude = {"*"},
         .url = "https://a.example/x", .depth = 1, .reason = EXCLUDE_DEPTH,
         .detail = "deeper than 0"},
        {"exclude before include", A_SEED, .kind = SCOPE_ANY, .include = {"*"}, .exclude = {"*x"},
         .url = "https://a.example/x", .reason = EXCLUDE_PATTERN, .detail = "*x"},
        {"the second exclude", A_SEED, .kind = SCOPE_ANY, .exclude = {"*y", "re:x$"},
         .url = "https://a.example/x", .reason = EXCLUDE_PATTERN, .detail = "re:x$"},
        {"no include matches", A_SEED, .kind = SCOPE_ANY, .include = {"*y", "*z"},
         .url = "https://a.example/x", .reason = EXCLUDE_INCLUDE},
        {"one include matches", A_SEED, .kind = SCOPE_ANY, .include = {"*y", "*x"},
         .url = "https://a.example/x"},
        {"no-follow", A_SEED, .kind = SCOPE_ANY, .no_follow = true, .url = "https://a.example/x",
         .reason = EXCLUDE_FOLLOW},
        {"no-follow before scope", A_SEED, .no_follow = true, .url = "https://b.example/x",
         .reason = EXCLUDE_FOLLOW},

        {"a seed is no find", A_SEED, .no_follow = true, .url = "https://a.example/dir/page"},
        {"a seed may be deep and not included", .seeds = {"https://a.example/dir/page"},
         .max_depth = 0, .include = {"*y"}, .url = "https://a.example/dir/page", .depth = 9},
        {"a seed may be excluded", A_SEED, .exclude = {"*page"},
         .url = "https://a.example/dir/page", .reason = EXCLUDE_PATTERN, .detail = "*page"},
    };
    check_all(cases, ARRAY_LEN(cases));
}

/* pattern.h: "`*` stands for any run of bytes, slashes and none included, `?` for exactly one". */
static void glob__is_matched_against_the_whole_url(void **state)
{
    (void)state;
    static const struct {
        const char *glob, *url;
        bool matches;
    } cases[] = {
        {"https://a.example/", "https://a.example/", true},
        {"https://a.example/", "https://a.example/x", false},
        {"a.example", "https://a.example/", false},
        {"https://a.example/*", "https://a.example/", true},
        {"https://a.example/*", "https://a.example/x/y?z", true},
        {"*/y?z", "https://a.example/x/y?z", true},
        {"*.pdf", "https://a.example/x.pdf", true},
        {"*.pdf", "https://a.example/x.pdf?y", false},
        {"*/x?y", "https://a.example/xy", false},
        {"*x??z*", "https://a.example/xyyz", true},
        {"*x??z*", "https://a.example/xyz", false},
        {"*a?c*c", "https://a.example/abcabc", true},
        {"*abab*b", "https://a.example/abab", false}, /* no byte serves twice */
        {"*xab*ab", "https://a.example/xab", false},
        {"**", "https://a.example/", true},
        {"*", "https://a.example/", true},
        {"?*?", "xy", true},
        {"?*?", "x", false},
        {"*?", "x", true},
        {"[a-z]*", "https://a.example/", false}, /* brackets stand for themselves */
        {"HTTPS://*", "https://a.example/", false},
        {"*aaaaaaaab*aaaaaaaab*", "https://a.example/aaaaaaaaaaaaaaaaaab", false},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct judged c = {"glob", .kind = SCOPE_ANY, .max_depth = -1, .exclude = {cases[i].glob}};
        struct scope *scope = scope_of(&c);
        struct verdict got = scope_judge(scope, str_of(cases[i].url), STR("a.example"), 0);
        if ((got.reason == EXCLUDE_PATTERN) != cases[i].matches)
            fail_msg("%s, %s: expected %s", cases[i].glob, cases[i].url,
                     cases[i].matches ? "a match" : "none");
        scope_drop(scope);
    }
}

/* scope.h: "Patterns take at most a fixed number of steps". The expression needs 2^40 of them. */
static void endless_expression__gives_up_and_says_so(void **state)
{
    (void)state;
    static const char URL[] = "https://a.example/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!";
    static const char WORDS[] = "re:^.*/(a|aa|a?a)+$ (gave up: too many steps or no memory)";
    static const struct judged cases[] = {
        {"exclude", A_SEED, .kind = SCOPE_ANY, .exclude = {"re:^.*/(a|aa|a?a)+$"}, .url = URL,
         .reason = EXCLUDE_PATTERN, .detail = WORDS},
        {"include", A_SEED, .kind = SCOPE_ANY, .include = {"re:^.*/(a|aa|a?a)+$"}, .url = URL,
         .reason = EXCLUDE_INCLUDE, .detail = WORDS},
        {"another include", A_SEED, .kind = SCOPE_ANY, .include = {"re:^.*/(a|aa|a?a)+$", "*"},
         .url = URL},
    };
    check_all(cases, ARRAY_LEN(cases));
}

/* JIT code has a stack of 32 KiB; what needs more is the interpreter's, and no reason to give up.
 */
static void expression_on_the_longest_url__is_answered(void **state)
{
    (void)state;
    static char url[URL_MAX_BYTES + 1] = "https://a.example/";
    memset(url + strlen(url), 'a', URL_MAX_BYTES - strlen(url));
    struct judged c = {"long",
                       A_SEED,
                       .kind = SCOPE_ANY,
                       .exclude = {"re:/(a|b|(c))*$"},
                       .url = url,
                       .reason = EXCLUDE_PATTERN,
                       .detail = "re:/(a|b|(c))*$"};
    check_all(&c, 1);
}

static void bad_pattern__is_refused_with_its_place(void **state)
{
    (void)state;
    static char huge[5000];
    memset(huge, 'a', sizeof huge - 1);
    const struct {
        const char *pattern, *words;
    } cases[] = {
        {"re:a(b", "missing closing parenthesis at character 7 of the pattern re:a(b"},
        {"re:[z-a]",
         "range out of order in character class at character 7 of the pattern re:[z-a]"},
        {"", "a pattern has 1 to 4096 characters, not 0"},
        {huge, "a pattern has 1 to 4096 characters, not 4999"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct str texts[] = {STR("*fine*"), str_of(cases[i].pattern)};
        struct scope_options options = {.exclude = texts, .exclude_count = 2};
        struct scope *scope = NULL;
        struct errmsg msg;
        assert_int_equal(scope_new(&scope, &options, &msg), CW_EINVAL);
        assert_null(scope);
        assert_string_equal(msg.text, cases[i].words);
    }
}

static void seed_that_is_not_canonical__is_refused(void **state)
{
    (void)state;
    static const char *const seeds[] = {"", "a.example", "https://", "https:///x",
                                        "https://a.example"};
    for (size_t i = 0; i < ARRAY_LEN(seeds); i++) {
        struct str seed = str_of(seeds[i]);
        struct scope_options options = {.seeds = &seed, .seed_count = 1, .kind = SCOPE_PREFIX};
        struct scope *scope = NULL;
        struct errmsg msg;
        assert_int_equal(scope_new(&scope, &options, &msg), CW_EINVAL);
        assert_non_null(strstr(msg.text, seeds[i]));
    }
}

static void a_named_url__is_kept_out_by_exclude_patterns_alone(void **state)
{
    (void)state;
    const struct judged narrow = {A_SEED, .kind = SCOPE_PREFIX, .include = {"*/dir/*"},
                                  .exclude = {"*secret*"}, .no_follow = true};
    struct scope *scope = scope_of(&narrow);
    struct verdict elsewhere = scope_judge_seed(scope, STR("https://b.example/x"));
    struct verdict secret = scope_judge_seed(scope, STR("https://b.example/secret"));
    assert_int_equal(elsewhere.reason, EXCLUDE_NONE);
    assert_int_equal(secret.reason, EXCLUDE_PATTERN);
    scope_drop(scope);
}

static void many_seeds__are_all_known(void **state)
{
    (void)state;
    enum { COUNT = 20000 };
    static char texts[COUNT][40];
    static struct str seeds[COUNT];
    for (int i = 0; i < COUNT; i++) {
        (void)snprintf(texts[i], sizeof texts[i], "https://h%d.example/", i / 2); /* each twice */
        seeds[i] = str_of(texts[i]);
    }
    struct scope_options options = {.seeds = seeds, .seed_count = COUNT, .max_depth = -1};
    struct scope *scope = NULL;
    struct errmsg msg;
    assert_int_equal(scope_new(&scope, &options, &msg), CW_OK);
    for (int i = 0; i < COUNT; i++)
        assert_int_equal(scope_judge(scope, STR("x"), host_of(texts[i]), 0).reason, EXCLUDE_NONE);
    assert_int_equal(scope_judge(scope, STR("x"), STR("h10000.example"), 0).reason, EXCLUDE_SCOPE);
    scope_drop(scope);
}

/* Under TSan this proves that judging shares nothing that changes. */
static void *judge_often(void *arg)
{
    struct scope *scope = arg;
    size_t excluded = 0;
    for (int i = 0; i < 500; i++) {
        struct str url = i % 2 == 0 ? STR("https://a.example/xyz") : STR("https://a.example/abc");
        excluded += scope_judge(scope, url, STR("a.example"), 0).reason == EXCLUDE_PATTERN;
    }
    scope_drop(scope);
    return excluded == 250 ? arg : NULL;
}

static void several_threads__may_judge_at_once_and_drop_last(void **state)
{
    (void)state;
    struct judged c = {"threads", A_SEED, .kind = SCOPE_ANY, .exclude = {"re:x(y|z)+$"}};
    struct scope *scope = scope_of(&c);
    pthread_t threads[4];
    for (size_t i = 0; i < ARRAY_LEN(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, judge_often, scope_hold(scope)), 0);
    scope_drop(scope);
    for (size_t i = 0; i < ARRAY_LEN(threads); i++) {
        void *answer = NULL;
        assert_int_equal(pthread_join(threads[i], &answer), 0);
        assert_non_null(answer);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scope_kind__decides_which_places_belong),
        cmocka_unit_test(rules__are_asked_in_the_order_of_the_header),
        cmocka_unit_test(glob__is_matched_against_the_whole_url),
        cmocka_unit_test(endless_expression__gives_up_and_says_so),
        cmocka_unit_test(expression_on_the_longest_url__is_answered),
        cmocka_unit_test(bad_pattern__is_refused_with_its_place),
        cmocka_unit_test(seed_that_is_not_canonical__is_refused),
        cmocka_unit_test(a_named_url__is_kept_out_by_exclude_patterns_alone),
        cmocka_unit_test(many_seeds__are_all_known),
        cmocka_unit_test(several_threads__may_judge_at_once_and_drop_last),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
