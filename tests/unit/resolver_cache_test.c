#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "crawler/fetch/address.h"
#include "crawler/fetch/resolver_cache.h"

enum { NOW = 1000000 };

static struct resolver_cache *open_cache(size_t max)
{
    struct resolver_cache *cache = resolver_cache_new(max);
    assert_non_null(cache);
    return cache;
}

/* Keeps the addresses in `text` (parted by spaces) and returns their serial. */
static uint64_t keep(struct resolver_cache *cache, struct str name, const char *text, int64_t ttl_s,
                     int64_t now_ms)
{
    struct sockaddr_storage addresses[RESOLVED_MAX + 2];
    size_t count = 0;
    struct str rest = str_of(text);
    while (!str_is_absent(rest))
        assert_true(address_parse(str_cut(&rest, ' '), &addresses[count++]));
    struct resolved *r = resolver_cache_keep(cache, name, addresses, count, ttl_s, now_ms);
    assert_non_null(r);
    uint64_t serial = r->serial;
    resolved_drop(r);
    return serial;
}

static bool knows(struct resolver_cache *cache, struct str name, int64_t now_ms)
{
    struct resolver_answer answer;
    return resolver_cache_find(cache, name, now_ms, &answer);
}

/* RFC 1035 3.2.1: TTL, "the time interval that the resource record may be cached". */
static void an_answer__is_kept_for_its_ttl(void **state)
{
    (void)state;
    static const struct {
        int64_t ttl_s, kept_s;
    } cases[] = {{300, 300}, {0, 1}, {-1, 1}, {1, 1}, {86400, 3600}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct resolver_cache *cache = open_cache(10);
        (void)keep(cache, STR("a.test"), "192.0.2.1", cases[i].ttl_s, NOW);
        assert_true(knows(cache, STR("a.test"), NOW + cases[i].kept_s * 1000 - 1));
        assert_false(knows(cache, STR("a.test"), NOW + cases[i].kept_s * 1000));
        assert_false(knows(cache, STR("b.test"), NOW));
        resolver_cache_free(cache);
    }
}

static void failures__are_kept_as_long_as_their_class_deserves(void **state)
{
    (void)state;
    static const struct {
        enum cw_err err;
        int64_t kept_s;
    } cases[] = {{CW_EDNS, 60}, {CW_EDNSTEMP, 2}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct resolver_cache *cache = open_cache(10);
        struct resolver_answer answer;
        resolver_cache_keep_failure(cache, STR("a.test"), cases[i].err, "why", NOW);
        assert_true(
            resolver_cache_find(cache, STR("a.test"), NOW + cases[i].kept_s * 1000 - 1, &answer));
        assert_int_equal(answer.err, cases[i].err);
        assert_null(answer.addresses);
        assert_string_equal(answer.detail, "why");
        assert_false(knows(cache, STR("a.test"), NOW + cases[i].kept_s * 1000));
        resolver_cache_free(cache);
    }
}

static void the_serial__changes_with_the_set_of_addresses_only(void **state)
{
    (void)state;
    struct resolver_cache *cache = open_cache(10);
    struct str name = STR("a.test");
    uint64_t first = keep(cache, name, "192.0.2.1 192.0.2.2 [2001:db8::1]", 60, NOW);
    assert_int_equal(keep(cache, name, "[2001:db8::1] 192.0.2.2 192.0.2.1", 60, NOW + 90000),
                     first);
    assert_int_not_equal(keep(cache, name, "192.0.2.1 192.0.2.2", 60, NOW), first);
    assert_int_not_equal(keep(cache, STR("b.test"), "192.0.2.1 192.0.2.2", 60, NOW), first);
    resolver_cache_free(cache);
}

static const char *first_of(struct resolver_cache *cache, struct str name)
{
    static char text[RESOLVED_TEXT_SIZE];
    struct resolver_answer answer;
    assert_true(resolver_cache_find(cache, name, NOW, &answer));
    resolved_text(answer.addresses, text);
    return text;
}

static void the_address_that_answered__comes_first_until_the_set_changes(void **state)
{
    (void)state;
    struct resolver_cache *cache = open_cache(10);
    struct str name = STR("a.test");
    uint64_t serial = keep(cache, name, "192.0.2.1 192.0.2.2 [2001:db8::1]", 60, NOW);
    resolver_cache_prefer(cache, name, "192.0.2.1");    /* it is first */
    resolver_cache_prefer(cache, name, "198.51.100.1"); /* not one of them */
    resolver_cache_prefer(cache, STR("b.test"), "192.0.2.2");
    assert_string_equal(first_of(cache, name), "192.0.2.1");
    resolver_cache_prefer(cache, name, "2001:db8::1"); /* as libcurl writes it */
    assert_string_equal(first_of(cache, name), "2001:db8::1");
    assert_int_not_equal(keep(cache, name, "192.0.2.1 192.0.2.2 [2001:db8::1]", 60, NOW), serial);
    assert_string_equal(first_of(cache, name), "2001:db8::1");
    (void)keep(cache, name, "192.0.2.1 192.0.2.2", 60, NOW);
    assert_string_equal(first_of(cache, name), "192.0.2.1");
    resolver_cache_free(cache);
}

static void a_renewed_answer__is_fresh_again(void **state)
{
    (void)state;
    struct resolver_cache *cache = open_cache(10);
    (void)keep(cache, STR("a.test"), "192.0.2.1", 10, NOW);
    resolver_cache_keep_failure(cache, STR("a.test"), CW_EDNSTEMP, "", NOW + 10000);
    (void)keep(cache, STR("a.test"), "192.0.2.1", 10, NOW + 20000);
    assert_true(knows(cache, STR("a.test"), NOW + 29999));
    assert_int_equal(resolver_cache_count(cache), 1);
    resolver_cache_free(cache);
}

static void a_full_cache__drops_the_least_recently_used(void **state)
{
    (void)state;
    struct resolver_cache *cache = open_cache(2);
    (void)keep(cache, STR("a.test"), "192.0.2.1", 60, NOW);
    (void)keep(cache, STR("b.test"), "192.0.2.2", 60, NOW);
    assert_true(knows(cache, STR("a.test"), NOW)); /* so b is the one */
    (void)keep(cache, STR("c.test"), "192.0.2.3", 60, NOW);
    assert_int_equal(resolver_cache_count(cache), 2);
    assert_true(knows(cache, STR("a.test"), NOW));
    assert_false(knows(cache, STR("b.test"), NOW));
    assert_true(knows(cache, STR("c.test"), NOW));
    resolver_cache_free(cache);
}

static void what_is_held__outlives_the_cache(void **state)
{
    (void)state;
    struct resolver_cache *cache = open_cache(2);
    struct resolver_answer answer;
    char text[RESOLVED_TEXT_SIZE];
    (void)keep(cache, STR("a.test"), "[2001:db8::1] 192.0.2.1", 60, NOW);
    assert_true(resolver_cache_find(cache, STR("a.test"), NOW, &answer));
    struct resolved *mine = resolved_hold(answer.addresses);
    resolver_cache_free(cache);
    resolved_text(mine, text);
    assert_string_equal(text, "2001:db8::1");
    assert_int_equal(mine->holders, 1);
    resolved_drop(mine);
    resolved_drop(NULL);
}

static void many_addresses__are_cut(void **state)
{
    (void)state;
    struct resolver_cache *cache = open_cache(2);
    struct resolver_answer answer;
    const char *ten = "10.0.0.1 10.0.0.2 10.0.0.3 10.0.0.4 10.0.0.5 10.0.0.6 10.0.0.7 10.0.0.8 "
                      "10.0.0.9 10.0.0.10";
    uint64_t serial = keep(cache, STR("a.test"), ten, 60, NOW);
    assert_true(resolver_cache_find(cache, STR("a.test"), NOW, &answer));
    assert_int_equal(answer.addresses->count, RESOLVED_MAX);
    assert_int_equal(keep(cache, STR("a.test"), ten, 60, NOW), serial);
    resolver_cache_free(cache);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer__is_kept_for_its_ttl),
        cmocka_unit_test(failures__are_kept_as_long_as_their_class_deserves),
        cmocka_unit_test(the_serial__changes_with_the_set_of_addresses_only),
        cmocka_unit_test(the_address_that_answered__comes_first_until_the_set_changes),
        cmocka_unit_test(a_renewed_answer__is_fresh_again),
        cmocka_unit_test(a_full_cache__drops_the_least_recently_used),
        cmocka_unit_test(what_is_held__outlives_the_cache),
        cmocka_unit_test(many_addresses__are_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
