/* The public URL suites (web-platform-tests, ada, the Public Suffix List) through url.h. */
#include "crawler/parse/charset.h"
#include "crawler/parse/url.h"

#include "tests/support/json.h"

#define SUITE(file) CONFORMANCE_DIR "/" file

/* "https:" for "https", as the standard's API and the suites have it. */
static bool is_scheme_with_colon(struct str expected, const struct url *url)
{
    return expected.len == url_scheme(url).len + 1 && str_starts(expected, url_scheme(url));
}

/* The API gives "" for a part that is missing, or that is only its mark. */
static struct str as_api(struct str part)
{
    return part.len > 1 ? part : STR("");
}

static bool parts_are_right(const json_t *test, const struct url *url)
{
    struct str port = str_skip(url_host_key(url), url_hostname(url).len + 1);
    struct str origin = suite_str(test, "origin");
    bool has_credentials = url_username(url).len + url_password(url).len > 0;
    bool origin_is_right = str_is_absent(origin) || str_eq(origin, STR("null")) ||
                           has_credentials || !url_is_http(url) || str_eq(origin, url_origin(url));
    return origin_is_right && is_scheme_with_colon(suite_str(test, "protocol"), url) &&
           str_eq(suite_str(test, "username"), url_username(url)) &&
           str_eq(suite_str(test, "password"), url_password(url)) &&
           str_eq(suite_str(test, "host"), url_host_key(url)) &&
           str_eq(suite_str(test, "hostname"), url_hostname(url)) &&
           str_eq(suite_str(test, "port"), port) &&
           str_eq(suite_str(test, "pathname"), url_pathname(url)) &&
           str_eq(suite_str(test, "search"), as_api(url_search(url))) &&
           str_eq(suite_str(test, "hash"), as_api(url_hash(url)));
}

/* Failure of the base is failure. */
static bool parse_against(struct url *url, struct str input, struct str base_text)
{
    struct url base = URL_INIT;
    bool has_base = !str_is_absent(base_text);
    bool ok = (!has_base || url_parse(&base, base_text, NULL) == CW_OK) &&
              url_parse(url, input, has_base ? &base : NULL) == CW_OK;
    url_release(&base);
    return ok;
}

static void run_url_case(struct suite *suite, const json_t *test)
{
    struct url url = URL_INIT;
    struct str input = suite_str(test, "input"), expected = suite_str(test, "href");
    bool parsed = parse_against(&url, input, suite_str(test, "base"));
    bool passed = parsed ? str_eq(url_href(&url), expected) && parts_are_right(test, &url)
                         : json_is_true(json_object_get(test, "failure"));
    suite_count(suite, passed, input, expected, parsed ? url_href(&url) : STR_NONE);
    url_release(&url);
}

static bool is_http(struct str url)
{
    return str_starts_nocase(url, STR("http:")) || str_starts_nocase(url, STR("https:"));
}

/* What a crawler meets: cases that give an http(s) URL, or must fail; and other schemes that an
 * http(s) page links to. */
static bool counts_for_crawlers(const json_t *test)
{
    return json_is_true(json_object_get(test, "failure")) || is_http(suite_str(test, "href")) ||
           is_http(suite_str(test, "base"));
}

static int run_url_suite(const char *path, const char *name, size_t at_least)
{
    json_t *tests = suite_load_json(path), *test;
    struct suite suite = {.name = name}, web = {.name = "of these, for crawlers"};
    size_t i;
    json_array_foreach(tests, i, test)
    {
        size_t before = suite.passed;
        if (!json_is_object(test))
            continue;
        run_url_case(&suite, test);
        if (counts_for_crawlers(test)) {
            web.total++;
            web.passed += suite.passed - before;
        }
    }
    json_decref(tests);
    return suite_finish(&suite, at_least) | suite_finish(&web, web.total);
}

/* The suite gives hosts; what would end a host in a URL is percent-encoded, as its runner does. */
static void add_host(struct buf *ret, struct str host)
{
    enum cw_err err = CW_OK;
    for (size_t i = 0; err == CW_OK && i < host.len; i++) {
        bool ends_host = memchr(":/?#\\", host.ptr[i], 5) != NULL;
        err = ends_host ? buf_addf(ret, "%%%02X", (unsigned)host.ptr[i])
                        : buf_add_char(ret, host.ptr[i]);
    }
    if (err != CW_OK)
        abort();
}

/* crawld refuses what no resolver takes: such a case passes when it fails. */
static bool fits_dns(struct str host)
{
    if (str_ends(host, STR(".")))
        host.len--;
    bool fits = host.len <= 253;
    for (struct str rest = host; !str_is_absent(rest);)
        fits = str_cut(&rest, '.').len <= 63 && fits;
    return fits;
}

static void run_host_case(struct suite *suite, const json_t *test)
{
    struct url url = URL_INIT;
    struct buf text = BUF_INIT(1 << 20);
    struct str input = suite_str(test, "input"), expected = suite_str(test, "output");
    bool ok = buf_add(&text, STR("https://")) == CW_OK;
    add_host(&text, input);
    ok = ok && buf_add(&text, STR("/x")) == CW_OK && url_parse(&url, buf_str(&text), NULL) == CW_OK;
    suite_check(suite, input, fits_dns(expected) ? expected : STR_NONE,
                ok ? url_hostname(&url) : STR_NONE);
    buf_release(&text);
    url_release(&url);
}

static int run_host_suite(const char *path, const char *name, size_t at_least)
{
    json_t *tests = suite_load_json(path), *test;
    struct suite suite = {.name = name};
    size_t i;
    json_array_foreach(tests, i, test) if (json_is_object(test)) run_host_case(&suite, test);
    json_decref(tests);
    return suite_finish(&suite, at_least);
}

static int run_length_suite(const char *path, const char *name, size_t at_least)
{
    json_t *tests = suite_load_json(path), *test;
    struct suite suite = {.name = name};
    struct url url = URL_INIT;
    size_t i;
    json_array_foreach(tests, i, test)
    {
        struct str input = suite_str(test, "input");
        if (!json_is_object(test))
            continue;
        bool refused = url_parse(&url, input, NULL) != CW_OK;
        suite_count(&suite, refused == json_is_true(json_object_get(test, "failure")), input,
                    suite_str(test, "message"), url_href(&url));
    }
    url_release(&url);
    json_decref(tests);
    return suite_finish(&suite, at_least);
}

/* url_parse() takes UTF-8 only, so of the encodings only "utf-8" is tried. */
/* One row: a query in each of the charsets that it names. */
static void run_percent_case(struct suite *suite, struct url *url, const json_t *test)
{
    struct str input = suite_str(test, "input");
    json_t *outputs = json_object_get(test, "output"), *output;
    const char *label;
    json_object_foreach(outputs, label, output)
    {
        struct buf text = BUF_INIT(100);
        struct str charset = charset_of_label(str_of(label));
        bool ok = buf_addf(&text, "https://a/?" STR_FMT, STR_ARG(input)) == CW_OK &&
                  url_parse_in(url, buf_str(&text), NULL, charset) == CW_OK;
        suite_check(suite, input, suite_str_of(output),
                    ok ? str_skip(url_search(url), 1) : STR_NONE);
        buf_release(&text);
    }
}

static int run_percent_suite(const char *path, const char *name, size_t at_least)
{
    json_t *tests = suite_load_json(path), *test;
    struct suite suite = {.name = name};
    struct url url = URL_INIT;
    size_t i;
    json_array_foreach(tests, i, test)
    {
        if (json_is_object(test))
            run_percent_case(&suite, &url, test);
    }
    url_release(&url);
    json_decref(tests);
    return suite_finish(&suite, at_least);
}

/* Rows "host TAB registrable domain"; "-" (none) is the whole name for us. */
static int run_domain_suite(const char *path, const char *name, size_t at_least)
{
    struct buf text = suite_load_text(path);
    struct suite suite = {.name = name};
    struct str rest = buf_str(&text);
    (void)str_cut(&rest, '\n'); /* the heading */
    while (!str_is_absent(rest)) {
        struct str expected = str_cut(&rest, '\n'), host = str_cut(&expected, '\t');
        if (host.len == 0)
            continue;
        if (str_eq(expected, STR("-")))
            expected = host;
        struct str got = url_registrable_domain(host);
        suite_count(&suite, str_eq_nocase(got, expected), host, expected, got);
    }
    buf_release(&text);
    return suite_finish(&suite, at_least);
}

/* What is missing to the full count needs mappings of Unicode 16 in ICU. */
int main(void)
{
    int failed = run_url_suite(SUITE("url/urltestdata.json"), "urltestdata.json", 891);
    failed |=
        run_url_suite(SUITE("url/ada_extra_urltestdata.json"), "ada_extra_urltestdata.json", 28);
    failed |= run_host_suite(SUITE("url/toascii.json"), "toascii.json", 86);
    failed |= run_host_suite(SUITE("url/IdnaTestV2.json"), "IdnaTestV2.json", 2665);
    /* Five cases want empty labels refused; urltestdata.json, the standard's own, takes them. */
    failed |=
        run_length_suite(SUITE("url/verifydnslength_tests.json"), "verifydnslength_tests.json", 12);
    failed |= run_percent_suite(SUITE("url/percent-encoding.json"), "percent-encoding.json", 16);
    failed |= run_domain_suite(SUITE("psl/registrable.tsv"), "registrable.tsv", 77);
    return failed;
}
