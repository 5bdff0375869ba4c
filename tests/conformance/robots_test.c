/* Google's robots.txt suite and our restatement of RFC 9309, against crawler/parse/robots.h. */
#include "crawler/parse/robots.h"
#include "tests/support/json.h"

/* Google leaves %62 as it is; RFC 9309, 2.2.2 decodes escapes of unreserved characters before it
 * compares ("/foo/bar/%62%61%7A" is the RFC's own example), and the RFC wins. */
static const char *const rfc_decides_otherwise[] = {"ID_Encoding#6"};

static bool is_listed(struct str id, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (str_eq(id, str_of(list[i])))
            return true;
    return false;
}

/* The path with query of a suite's URL. */
static struct str path_of(struct str url)
{
    size_t scheme = str_find(url, STR("://"));
    struct str rest = str_skip(url, scheme < url.len ? scheme + 3 : 0);
    rest = str_skip(rest, str_find_char(rest, '/'));
    return rest.len > 0 ? rest : STR("/");
}

static struct robots *parse(struct str body, struct str agent)
{
    struct robots *robots;
    if (robots_parse(&robots, body, agent) != CW_OK) {
        printf("robots_parse fails\n");
        exit(1);
    }
    return robots;
}

static void check_case(struct suite *suite, const json_t *test)
{
    struct robots *robots = parse(suite_str(test, "robots"), suite_str(test, "agent"));
    bool wanted = json_is_true(json_object_get(test, "allowed"));
    if (is_listed(suite_str(test, "id"), rfc_decides_otherwise, ARRAY_LEN(rfc_decides_otherwise)))
        wanted = !wanted;
    struct robots_match match = robots_match(robots, path_of(suite_str(test, "url")));
    suite_count(suite, match.allowed == wanted, suite_str(test, "id"),
                wanted ? STR("allowed") : STR("denied"), match.rule);
    robots_free(robots);
}

/* Cases with a raw_url are skipped: a canonical URL of crawld never holds raw non-ASCII. */
static int check_cases(const char *name, const json_t *cases, size_t at_least)
{
    struct suite suite = {.name = name};
    size_t i;
    json_t *test;
    json_array_foreach(cases, i, test) if (!json_is_true(json_object_get(test, "raw_url")))
        check_case(&suite, test);
    return suite_finish(&suite, at_least);
}

static int check_google(void)
{
    json_t *match = suite_load_json(CONFORMANCE_DIR "/robots/google-match.json");
    json_t *lines = suite_load_json(CONFORMANCE_DIR "/robots/google-long-lines.json");
    int failed = check_cases("google-match.json", match, 138) |
                 check_cases("google-long-lines.json", lines, 5);
    json_decref(match);
    json_decref(lines);
    return failed;
}

static struct buf unhex(struct str hex)
{
    struct buf bytes = BUF_INIT(1 << 20);
    for (size_t i = 0; i + 1 < hex.len; i += 2) {
        int byte = ascii_hex_value(hex.ptr[i]) * 16 + ascii_hex_value(hex.ptr[i + 1]);
        if (buf_add_char(&bytes, (char)byte) != CW_OK)
            exit(1);
    }
    return bytes;
}

/* Line endings: the rule for "bar" stands in the last line. Byte order marks: "foo" has a rule in
 * line 2, unless the mark is broken and spoils the first line or the second. */
static void check_lines(struct suite *suite, const json_t *test)
{
    CLEANUP(buf_release) struct buf body = unhex(suite_str(test, "robots_hex"));
    const json_t *last_line = json_object_get(test, "last_line");
    json_int_t valid = json_integer_value(json_object_get(test, "valid_directives"));
    json_int_t wanted = last_line != NULL ? json_integer_value(last_line) : valid == 2 ? 2 : 0;
    struct robots *robots = parse(buf_str(&body), last_line != NULL ? STR("bar") : STR("foo"));
    suite_count(suite, robots_match(robots, STR("/AnyValue")).line == wanted, suite_str(test, "id"),
                STR_NONE, STR_NONE);
    robots_free(robots);
}

static void check_sitemaps(struct suite *suite, const json_t *test)
{
    CLEANUP(buf_release) struct buf body = unhex(suite_str(test, "robots_hex"));
    struct robots *robots = parse(buf_str(&body), STR("foo"));
    const json_t *wanted = json_object_get(test, "sitemaps");
    bool same = robots_sitemap_count(robots) == json_array_size(wanted);
    for (size_t i = 0; same && i < json_array_size(wanted); i++)
        same = str_eq(robots_sitemap(robots, i), suite_str_of(json_array_get(wanted, i)));
    suite_count(suite, same, suite_str(test, "id"), STR_NONE, STR_NONE);
    robots_free(robots);
}

static void check_agent(struct suite *suite, const json_t *test)
{
    struct str agent = suite_str(test, "agent"), token = robots_product_token(agent);
    bool valid = token.len > 0 && token.len == agent.len;
    suite_count(suite, valid == json_is_true(json_object_get(test, "valid")), agent, STR_NONE,
                token);
}

static bool rule_matches(struct str rule, struct str path)
{
    CLEANUP(buf_release) struct buf body = BUF_INIT(4096);
    if (buf_addf(&body, "user-agent: *\ndisallow: " STR_FMT "$", STR_ARG(rule)) != CW_OK)
        exit(1);
    struct robots *robots = parse(buf_str(&body), STR("foobot"));
    bool matches = robots_match(robots, path).line == 2;
    robots_free(robots);
    return matches;
}

/* A pattern and its escaped form say the same, in both directions. */
static void check_escaping(struct suite *suite, const json_t *test)
{
    CLEANUP(buf_release) struct buf pattern = BUF_INIT(4096), escaped = BUF_INIT(4096);
    if (buf_addf(&pattern, "/%s", suite_str(test, "pattern").ptr) != CW_OK ||
        buf_addf(&escaped, "/%s", suite_str(test, "escaped").ptr) != CW_OK)
        exit(1);
    struct str one = buf_str(&pattern), other = buf_str(&escaped);
    suite_count(suite, rule_matches(one, other) && rule_matches(other, one), one, other, STR_NONE);
}

/* Each row's path, written as a rule, matches the other spellings of it, and they each other. */
static int check_percent_encoding(const json_t *rows)
{
    static const char *const keys[] = {"path", "encoded", "match"};
    struct suite suite = {.name = "rfc9309.json percent_encoding"};
    for (size_t i = 0; i < json_array_size(rows) * 9; i++) {
        const json_t *row = json_array_get(rows, i / 9);
        struct str rule = suite_str(row, keys[i % 9 / 3]), path = suite_str(row, keys[i % 3]);
        suite_count(&suite, rule_matches(rule, path), path, rule, STR("no match"));
    }
    return suite_finish(&suite, 45);
}

/* url_to_path of the suite is the URL parser's business (conformance.url). */
static int check_google_parse(void)
{
    static const struct {
        const char *key;
        void (*check)(struct suite *suite, const json_t *test);
        size_t count;
    } parts[] = {
        {"lines", check_lines, 10},
        {"sitemaps", check_sitemaps, 2},
        {"valid_agents", check_agent, 11},
        {"escape_pattern", check_escaping, 4},
    };
    json_t *root = suite_load_json(CONFORMANCE_DIR "/robots/google-parse.json");
    int failed = 0;
    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        struct suite suite = {.name = parts[i].key};
        size_t k;
        json_t *test;
        json_array_foreach(json_object_get(root, parts[i].key), k, test) parts[i].check(&suite,
                                                                                        test);
        failed |= suite_finish(&suite, parts[i].count);
    }
    json_decref(root);
    return failed;
}

static int check_rfc9309(void)
{
    json_t *root = suite_load_json(CONFORMANCE_DIR "/robots/rfc9309.json");
    const json_t *cases = json_object_get(root, "cases");
    int failed = check_cases("rfc9309.json", cases, json_array_size(cases)) |
                 check_percent_encoding(json_object_get(root, "percent_encoding"));
    json_decref(root);
    return failed;
}

int main(void)
{
    return check_google() | check_rfc9309() | check_google_parse();
}
