#include <sys/resource.h>
#include <unistd.h>

#include "tests/loop/fetch_fixture.h"

static void small_limits(struct fetch_request *request)
{
    request->limits = (struct fetch_limits){.connect_ms = 5000,
                                            .first_byte_ms = 100,
                                            .total_ms = 400,
                                            .body_bytes = 10,
                                            .header_bytes = 500};
}

static void small_limits_cut(struct fetch_request *request)
{
    small_limits(request);
    request->cut_body = true;
}

#define OK_HEAD    "HTTP/1.1 200 OK\r\n"
#define FIFTY      "X-Fifty: 0123456789012345678901234567890123456789\r\n"
#define FIVE_TIMES FIFTY FIFTY FIFTY FIFTY FIFTY

/* Each limit, and each way for an answer to end early, has its class. */
static const struct end_case {
    const char *name, *raw;
    enum httpserver_then then;
    bool is_held;
    uint64_t drip_ms;
    void (*change)(struct fetch_request *request);
    enum cw_err err;
    const char *body;
    bool is_cut;
} end_cases[] = {
    {"the body limit, known beforehand", OK_HEAD "Content-Length: 11\r\n\r\n0123456789a",
     HTTPSERVER_KEEP, false, 0, small_limits, CW_ETOOBIG, "", false},
    {"the body limit, met on the way", OK_HEAD "\r\n0123456789a", HTTPSERVER_CLOSE, false, 0,
     small_limits, CW_ETOOBIG, "", false},
    {"a body just within the limit", OK_HEAD "Content-Length: 10\r\n\r\n0123456789",
     HTTPSERVER_KEEP, false, 0, small_limits, CW_OK, "0123456789", false},
    {"a body over the limit, cut", OK_HEAD "Content-Length: 11\r\n\r\n0123456789a", HTTPSERVER_KEEP,
     false, 0, small_limits_cut, CW_OK, "0123456789", true},
    {"a body within the limit, not cut", OK_HEAD "Content-Length: 10\r\n\r\n0123456789",
     HTTPSERVER_KEEP, false, 0, small_limits_cut, CW_OK, "0123456789", false},
    {"the header limit", OK_HEAD FIVE_TIMES FIVE_TIMES "\r\n", HTTPSERVER_KEEP, false, 0,
     small_limits, CW_EHEADERS, "", false},
    {"the header limit, by interim answers",
     "HTTP/1.1 103 X\r\n" FIVE_TIMES "\r\nHTTP/1.1 103 X\r\n" FIVE_TIMES "\r\n" OK_HEAD "\r\n",
     HTTPSERVER_CLOSE, false, 0, small_limits, CW_EHEADERS, "", false},
    {"the header limit, by trailers",
     OK_HEAD "Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n" FIVE_TIMES FIVE_TIMES "\r\n",
     HTTPSERVER_KEEP, false, 0, small_limits, CW_EHEADERS, "a", false},
    {"an interim answer is not the answer",
     "HTTP/1.1 103 X\r\nContent-Type: a/b\r\n\r\n" OK_HEAD "Content-Length: 1\r\n\r\na",
     HTTPSERVER_KEEP, false, 0, small_limits, CW_OK, "a", false},
    {"no answer in time", OK_HEAD "\r\n", HTTPSERVER_KEEP, true, 0, small_limits, CW_EFIRSTBYTE, "",
     false},
    {"an answer that drips too long", OK_HEAD "Content-Length: 9\r\n\r\n012345678", HTTPSERVER_KEEP,
     false, 250, small_limits, CW_ETIMEOUT, NULL, false},
    {"an answer that drips in time", OK_HEAD "Content-Length: 9\r\n\r\n012345678", HTTPSERVER_KEEP,
     false, 1, small_limits, CW_OK, "012345678", false},
    {"the end before any answer", "", HTTPSERVER_CLOSE, false, 0, NULL, CW_EEMPTY, "", false},
    {"a reset before any answer", "", HTTPSERVER_RESET, false, 0, NULL, CW_ERESET, "", false},
    {"the end before the end of the body", OK_HEAD "Content-Length: 9\r\n\r\n0123",
     HTTPSERVER_CLOSE, false, 0, NULL, CW_ETRUNCATED, "0123", false},
    {"a status that is none", "HTTP/1.1 600 X\r\nContent-Length: 0\r\n\r\n", HTTPSERVER_KEEP, false,
     0, NULL, CW_EHTTPOTHER, "", false},
};

static void every_end__has_its_class(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(end_cases); i++) {
        const struct end_case *c = &end_cases[i];
        const struct httpserver_script script = {c->raw, strlen(c->raw), c->then, c->drip_ms,
                                                 20,     c->is_held};
        struct fixture f;
        struct told told;
        begin(&f);
        httpserver_script(f.server, "/", &script);
        fetch_path(&f, "/", c->change, &told);
        if (told.result.err != c->err || told.result.body_cut != c->is_cut)
            fail_msg("%s: expected %s, got %s (%s)", c->name, cw_err_name(c->err),
                     cw_err_name(told.result.err), told.result.detail);
        if (c->body != NULL)
            assert_body(&told, c->body);
        assert_true((told.result.err == CW_OK) == (told.result.detail[0] == '\0'));
        told_release(&told);
        end(&f);
    }
}

static void a_refused_connection__is_a_connect_error(void **state)
{
    (void)state;
    struct fixture f;
    struct told told;
    char url[HTTPSERVER_URL_SIZE];
    begin(&f);
    /* a port that was ours a moment ago: nobody listens there */
    struct httpserver *gone = httpserver_open(&f.loop.loop);
    httpserver_url(gone, NULL, "/", url);
    httpserver_close(gone);
    looptest_run_once(&f.loop);
    struct fetch_request request = request_for(str_of(url));
    (void)start(&f, &request, &told);
    finish(&f, &told);
    assert_int_equal(told.result.err, CW_ECONNECT);
    assert_int_equal(told.result.status, 0);
    assert_int_equal(told.result.time.first_byte_ms, -1);
    told_release(&told);
    end(&f);
}

/* A TLS handshake that a plain server never answers. */
static void a_handshake_that_hangs__ends_at_the_connect_limit(void **state)
{
    (void)state;
    struct fixture f;
    struct told told;
    char url[HTTPSERVER_URL_SIZE];
    begin(&f);
    (void)snprintf(url, sizeof url, "https://127.0.0.1:%u/", httpserver_port(f.server));
    struct fetch_request request = request_for(str_of(url));
    request.limits.connect_ms = 100;
    (void)start(&f, &request, &told);
    finish(&f, &told);
    assert_int_equal(told.result.err, CW_ECONNTIMEO);
    told_release(&told);
    end(&f);
}

/* Takes every descriptor that the process may still have, so that the next socket is refused. */
static void no_descriptor_left__is_told_from_no_connection(void **state)
{
    (void)state;
    struct fixture f;
    struct told told;
    struct rlimit limit, tight;
    begin(&f);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    tight = limit;
    int next = dup(0);
    assert_true(next >= 0 && close(next) == 0);
    tight.rlim_cur = (rlim_t)next;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &tight), 0);
    fetch_path(&f, "/", NULL, &told);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    assert_int_equal(told.result.err, CW_EFILES);
    told_release(&told);
    fetch_path(&f, "/", NULL, &told);
    assert_int_equal(told.result.err, CW_OK);
    told_release(&told);
    end(&f);
}

/* While some are left: a connection may not have them, anybody else may. */
static void the_last_descriptors__are_not_for_connections(void **state)
{
    (void)state;
    struct fixture f;
    struct told told;
    struct rlimit limit, tight;
    begin(&f);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    tight = limit;
    int next = dup(0);
    assert_true(next >= 0 && close(next) == 0);
    tight.rlim_cur = (rlim_t)next + 3; /* a quarter of it is more than that */
    assert_true(tight.rlim_cur / 4 > 3);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &tight), 0);
    fetch_path(&f, "/", NULL, &told);
    int other = dup(0);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    assert_int_equal(told.result.err, CW_EFILES);
    assert_true(other >= 0 && close(other) == 0);
    told_release(&told);
    end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_end__has_its_class),
        cmocka_unit_test(a_refused_connection__is_a_connect_error),
        cmocka_unit_test(a_handshake_that_hangs__ends_at_the_connect_limit),
        cmocka_unit_test(no_descriptor_left__is_told_from_no_connection),
        cmocka_unit_test(the_last_descriptors__are_not_for_connections),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
