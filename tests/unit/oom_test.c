/* Out of memory: whichever allocation fails, the result is CW_ENOMEM, nothing leaks (ASan says so),
 * and what was there before is as it was. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "crawler/base/heap.h"
#include "crawler/engine/digest.h"
#include "crawler/engine/roots.h"
#include "crawler/frontier/hosts.h"
#include "crawler/frontier/scope.h"
#include "crawler/parse/robots.h"
#include "crawler/parse/url.h"
#include "tests/support/failalloc.h"

/* Runs `whatever` with less and less memory missing; more than `most` allocations are a surprise.
 */
static void run_out(const char *name, enum cw_err (*whatever)(void), unsigned most)
{
    for (unsigned n = 1;; n++) {
        failalloc_at(n);
        enum cw_err err = whatever();
        if (!failalloc_end()) {
            assert_int_equal(err, CW_OK);
            assert_true(n > 1); /* it did allocate */
            return;
        }
        if (err != CW_ENOMEM)
            fail_msg("%s: allocation %u fails: %s", name, n, cw_err_name(err));
        assert_true(n < most);
    }
}

static enum cw_err fill_buffers(void)
{
    struct buf b = BUF_INIT(100000);
    struct arena arena = ARENA_INIT(1 << 20);
    struct str s = STR("a text");
    enum cw_err err = CW_OK;
    for (int i = 0; err == CW_OK && i < 2000; i++)
        err = buf_addf(&b, "%d,", i);
    if (err == CW_OK)
        err = buf_add_json(&b, STR("\"\\\n"));
    for (int i = 0; err == CW_OK && i < 2000; i++, s = STR("a text"))
        err = arena_keep(&arena, &s) ? CW_OK : CW_ENOMEM;
    char *copy = err == CW_OK ? str_dup(STR("x")) : NULL;
    if (err == CW_OK && copy == NULL)
        err = CW_ENOMEM;
    free(copy);
    arena_release(&arena);
    buf_release(&b);
    return err;
}

static enum cw_err fill_heap(void)
{
    struct heap heap = HEAP_INIT;
    struct heap_item items[100];
    enum cw_err err = CW_OK;
    for (size_t i = 0; err == CW_OK && i < ARRAY_LEN(items); i++)
        err = heap_push(&heap, &items[i], (int64_t)i);
    heap_release(&heap);
    return err;
}

static enum cw_err make_roots(void)
{
    struct roots roots;
    enum cw_err err = CW_OK;
    char url[64];
    roots_init(&roots, CONFIG_SCOPE_HOST);
    for (int i = 0; err == CW_OK && i < 40; i++) {
        bool widened;
        size_t before = roots.count;
        uint64_t mark = roots.mark;
        (void)snprintf(url, sizeof url, "http://h%d/", i);
        err = roots_add(&roots, str_of(url), str_of(url + 7), &widened);
        assert_int_equal(roots.count, before + (err == CW_OK));
        assert_true((roots.mark == mark) == (err != CW_OK));
    }
    roots_release(&roots);
    return err;
}

static enum cw_err make_hosts(void)
{
    const struct hosts_limits limits = {.connections = 4, .per_address = 4};
    const struct host_policy policy = {.per_host = 1};
    struct hosts *hosts;
    enum cw_err err = hosts_new(&hosts, &limits);
    struct turn turns[40];
    struct host *held[40];
    size_t count = 0;
    char name[16];
    if (err != CW_OK)
        return err;
    for (; err == CW_OK && count < ARRAY_LEN(held); count++) {
        (void)snprintf(name, sizeof name, "h%zu", count);
        held[count] = hosts_get(hosts, str_of(name), &policy);
        if (held[count] == NULL) {
            err = CW_ENOMEM;
            break;
        }
    }
    for (size_t i = 0; i < count; i++) /* all that exist can ask, memory or not */
        hosts_ask(hosts, held[i], &turns[i], TURN_LAST, 0);
    for (size_t i = 0; i < count; i++) {
        hosts_withdraw(hosts, &turns[i], 0);
        hosts_drop(hosts, held[i]);
    }
    hosts_free(hosts);
    return err;
}

static enum cw_err make_scope(struct scope **ret)
{
    const struct str seeds[] = {STR("http://a.example/"), STR("http://b.example/")};
    const struct str include[] = {STR("*a*"), STR("*example*")}, exclude[] = {STR("*/no*")};
    const struct scope_options options = {.kind = SCOPE_DOMAIN,
                                          .seeds = seeds,
                                          .seed_count = ARRAY_LEN(seeds),
                                          .include = include,
                                          .include_count = ARRAY_LEN(include),
                                          .exclude = exclude,
                                          .exclude_count = ARRAY_LEN(exclude),
                                          .max_depth = -1};
    return scope_new(ret, &options, NULL);
}

static enum cw_err make_and_drop_scope(void)
{
    struct scope *scope = NULL;
    enum cw_err err = make_scope(&scope);
    scope_drop(scope);
    return err;
}

static enum cw_err parse_urls(void)
{
    struct url base = URL_INIT, url = URL_INIT;
    enum cw_err err = url_parse(&base, STR("http://user@EXAMPLE.com:80/a/b?q#f"), NULL);
    if (err == CW_OK)
        err = url_parse(&url, STR("../c d/%zz?x=<y>"), &base);
    if (err == CW_OK)
        err = url_canonicalize(&url);
    if (err == CW_OK)
        err = url_copy(&base, &url);
    url_release(&base);
    url_release(&url);
    return err;
}

static enum cw_err parse_robots(void)
{
    struct robots *robots = NULL;
    enum cw_err err = robots_parse(&robots,
                                   STR("user-agent: *\ndisallow: /a\nallow: /a/*b$\n"
                                       "crawl-delay: 2\nsitemap: http://a/s.xml\n"),
                                   STR("crawld"));
    robots_free(robots);
    return err;
}

static enum cw_err make_digester(void)
{
    struct digester *d = NULL;
    enum cw_err err = digester_new(&d);
    digester_free(d);
    return err;
}

static void pure_parts__say_so(void **state)
{
    (void)state;
    run_out("fill_buffers", fill_buffers, 100);
    run_out("fill_heap", fill_heap, 20);
    run_out("make_roots", make_roots, 400);
    run_out("make_hosts", make_hosts, 400);
    run_out("make_and_drop_scope", make_and_drop_scope, 400);
    run_out("parse_urls", parse_urls, 100);
    run_out("parse_robots", parse_robots, 100);
    run_out("make_digester", make_digester, 20);
}

/* A digest that ran out of memory leaves no page, and its digester good for the next. */
static void a_digest__leaves_no_half_page(void **state)
{
    (void)state;
    struct digester *d;
    struct scope *scope = NULL;
    static const char body[] = "<title>t</title><a href=/x>1</a><a href=y?z>2</a><img src=i.png>"
                               "<meta name=robots content=nofollow><p>some text";
    char long_body[5000]; /* one that can be a dictionary */
    (void)snprintf(long_body, sizeof long_body, "%s%*s", body, 4500, "");
    assert_int_equal(digester_new(&d), CW_OK);
    assert_int_equal(make_scope(&scope), CW_OK);
    for (unsigned n = 1;; n++) {
        struct outcome *o = outcome_new();
        struct digest_input input = {.raw = BUF_INIT(10000),
                                     .makes_dict = true,
                                     .scope = scope_hold(scope),
                                     .agent = STR("crawld"),
                                     .max_size = 100000,
                                     .headers.content_type = STR("text/html; charset=utf-8")};
        assert_non_null(o);
        o->url = STR("http://a.example/");
        o->host = STR("a.example");
        o->attempt.status = 200;
        assert_int_equal(buf_add(&input.raw, str_of(long_body)), CW_OK);
        failalloc_at(n);
        digest(d, o, &input);
        bool failed = failalloc_end();
        if (o->err != (failed ? CW_ENOMEM : CW_OK) || o->has_page == failed)
            fail_msg("allocation %u fails: %s", n, cw_err_name(o->err));
        digest_input_release(&input);
        outcome_free(o);
        assert_true(n < 1000);
        if (!failed)
            break;
    }
    scope_drop(scope);
    digester_free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pure_parts__say_so),
        cmocka_unit_test(a_digest__leaves_no_half_page),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
