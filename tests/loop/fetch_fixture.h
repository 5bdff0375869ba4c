/* fetch_fixture: a pool, a server, and what a fetch told, for the loop tests of fetch. */
#ifndef TESTS_LOOP_FETCH_FIXTURE_H
#define TESTS_LOOP_FETCH_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "crawler/fetch/address.h"
#include "crawler/fetch/fetch.h"
#include "tests/support/httpserver.h"
#include "tests/support/looptest.h"

UNUSED static const struct guard loopback_only = {.allowed = GUARD_LOOPBACK};
UNUSED static const struct guard public_only = {.allowed = GUARD_PUBLIC};

enum { PLAIN_KEPT = 48 };

struct fixture {
    struct looptest loop;
    struct httpserver *server;
    struct fetch_pool *pool;
};

/* What a callback was told; owns copies. */
struct told {
    bool is_done;
    unsigned times;
    struct fetch_result result; /* without its strings */
    char *body;
    size_t body_len;
    char content_type[64], location[64], encoding[64], robots[64];
};

UNUSED static void begin(struct fixture *f)
{
    looptest_begin(&f->loop);
    f->server = httpserver_open(&f->loop.loop);
    const struct fetch_pool_options options = {
        .loop = &f->loop.loop, .connections = 16, .plain_kept = PLAIN_KEPT};
    assert_int_equal(fetch_pool_new(&f->pool, &options), CW_OK);
}

UNUSED static void close_pool(struct fixture *f)
{
    bool is_closed = false;
    fetch_pool_close(STEAL(f->pool), looptest_set_flag, &is_closed);
    assert_false(is_closed);
    looptest_run_until(&f->loop, &is_closed);
}

UNUSED static void end(struct fixture *f)
{
    if (f->pool != NULL)
        close_pool(f);
    httpserver_close(f->server);
    looptest_end(&f->loop);
}

UNUSED static struct fetch_request request_for(struct str url)
{
    return (struct fetch_request){
        .url = url,
        .guard = &loopback_only,
        .limits = {.connect_ms = 10000,
                   .first_byte_ms = 15000,
                   .total_ms = 30000,
                   .body_bytes = 1 << 20,
                   .header_bytes = 256 * 1024},
        .user_agent = "crawld-test",
    };
}

UNUSED static void copy_text(char ret[64], struct str s)
{
    (void)snprintf(ret, 64, STR_FMT, str_is_absent(s) ? 1 : (int)s.len,
                   str_is_absent(s) ? "-" : s.ptr);
}

UNUSED static void on_done(void *arg, struct fetch_result *res)
{
    struct told *told = arg;
    told->is_done = true;
    told->times++;
    told->result = *res;
    copy_text(told->content_type, res->headers.content_type);
    copy_text(told->location, res->headers.location);
    copy_text(told->encoding, res->headers.content_encoding);
    copy_text(told->robots, res->headers.x_robots_tag);
    told->body = buf_take(&res->body, &told->body_len);
}

UNUSED static void told_release(struct told *told)
{
    free(told->body);
    *told = (struct told){0};
}

UNUSED static struct fetch *start(struct fixture *f, const struct fetch_request *request,
                                  struct told *told)
{
    struct fetch *fetch = NULL;
    *told = (struct told){0};
    assert_int_equal(fetch_start(&fetch, f->pool, request, on_done, told), CW_OK);
    assert_false(told->is_done); /* never before it returns */
    return fetch;
}

UNUSED static void finish(struct fixture *f, struct told *told)
{
    looptest_run_until(&f->loop, &told->is_done);
    assert_int_equal(told->times, 1);
}

/* Fetches `path` with the request as `change` (may be NULL) alters it. */
UNUSED static void fetch_path(struct fixture *f, const char *path,
                              void (*change)(struct fetch_request *request), struct told *told)
{
    char url[HTTPSERVER_URL_SIZE];
    httpserver_url(f->server, NULL, path, url);
    struct fetch_request request = request_for(str_of(url));
    if (change != NULL)
        change(&request);
    (void)start(f, &request, told);
    finish(f, told);
}

UNUSED static void assert_body(const struct told *told, const char *expected)
{
    assert_int_equal(told->body_len, strlen(expected));
    assert_memory_equal(told->body != NULL ? told->body : "", expected, told->body_len);
}

/* `count` addresses for a name, as a resolver would give them. Drop it. */
UNUSED static struct resolved *addresses_of(const char *const *texts, size_t count, uint64_t serial)
{
    struct resolved *r = malloc(sizeof *r + count * sizeof(struct sockaddr_storage));
    assert_non_null(r);
    *r = (struct resolved){1, count, (struct sockaddr_storage *)(void *)(r + 1), serial};
    for (size_t i = 0; i < count; i++)
        assert_true(address_read(texts[i], &r->addresses[i]));
    return r;
}

/* Fetches http://HOST:PORT/ from `address`. */
UNUSED static void fetch_name(struct fixture *f, const char *host, const char *address,
                              uint64_t serial, const struct guard *guard, struct told *told)
{
    char url[HTTPSERVER_URL_SIZE];
    struct resolved *addresses = addresses_of(&address, 1, serial);
    httpserver_url(f->server, host, "/", url);
    struct fetch_request request = request_for(str_of(url));
    request.addresses = addresses;
    request.guard = guard;
    (void)start(f, &request, told);
    resolved_drop(addresses);
    finish(f, told);
}

#endif
