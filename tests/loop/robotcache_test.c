#include "crawler/engine/engine_p.h"
#include "crawler/engine/robotcache.h"
#include "tests/loop/engine_fixture.h"

static const struct guard loopback = {.allowed = GUARD_ALL};
static const struct host_policy policy = {.per_host = 2, .delay_ms = 0};

struct cache {
    struct credentials *credentials;
    struct fixture f;
    struct fetch_request request;
    struct robotcache *cache;
    unsigned attempts, knowns;
    int32_t status; /* of the last on_known() */
    enum cw_err err;
    size_t body_bytes;
    bool has_names; /* else all is asked of 127.0.0.1 */
    bool is_closed;
};

struct asker {
    struct robots_waiter waiter;
    struct url url;
    bool is_ready;
    unsigned *order, place; /* when it was called */
};

static void on_ready(struct robots_waiter *waiter)
{
    struct asker *a = CONTAINER_OF(waiter, struct asker, waiter);
    assert_false(a->is_ready);
    a->is_ready = true;
    if (a->order != NULL)
        a->place = (*a->order)++;
}

static void on_attempt(void *arg, const struct attempt *attempt)
{
    struct cache *c = arg;
    assert_int_equal(attempt->kind, FETCH_ROBOTS);
    c->attempts++;
}

static void on_known(void *arg, const struct robots_known *known)
{
    struct cache *c = arg;
    assert_true(c->has_names || str_starts(known->host, STR("127.0.0.1:")));
    assert_true(c->has_names || str_starts(known->origin, STR("http://127.0.0.1:")));
    c->knowns++;
    c->status = known->status;
    c->err = known->err;
    c->body_bytes = known->body.len;
}

static void on_closed(void *arg)
{
    struct cache *c = arg;
    assert_false(c->is_closed);
    c->is_closed = true;
}

static void open_cache(struct cache *c, unsigned connections, unsigned retries)
{
    *c = (struct cache){0};
    begin_with(&c->f, connections, 8);
    c->request = (struct fetch_request){.guard = &loopback,
                                        .limits = {.connect_ms = 5000,
                                                   .first_byte_ms = 20000,
                                                   .total_ms = 30000,
                                                   .body_bytes = 1 << 20,
                                                   .header_bytes = 65536},
                                        .user_agent = "crawld-test/1"};
    assert_int_equal(credentials_new(&c->credentials, NULL, 0), CW_OK);
    const struct robotcache_options options = {.engine = c->f.engine,
                                               .credentials = c->credentials,
                                               .request = &c->request,
                                               .policy = &policy,
                                               .retries = retries,
                                               .arg = c,
                                               .on_attempt = on_attempt,
                                               .on_known = on_known,
                                               .on_closed = on_closed};
    assert_int_equal(robotcache_new(&c->cache, &options), CW_OK);
}

static void asker_init(struct asker *a, struct cache *c, const char *host, const char *path)
{
    char url[HTTPSERVER_URL_SIZE];
    *a = (struct asker){.waiter.ready = on_ready, .url = URL_INIT};
    httpserver_url(c->f.server, host, path, url);
    assert_int_equal(url_parse(&a->url, str_of(url), NULL), CW_OK);
}

static struct robots_answer ask(struct cache *c, struct asker *a)
{
    struct robots_answer answer;
    assert_int_equal(robotcache_ask(c->cache, &a->url, &a->waiter, &answer), CW_OK);
    return answer;
}

/* The final verdict on a path. */
static struct robots_answer verdict_on(struct cache *c, const char *host, const char *path)
{
    struct asker a;
    asker_init(&a, c, host, path);
    struct robots_answer answer = ask(c, &a);
    if (answer.verdict == ROBOTS_PENDING) {
        looptest_run_until(&c->f.loop, &a.is_ready);
        answer = ask(c, &a);
    }
    url_release(&a.url);
    return answer;
}

static void close_cache(struct cache *c)
{
    robotcache_close(STEAL(c->cache));
    looptest_run_until(&c->f.loop, &c->is_closed);
    credentials_free(c->credentials);
    end(&c->f);
}

#define MOVED(to) "HTTP/1.1 301 M\r\nLocation: " to "\r\nContent-Length: 0\r\n\r\n"
#define DENY      "user-agent: *\ndisallow: /private\n"

/* RFC 9309, 2.3.1: what came of the request decides. */
static const struct robots_case {
    const char *name;
    int status;
    const char *body;
    enum robots_verdict verdict;
    unsigned retries, requests;
} robots_cases[] = {
    {"2xx: its rules", 200, DENY, ROBOTS_DENIED, 1, 1},
    {"2xx without rules", 200, "", ROBOTS_ALLOWED, 1, 1},
    {"2xx that is no robots.txt", 204, "", ROBOTS_ALLOWED, 1, 1},
    {"2.3.1.3: 404 allows", 404, DENY, ROBOTS_ALLOWED, 1, 1},
    {"2.3.1.3: 403 allows", 403, DENY, ROBOTS_ALLOWED, 1, 1},
    {"2.3.1.4: 500 forbids", 500, "", ROBOTS_UNREACHABLE, 1, 2},
    {"2.3.1.4: 599 forbids", 599, "", ROBOTS_UNREACHABLE, 2, 3},
    {"without retries", 500, "", ROBOTS_UNREACHABLE, 0, 1},
    {"429 forbids, as it says to go away", 429, "", ROBOTS_UNREACHABLE, 0, 1},
    {"503 forbids", 503, "", ROBOTS_UNREACHABLE, 0, 1},
    {"a redirect to nowhere allows", 301, "", ROBOTS_ALLOWED, 1, 1},
};

static void the_answer__decides(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(robots_cases); i++) {
        const struct robots_case *rc = &robots_cases[i];
        struct cache c;
        open_cache(&c, 8, rc->retries);
        httpserver_page(c.f.server, "/robots.txt", rc->status, "text/plain", rc->body);
        struct robots_answer answer = verdict_on(&c, NULL, "/private/x");
        if (answer.verdict != rc->verdict)
            fail_msg("%s: %d", rc->name, (int)answer.verdict);
        if (rc->verdict == ROBOTS_DENIED) {
            assert_int_equal(answer.line, 2);
            assert_true(str_eq_nocase(answer.rule, STR("disallow: /private")));
        }
        if (rc->verdict == ROBOTS_UNREACHABLE) {
            assert_int_equal(answer.err, CW_EROBOTS);
            assert_non_null(strstr(answer.detail, "robots.txt answered"));
        }
        assert_int_equal(verdict_on(&c, NULL, "/open").verdict == ROBOTS_ALLOWED,
                         rc->verdict != ROBOTS_UNREACHABLE);
        assert_int_equal(httpserver_requests_of(c.f.server, "/robots.txt"), rc->requests);
        assert_int_equal(c.attempts, rc->requests);
        assert_int_equal(c.knowns, 1);
        assert_int_equal(c.status, rc->status);
        bool is_read = rc->status >= 200 && rc->status < 300;
        assert_int_equal(c.body_bytes, is_read ? strlen(rc->body) : 0);
        close_cache(&c);
    }
}

/* RFC 9309, 2.3.1.2: five consecutive redirects are followed, at least; then it is unavailable. */
static void five_redirects__are_followed_the_sixth_counts_as_none(void **state)
{
    (void)state;
    for (int hops = 5; hops <= 6; hops++) {
        struct cache c;
        open_cache(&c, 8, 1);
        httpserver_raw(c.f.server, "/robots.txt", hops == 5 ? MOVED("/r2") : MOVED("/r1"),
                       HTTPSERVER_KEEP);
        httpserver_raw(c.f.server, "/r1", MOVED("/r2"), HTTPSERVER_KEEP);
        httpserver_raw(c.f.server, "/r2", MOVED("r3"), HTTPSERVER_KEEP);
        httpserver_raw(c.f.server, "/r3", MOVED("/r4#f"), HTTPSERVER_KEEP);
        httpserver_raw(c.f.server, "/r4", MOVED("./r5"), HTTPSERVER_KEEP);
        httpserver_raw(c.f.server, "/r5", MOVED("/end"), HTTPSERVER_KEEP);
        httpserver_page(c.f.server, "/end", 200, "text/plain", DENY);
        assert_int_equal(verdict_on(&c, NULL, "/private").verdict,
                         hops == 5 ? ROBOTS_DENIED : ROBOTS_ALLOWED);
        assert_int_equal(httpserver_requests_of(c.f.server, "/end"), hops == 5);
        assert_int_equal(c.attempts, 6);
        close_cache(&c);
    }
}

static void a_lost_connection__is_tried_again_then_forbids(void **state)
{
    (void)state;
    struct cache c;
    open_cache(&c, 8, 1);
    httpserver_raw(c.f.server, "/robots.txt", "", HTTPSERVER_CLOSE);
    struct robots_answer answer = verdict_on(&c, NULL, "/");
    assert_int_equal(answer.verdict, ROBOTS_UNREACHABLE);
    assert_int_equal(answer.err, CW_EEMPTY);
    assert_int_equal(c.status, 0);
    assert_int_equal(c.err, CW_EEMPTY);
    assert_int_equal(c.attempts, 2);
    close_cache(&c);
}

static void hold_robots(struct cache *c)
{
    static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 34\r\n\r\n"
                                 "user-agent: *\ndisallow: /private/\n";
    httpserver_script(
        c->f.server, "/robots.txt",
        &(struct httpserver_script){.bytes = answer, .len = sizeof answer - 1, .is_held = true});
}

static void all_who_wait__join_one_request_and_are_called_in_order(void **state)
{
    (void)state;
    enum { ASKERS = 5 };
    struct cache c;
    struct asker askers[ASKERS];
    unsigned order = 0;
    open_cache(&c, 8, 1);
    hold_robots(&c);
    for (unsigned i = 0; i < ASKERS; i++) {
        asker_init(&askers[i], &c, NULL, i == 0 ? "/private/" : "/x");
        askers[i].order = &order;
        assert_int_equal(ask(&c, &askers[i]).verdict, ROBOTS_PENDING);
    }
    robotcache_leave(&askers[1].waiter);
    robotcache_leave(&askers[1].waiter); /* twice is fine */
    run_until_count(&c.f, requests_under_way, c.f.server, 1);
    httpserver_release(c.f.server, "/robots.txt");
    looptest_run_until(&c.f.loop, &askers[ASKERS - 1].is_ready);
    assert_int_equal(order, ASKERS - 1);
    assert_false(askers[1].is_ready);
    assert_int_equal(askers[0].place, 0);
    assert_int_equal(askers[4].place, 3);
    assert_int_equal(ask(&c, &askers[0]).verdict, ROBOTS_DENIED);
    assert_int_equal(ask(&c, &askers[1]).verdict, ROBOTS_ALLOWED);
    assert_int_equal(httpserver_requests_of(c.f.server, "/robots.txt"), 1);
    for (unsigned i = 0; i < ASKERS; i++)
        url_release(&askers[i].url);
    close_cache(&c);
}

static void crawl_delay__reaches_the_host(void **state)
{
    (void)state;
    struct cache c;
    struct host_status status;
    char name[32];
    open_cache(&c, 8, 1);
    httpserver_page(c.f.server, "/robots.txt", 200, "text/plain",
                    "user-agent: *\ncrawl-delay: 3\n");
    assert_int_equal(verdict_on(&c, NULL, "/").verdict, ROBOTS_ALLOWED);
    (void)snprintf(name, sizeof name, "127.0.0.1:%u", httpserver_port(c.f.server));
    struct host *host = hosts_get(c.f.engine->hosts, str_of(name), &policy);
    host_status(host, &status);
    assert_int_equal(status.delay_ms, 3000);
    hosts_drop(c.f.engine->hosts, host);
    close_cache(&c);
}

/* With one connection: the first request is under way, the second waits for its turn. One is over
 * at once when it is cancelled, the other one later. */
/* Long files push the oldest out, which is then asked for again. */
static void rules_beyond_the_ceiling__push_out_the_oldest(void **state)
{
    enum { HOSTS = 40, LINES = 30000 };
    (void)state;
    struct cache c;
    CLEANUP(buf_release) struct buf body = BUF_INIT(1 << 20);
    char name[32];
    open_cache(&c, 8, 0);
    c.has_names = true;
    assert_int_equal(buf_add(&body, STR("user-agent: *\n")), CW_OK);
    for (int i = 0; i < LINES; i++)
        assert_int_equal(buf_addf(&body, "disallow: /%d\n", i), CW_OK);
    httpserver_page(c.f.server, "/robots.txt", 200, "text/plain", body.ptr);
    for (int i = 0; i < HOSTS; i++) {
        (void)snprintf(name, sizeof name, "h%d.test", i);
        dnsserver_set(c.f.names, name, "127.0.0.1", 3600);
        assert_int_equal(verdict_on(&c, name, "/7").verdict, ROBOTS_DENIED);
    }
    assert_int_equal(c.attempts, HOSTS);
    assert_int_equal(verdict_on(&c, name, "/7").verdict, ROBOTS_DENIED);
    assert_int_equal(c.attempts, HOSTS); /* the last one is there */
    assert_int_equal(verdict_on(&c, "h0.test", "/7").verdict, ROBOTS_DENIED);
    assert_int_equal(c.attempts, HOSTS + 1);
    close_cache(&c);
}

static void closing_while_fetching__cancels_all(void **state)
{
    (void)state;
    struct cache c;
    struct asker under_way, waiting;
    open_cache(&c, 1, 1);
    dnsserver_set(c.f.names, "other.test", "127.0.0.1", 60);
    hold_robots(&c);
    asker_init(&under_way, &c, NULL, "/");
    assert_int_equal(ask(&c, &under_way).verdict, ROBOTS_PENDING);
    run_until_count(&c.f, requests_under_way, c.f.server, 1);
    asker_init(&waiting, &c, "other.test", "/");
    assert_int_equal(ask(&c, &waiting).verdict, ROBOTS_PENDING);
    looptest_run_once(&c.f.loop);
    robotcache_leave(&under_way.waiter);
    robotcache_leave(&waiting.waiter);
    url_release(&under_way.url);
    url_release(&waiting.url);
    close_cache(&c);
    assert_false(under_way.is_ready || waiting.is_ready);
    assert_int_equal(c.attempts, 0); /* what we cancelled is no attempt */
}

static void closing_with_waiting_ones_only__is_over_at_once(void **state)
{
    (void)state;
    struct cache c;
    struct asker a;
    open_cache(&c, 8, 1);
    asker_init(&a, &c, NULL, "/");
    assert_int_equal(ask(&c, &a).verdict, ROBOTS_PENDING);
    robotcache_leave(&a.waiter);
    url_release(&a.url);
    robotcache_close(c.cache);
    assert_true(c.is_closed); /* inline, as the header says */
    end(&c.f);
    credentials_free(c.credentials);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_answer__decides),
        cmocka_unit_test(five_redirects__are_followed_the_sixth_counts_as_none),
        cmocka_unit_test(a_lost_connection__is_tried_again_then_forbids),
        cmocka_unit_test(all_who_wait__join_one_request_and_are_called_in_order),
        cmocka_unit_test(crawl_delay__reaches_the_host),
        cmocka_unit_test(rules_beyond_the_ceiling__push_out_the_oldest),
        cmocka_unit_test(closing_while_fetching__cancels_all),
        cmocka_unit_test(closing_with_waiting_ones_only__is_over_at_once),
    };
    executor_prepare_pool(PARSE_SEATS, STORE_SEATS);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
