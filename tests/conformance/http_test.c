/* http/h1.json: hostile and odd HTTP/1.1 answers, each served by a real server, and the class in
 * which the fetch of it must end. What concerns the decoding of a body is decode's: here it must
 * arrive as it was sent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "crawler/fetch/fetch.h"
#include "tests/support/httpserver.h"
#include "tests/support/json.h"
#include "tests/support/looptest.h"

enum { FLOOD_BYTES = 2 * 1024 * 1024, NO_BODY = -1 };

/* `response` of the data is prose where bytes are generated, so the verdicts, and such bytes, are
 * spelled out here. A case of the data that is not here fails the test. */
static const struct expectation {
    const char *id;
    enum cw_err err;
    int size; /* of the body; NO_BODY: not looked at */
} expectations[] = {
    {"ok", CW_OK, 2},
    {"short-content-length", CW_ETRUNCATED, 5},
    {"extra-after-content-length", CW_OK, 2},
    {"two-different-content-lengths", CW_EPROTOCOL, 0},
    {"two-equal-content-lengths", CW_OK, 5},
    {"negative-content-length", CW_EPROTOCOL, 0},
    {"huge-content-length", CW_EPROTOCOL, 0},
    {"chunked-and-content-length", CW_OK, 5},
    {"bad-chunk-size", CW_EPROTOCOL, 0},
    {"chunked-truncated", CW_ETRUNCATED, 5},
    {"chunk-size-overflow", CW_EPROTOCOL, 0},
    {"chunk-extension-endless", CW_ETIMEOUT, 0},
    {"trailer-flood", CW_EHEADERS, 5},
    {"header-flood", CW_EHEADERS, 0},
    {"one-huge-header", CW_EHEADERS, 0},
    {"1xx-flood", CW_EHEADERS, 0},
    {"cookie-flood", CW_OK, 2},
    {"nul-in-header", CW_EPROTOCOL, 0},
    {"no-colon", CW_EPROTOCOL, 0},
    {"space-before-colon", CW_OK, 2},
    {"obs-fold", CW_OK, 2},
    {"lone-cr", CW_OK, 2},
    {"no-status-line", CW_EPROTOCOL, 0},
    {"http-9.9", CW_EPROTOCOL, 0},
    {"status-20", CW_EPROTOCOL, 0},
    {"status-999", CW_EHTTPOTHER, 0},
    {"204-with-body", CW_OK, 0},
    {"304-unasked", CW_EPROTOCOL, 0},
    {"206-unasked", CW_EPROTOCOL, 0},
    {"101-unasked", CW_EPROTOCOL, 0},
    {"gzip-garbage", CW_OK, 5},
    {"gzip-truncated", CW_OK, NO_BODY},
    {"gzip-trailing-junk", CW_OK, NO_BODY},
    {"gzip-two-members", CW_OK, NO_BODY},
    {"encoding-unknown", CW_OK, 2},
    {"encoding-six-deep", CW_OK, NO_BODY},
    {"deflate-raw", CW_OK, NO_BODY},
    {"gzip-bomb", CW_OK, NO_BODY},
    {"location-raw-8bit", CW_OK, 0},
    {"location-empty", CW_OK, 0},
    {"location-twice", CW_OK, 0},
    {"location-file", CW_OK, 0},
    {"location-gopher", CW_OK, 0},
};

/* The bytes for what the data says in angle brackets. */
static const struct flood {
    const char *id, *head, *unit;
    size_t bytes;
    const char *tail;
} floods[] = {
    {"chunk-extension-endless", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;x=", "a",
     FLOOD_BYTES, ""},
    {"trailer-flood", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n",
     "X-T: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n", FLOOD_BYTES, ""},
    {"header-flood", "HTTP/1.1 200 OK\r\n", "X-A: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n", FLOOD_BYTES,
     ""},
    {"one-huge-header", "HTTP/1.1 200 OK\r\nX-A: ", "a", FLOOD_BYTES, ""},
    {"1xx-flood", "", "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", FLOOD_BYTES, ""},
    {"cookie-flood", "HTTP/1.1 200 OK\r\n", "Set-Cookie: cN=v; path=/\r\n", 26 * 2000,
     "Content-Length: 2\r\n\r\nok"},
    {"gzip-truncated", "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 10\r\n\r\n",
     "\x1f\x8b", 10, ""},
    {"gzip-trailing-junk",
     "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 18\r\n\r\n", "\x1f\x8b", 10,
     "JUNKJUNK"},
    {"gzip-two-members", "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 8\r\n\r\n",
     "\x1f\x8b", 8, ""},
    {"encoding-six-deep",
     "HTTP/1.1 200 OK\r\nContent-Encoding: gzip, gzip, gzip, gzip, gzip, gzip\r\n"
     "Content-Length: 0\r\n\r\n",
     "", 0, ""},
    {"deflate-raw", "HTTP/1.1 200 OK\r\nContent-Encoding: deflate\r\nContent-Length: 4\r\n\r\n",
     "\x4b\x04", 4, ""},
    {"gzip-bomb", "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 200000\r\n\r\n",
     "\x1f\x8b", 200000, ""},
};

struct seen {
    bool is_done;
    enum cw_err err;
    int32_t status;
    int64_t size;
    char detail[256], location[64];
};

static void copy(char *ret, size_t size, struct str s)
{
    (void)snprintf(ret, size, STR_FMT, str_is_absent(s) ? 6 : (int)s.len,
                   str_is_absent(s) ? "absent" : s.ptr);
}

static void on_done(void *arg, struct fetch_result *res)
{
    struct seen *seen = arg;
    *seen = (struct seen){true, res->err, res->status, (int64_t)res->body.len, "", ""};
    copy(seen->detail, sizeof seen->detail, str_of(res->detail));
    copy(seen->location, sizeof seen->location, res->headers.location);
}

static void add(struct buf *raw, struct str s)
{
    assert_int_equal(buf_add(raw, s), CW_OK);
}

/* The bytes of a case: the data's own, or those of the table where it describes them. */
static void make_raw(struct buf *raw, const char *id, struct str response,
                     enum httpserver_then *ret_then)
{
    *ret_then = HTTPSERVER_KEEP;
    for (size_t i = 0; i < ARRAY_LEN(floods); i++) {
        const struct flood *flood = &floods[i];
        if (strcmp(flood->id, id) != 0)
            continue;
        add(raw, str_of(flood->head));
        for (size_t n = 0; n < flood->bytes; n += strlen(flood->unit))
            add(raw, str_of(flood->unit));
        add(raw, str_of(flood->tail));
        return;
    }
    if (str_ends(response, STR("<close>"))) {
        *ret_then = HTTPSERVER_CLOSE;
        response.len -= 7;
    }
    size_t nul = str_find(response, STR("\\0")); /* written out in the data */
    add(raw, str_first(response, nul));
    if (nul < response.len) {
        add(raw, str_from("", 1));
        add(raw, str_skip(response, nul + 2));
    }
}

struct fixture {
    struct looptest loop;
    struct httpserver *server;
    struct fetch_pool *pool;
};

static void fetch_path(struct fixture *f, const char *path, struct seen *seen)
{
    static const struct guard guard = {.allowed = GUARD_LOOPBACK};
    char url[HTTPSERVER_URL_SIZE];
    struct fetch *fetch;
    httpserver_url(f->server, NULL, path, url);
    const struct fetch_request request = {
        .url = str_of(url),
        .guard = &guard,
        .user_agent = "crawld-test",
        .limits = {10000, 1000, 2000, 1 << 20, 256 * 1024},
    };
    *seen = (struct seen){0};
    assert_int_equal(fetch_start(&fetch, f->pool, &request, on_done, seen), CW_OK);
    looptest_run_until(&f->loop, &seen->is_done);
}

/* Serves the case, fetches it, then fetches another page: what was left of the case on the
 * connection must not be taken for an answer. */
static void run(const char *id, struct str response, struct seen *ret_seen, bool *ret_next_is_fine)
{
    struct fixture f;
    struct seen next;
    bool is_closed = false;
    enum httpserver_then then;
    struct buf raw = BUF_INIT(64 << 20);
    looptest_begin(&f.loop);
    f.server = httpserver_open(&f.loop.loop);
    const struct fetch_pool_options options = {.loop = &f.loop.loop, .connections = 4};
    assert_int_equal(fetch_pool_new(&f.pool, &options), CW_OK);
    make_raw(&raw, id, response, &then);
    httpserver_script(f.server, "/case",
                      &(struct httpserver_script){.bytes = raw.ptr, .len = raw.len, .then = then});
    httpserver_page(f.server, "/next", 200, "text/plain", "next");
    fetch_path(&f, "/case", ret_seen);
    fetch_path(&f, "/next", &next);
    *ret_next_is_fine = next.err == CW_OK && next.status == 200 && next.size == 4;
    fetch_pool_close(f.pool, looptest_set_flag, &is_closed);
    looptest_run_until(&f.loop, &is_closed);
    httpserver_close(f.server);
    looptest_end(&f.loop);
    buf_release(&raw);
}

static const struct expectation *expectation_of(const char *id)
{
    for (size_t i = 0; i < ARRAY_LEN(expectations); i++)
        if (strcmp(expectations[i].id, id) == 0)
            return &expectations[i];
    return NULL;
}

static bool fields_are_right(const char *id, const struct seen *seen)
{
    if (strcmp(id, "location-twice") == 0)
        return strcmp(seen->location, "/a") == 0;
    if (strcmp(id, "location-empty") == 0)
        return strcmp(seen->location, "") == 0;
    if (strcmp(id, "location-raw-8bit") == 0)
        return strcmp(seen->location, "/ok?\xc3\xbc") == 0;
    return true;
}

/* "ok, 5 bytes, the connection is clean" */
static struct str describe(char room[400], enum cw_err err, int64_t size, bool next_is_fine,
                           const char *detail)
{
    (void)snprintf(room, 400, "%s, %d bytes, next answer %s%s%s", cw_err_name(err), (int)size,
                   next_is_fine ? "fine" : "spoilt", detail[0] != '\0' ? ": " : "", detail);
    return str_of(room);
}

static void check(struct suite *suite, const json_t *test)
{
    struct str id = suite_str(test, "id");
    const struct expectation *expected = expectation_of(id.ptr);
    char wanted[400], got[400];
    struct seen seen;
    bool next_is_fine;
    if (expected == NULL) {
        suite_count(suite, false, id, STR("a verdict in this test"), STR_NONE);
        return;
    }
    run(id.ptr, suite_str(test, "response"), &seen, &next_is_fine);
    bool size_is_right = expected->size == NO_BODY || expected->size == seen.size;
    bool passed = seen.err == expected->err && size_is_right && next_is_fine &&
                  fields_are_right(id.ptr, &seen);
    suite_count(suite, passed, id, describe(wanted, expected->err, expected->size, true, ""),
                describe(got, seen.err, seen.size, next_is_fine, seen.detail));
}

static void every_answer__ends_in_its_class(void **state)
{
    struct suite suite = {.name = "http/h1.json"};
    const json_t *test;
    size_t i;
    json_array_foreach((const json_t *)*state, i, test)
    {
        check(&suite, test);
    }
    assert_int_equal(suite_finish(&suite, 43), 0);
}

int main(void)
{
    json_t *cases = suite_load_json(CONFORMANCE_DIR "/http/h1.json");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(every_answer__ends_in_its_class, cases),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    json_decref(cases);
    return failed;
}
