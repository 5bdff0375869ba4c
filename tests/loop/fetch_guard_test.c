#include "tests/loop/fetch_fixture.h"
#include "tests/support/dnsserver.h"

struct answer {
    bool is_done;
    struct resolved *addresses; /* held */
};

static void on_answer(void *arg, enum cw_err err, const struct resolved *addresses,
                      const char *detail)
{
    struct answer *answer = arg;
    (void)detail;
    assert_int_equal(err, CW_OK);
    answer->is_done = true;
    answer->addresses = resolved_hold(addresses);
}

static void a_name__is_connected_to_at_its_addresses(void **state)
{
    (void)state;
    struct fixture f;
    struct told told;
    begin(&f);
    for (int i = 0; i < 3; i++) {
        fetch_name(&f, "name.test", "127.0.0.1", 1, &loopback_only, &told);
        assert_int_equal(told.result.err, CW_OK);
        assert_int_equal(told.result.reused, i > 0);
        told_release(&told);
    }
    static const char *const odd[] = {"dotted.test.", "-dash.test", "under_score.test"};
    for (size_t i = 0; i < ARRAY_LEN(odd); i++) {
        fetch_name(&f, odd[i], "127.0.0.1", 1, &loopback_only, &told);
        assert_int_equal(told.result.err, CW_OK);
        told_release(&told);
    }
    end(&f);
}

/* libcurl itself would keep them all: fetch_pool_is_crowded() says no. */
static void connections_beyond_the_limit__are_not_kept(void **state)
{
    (void)state;
    enum { HOSTS = 100, KEPT = PLAIN_KEPT + 1 };
    struct fixture f;
    struct told told;
    struct httpserver_counts counts;
    begin(&f);
    for (int i = 0; i < 2 * HOSTS; i++) {
        char name[32];
        (void)snprintf(name, sizeof name, "h%d.test", i % HOSTS);
        fetch_name(&f, name, "127.0.0.1", 1, &loopback_only, &told);
        assert_int_equal(told.result.err, CW_OK);
        assert_int_equal(told.result.reused, i >= HOSTS && i % HOSTS < KEPT - 1);
        told_release(&told);
    }
    do {
        looptest_run_once(&f.loop); /* until the server has seen the last one close */
        httpserver_counts(f.server, &counts);
    } while (counts.open_connections > KEPT);
    assert_true(counts.open_connections >= KEPT - 1);
    end(&f);
}

/* Whoever answers there, or nobody: what counts is that libcurl takes the address as it is. */
static void an_ipv6_literal__is_connected_to(void **state)
{
    (void)state;
    struct fixture f;
    struct told told;
    static const char *const hosts[] = {"[::1]", "[::ffff:127.0.0.1]"};
    begin(&f);
    for (size_t i = 0; i < 2 * ARRAY_LEN(hosts); i++) {
        char url[HTTPSERVER_URL_SIZE];
        struct sockaddr_storage address;
        struct resolved resolved = {1, 1, &address, 0};
        assert_true(address_parse(str_of(hosts[i % 2]), &address));
        httpserver_url(f.server, hosts[i % 2], "/", url);
        struct fetch_request request = request_for(str_of(url));
        request.addresses = i < 2 ? NULL : &resolved;
        (void)start(&f, &request, &told);
        finish(&f, &told);
        assert_true(told.result.err == CW_OK || told.result.err == CW_ECONNECT ||
                    told.result.err == CW_EFILES || told.result.err == CW_ENETDOWN);
        told_release(&told);
    }
    end(&f);
}

static void a_private_address__is_blocked_at_the_socket(void **state)
{
    (void)state;
    struct fixture f;
    struct told told;
    struct httpserver_counts counts;
    static const char *const spellings[] = {"127.0.0.1", "::1", "::ffff:127.0.0.1", "0.0.0.0"};
    begin(&f);
    for (size_t i = 0; i < ARRAY_LEN(spellings); i++) {
        fetch_name(&f, "public.test", spellings[i], i, &public_only, &told);
        assert_int_equal(told.result.err, CW_EBLOCKED);
        assert_non_null(strstr(told.result.detail, spellings[i]));
        assert_non_null(strstr(told.result.detail, i < 3 ? "loopback" : "special"));
        told_release(&told);
    }
    httpserver_counts(f.server, &counts);
    assert_int_equal(counts.connections, 0);
    end(&f);
}

/* First the name is harmless, then it means this machine: the second answer meets the guard. */
static void a_name_that_is_rebound__is_blocked(void **state)
{
    (void)state;
    struct fixture f;
    struct told told;
    begin(&f);
    httpserver_raw(f.server, "/", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", HTTPSERVER_CLOSE);
    fetch_name(&f, "rebound.test", "127.0.0.1", 1, &loopback_only, &told);
    assert_int_equal(told.result.err, CW_OK);
    told_release(&told);
    fetch_name(&f, "rebound.test", "169.254.169.254", 2, &loopback_only, &told);
    assert_int_equal(told.result.err, CW_EBLOCKED);
    assert_string_equal(told.result.detail, "169.254.169.254 is a link-local address");
    told_release(&told);
    end(&f);
}

/* Two crawls share the pool; what one may reach the other may not, not even on an open connection.
 */
static void an_open_connection__is_guarded_too(void **state)
{
    (void)state;
    struct fixture f;
    struct told told;
    struct httpserver_counts counts;
    begin(&f);
    fetch_name(&f, "shared.test", "127.0.0.1", 1, &loopback_only, &told);
    assert_int_equal(told.result.err, CW_OK);
    told_release(&told);
    fetch_name(&f, "shared.test", "127.0.0.1", 1, &public_only, &told);
    assert_int_equal(told.result.err, CW_EBLOCKED);
    told_release(&told);
    httpserver_counts(f.server, &counts);
    assert_int_equal(counts.requests, 1);
    end(&f);
}

static void a_forbidden_address_among_others__is_skipped(void **state)
{
    (void)state;
    struct fixture f;
    struct told told;
    char url[HTTPSERVER_URL_SIZE];
    static const char *const texts[] = {"10.0.0.1", "127.0.0.1"};
    struct resolved *addresses = addresses_of(texts, 2, 1);
    begin(&f);
    httpserver_url(f.server, "mixed.test", "/", url);
    struct fetch_request request = request_for(str_of(url));
    request.addresses = addresses;
    (void)start(&f, &request, &told);
    finish(&f, &told);
    assert_int_equal(told.result.err, CW_OK);
    assert_string_equal(told.result.remote_ip, "127.0.0.1");
    told_release(&told);
    resolved_drop(addresses);
    end(&f);
}

static void the_next_address__is_tried_when_one_refuses(void **state)
{
    (void)state;
    struct fixture f;
    struct told told;
    char url[HTTPSERVER_URL_SIZE];
    static const char *const texts[] = {"127.0.0.2", "::1", "127.0.0.3", "127.0.0.1"};
    struct resolved *addresses = addresses_of(texts, ARRAY_LEN(texts), 1);
    begin(&f);
    httpserver_url(f.server, "several.test", "/", url);
    struct fetch_request request = request_for(str_of(url));
    request.addresses = addresses;
    (void)start(&f, &request, &told);
    finish(&f, &told);
    assert_int_equal(told.result.err, CW_OK);
    assert_string_equal(told.result.remote_ip, "127.0.0.1");
    told_release(&told);
    resolved_drop(addresses);
    end(&f);
}

static void a_proxy__is_used_only_for_allowed_targets(void **state)
{
    (void)state;
    struct fixture f;
    struct told told;
    struct fetch *untouched = NULL;
    char proxy[HTTPSERVER_URL_SIZE];
    begin(&f);
    httpserver_url(f.server, NULL, "", proxy);
    httpserver_page(f.server, "http://public.test/", 200, "text/plain", "by proxy");
    struct fetch_request request = request_for(STR("http://public.test/"));
    request.proxy = proxy;
    request.guard = &public_only;
    (void)start(&f, &request, &told);
    finish(&f, &told);
    assert_int_equal(told.result.err, CW_OK);
    assert_body(&told, "by proxy");
    told_release(&told);
    request.url = STR("http://127.0.0.1/");
    assert_int_equal(fetch_start(&untouched, f.pool, &request, on_done, NULL), CW_EBLOCKED);
    end(&f);
}

/* From the question to the socket: the server of names points home. */
static void a_name_the_dns_points_home__is_blocked(void **state)
{
    (void)state;
    struct fixture f;
    struct told told;
    struct answer answer = {0};
    struct resolver *resolver;
    struct resolver_query *query;
    char url[HTTPSERVER_URL_SIZE], servers[DNSSERVER_TEXT_SIZE];
    bool is_closed = false;
    begin(&f);
    struct dnsserver *dns = dnsserver_open(&f.loop.loop);
    dnsserver_set(dns, "evil.test", "127.0.0.1", 60);
    dnsserver_text(dns, servers);
    const struct resolver_options options = {.loop = &f.loop.loop, .servers = servers};
    assert_int_equal(resolver_new(&resolver, &options), CW_OK);
    assert_int_equal(resolver_ask(&query, resolver, STR("evil.test"), on_answer, &answer), CW_OK);
    looptest_run_until(&f.loop, &answer.is_done);

    httpserver_url(f.server, "evil.test", "/", url);
    struct fetch_request request = request_for(str_of(url));
    request.addresses = answer.addresses;
    request.guard = &public_only;
    (void)start(&f, &request, &told);
    finish(&f, &told);
    assert_int_equal(told.result.err, CW_EBLOCKED);
    assert_string_equal(told.result.detail, "127.0.0.1 is a loopback address");
    told_release(&told);
    resolved_drop(answer.addresses);
    resolver_close(resolver, looptest_set_flag, &is_closed);
    looptest_run_until(&f.loop, &is_closed);
    dnsserver_close(dns);
    end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name__is_connected_to_at_its_addresses),
        cmocka_unit_test(connections_beyond_the_limit__are_not_kept),
        cmocka_unit_test(an_ipv6_literal__is_connected_to),
        cmocka_unit_test(a_private_address__is_blocked_at_the_socket),
        cmocka_unit_test(a_name_that_is_rebound__is_blocked),
        cmocka_unit_test(an_open_connection__is_guarded_too),
        cmocka_unit_test(a_forbidden_address_among_others__is_skipped),
        cmocka_unit_test(the_next_address__is_tried_when_one_refuses),
        cmocka_unit_test(a_proxy__is_used_only_for_allowed_targets),
        cmocka_unit_test(a_name_the_dns_points_home__is_blocked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
