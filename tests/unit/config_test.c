#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "config/config.h"
#include "crawler/base/buf.h"

#define CRAWL "crawls:\n- name: a\n  seeds: [http://a/]\n"

/* The expected list of problems, as `crawld check` prints them without the file's name. */
static const struct bad_case {
    const char *name, *file, *problems;
} bad_cases[] = {
    {"an unknown key is named, with the one it was meant to be", "conections: 5\ncolour: red\n",
     "1:1: unknown key \"conections\"; did you mean \"connections\"?\n"
     "2:1: unknown key \"colour\"\n"},
    {"a key of a crawl is unknown outside of it", "depth: 5\n", "1:1: unknown key \"depth\"\n"},
    {"a key of a later version is simply unknown", "listen: 127.0.0.1:8377\n",
     "1:1: unknown key \"listen\"\n"},
    {"a value of the wrong type", "connections: many\n",
     "1:14: connections: \"many\" is not a whole number from 1 to 10000\n"},
    {"a fraction is no whole number", "connections: 1.5\n",
     "1:14: connections: \"1.5\" is not a whole number from 1 to 10000\n"},
    {"a list where a number is expected", "connections: [5]\n",
     "1:14: connections: a list where a whole number from 1 to 10000 is expected\n"},
    {"a mapping where a text is expected", "user_agent:\n  name: me\n",
     "2:3: user_agent: a mapping where a line of text is expected\n"},
    {"nothing where a number is expected", "connections:\nper_address: 3\n",
     "1:13: connections: nothing where a whole number from 1 to 10000 is expected\n"},
    {"below the range", "connections: 0\n",
     "1:14: connections: \"0\" is not a whole number from 1 to 10000\n"},
    {"above the range, and above any range",
     "connections: 10001\nper_address: 99999999999999999999\n",
     "1:14: connections: \"10001\" is not a whole number from 1 to 10000\n"
     "2:14: per_address: \"99999999999999999999\" is not a whole number from 1 to 10000\n"},
    {"a negative number", "connections: -1\n",
     "1:14: connections: \"-1\" is not a whole number from 1 to 10000\n"},
    {"a relative path", "state_directory: var/crawld\n",
     "1:18: state_directory: \"var/crawld\" is not an absolute path\n"},
    {"a name server by name", "dns_servers: 192.0.2.1,dns.example\n",
     "1:14: dns_servers: \"192.0.2.1,dns.example\" is not a list of IP addresses such as "
     "192.0.2.1,[2001:db8::1]:5353\n"},
    {"a name server's port out of range", "dns_servers: 192.0.2.1:70000\n",
     "1:14: dns_servers: \"192.0.2.1:70000\" is not a list of IP addresses such as "
     "192.0.2.1,[2001:db8::1]:5353\n"},
    {"a user agent of two lines", "user_agent: \"a\\r\\nHost: b\"\n",
     "1:13: user_agent: \"a??Host: b\" is not a line of text\n"},
    {"a NUL that hides in an escape", "user_agent: \"a\\0b\"\n",
     "1:13: user_agent: \"a\" is not a line of text\n"},
    {"a key given twice", "connections: 5\nper_address: 5\nconnections: 6\n",
     "3:1: connections: given before, at line 1\n"},
    {"a crawl without name and seeds", "crawls:\n- depth: 1\n",
     "2:3: name is missing\n2:3: seeds is missing\n"},
    {"a crawl without seeds", "crawls:\n  - name: a\n    seeds: []\n",
     "3:12: seeds: the list is empty\n"},
    {"a name used twice",
     CRAWL "- name: b\n  seeds: [http://b/]\n- name: a\n  seeds: [http://b/]\n",
     "6:9: name: \"a\" is the name of an earlier crawl\n"},
    {"a name that would leave its folder", "crawls:\n- {name: ../a, seeds: [http://a/]}\n",
     "2:10: name: \"../a\" is not a name of a-z, 0-9, _ and -, at most 64 long and beginning with "
     "a "
     "letter or digit\n"},
    {"a crawl that is no mapping", "crawls: [http://a/, [b]]\n",
     "1:10: crawls: a single value where a crawl is expected\n"
     "1:21: crawls: a list where a crawl is expected\n"},
    {"crawls that are no list", "crawls:\n  name: a\n",
     "2:3: crawls: a mapping where a list of crawls is expected\n"},
    {"a seed of another scheme, one without a scheme, one without a host",
     "crawls:\n- name: a\n  seeds:\n  - ftp://a/\n  - a.example\n  - http:///b\n",
     "4:5: seeds: \"ftp://a/\" is not an http:// or https:// URL\n"
     "5:5: seeds: \"a.example\" is not an http:// or https:// URL\n"
     "6:5: seeds: \"http:///b\" is not an http:// or https:// URL\n"},
    {"seeds that are no list", "crawls:\n- name: a\n  seeds: http://a/\n",
     "3:10: seeds: a single value where a list, each item an http:// or https:// URL is "
     "expected\n"},
    {"a list in a list", "crawls:\n- name: a\n  seeds: [[http://a/]]\n",
     "3:11: seeds: a list where an http:// or https:// URL is expected\n"},
    {"a duration without a unit, and one beyond its range", CRAWL "  delay: 5\n  timeout: 3d\n",
     "4:10: delay: \"5\" is not a duration from 0 to 1d (such as 500ms, 2s, 5m, 6h, 7d), or auto\n"
     "5:12: timeout: \"3d\" is not a duration from 100ms to 1d (such as 500ms, 2s, 5m, 6h, 7d)\n"},
    {"an interval that is too short", CRAWL "  every: 500ms\n",
     "4:10: every: \"500ms\" is not a duration from 1s to 3650d (such as 500ms, 2s, 5m, 6h, 7d), "
     "auto, or never\n"},
    {"a budget of nothing", CRAWL "  revisit_budget: 0\n",
     "4:19: revisit_budget: \"0\" is not a whole number from 1 to 1000000000\n"},
    {"a size of no known unit", CRAWL "  max_size: 10MB\n",
     "4:13: max_size: \"10MB\" is not a size from 1 to 512M (such as 64K, 10M, 1G)\n"},
    {"a scope of another kind", CRAWL "  scope: site\n",
     "4:10: scope: \"site\" is not host, domain, prefix or any\n"},
    {"a word where true or false is expected", CRAWL "  robots: off\n",
     "4:11: robots: \"off\" is not true or false\n"},
    {"a header without a colon, one that smuggles, a name with a space",
     CRAWL "  headers: [Accept, \"A: b\\r\\nC: d\", \"A b: c\"]\n",
     "4:13: headers: \"Accept\" is not a header such as \"Accept-Language: en\"\n"
     "4:21: headers: \"A: b??C: d\" is not a header such as \"Accept-Language: en\"\n"
     "4:37: headers: \"A b: c\" is not a header such as \"Accept-Language: en\"\n"},
    {"a proxy of an unknown kind", CRAWL "  proxy: gopher://a/\n",
     "4:10: proxy: \"gopher://a/\" is not a URL of http, https, socks4, socks4a, socks5 or "
     "socks5h\n"},
    {"slots of a host beyond those of its address", "per_address: 2\n" CRAWL "  per_host: 3\n",
     "1:14: per_address: less than the per_host of a\n"},
    {"several problems, all of them, in the order of the file",
     "connections: no\ncrawls:\n- seeds: [x]\n  depht: 3\n- name: B\n  timeout: 1\nlisten: 1\n",
     "1:14: connections: \"no\" is not a whole number from 1 to 10000\n"
     "3:3: name is missing\n"
     "3:11: seeds: \"x\" is not an http:// or https:// URL\n"
     "4:3: unknown key \"depht\"; did you mean \"depth\"?\n"
     "5:3: seeds is missing\n"
     "5:9: name: \"B\" is not a name of a-z, 0-9, _ and -, at most 64 long and beginning with a "
     "letter or digit\n"
     "6:12: timeout: \"1\" is not a duration from 100ms to 1d (such as 500ms, 2s, 5m, 6h, 7d)\n"
     "7:1: unknown key \"listen\"\n"},
    {"columns count characters, not bytes", CRAWL "  headers: [\"X-Name: \xC3\xA4\xC3\xB6\", b]\n",
     "4:27: headers: \"b\" is not a header such as \"Accept-Language: en\"\n"},
    {"a file that is no mapping", "- a\n- b\n",
     "1:1: a list where a mapping of keys is expected\n"},
    {"what is not YAML ends the search", "connections: 5\n  per_address: 5\nx: 1\n",
     "2:14: not YAML: mapping values are not allowed in this context\n"},
    {"a bracket that never closes", "crawls:\n- seeds: [http://a/\n",
     "3:1: not YAML: did not find expected ',' or ']', while parsing a flow sequence that begins "
     "at "
     "2:10\n"},
    {"a tab that indents", "crawls:\n\t- name: a\n",
     "2:1: not YAML: found character that cannot start any token, while scanning for the next "
     "token "
     "that begins at 2:1\n"},
    {"an alias", "user_agent: &a me\nstate_directory: *a\n",
     "2:18: aliases (*name) are not supported here\n"},
    {"the billion laughs", "crawls:\n- &a [x,x]\n- &b [*a,*a]\n- &c [*b,*b]\n",
     "2:3: crawls: a list where a crawl is expected\n"
     "3:3: crawls: a list where a crawl is expected\n"
     "3:7: aliases (*name) are not supported here\n"
     "3:10: aliases (*name) are not supported here\n"
     "4:3: crawls: a list where a crawl is expected\n"
     "4:7: aliases (*name) are not supported here\n"
     "4:10: aliases (*name) are not supported here\n"},
    {"a tag", "connections: !!int 5\n", "1:14: tags (!name) are not supported here\n"},
    {"a key that is no word", "{[a]: 5}\n", "1:2: a key must be a word\n"},
    {"a second document", "connections: 5\n---\nconnections: 6\n",
     "2:1: a second document; the configuration is one\n"},
};

static const struct text_case {
    const char *name, *file, *problem;
    size_t len;
} binary_cases[] = {
#define CASE(name, literal, problem)                                                               \
    {                                                                                              \
        name, literal, problem, sizeof(literal) - 1                                                \
    }
    CASE("a NUL is found where it stands", "connections: 5\nuser_agent: a\0b\n",
         "2:14: not UTF-8 text: control characters are not allowed (0x00)\n"),
    CASE("a byte that is not UTF-8", "# \xC3\xA4\nuser_agent: \xFF\n",
         "2:13: not UTF-8 text: invalid leading UTF-8 octet (0xFF)\n"),
    CASE("UTF-16 is not UTF-8",
         "\xFF\xFE"
         "a\0:\0",
         "1:1: not UTF-8 text: invalid leading UTF-8 octet (0xFF)\n"),
    CASE("a program is no configuration",
         "\x7F"
         "ELF\2\1\1\0\0",
         "1:1: not UTF-8 text: control characters are not allowed (0x7F)\n"),
    CASE("lines may end in CR LF or in CR", "a1: 1\r\na2: 2\ra3: \x01",
         "3:5: not UTF-8 text: control characters are not allowed (0x01)\n"),
#undef CASE
};

/* Fills `text` with the report, a line a problem. */
static void print_report(struct buf *text, const struct config_report *report)
{
    for (size_t i = 0; i < report->count; i++) {
        const struct config_problem *p = &report->problems[i];
        assert_int_equal(buf_addf(text, "%u:%u: %s\n", p->line, p->column, p->text), CW_OK);
    }
}

static void expect_problems(const char *name, struct str file, const char *problems)
{
    struct config *config = NULL;
    struct config_report report;
    struct buf got = BUF_INIT(1 << 20);
    enum cw_err err = config_parse(&config, file, NULL, &report);
    print_report(&got, &report);
    if (err != CW_ECONFIG || !str_eq(buf_str(&got), str_of(problems)))
        fail_msg("%s: expected\n%sgot (%s)\n" STR_FMT, name, problems, cw_err_name(err),
                 STR_ARG(buf_str(&got)));
    assert_null(config);
    buf_release(&got);
    config_report_release(&report);
}

static void a_bad_file__has_every_problem_reported_at_its_place(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bad_cases); i++)
        expect_problems(bad_cases[i].name, str_of(bad_cases[i].file), bad_cases[i].problems);
}

static void a_file_that_is_no_text__is_refused_at_the_byte(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(binary_cases); i++) {
        const struct text_case *c = &binary_cases[i];
        expect_problems(c->name, str_from(c->file, c->len), c->problem);
    }
}

static struct config *expect_good(struct str file)
{
    struct config *config = NULL;
    struct config_report report;
    struct buf got = BUF_INIT(1 << 20);
    enum cw_err err = config_parse(&config, file, NULL, &report);
    print_report(&got, &report);
    if (err != CW_OK)
        fail_msg("expected no problem, got\n" STR_FMT, STR_ARG(buf_str(&got)));
    assert_int_equal(report.count, 0);
    buf_release(&got);
    config_report_release(&report);
    return config;
}

static void expect_default_crawl(const struct crawl_config *c)
{
    assert_int_equal(c->scope, CONFIG_SCOPE_HOST);
    assert_true(c->depth == CONFIG_UNLIMITED && c->max_pages == CONFIG_UNLIMITED);
    assert_true(c->max_pages_per_host == CONFIG_UNLIMITED &&
                c->max_pages_per_domain == CONFIG_UNLIMITED && c->max_hosts_per_domain == 1000);
    assert_true(c->max_time_ms == CONFIG_UNLIMITED && c->delay_ms == CONFIG_DELAY_AUTO);
    assert_int_equal(c->per_host, 2);
    assert_int_equal(c->timeout_ms, 30000);
    assert_int_equal(c->max_size, 10 << 20);
    assert_int_equal(c->retries, 2);
    assert_true(c->robots && c->follow && c->sitemaps && !c->requisites && !c->allow_private &&
                !c->insecure && c->traps);
    assert_int_equal(c->store, CONFIG_STORE_BODIES);
    assert_true(c->include.count == 0 && c->exclude.count == 0 && c->headers.count == 0);
    assert_true(c->cookies == NULL && c->proxy == NULL);
}

static void an_empty_file__gives_the_defaults(void **state)
{
    (void)state;
    static const char *const files[] = {
        "", "\n# nothing\n", "---\n", "{}", "crawls:\n", "\xEF\xBB\xBF# with a byte order mark\n"};
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        struct config *config = expect_good(str_of(files[i]));
        assert_string_equal(config->user_agent, config_default_user_agent());
        assert_string_equal(config->state_directory, "/var/lib/crawld");
        assert_int_equal(config->connections, 64);
        assert_int_equal(config->per_address, 8);
        assert_null(config->dns_servers);
        assert_int_equal(config->crawl_count, 0);
        config_free(config);
    }
}

static void a_crawl_of_name_and_seeds__has_the_defaults_of_the_command_line(void **state)
{
    (void)state;
    struct crawl_config fresh;
    struct config *config = expect_good(STR(CRAWL));
    assert_int_equal(config->crawl_count, 1);
    assert_string_equal(config->crawls[0].name, "a");
    assert_int_equal(config->crawls[0].seeds.count, 1);
    assert_string_equal(config->crawls[0].seeds.items[0], "http://a/");
    expect_default_crawl(&config->crawls[0]);
    config_free(config);
    crawl_config_init(&fresh);
    expect_default_crawl(&fresh);
    crawl_config_release(&fresh);
}

static const char full_file[] =
    "user_agent: 'me/1'\nstate_directory: /srv/crawld\nconnections: 512\nper_address: 20\n"
    "dns_servers: '192.0.2.1:53, [2001:db8::1]:5353,2001:db8::2,[::1]'\ncrawls:\n"
    "- name: docs_1-a\n  seeds: [HTTPS://docs.example.org/, \"http://[::1]:8080/\"]\n"
    "  scope: prefix\n  include: ['re:^https://']\n  exclude: ['*.zip', '*?page=*']\n  depth: 0\n"
    "  max_pages: 1000000000000\n  max_pages_per_host: 5\n  max_pages_per_domain: 6\n"
    "  max_hosts_per_domain: unlimited\n  traps: false\n  max_time: 6h\n  per_host: 20\n  delay: "
    "0\n  timeout: "
    "\"1500ms\"\n"
    "  max_size: 64k\n  retries: 0\n  robots: false\n  follow: false\n  sitemaps: false\n  "
    "requisites: true\n  "
    "allow_private: true\n"
    "  insecure: true\n  store: none\n  headers: ['Accept-Language: en', 'X-A:b']\n"
    "  cookies: /srv/jar\n  proxy: socks5h://127.0.0.1:9050\n";

static void every_key__reaches_its_field(void **state)
{
    (void)state;
    struct config *config = expect_good(str_of(full_file));
    const struct crawl_config *c = &config->crawls[0];
    assert_string_equal(config->user_agent, "me/1");
    assert_string_equal(config->state_directory, "/srv/crawld");
    assert_true(config->connections == 512 && config->per_address == 20);
    assert_string_equal(config->dns_servers, "192.0.2.1:53, [2001:db8::1]:5353,2001:db8::2,[::1]");
    assert_string_equal(c->name, "docs_1-a");
    assert_true(c->seeds.count == 2 && c->include.count == 1 && c->exclude.count == 2);
    assert_string_equal(c->seeds.items[1], "http://[::1]:8080/");
    assert_string_equal(c->exclude.items[1], "*?page=*");
    assert_int_equal(c->scope, CONFIG_SCOPE_PREFIX);
    assert_true(c->depth == 0 && c->max_pages == 1000000000000 && c->max_time_ms == 21600000);
    assert_true(c->max_pages_per_host == 5 && c->max_pages_per_domain == 6 &&
                c->max_hosts_per_domain == CONFIG_UNLIMITED && !c->traps);
    assert_true(c->per_host == 20 && c->delay_ms == 0 && c->timeout_ms == 1500);
    assert_true(c->max_size == 65536 && c->retries == 0);
    assert_true(!c->robots && !c->follow && !c->sitemaps && c->requisites && c->allow_private &&
                c->insecure);
    assert_int_equal(c->store, CONFIG_STORE_NONE);
    assert_string_equal(c->headers.items[1], "X-A:b");
    assert_string_equal(c->cookies, "/srv/jar");
    assert_string_equal(c->proxy, "socks5h://127.0.0.1:9050");
    config_free(config);
}

static void per_address__follows_the_largest_per_host_when_it_is_not_given(void **state)
{
    (void)state;
    struct config *config = expect_good(STR(CRAWL "  per_host: 30\n"));
    assert_int_equal(config->per_address, 30);
    config_free(config);
}

static void the_command_line__sets_by_the_same_table(void **state)
{
    (void)state;
    struct crawl_config c;
    struct config config;
    struct errmsg msg;
    crawl_config_init(&c);
    config_init(&config);
    assert_int_equal(crawl_config_set(&c, "max_time", "90m", &msg), CW_OK);
    assert_int_equal(c.max_time_ms, 5400000);
    assert_int_equal(c.every_ms, CONFIG_NEVER);
    assert_int_equal(crawl_config_set(&c, "every", "auto", &msg), CW_OK);
    assert_int_equal(c.every_ms, CONFIG_EVERY_AUTO);
    assert_int_equal(crawl_config_set(&c, "every", "6h", &msg), CW_OK);
    assert_int_equal(c.every_ms, 21600000);
    assert_int_equal(crawl_config_set(&c, "max_time", "unlimited", &msg), CW_OK);
    assert_int_equal(c.max_time_ms, CONFIG_UNLIMITED);
    assert_int_equal(crawl_config_set(&c, "proxy", "http://a", &msg), CW_OK);
    assert_int_equal(crawl_config_set(&c, "proxy", "http://b", &msg), CW_OK);
    assert_string_equal(c.proxy, "http://b");
    for (int i = 0; i < 5; i++)
        assert_int_equal(crawl_config_set(&c, "include", "*", &msg), CW_OK);
    assert_int_equal(c.include.count, 5);
    assert_int_equal(crawl_config_set(&c, "per_host", "0", &msg), CW_ECONFIG);
    assert_string_equal(msg.text, "per_host: \"0\" is not a whole number from 1 to 10000");
    assert_int_equal(c.per_host, 2);
    assert_int_equal(crawl_config_set(&c, "connections", "5", &msg), CW_ECONFIG);
    assert_string_equal(msg.text, "connections: unknown key");
    assert_int_equal(config_set(&config, "connections", "5", &msg), CW_OK);
    assert_int_equal(config.connections, 5);
    assert_int_equal(config_set(&config, "crawls", "5", &msg), CW_ECONFIG);
    crawl_config_release(&c);
    config_release(&config);
}

/* ---- Files ---- */

static void expect_unreadable(const char *path, enum cw_err expected, const char *text)
{
    struct config *config = NULL;
    struct config_report report;
    assert_int_equal(config_load(&config, path, NULL, &report), expected);
    assert_null(config);
    assert_int_equal(report.count, 1);
    assert_int_equal(report.problems[0].line, 0);
    assert_string_equal(report.problems[0].text, text);
    config_report_release(&report);
}

static void a_file_that_cannot_be_read__says_why(void **state)
{
    (void)state;
    expect_unreadable("/nowhere/crawld.yaml", CW_ENOTFOUND,
                      "cannot be read: No such file or directory");
    expect_unreadable("/", CW_ECONFIG, "cannot be read: Is a directory");
    expect_unreadable("/dev/zero", CW_ECONFIG, "larger than 1048576 bytes");
}

static void a_file_of_exactly_the_limit__is_read(void **state)
{
    (void)state;
    char *text = malloc(CONFIG_MAX_BYTES + 1);
    assert_non_null(text);
    memset(text, '\n', CONFIG_MAX_BYTES + 1);
    config_free(expect_good(str_from(text, CONFIG_MAX_BYTES)));
    expect_problems("one byte more", str_from(text, CONFIG_MAX_BYTES + 1),
                    "0:0: larger than 1048576 bytes\n");
    free(text);
}

/* ---- Hostile shapes: each is 1 MiB of one thing. libyaml alone takes minutes for the first. ----
 */

static const struct hostile_case {
    const char *name, *head, *unit, *first_problem;
} hostile_cases[] = {
    {"brackets", "", "[", "1:17: nested deeper than 16 levels"},
    {"braces", "", "{a: ", "1:65: nested deeper than 16 levels"},
    {"dashes", "", "- ", "1:33: nested deeper than 16 levels"},
    {"question marks", "", "? ", "1:33: nested deeper than 16 levels"},
    {"values", "crawls: [", "a,", "1:200004: more than 100000 values in the file"},
    {"anchored values", "crawls: [", "&a b,", "1:499995: more than 100000 values in the file"},
    {"unknown keys", "", "b: 1\n", "50000:4: more than 100000 values in the file"},
    {"one key", "", "k", "1:1: a single value where a mapping of keys is expected"},
    {"nested by indentation of one line", "", "- - - - - - - - - - - - - - - - - - \n",
     "1:33: nested deeper than 16 levels"},
};

static void a_hostile_file__is_refused_within_its_bounds(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(hostile_cases); i++) {
        const struct hostile_case *c = &hostile_cases[i];
        struct buf text = BUF_INIT(CONFIG_MAX_BYTES);
        struct config_report report;
        struct config *config = NULL;
        char first[300];
        assert_int_equal(buf_add(&text, str_of(c->head)), CW_OK);
        while (buf_add(&text, str_of(c->unit)) == CW_OK) {
        }
        assert_int_equal(config_parse(&config, buf_str(&text), NULL, &report), CW_ECONFIG);
        assert_in_range(report.count, 1, CONFIG_MAX_PROBLEMS + 1);
        (void)snprintf(first, sizeof first, "%u:%u: %s", report.problems[0].line,
                       report.problems[0].column, report.problems[0].text);
        if (strcmp(first, c->first_problem) != 0)
            fail_msg("%s: expected %s, got %s", c->name, c->first_problem, first);
        config_report_release(&report);
        buf_release(&text);
    }
}

static void more_problems_than_fit__are_counted_off_with_a_word(void **state)
{
    (void)state;
    struct buf text = BUF_INIT(CONFIG_MAX_BYTES);
    struct config_report report;
    struct config *config = NULL;
    for (int i = 0; i < CONFIG_MAX_PROBLEMS + 5; i++)
        assert_int_equal(buf_add(&text, STR("b: 1\n")), CW_OK);
    assert_int_equal(config_parse(&config, buf_str(&text), NULL, &report), CW_ECONFIG);
    assert_int_equal(report.count, CONFIG_MAX_PROBLEMS + 1);
    assert_int_equal(report.problems[CONFIG_MAX_PROBLEMS - 1].line, CONFIG_MAX_PROBLEMS);
    assert_string_equal(report.problems[CONFIG_MAX_PROBLEMS].text,
                        "more problems follow; these are the first 1000");
    config_report_release(&report);
    buf_release(&text);
}

static void more_crawls_than_allowed__are_refused(void **state)
{
    (void)state;
    struct buf text = BUF_INIT(CONFIG_MAX_BYTES);
    assert_int_equal(buf_add(&text, STR("crawls:\n")), CW_OK);
    for (int i = 0; i < CONFIG_MAX_CRAWLS; i++)
        assert_int_equal(buf_addf(&text, "- {name: a%d, seeds: [http://a/]}\n", i), CW_OK);
    struct config *config = expect_good(buf_str(&text));
    assert_int_equal(config->crawl_count, CONFIG_MAX_CRAWLS);
    config_free(config);
    assert_int_equal(buf_add(&text, STR("- {name: b, seeds: [http://a/]}\n")), CW_OK);
    expect_problems("one more", buf_str(&text), "1002:3: crawls: more than 1000\n");
    buf_release(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bad_file__has_every_problem_reported_at_its_place),
        cmocka_unit_test(a_file_that_is_no_text__is_refused_at_the_byte),
        cmocka_unit_test(an_empty_file__gives_the_defaults),
        cmocka_unit_test(a_crawl_of_name_and_seeds__has_the_defaults_of_the_command_line),
        cmocka_unit_test(every_key__reaches_its_field),
        cmocka_unit_test(per_address__follows_the_largest_per_host_when_it_is_not_given),
        cmocka_unit_test(the_command_line__sets_by_the_same_table),
        cmocka_unit_test(a_file_that_cannot_be_read__says_why),
        cmocka_unit_test(a_file_of_exactly_the_limit__is_read),
        cmocka_unit_test(a_hostile_file__is_refused_within_its_bounds),
        cmocka_unit_test(more_problems_than_fit__are_counted_off_with_a_word),
        cmocka_unit_test(more_crawls_than_allowed__are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
