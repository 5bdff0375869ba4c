#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "crawler/engine/credentials.h"

static const char *const given[] = {"Accept-Language: en", "Authorization: Bearer s3cret",
                                    "cookie : a=b", "PROXY-AUTHORIZATION: Basic eDp5",
                                    "X-Cookie: kept"};

static struct credentials *credentials_of(const char *const *headers, size_t count)
{
    struct credentials *c = NULL;
    assert_int_equal(credentials_new(&c, (char *const *)headers, count), CW_OK);
    return c;
}

static void name(struct credentials *c, const char *url)
{
    assert_int_equal(credentials_name(c, str_of(url)), CW_OK);
}

/* The headers for a request to `text` are exactly those of `expected` (NULL-terminated). */
static void assert_headers(const struct credentials *c, const char *text,
                           const char *const *expected)
{
    struct url url = URL_INIT;
    assert_int_equal(url_parse(&url, str_of(text), NULL), CW_OK);
    assert_int_equal(url_canonicalize(&url), CW_OK);
    const char *const *got = credentials_headers(c, &url);
    size_t i = 0;
    for (; got[i] != NULL && expected[i] != NULL; i++)
        assert_string_equal(got[i], expected[i]);
    if (got[i] != NULL || expected[i] != NULL)
        fail_msg("%s: one has %s, the other %s", text, got[i], expected[i]);
    url_release(&url);
}

static const char *const open_ones[] = {"Accept-Language: en", "X-Cookie: kept", NULL};
static const char *const all[] = {"Accept-Language: en", "Authorization: Bearer s3cret",
                                  "cookie : a=b",        "PROXY-AUTHORIZATION: Basic eDp5",
                                  "X-Cookie: kept",      NULL};

static void secret_headers_go_to_the_named_origins_only(void **state)
{
    (void)state;
    struct credentials *c = credentials_of(given, ARRAY_LEN(given));
    assert_headers(c, "https://example.org/", open_ones); /* nothing is named yet */
    name(c, " HTTPS://Example.ORG:443/start ");
    name(c, "not a URL");
    name(c, "ftp://other.example/");
    assert_headers(c, "https://example.org/deep?q", all);
    /* RFC 6454, 4: scheme, host and port, all three. */
    assert_headers(c, "http://example.org/", open_ones);
    assert_headers(c, "https://example.org:8443/", open_ones);
    assert_headers(c, "https://www.example.org/", open_ones);
    assert_headers(c, "https://example.org.evil.example/", open_ones);
    assert_headers(c, "http://other.example/", open_ones);
    credentials_free(c);
}

static void to_no_one_in_particular__nothing_secret_goes(void **state)
{
    (void)state;
    struct credentials *c = credentials_of(given, ARRAY_LEN(given));
    name(c, "https://example.org/");
    const char *const *got = credentials_headers(c, NULL);
    assert_string_equal(got[0], open_ones[0]);
    assert_string_equal(got[1], open_ones[1]);
    assert_null(got[2]);
    credentials_free(c);
}

static void a_user_name_becomes_basic_authentication(void **state)
{
    static const struct {
        const char *url, *header;
    } cases[] = {
        /* RFC 7617, 2: the example of the standard. */
        {"http://Aladdin:open%20sesame@h/", "Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="},
        /* RFC 7617, 2.1: in UTF-8. */
        {"http://test:123\xc2\xa3@h/", "Authorization: Basic dGVzdDoxMjPCow=="},
        {"http://user@h/", "Authorization: Basic dXNlcjo="},
        {"http://:pw@h/", "Authorization: Basic OnB3"},
        {"http://a%zz%4:b@h/", "Authorization: Basic YSV6eiU0OmI="}, /* no triples: as they are */
        {"http://a%0d%0aX-Evil:1@h/", "Authorization: Basic YQ0KWC1FdmlsOjE="},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct credentials *c = credentials_of(NULL, 0);
        name(c, cases[i].url);
        assert_headers(c, "http://h/", (const char *const[]){cases[i].header, NULL});
        assert_headers(c, "http://h:81/", (const char *const[]){NULL});
        credentials_free(c);
    }
}

static void a_user_name_takes_the_place_of_an_authorization_header(void **state)
{
    (void)state;
    struct credentials *c = credentials_of(given, ARRAY_LEN(given));
    name(c, "http://h/");
    assert_headers(c, "http://h/", all);
    name(c, "http://user:pw@h/a");
    name(c, "http://second:one@h/b"); /* the first counts */
    name(c, "http://other/");
    assert_headers(c, "http://h/",
                   (const char *const[]){"Authorization: Basic dXNlcjpwdw==", "Accept-Language: en",
                                         "cookie : a=b", "PROXY-AUTHORIZATION: Basic eDp5",
                                         "X-Cookie: kept", NULL});
    assert_headers(c, "http://other/", all);
    credentials_free(c);
}

static void secrets_are_masked(void **state)
{
    static const struct {
        const char *text, *masked;
    } cases[] = {
        {"http://user:pw@h/a?b", "http://user:***@h/a?b"},
        {"http://token@h/", "http://***@h/"},
        {"https://u:p@x@h:1/", "https://u:***@h:1/"}, /* WHATWG: the last @ ends the user's part */
        {"http:\\\\u:p@h\\x", "http:\\\\u:***@h\\x"},
        {"http:u:p@h", "http:u:***@h"},
        {"\tht\ntp", "\tht\ntp"},
        {" http:/\t/u:p q@h/", " http:/\t/u:***@h/"},
        {"http://u:p@no host/", "http://u:***@no host/"}, /* not a URL, a password no less */
        {"--proxy=socks5://u:p@h:1080", "--proxy=socks5://u:***@h:1080"},
        {"Referer: http://u:p@h/", "Referer: http://u:***@h/"},
        {"http://h/?mail=a@b", "http://h/?mail=a@b"},
        {"http://h:80/@", "http://h:80/@"},
        {"Mill/1.0 (+mailto:a@b.example)", "Mill/1.0 (+mailto:a@b.example)"},
        {"From: a@b.example", "From: a@b.example"},
        {"Authorization: Bearer x", "Authorization: ***"},
        {"-HAUTHORIZATION:Bearer x", "-HAUTHORIZATION:***"},
        {"--header=Proxy-Authorization: Basic eDp5", "--header=Proxy-Authorization: ***"},
        {"Cookie : a=b; c=http://u:p@h/", "Cookie : ***"},
        {"X-Cookie-Consent: yes", "X-Cookie-Consent: yes"},
        {"Cookie:", "Cookie:"},
        {"--depth", "--depth"},
        {"", ""},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct buf masked = BUF_INIT(1000);
        assert_int_equal(credentials_mask(&masked, str_of(cases[i].text)), CW_OK);
        if (!str_eq(buf_str(&masked), str_of(cases[i].masked)))
            fail_msg("%s: %s", cases[i].text, masked.ptr);
        buf_release(&masked);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(secret_headers_go_to_the_named_origins_only),
        cmocka_unit_test(to_no_one_in_particular__nothing_secret_goes),
        cmocka_unit_test(a_user_name_becomes_basic_authentication),
        cmocka_unit_test(a_user_name_takes_the_place_of_an_authorization_header),
        cmocka_unit_test(secrets_are_masked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
