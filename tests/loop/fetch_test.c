#include "tests/loop/fetch_fixture.h"

static void a_page__arrives_whole_with_its_facts(void **state)
{
    (void)state;
    struct fixture f;
    struct told told;
    begin(&f);
    httpserver_page(f.server, "/a", 200, "text/html; charset=utf-8", "<p>hello");
    fetch_path(&f, "/a", NULL, &told);
    assert_int_equal(told.result.err, CW_OK);
    assert_string_equal(told.result.detail, "");
    assert_int_equal(told.result.status, 200);
    assert_int_equal(told.result.http_version, 11);
    assert_string_equal(told.result.remote_ip, "127.0.0.1");
    assert_string_equal(told.content_type, "text/html; charset=utf-8");
    assert_string_equal(told.location, "-");
    assert_false(told.result.reused);
    assert_false(told.result.body_cut);
    assert_int_equal(told.result.size, 8);
    assert_body(&told, "<p>hello");
    const struct timings *time = &told.result.time;
    assert_true(time->connect_ms >= 0 && time->first_byte_ms >= time->connect_ms);
    assert_true(time->total_ms >= 0 && time->ended_unix_ms >= time->started_unix_ms);
    assert_int_equal(time->tls_ms, -1);
    assert_int_equal(time->dns_ms, -1);
    told_release(&told);
    end(&f);
}

static void add_headers(struct fetch_request *request)
{
    static const char *const headers[] = {"X-One: 1", "Accept: text/html", NULL};
    request->headers = headers;
}

static void the_request__says_what_it_was_told_and_no_more(void **state)
{
    (void)state;
    struct fixture f;
    struct told told;
    char expected[512];
    begin(&f);
    fetch_path(&f, "/a/../b?c=%41", add_headers, &told);
    (void)snprintf(expected, sizeof expected,
                   "GET /a/../b?c=%%41 HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n"
                   "User-Agent: crawld-test\r\n"
                   "Accept-Encoding: gzip, deflate, br, zstd\r\nX-One: 1\r\n"
                   "Accept: text/html\r\n\r\n",
                   httpserver_port(f.server));
    assert_string_equal(httpserver_head(f.server, 0), expected);
    assert_int_equal(told.result.status, 404);
    told_release(&told);

    fetch_path(&f, "/next", NULL, &told); /* the same handle, used again, remembers nothing */
    assert_null(strstr(httpserver_head(f.server, 1), "X-One"));
    told_release(&told);
    end(&f);
}

static void a_connection__serves_the_next_request(void **state)
{
    (void)state;
    struct fixture f;
    struct told told;
    struct httpserver_counts counts;
    struct fetch_pool_status status;
    begin(&f);
    httpserver_page(f.server, "/a", 200, "text/plain", "a");
    for (int i = 0; i < 5; i++) {
        fetch_path(&f, "/a", NULL, &told);
        assert_int_equal(told.result.err, CW_OK);
        assert_int_equal(told.result.reused, i > 0);
        assert_true((told.result.time.connect_ms == -1) == (i > 0));
        told_release(&told);
    }
    httpserver_counts(f.server, &counts);
    assert_int_equal(counts.connections, 1);
    assert_int_equal(counts.requests, 5);
    fetch_pool_status(f.pool, &status);
    assert_int_equal(status.started, 5);
    assert_int_equal(status.connections_opened, 1);
    assert_int_equal(status.bytes_received, 5);
    assert_int_equal(status.running, 0);
    end(&f);
}

/* RFC 9112 9.3.1: a client may retry on a new connection when the old one was closed unused. */
static void a_connection_closed_meanwhile__is_replaced(void **state)
{
    (void)state;
    struct fixture f;
    struct told told;
    begin(&f);
    httpserver_raw(f.server, "/last", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na",
                   HTTPSERVER_CLOSE);
    for (int i = 0; i < 3; i++) {
        fetch_path(&f, "/last", NULL, &told);
        assert_int_equal(told.result.err, CW_OK);
        assert_body(&told, "a");
        told_release(&told);
    }
    end(&f);
}

/* The server closes a connection at its second request, every time. */
static void answer_once_a_connection(void *arg, struct httpserver *server, const char *path,
                                     const char *head)
{
    unsigned *requests = arg;
    (void)head;
    if ((*requests)++ % 2 == 0)
        httpserver_page(server, path, 200, "text/plain", "a");
    else
        httpserver_raw(server, path, "", HTTPSERVER_CLOSE);
}

/* libcurl counts in its handle how often it had to, and gives up at the sixth time. */
static void a_request_that_goes_out_again__is_not_held_against_the_next(void **state)
{
    (void)state;
    struct fixture f;
    struct told told;
    unsigned requests = 0;
    begin(&f);
    httpserver_on_request(f.server, answer_once_a_connection, &requests);
    for (int i = 0; i < 12; i++) {
        fetch_path(&f, "/a", NULL, &told);
        assert_int_equal(told.result.err, CW_OK);
        assert_body(&told, "a");
        told_release(&told);
    }
    assert_int_equal(requests, 1 + 2 * 11);
    end(&f);
}

static void a_hop__is_not_followed(void **state)
{
    (void)state;
    struct fixture f;
    struct told told;
    begin(&f);
    httpserver_raw(f.server, "/hop",
                   "HTTP/1.1 302 Found\r\nLocation: /a\r\nLocation: /b\r\nContent-Length: 0\r\n"
                   "\r\n",
                   HTTPSERVER_KEEP);
    fetch_path(&f, "/hop", NULL, &told);
    assert_int_equal(told.result.err, CW_OK);
    assert_int_equal(told.result.status, 302);
    assert_string_equal(told.location, "/a");
    assert_int_equal(told.body_len, 0);
    struct httpserver_counts counts;
    httpserver_counts(f.server, &counts);
    assert_int_equal(counts.requests, 1);
    told_release(&told);
    end(&f);
}

static void a_coded_body__stays_coded(void **state)
{
    (void)state;
    struct fixture f;
    struct told told;
    begin(&f);
    httpserver_raw(f.server, "/gz",
                   "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Encoding: br\r\n"
                   "X-Robots-Tag: noindex\r\nX-Robots-Tag: nofollow\r\n"
                   "Content-Length: 7\r\n\r\nnotgzip",
                   HTTPSERVER_KEEP);
    fetch_path(&f, "/gz", NULL, &told);
    assert_int_equal(told.result.err, CW_OK);
    assert_string_equal(told.encoding, "gzip,br");
    assert_string_equal(told.robots, "noindex, nofollow");
    assert_body(&told, "notgzip");
    told_release(&told);
    end(&f);
}

static void ask_conditionally(struct fetch_request *request)
{
    static const char *const headers[] = {"If-None-Match: \"a\"", "Range: bytes=0-1", NULL};
    request->headers = headers;
}

static void an_asked_304_or_206__is_an_answer(void **state)
{
    (void)state;
    struct fixture f;
    struct told told;
    begin(&f);
    httpserver_raw(f.server, "/304", "HTTP/1.1 304 X\r\nETag: \"a\"\r\n\r\n", HTTPSERVER_KEEP);
    httpserver_raw(f.server, "/206",
                   "HTTP/1.1 206 X\r\nContent-Range: bytes 0-1/9\r\nContent-Length: 2\r\n\r\nab",
                   HTTPSERVER_KEEP);
    fetch_path(&f, "/304", ask_conditionally, &told);
    assert_int_equal(told.result.err, CW_OK);
    assert_int_equal(told.result.status, 304);
    told_release(&told);
    fetch_path(&f, "/206", ask_conditionally, &told);
    assert_int_equal(told.result.err, CW_OK);
    told_release(&told);
    end(&f);
}

static void what_cannot_be_fetched__is_refused_at_once(void **state)
{
    (void)state;
    struct fixture f;
    static const struct {
        const char *url;
        enum cw_err err;
    } cases[] = {
        {"ftp://127.0.0.1/", CW_EURL},
        {"file:///etc/passwd", CW_EURL},
        {"", CW_EURL},
        {"http://", CW_EURL},
        {"http:///a", CW_EURL},
        {"http://*/", CW_EURL},
        {"http://a@127.0.0.1/", CW_EURL},
        {"http://127.0.0.1:99999/", CW_EURL},
        {"http://127.0.0.1:x/", CW_EURL},
        {"http://[::1/", CW_EURL},
        {"http://127.0.0.1:25/", CW_EBLOCKED},
        {"https://[::1]:6667/", CW_EBLOCKED},
    };
    begin(&f);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct fetch *untouched = NULL;
        struct fetch_request request = request_for(str_of(cases[i].url));
        assert_int_equal(fetch_start(&untouched, f.pool, &request, on_done, NULL), cases[i].err);
        assert_null(untouched);
    }
    end(&f);
}

static void cookies__live_in_their_jar_alone(void **state)
{
    (void)state;
    struct fixture f;
    struct told told;
    char url[HTTPSERVER_URL_SIZE];
    begin(&f);
    httpserver_raw(f.server, "/", "HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nContent-Length: 0\r\n\r\n",
                   HTTPSERVER_KEEP);
    httpserver_url(f.server, NULL, "/", url);
    struct fetch_request request = request_for(str_of(url));
    const struct {
        const char *file;
        uint64_t jar;
    } jars[] = {{"no-such-1", 1}, {"no-such-1", 1}, {"no-such-2", 1}, {"no-such-1", 2}, {NULL, 1}};
    for (size_t i = 0; i < ARRAY_LEN(jars); i++) {
        request.cookie_file = jars[i].file;
        request.jar = jars[i].jar;
        (void)start(&f, &request, &told);
        finish(&f, &told);
        bool has_cookie = strstr(httpserver_head(f.server, (unsigned)i), "Cookie: a=1") != NULL;
        assert_int_equal(has_cookie, i == 1);
        told_release(&told);
    }
    end(&f);
}

static void hold(struct fixture *f, const char *path)
{
    static const char raw[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    httpserver_script(
        f->server, path,
        &(struct httpserver_script){.bytes = raw, .len = sizeof raw - 1, .is_held = true});
}

static void a_canceled_fetch__ends_canceled(void **state)
{
    (void)state;
    struct fixture f;
    struct told early, late, other;
    char url[HTTPSERVER_URL_SIZE];
    struct httpserver_counts counts = {0};
    begin(&f);
    hold(&f, "/");
    httpserver_url(f.server, NULL, "/", url);
    struct fetch_request request = request_for(str_of(url));
    fetch_cancel(start(&f, &request, &early)); /* before it had a turn */
    assert_false(early.is_done);
    struct fetch *waiting = start(&f, &request, &late);
    (void)start(&f, &request, &other);
    while (counts.running < 2) {
        looptest_run_once(&f.loop);
        httpserver_counts(f.server, &counts);
    }
    fetch_cancel(waiting);
    assert_false(late.is_done);
    httpserver_release(f.server, "/");
    finish(&f, &other);
    assert_true(early.is_done && late.is_done);
    assert_int_equal(early.result.err, CW_ECANCELED);
    assert_int_equal(late.result.err, CW_ECANCELED);
    assert_int_equal(other.result.err, CW_OK);
    assert_int_equal(early.times + late.times, 2);
    told_release(&early);
    told_release(&late);
    told_release(&other);
    end(&f);
}

static void closing_the_pool__cancels_what_runs(void **state)
{
    (void)state;
    struct fixture f;
    struct told told[20];
    char url[HTTPSERVER_URL_SIZE];
    struct httpserver_counts counts = {0};
    begin(&f);
    hold(&f, "/");
    httpserver_url(f.server, NULL, "/", url);
    struct fetch_request request = request_for(str_of(url));
    for (size_t i = 0; i < ARRAY_LEN(told) / 2; i++)
        (void)start(&f, &request, &told[i]);
    while (counts.running < ARRAY_LEN(told) / 2) {
        looptest_run_once(&f.loop);
        httpserver_counts(f.server, &counts);
    }
    for (size_t i = ARRAY_LEN(told) / 2; i < ARRAY_LEN(told); i++)
        (void)start(&f, &request, &told[i]); /* these have not had a turn yet */
    close_pool(&f);
    for (size_t i = 0; i < ARRAY_LEN(told); i++) {
        assert_int_equal(told[i].times, 1);
        assert_int_equal(told[i].result.err, CW_ECANCELED);
        told_release(&told[i]);
    }
    end(&f);
}

/* Fetches again from inside its own callback, then closes the pool there. */
struct chain {
    struct fixture *fixture;
    struct fetch_request request;
    unsigned left;
    bool is_closed;
};

static void on_chain(void *arg, struct fetch_result *res)
{
    struct chain *chain = arg;
    struct fetch *fetch = NULL;
    assert_int_equal(res->err, CW_OK);
    if (chain->left-- > 0) {
        assert_int_equal(
            fetch_start(&fetch, chain->fixture->pool, &chain->request, on_chain, chain), CW_OK);
        return;
    }
    struct fetch_pool *pool = STEAL(chain->fixture->pool);
    fetch_pool_close(pool, looptest_set_flag, &chain->is_closed);
    assert_int_equal(fetch_start(&fetch, pool, &chain->request, on_chain, chain), CW_ECANCELED);
}

static void callbacks__may_fetch_and_close(void **state)
{
    (void)state;
    struct fixture f;
    char url[HTTPSERVER_URL_SIZE];
    struct fetch *fetch;
    begin(&f);
    httpserver_page(f.server, "/", 200, "text/plain", "ok");
    httpserver_url(f.server, NULL, "/", url);
    struct chain chain = {.fixture = &f, .request = request_for(str_of(url)), .left = 10};
    assert_int_equal(fetch_start(&fetch, f.pool, &chain.request, on_chain, &chain), CW_OK);
    looptest_run_until(&f.loop, &chain.is_closed);
    end(&f);
}

static void many_transfers__run_at_once(void **state)
{
    (void)state;
    enum { MANY = 500 };
    struct fixture f;
    struct httpserver_counts counts = {0};
    struct fetch_pool_status status;
    char url[HTTPSERVER_URL_SIZE];
    struct told *told = calloc(MANY, sizeof *told);
    assert_non_null(told);
    begin(&f);
    hold(&f, "/");
    httpserver_url(f.server, NULL, "/", url);
    struct fetch_request request = request_for(str_of(url));
    for (size_t i = 0; i < MANY; i++)
        (void)start(&f, &request, &told[i]);
    while (counts.running < MANY) {
        looptest_run_once(&f.loop);
        httpserver_counts(f.server, &counts);
    }
    fetch_pool_status(f.pool, &status);
    assert_int_equal(status.running, MANY);
    httpserver_release(f.server, "/");
    for (size_t i = 0; i < MANY; i++) {
        finish(&f, &told[i]);
        assert_int_equal(told[i].result.err, CW_OK);
        assert_body(&told[i], "ok");
        told_release(&told[i]);
    }
    free(told);
    end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_page__arrives_whole_with_its_facts),
        cmocka_unit_test(the_request__says_what_it_was_told_and_no_more),
        cmocka_unit_test(a_connection__serves_the_next_request),
        cmocka_unit_test(a_connection_closed_meanwhile__is_replaced),
        cmocka_unit_test(a_request_that_goes_out_again__is_not_held_against_the_next),
        cmocka_unit_test(a_hop__is_not_followed),
        cmocka_unit_test(a_coded_body__stays_coded),
        cmocka_unit_test(an_asked_304_or_206__is_an_answer),
        cmocka_unit_test(what_cannot_be_fetched__is_refused_at_once),
        cmocka_unit_test(cookies__live_in_their_jar_alone),
        cmocka_unit_test(a_canceled_fetch__ends_canceled),
        cmocka_unit_test(closing_the_pool__cancels_what_runs),
        cmocka_unit_test(callbacks__may_fetch_and_close),
        cmocka_unit_test(many_transfers__run_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
