#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "crawler/base/buf.h"
#include "crawler/parse/robots.h"

static struct robots *parse(struct str body, struct str agent)
{
    struct robots *robots = NULL;
    assert_int_equal(robots_parse(&robots, body, agent), CW_OK);
    return robots;
}

struct match_case {
    const char *name;
    const char *body, *path;
    bool allowed;
    uint32_t line;
    const char *rule; /* NULL: absent */
};

/* The agent is "crawld" everywhere. */
static const struct match_case match_cases[] = {
    {"2.2.1: without a matching group, and without *, no rules apply",
     "user-agent: other\ndisallow: /\n", "/a", true, 0, NULL},
    {"2.2.1: case-insensitive matching of the product token", "User-Agent: CRAWLD\nDisallow: /\n",
     "/a", false, 2, "Disallow: /"},
    {"2.2.1: groups of one product token are combined",
     "user-agent: crawld\ndisallow: /a\nuser-agent: x\nallow: /\nuser-agent: crawld\ndisallow: "
     "/b\n",
     "/b", false, 6, "Disallow: /b"},
    {"2.2.1: the group of * counts only when no other does",
     "user-agent: *\ndisallow: /\nuser-agent: crawld\ndisallow: /b\n", "/a", true, 0, NULL},
    {"2.2.1: user-agent lines in a row share the rules that follow",
     "user-agent: a\nuser-agent: crawld\nuser-agent: b\ndisallow: /\n", "/a", false, 4,
     "Disallow: /"},
    {"2.2: an empty rule ends the row of user-agent lines",
     "user-agent: crawld\ndisallow:\nuser-agent: b\ndisallow: /\n", "/a", true, 0, NULL},
    {"2.2.1: the token of a line may be followed by anything",
     "user-agent: crawld/0.1 (+https://x/)\ndisallow: /\n", "/a", false, 2, "Disallow: /"},
    {"2.2.1: a longer token is another robot", "user-agent: crawld-news\ndisallow: /\n", "/a", true,
     0, NULL},
    {"2.2.2: the match is case-sensitive", "user-agent: *\ndisallow: /A\n", "/a", true, 0, NULL},
    {"2.2.2: the match that has the most octets wins", "user-agent: *\nallow: /a/b\ndisallow: /a\n",
     "/a/b/c", true, 2, "Allow: /a/b"},
    {"2.2.2: of equivalent rules allow is used", "user-agent: *\ndisallow: /a\nallow: /a\n", "/a",
     true, 3, "Allow: /a"},
    {"2.2.2: two spellings of one path are equivalent rules",
     "user-agent: *\ndisallow: /%62%7E\nallow: /b~\n", "/b~", true, 3, "Allow: /b~"},
    {"2.2.2: of the same rule twice the first line is named",
     "user-agent: *\ndisallow: /a\ndisallow: /a\n", "/a", false, 2, "Disallow: /a"},
    {"2.2.2: /robots.txt is implicitly allowed", "user-agent: *\ndisallow: /\n", "/robots.txt",
     true, 0, NULL},
    {"2.2.2: escapes differ in case only", "user-agent: *\ndisallow: /%c3%a4\n", "/%C3%A4", false,
     2, "Disallow: /%c3%a4"},
    {"2.2.2: an escaped slash is no slash", "user-agent: *\ndisallow: /a/b\n", "/a%2Fb", true, 0,
     NULL},
    {"2.2.2: an escaped slash in a query is one", "user-agent: *\ndisallow: /a?u=b/c\n",
     "/a?u=b%2fc", false, 2, "Disallow: /a?u=b/c"},
    {"an escape behind a wildcard matches in a query", "user-agent: *\ndisallow: /*u=b%2Fc\n",
     "/a?u=b%2fc", false, 2, "Disallow: /*u=b%2Fc"},
    {"an escape behind a wildcard matches in a path", "user-agent: *\ndisallow: /*u=b%2Fc\n",
     "/u=b%2fc", false, 2, "Disallow: /*u=b%2Fc"},
    {"a broken escape matches itself", "user-agent: *\ndisallow: /100%\n", "/100%!", false, 2,
     "Disallow: /100%"},
    {"white space inside a path is part of it", "user-agent: *\ndisallow: /a b\n", "/a%20b", false,
     2, "Disallow: /a b"},
    {"2.2.3: * is any sequence, also none", "user-agent: *\ndisallow: /a*b\n", "/ab", false, 2,
     "Disallow: /a*b"},
    {"2.2.3: $ is the end", "user-agent: *\ndisallow: /a$\n", "/ab", true, 0, NULL},
    {"2.2.3: *$ is any end", "user-agent: *\ndisallow: /a*$\n", "/ab", false, 2, "Disallow: /a*$"},
    {"2.2.3: $ inside a pattern is a dollar", "user-agent: *\ndisallow: /a$b\n", "/a$b", false, 2,
     "Disallow: /a$b"},
    {"2.2.3: %24 at the end is a dollar", "user-agent: *\ndisallow: /a%24\n", "/a$b", false, 2,
     "Disallow: /a%24"},
    {"2.2.3: %2A is an asterisk", "user-agent: *\ndisallow: /a%2Ab\n", "/axb", true, 0, NULL},
    {"2.2.3: %2A is an asterisk, also a raw one", "user-agent: *\ndisallow: /a%2Ab\n", "/a*b",
     false, 2, "Disallow: /a%2Ab"},
    {"the last part of an anchored pattern is sought at the end",
     "user-agent: *\ndisallow: /*ab*ab$\n", "/abxabyab", false, 2, "Disallow: /*ab*ab$"},
    {"parts of a pattern do not overlap", "user-agent: *\ndisallow: /*ab*ba$\n", "/aba", true, 0,
     NULL},
    {"2.2.4: other records do not end a group",
     "user-agent: crawld\nsitemap: http://x/\nfoo: bar\nuser-agent: b\ndisallow: /\n", "/a", false,
     5, "Disallow: /"},
    {"a rule before any group is ignored", "disallow: /\nuser-agent: *\nallow: /x\n", "/a", true, 0,
     NULL},
    {"a missing colon between two words is forgiven", "user-agent *\ndisallow\t/a\n", "/a", false,
     2, "Disallow: /a"},
    {"a missing colon among three words is not", "user-agent: *\ndisallow /a /b\n", "/a", true, 0,
     NULL},
    {"a misspelt disallow is understood", "user-agent: *\ndissallow: /a\n", "/a", false, 2,
     "Disallow: /a"},
    {"comments are cut", "user-agent: * # all\ndisallow: /a # b\n", "/a", false, 2, "Disallow: /a"},
    {"CR alone ends a line", "user-agent: *\r\rdisallow: /a\r", "/a", false, 3, "Disallow: /a"},
    {"Google: an allowed index page allows its folder",
     "user-agent: *\ndisallow: /\nallow: /d/index.html\n", "/d/", true, 3, "Allow: /d/index.html"},
    {"Google: but not what else is in the folder",
     "user-agent: *\ndisallow: /\nallow: /d/index.html\n", "/d/x", false, 2, "Disallow: /"},
    {"HTML in place of a robots.txt allows everything", "<html><body>user-agent: *</body>\n<p>no\n",
     "/a", true, 0, NULL},
    {"an empty file allows everything", "", "/a", true, 0, NULL},
};

static void a_path__is_judged_by_its_group_and_longest_rule(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(match_cases); i++) {
        const struct match_case *c = &match_cases[i];
        struct robots *robots = parse(str_of(c->body), STR("crawld"));
        struct robots_match match = robots_match(robots, str_of(c->path));
        if (match.allowed != c->allowed || match.line != c->line ||
            !str_eq(match.rule, str_of(c->rule)))
            fail_msg("%s: got line %u, rule " STR_FMT, c->name, match.line, STR_ARG(match.rule));
        robots_free(robots);
    }
}

static void nul_and_binary_octets__are_part_of_their_line_only(void **state)
{
    (void)state;
    static const char body[] = "\x00\xFF\x01: \x00\nuser-agent: *\ndisallow: /a\x00\nallow: /b\n";
    struct robots *robots = parse(str_from(body, sizeof body - 1), STR("crawld"));
    assert_true(robots_match(robots, STR("/a")).allowed);
    assert_int_equal(robots_match(robots, STR("/a%00")).line, 3);
    assert_int_equal(robots_match(robots, STR("/b")).line, 4);
    robots_free(robots);
}

static void utf_16__is_read_by_its_byte_order_mark(void **state)
{
    (void)state;
    static const char text[] = "user-agent: *\ndisallow: /a\n";
    for (int big = 0; big < 2; big++) {
        char body[2 * sizeof text] = {big ? '\xFE' : '\xFF', big ? '\xFF' : '\xFE'};
        for (size_t i = 0; i + 1 < sizeof text; i++)
            body[2 + 2 * i + (size_t)big] = text[i];
        struct robots *robots = parse(str_from(body, sizeof body), STR("crawld"));
        assert_int_equal(robots_match(robots, STR("/a")).line, 2);
        robots_free(robots);
    }
}

static void a_crawl_delay__is_decimal_seconds_of_the_agents_group(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        int64_t ms;
    } cases[] = {
        {"user-agent: *\ncrawl-delay: 10\n", 10000},
        {"user-agent: *\nCrawl-Delay: 0.5 # half\n", 500},
        {"user-agent: *\ncrawl-delay: 1.2345\n", 1234},
        {"user-agent: *\ncrawl-delay: 0\n", 0},
        {"user-agent: *\ncrawl-delay: NaN\n", -1},
        {"user-agent: *\ncrawl-delay: -1\n", -1},
        {"user-agent: *\ncrawl-delay: 1e9\n", -1},
        {"user-agent: *\ncrawl-delay: .\n", -1},
        {"user-agent: *\ncrawl-delay:\n", -1},
        {"user-agent: *\ncrawl-delay: 1.2.3\n", -1},
        {"user-agent: *\ncrawl-delay: 999999999999999999999999\n", 3650LL * 86400000},
        {"user-agent: *\ncrawl-delay: 2\ncrawl-delay: 7\ncrawl-delay: x\n", 7000},
        {"user-agent: other\ncrawl-delay: 5\n", -1},
        {"user-agent: *\ncrawl-delay: 5\nallow: /\nuser-agent: crawld\nallow: /\n", -1},
        {"crawl-delay: 5\n", -1},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct robots *robots = parse(str_of(cases[i].body), STR("crawld"));
        if (robots_crawl_delay_ms(robots) != cases[i].ms)
            fail_msg("%s", cases[i].body);
        robots_free(robots);
    }
}

static void sitemaps__belong_to_no_group(void **state)
{
    (void)state;
    struct robots *robots = parse(STR("sitemap: http://a/1\nuser-agent: other\nallow: /\n"
                                      "Site-Map: http://a/2 # two\nsitemap:\n"),
                                  STR("crawld"));
    assert_int_equal(robots_sitemap_count(robots), 2);
    assert_true(str_eq(robots_sitemap(robots, 0), STR("http://a/1")));
    assert_true(str_eq(robots_sitemap(robots, 1), STR("http://a/2")));
    robots_free(robots);
}

static void a_product_token__ends_at_the_first_other_character(void **state)
{
    (void)state;
    assert_true(str_eq(robots_product_token(STR("crawld/0.1 (+https://x/)")), STR("crawld")));
    assert_true(str_eq(robots_product_token(STR("My_Bot-News 2")), STR("My_Bot-News")));
    assert_int_equal(robots_product_token(STR("/1")).len, 0);
}

/* RFC 9309, 2.5: at least 500 KiB are parsed. What is beyond is cut at the last full line: half of
 * a rule is another rule. */
static void a_body_over_500_kib__is_cut_at_the_last_full_line(void **state)
{
    (void)state;
    CLEANUP(buf_release) struct buf body = BUF_INIT(2 * ROBOTS_MAX_BYTES);
    assert_int_equal(buf_add(&body, STR("user-agent: *\ndisallow: /first\n")), CW_OK);
    while (body.len < ROBOTS_MAX_BYTES - 40)
        assert_int_equal(buf_add(&body, STR("# filler\n")), CW_OK);
    assert_int_equal(buf_add(&body, STR("disallow: /last\n#")), CW_OK);
    while (body.len < ROBOTS_MAX_BYTES - 14)
        assert_int_equal(buf_add_char(&body, '#'), CW_OK);
    assert_int_equal(buf_add(&body, STR("\ndisallow: /private\ndisallow: /beyond\n")), CW_OK);
    struct robots *robots = parse(buf_str(&body), STR("crawld"));
    assert_false(robots_match(robots, STR("/first")).allowed);
    assert_false(robots_match(robots, STR("/last")).allowed);
    assert_true(robots_match(robots, STR("/private")).allowed);
    assert_true(robots_match(robots, STR("/beyond")).allowed);
    assert_true(robots_match(robots, STR("/p")).allowed);
    robots_free(robots);
}

/* A plain reading of RFC 9309 2.2.2 and 2.2.3, exponential and obviously right. */
static bool plainly_matches(const char *pattern, const char *path)
{
    if (*pattern == '\0')
        return true;
    if (*pattern == '$' && pattern[1] == '\0')
        return *path == '\0';
    if (*pattern == '*')
        return plainly_matches(pattern + 1, path) ||
               (*path != '\0' && plainly_matches(pattern, path + 1));
    return *pattern == *path && plainly_matches(pattern + 1, path + 1);
}

struct random_rules {
    char patterns[40][12];
    bool allow[40];
    size_t count;
};

static uint32_t next_random(uint32_t *seed)
{
    return (*seed = *seed * 1664525 + 1013904223) >> 16;
}

static void make_text(uint32_t *seed, const char *letters, size_t max, char *ret)
{
    size_t len = 1 + next_random(seed) % max;
    ret[0] = '/';
    for (size_t i = 1; i < len; i++)
        ret[i] = letters[next_random(seed) % strlen(letters)];
    ret[len] = '\0';
}

static struct robots *make_rules(uint32_t *seed, struct random_rules *rules)
{
    CLEANUP(buf_release) struct buf body = BUF_INIT(1 << 16);
    assert_int_equal(buf_add(&body, STR("user-agent: *\n")), CW_OK);
    rules->count = next_random(seed) % ARRAY_LEN(rules->patterns);
    for (size_t i = 0; i < rules->count; i++) {
        make_text(seed, "aab/*", 9, rules->patterns[i]);
        if (next_random(seed) % 4 == 0)
            memcpy(rules->patterns[i] + strlen(rules->patterns[i]), "$", 2);
        rules->allow[i] = next_random(seed) % 2 == 0;
        assert_int_equal(
            buf_addf(&body, "%s: %s\n", rules->allow[i] ? "allow" : "disallow", rules->patterns[i]),
            CW_OK);
    }
    return parse(buf_str(&body), STR("crawld"));
}

static bool plainly_allowed(const struct random_rules *rules, const char *path)
{
    size_t best = 0;
    bool allowed = true;
    for (size_t i = 0; i < rules->count; i++) {
        size_t weight = strlen(rules->patterns[i]);
        if (weight < best || !plainly_matches(rules->patterns[i], path))
            continue;
        allowed = weight > best ? rules->allow[i] : allowed || rules->allow[i];
        best = weight;
    }
    return allowed;
}

static void the_index__finds_what_a_plain_search_finds(void **state)
{
    (void)state;
    uint32_t seed = 9309;
    for (int round = 0; round < 500; round++) {
        struct random_rules rules;
        struct robots *robots = make_rules(&seed, &rules);
        for (int i = 0; i < 40; i++) {
            char path[16];
            make_text(&seed, "aab/", 12, path);
            if (robots_match(robots, str_of(path)).allowed != plainly_allowed(&rules, path))
                fail_msg("round %d, path %s", round, path);
        }
        robots_free(robots);
    }
}

/* hostile.md, D23. With backtracking this would not end in a lifetime. */
static void many_wildcards__do_not_explode(void **state)
{
    (void)state;
    CLEANUP(buf_release) struct buf body = BUF_INIT(1 << 20), path = BUF_INIT(1 << 20);
    assert_int_equal(buf_add(&body, STR("user-agent: *\ndisallow: /")), CW_OK);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(buf_add(&body, STR("*a")), CW_OK);
    assert_int_equal(buf_add(&body, STR("b$\n")), CW_OK);
    assert_int_equal(buf_add_char(&path, '/'), CW_OK);
    for (int i = 0; i < 2000; i++)
        assert_int_equal(buf_add_char(&path, 'a'), CW_OK);
    struct robots *robots = parse(buf_str(&body), STR("crawld"));
    assert_true(robots_match(robots, buf_str(&path)).allowed);
    assert_int_equal(buf_add_char(&path, 'b'), CW_OK);
    assert_false(robots_match(robots, buf_str(&path)).allowed);
    robots_free(robots);
}

static void ten_thousand_rules__are_found_each_by_its_line(void **state)
{
    (void)state;
    CLEANUP(buf_release) struct buf body = BUF_INIT(1 << 20);
    assert_int_equal(buf_add(&body, STR("user-agent: *\n")), CW_OK);
    for (int i = 0; i < 10000; i++)
        assert_int_equal(buf_addf(&body, "disallow: /dir/%d/*.pdf$\n", i), CW_OK);
    struct robots *robots = parse(buf_str(&body), STR("crawld"));
    for (unsigned i = 0; i < 10000; i++) {
        char path[64];
        (void)snprintf(path, sizeof path, "/dir/%u/some/file.pdf", i);
        assert_int_equal(robots_match(robots, str_of(path)).line, i + 2);
    }
    assert_in_range(robots_footprint(robots), 10000, 1 << 20);
    robots_free(robots);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_path__is_judged_by_its_group_and_longest_rule),
        cmocka_unit_test(nul_and_binary_octets__are_part_of_their_line_only),
        cmocka_unit_test(utf_16__is_read_by_its_byte_order_mark),
        cmocka_unit_test(a_crawl_delay__is_decimal_seconds_of_the_agents_group),
        cmocka_unit_test(sitemaps__belong_to_no_group),
        cmocka_unit_test(a_product_token__ends_at_the_first_other_character),
        cmocka_unit_test(a_body_over_500_kib__is_cut_at_the_last_full_line),
        cmocka_unit_test(the_index__finds_what_a_plain_search_finds),
        cmocka_unit_test(many_wildcards__do_not_explode),
        cmocka_unit_test(ten_thousand_rules__are_found_each_by_its_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
