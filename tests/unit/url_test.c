#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "crawler/parse/url.h"

static void assert_str(struct str got, const char *expected)
{
    assert_int_equal(str_is_absent(got), expected == NULL);
    if (expected == NULL)
        return;
    assert_int_equal(got.len, strlen(expected));
    assert_memory_equal(got.ptr, expected, got.len);
}

static void parse_ok(struct url *url, const char *text, const struct url *base)
{
    assert_int_equal(url_parse(url, str_of(text), base), CW_OK);
}

static const struct parts_case {
    const char *name, *input;
    const char *scheme, *username, *password, *hostname, *pathname, *search, *hash;
    const char *origin, *host_key, *path_and_query, *without_hash;
    uint16_t port;
} parts_cases[] = {
    {"every part", "https://user:pass@Example.org:8443/foo/bar?baz#quux", "https", "user", "pass",
     "example.org", "/foo/bar", "?baz", "#quux", NULL, "example.org:8443", "/foo/bar?baz",
     "https://user:pass@example.org:8443/foo/bar?baz", 8443},
    {"the smallest", "http://a", "http", NULL, NULL, "a", "/", NULL, NULL, "http://a", "a", "/",
     "http://a/", 80},
    {"the default port is dropped", "https://a:0443/?", "https", NULL, NULL, "a", "/", "?", NULL,
     "https://a", "a", "/?", "https://a/?", 443},
    {"a password without a user name", "http://:p@a/#", "http", NULL, "p", "a", "/", NULL, "#",
     NULL, "a", "/", "http://:p@a/", 80},
    {"a user name without a password", "http://u:@a/", "http", "u", NULL, "a", "/", NULL, NULL,
     NULL, "a", "/", "http://u@a/", 80},
    {"an IPv6 host and a port", "http://[0:0::1]:81/x", "http", NULL, NULL, "[::1]", "/x", NULL,
     NULL, "http://[::1]:81", "[::1]:81", "/x", "http://[::1]:81/x", 81},
    {"an opaque path", "mailto:a@b?c", "mailto", NULL, NULL, NULL, "a@b", "?c", NULL, NULL, NULL,
     "a@b?c", "mailto:a@b?c", 0},
    {"a file has an empty host and no origin", "file:c:\\x", "file", NULL, NULL, "", "/c:/x", NULL,
     NULL, NULL, "", "/c:/x", "file:///c:/x", 0},
    {"a path that looks like an authority", "x:/..//y", "x", NULL, NULL, NULL, "//y", NULL, NULL,
     NULL, NULL, "//y", "x:/.//y", 0},
};

static void parts__are_borrowed_from_the_serialisation(void **state)
{
    struct url url = URL_INIT;
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(parts_cases); i++) {
        const struct parts_case *c = &parts_cases[i];
        print_message("  %s\n", c->name);
        parse_ok(&url, c->input, NULL);
        assert_str(url_scheme(&url), c->scheme);
        assert_str(url_username(&url), c->username);
        assert_str(url_password(&url), c->password);
        assert_str(url_hostname(&url), c->hostname);
        assert_str(url_pathname(&url), c->pathname);
        assert_str(url_search(&url), c->search);
        assert_str(url_hash(&url), c->hash);
        assert_str(url_origin(&url), c->origin);
        assert_str(url_host_key(&url), c->host_key);
        assert_str(url_path_and_query(&url), c->path_and_query);
        assert_str(url_href_without_hash(&url), c->without_hash);
        assert_int_equal(url_effective_port(&url), c->port);
    }
    url_release(&url);
}

/* The examples of RFC 3986, 5.4, where the URL Standard agrees with them. */
static const struct {
    const char *reference, *expected;
} rfc3986_cases[] = {
    {"g:h", "g:h"},
    {"g", "http://a/b/c/g"},
    {"./g", "http://a/b/c/g"},
    {"g/", "http://a/b/c/g/"},
    {"/g", "http://a/g"},
    {"//g", "http://g/"},
    {"?y", "http://a/b/c/d;p?y"},
    {"g?y", "http://a/b/c/g?y"},
    {"#s", "http://a/b/c/d;p?q#s"},
    {"g#s", "http://a/b/c/g#s"},
    {";x", "http://a/b/c/;x"},
    {"", "http://a/b/c/d;p?q"},
    {".", "http://a/b/c/"},
    {"..", "http://a/b/"},
    {"../g", "http://a/b/g"},
    {"../..", "http://a/"},
    {"../../../g", "http://a/g"},
    {"/./g", "http://a/g"},
    {"/../g", "http://a/g"},
    {"g.", "http://a/b/c/g."},
    {"..g", "http://a/b/c/..g"},
    {"./g/.", "http://a/b/c/g/"},
    {"g/../h", "http://a/b/c/h"},
    {"g;x=1/../y", "http://a/b/c/y"},
    {"g?y/../x", "http://a/b/c/g?y/../x"},
    {"g#s/../x", "http://a/b/c/g#s/../x"},
    {"http:g", "http://a/b/c/g"},
};

static void reference__resolves_as_in_rfc_3986(void **state)
{
    struct url url = URL_INIT, base = URL_INIT;
    (void)state;
    parse_ok(&base, "http://a/b/c/d;p?q", NULL);
    for (size_t i = 0; i < ARRAY_LEN(rfc3986_cases); i++) {
        parse_ok(&url, rfc3986_cases[i].reference, &base);
        assert_str(url_href(&url), rfc3986_cases[i].expected);
    }
    url_release(&url);
    url_release(&base);
}

/* WHATWG URL, "forbidden domain code point": none of these is one, beside an international name. */
static void host_with_odd_marks__is_kept_through_idna(void **state)
{
    struct url url = URL_INIT;
    (void)state;
    parse_ok(&url, "http://!$&'()*+,;=_`{}~\xe3\x80\x82\xc3\x9f/", NULL);
    assert_str(url_hostname(&url), "!$&'()*+,;=_`{}~.xn--zca");
    url_release(&url);
}

static void base_that_is_opaque__takes_fragments_only(void **state)
{
    struct url url = URL_INIT, base = URL_INIT;
    (void)state;
    parse_ok(&base, "data:x?y#z", NULL);
    parse_ok(&url, "#new", &base);
    assert_str(url_href(&url), "data:x?y#new");
    assert_true(url.has_opaque_path);
    assert_int_equal(url_parse(&url, STR("path"), &base), CW_EURL);
    url_release(&url);
    url_release(&base);
}

static void bytes_that_are_not_utf8__become_replacement_characters(void **state)
{
    struct url url = URL_INIT;
    (void)state;
    assert_int_equal(url_parse(&url, STR("http://a/\xFF\xC3?\xE2\x82"), NULL), CW_OK);
    assert_str(url_href(&url), "http://a/%EF%BF%BD%EF%BF%BD?%EF%BF%BD%EF%BF%BD");
    assert_int_equal(url_parse(&url, STR("http://\xFF.org/"), NULL), CW_EURL);
    url_release(&url);
}

static void assert_is_empty(const struct url *url)
{
    assert_str(url_href(url), "");
    assert_str(url_scheme(url), "");
    assert_str(url_hostname(url), NULL);
    assert_str(url_username(url), NULL);
    assert_str(url_password(url), NULL);
    assert_str(url_pathname(url), "");
    assert_str(url_hash(url), NULL);
    assert_false(url_is_http(url));
    assert_int_equal(url_effective_port(url), 0);
}

static void failed_parse__leaves_an_empty_url(void **state)
{
    static const char *const bad[] = {
        "",           "no base",        "http://",   "http://a:99999/",
        "http://a:b", "http://u@/",     "http://[1", "http://1.2.3.4.5",
        "http://a b", "http://a%00.de", "sc://u@/",  "http://256.1"};
    struct url url = URL_INIT;
    (void)state;
    assert_is_empty(&url);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        parse_ok(&url, "https://user:pass@example.org:81/path?query#hash", NULL);
        assert_int_equal(url_parse(&url, str_of(bad[i]), NULL), CW_EURL);
        assert_is_empty(&url);
    }
    assert_int_equal(url_parse(&url, STR_NONE, NULL), CW_EURL);
    url_release(&url);
}

static void url_over_its_ceiling__is_too_big(void **state)
{
    struct url url = URL_INIT, small = {.href = BUF_INIT(20)};
    struct buf text = BUF_INIT(2 << 20);
    (void)state;
    assert_int_equal(buf_add(&text, STR("http://a/")), CW_OK);
    while (text.len < 1 << 20)
        assert_int_equal(buf_add_char(&text, ' '), CW_OK);
    text.ptr[text.len - 1] = 'x';
    assert_int_equal(url_parse(&url, buf_str(&text), NULL), CW_ETOOBIG); /* each ' ' is "%20" */
    memset(text.ptr + 9, 'x', text.len - 9);
    assert_int_equal(url_parse(&url, buf_str(&text), NULL), CW_OK);
    assert_int_equal(buf_add_char(&text, 'x'), CW_OK);
    assert_int_equal(url_parse(&url, buf_str(&text), NULL), CW_ETOOBIG);
    assert_is_empty(&url);
    assert_int_equal(url_parse(&small, STR("http://example.org/x/y"), NULL), CW_ETOOBIG);
    assert_is_empty(&small);
    parse_ok(&small, "http://example.org", NULL);
    buf_release(&text);
    url_release(&url);
    url_release(&small);
}

/* Whichever write is the first that fails, the result is the same. */
static void every_ceiling__is_met_cleanly(void **state)
{
    static const char *const inputs[] = {
        "https://user:pass@example.org:8443/a b/../c?d e#f g",
        "..//x/./y?z",
        "//0x7f.1:81/",
        "http://[1::ffff]/",
        "file:c|/..",
        "x:/..//y z",
        "mailto:a b ?c",
        "#d",
        "?e",
        "http://\xC3\xBC.example/%41",
    };
    struct url base = URL_INIT, full = URL_INIT;
    (void)state;
    parse_ok(&base, "http://u@base.example:81/dir/file?query#hash", NULL);
    for (size_t i = 0; i < ARRAY_LEN(inputs); i++) {
        parse_ok(&full, inputs[i], &base);
        for (size_t max = 0; max < full.href.len; max++) {
            struct url url = URL_INIT;
            url.href.max = max;
            if (url_parse(&url, str_of(inputs[i]), &base) == CW_OK)
                fail_msg("%s fits into %zu bytes", inputs[i], max);
            assert_is_empty(&url);
            url_release(&url);
        }
    }
    url_release(&base);
    url_release(&full);
}

static void next_parse__uses_the_same_memory(void **state)
{
    struct url url = URL_INIT;
    (void)state;
    parse_ok(&url, "https://example.org/a/long/path/that/needs/room?and=a&query=too", NULL);
    const char *memory = url.href.ptr;
    parse_ok(&url, "http://example.org/short", NULL);
    assert_ptr_equal(url.href.ptr, memory);
    url_release(&url);
}

static void copy__is_independent(void **state)
{
    struct url url = URL_INIT, copy = URL_INIT, small = {.href = BUF_INIT(4)};
    (void)state;
    parse_ok(&url, "http://example.org:81/x?y#z", NULL);
    assert_int_equal(url_copy(&copy, &url), CW_OK);
    assert_int_equal(url_copy(&small, &url), CW_ETOOBIG);
    assert_is_empty(&small);
    parse_ok(&url, "ftp://other/", NULL);
    assert_str(url_href(&copy), "http://example.org:81/x?y#z");
    assert_str(url_host_key(&copy), "example.org:81");
    assert_str(url_hash(&copy), "#z");
    url_release(&url);
    url_release(&copy);
}

static const struct {
    const char *input, *expected;
} canonical_cases[] = {
    {"HTTPS://u:p@EXAMPLE.org:443/%7Ea/../b?q#f", "https://example.org/b?q"},
    {"http://a", "http://a/"},
    {"http://u@a:8080?#", "http://a:8080/?"},
    {"http://:p@[::1]/x", "http://[::1]/x"},
};

static void canonical_form__has_no_fragment_and_no_credentials(void **state)
{
    struct url url = URL_INIT, again = URL_INIT;
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(canonical_cases); i++) {
        parse_ok(&url, canonical_cases[i].input, NULL);
        assert_int_equal(url_canonicalize(&url), CW_OK);
        assert_str(url_href(&url), canonical_cases[i].expected);
        parse_ok(&again, canonical_cases[i].expected, NULL);
        assert_true(str_eq(url_origin(&again), url_origin(&url)));
        assert_int_equal(url.search_start, again.search_start);
        assert_int_equal(url.host_end, again.host_end);
    }
    url_release(&url);
    url_release(&again);
}

static void canonical_form__is_for_http_only(void **state)
{
    struct url url = URL_INIT;
    (void)state;
    assert_int_equal(url_canonicalize(&url), CW_EINVAL);
    parse_ok(&url, "ftp://u@a/#f", NULL);
    assert_int_equal(url_canonicalize(&url), CW_EINVAL);
    assert_str(url_href(&url), "ftp://u@a/#f");
    url_release(&url);
}

static void host_that_no_resolver_takes__is_refused(void **state)
{
    char name[300] = "http://";
    struct url url = URL_INIT;
    (void)state;
    memset(name + 7, 'a', 64);
    assert_int_equal(url_parse(&url, str_of(name), NULL), CW_EURL); /* a label of 64 */
    name[7 + 63] = '\0';
    parse_ok(&url, name, NULL);
    memset(name + 7, 'a', 254);
    for (size_t i = 50; i < 254; i += 51)
        name[7 + i] = '.';
    assert_int_equal(url_parse(&url, str_of(name), NULL), CW_EURL); /* 254 bytes */
    name[7 + 253] = '.';
    parse_ok(&url, name, NULL); /* 253 bytes and the root's dot */
    url_release(&url);
}

static const struct {
    const char *hostname, *expected;
} domain_cases[] = {
    {"a.b.example.co.uk", "example.co.uk"},
    {"example.org", "example.org"},
    {"WWW.Example.Org", "Example.Org"},
    {"www.example.org.", "example.org."},
    {"co.uk", "co.uk"},
    {"localhost", "localhost"},
    {"127.0.0.1", "127.0.0.1"},
    {"[::1]", "[::1]"},
    {"www.xn--85x722f.com.cn", "xn--85x722f.com.cn"},
    {"", ""},
    {".", "."},
};

static void registrable_domain__or_the_whole_name(void **state)
{
    char long_name[400];
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(domain_cases); i++)
        assert_str(url_registrable_domain(str_of(domain_cases[i].hostname)),
                   domain_cases[i].expected);
    memset(long_name, 'a', sizeof long_name);
    long_name[300] = '.';
    assert_int_equal(url_registrable_domain(str_from(long_name, sizeof long_name)).len,
                     sizeof long_name);
    assert_str(url_registrable_domain(STR_NONE), NULL);
}

/* URL 4.4, "query state"; Encoding 4.3, "get an output encoding". */
static void query__is_written_in_the_charset_of_the_document(void **state)
{
    static const struct {
        const char *input, *charset, *expected;
    } cases[] = {
        {"http://h/\u00E9?\u00E9#\u00E9", "windows-1252", "http://h/%C3%A9?%E9#%C3%A9"},
        {"http://h/?\u65E5 '", "Shift_JIS", "http://h/?%93%FA%20%27"},
        {"http://h/?\u65E5a", "ISO-2022-JP", "http://h/?%1B$BF|%1B(Ba"},
        {"http://h/?\U0001F600&a=b", "KOI8-R", "http://h/?%26%23128512%3B&a=b"},
        {"http://h/?\xFF", "windows-1252", "http://h/?%26%2365533%3B"},
        {"http://h/?\u00E9", "UTF-16LE", "http://h/?%C3%A9"},
        {"http://h/?\u00E9", "replacement", "http://h/?%C3%A9"},
        {"http://h/?\u00E9", "", "http://h/?%C3%A9"},
        {"wss://h/?\u00E9", "windows-1252", "wss://h/?%C3%A9"},
        {"other://h/?\u00E9", "windows-1252", "other://h/?%C3%A9"},
    };
    struct url url = URL_INIT;
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_int_equal(url_parse_in(&url, str_of(cases[i].input), NULL, str_of(cases[i].charset)),
                         CW_OK);
        assert_str(url_href(&url), cases[i].expected);
    }
    url_release(&url);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts__are_borrowed_from_the_serialisation),
        cmocka_unit_test(reference__resolves_as_in_rfc_3986),
        cmocka_unit_test(host_with_odd_marks__is_kept_through_idna),
        cmocka_unit_test(base_that_is_opaque__takes_fragments_only),
        cmocka_unit_test(bytes_that_are_not_utf8__become_replacement_characters),
        cmocka_unit_test(failed_parse__leaves_an_empty_url),
        cmocka_unit_test(url_over_its_ceiling__is_too_big),
        cmocka_unit_test(every_ceiling__is_met_cleanly),
        cmocka_unit_test(next_parse__uses_the_same_memory),
        cmocka_unit_test(copy__is_independent),
        cmocka_unit_test(canonical_form__has_no_fragment_and_no_credentials),
        cmocka_unit_test(canonical_form__is_for_http_only),
        cmocka_unit_test(host_that_no_resolver_takes__is_refused),
        cmocka_unit_test(registrable_domain__or_the_whole_name),
        cmocka_unit_test(query__is_written_in_the_charset_of_the_document),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
