#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "crawler/fetch/address.h"
#include "crawler/fetch/resolver.h"
#include "tests/support/dnsserver.h"
#include "tests/support/looptest.h"

struct fixture {
    struct looptest loop;
    struct dnsserver *dns;
    struct resolver *resolver;
};

/* What a callback was told. */
struct told {
    bool is_done;
    unsigned times;
    enum cw_err err;
    struct resolved *addresses; /* held */
    char detail[128];
};

static void begin(struct fixture *f, int64_t timeout_ms)
{
    char servers[DNSSERVER_TEXT_SIZE];
    looptest_begin(&f->loop);
    f->dns = dnsserver_open(&f->loop.loop);
    dnsserver_text(f->dns, servers);
    const struct resolver_options options = {
        .loop = &f->loop.loop, .servers = servers, .timeout_ms = timeout_ms};
    assert_int_equal(resolver_new(&f->resolver, &options), CW_OK);
}

static void end(struct fixture *f)
{
    bool is_closed = false;
    if (f->resolver != NULL) {
        resolver_close(f->resolver, looptest_set_flag, &is_closed);
        looptest_run_until(&f->loop, &is_closed);
    }
    dnsserver_close(f->dns);
    looptest_end(&f->loop);
}

static void on_done(void *arg, enum cw_err err, const struct resolved *addresses,
                    const char *detail)
{
    struct told *told = arg;
    told->is_done = true;
    told->times++;
    told->err = err;
    told->addresses = addresses != NULL ? resolved_hold(addresses) : NULL;
    (void)snprintf(told->detail, sizeof told->detail, "%s", detail);
}

static struct resolver_query *ask(struct fixture *f, const char *name, struct told *told)
{
    struct resolver_query *query = NULL;
    *told = (struct told){0};
    assert_int_equal(resolver_ask(&query, f->resolver, str_of(name), on_done, told), CW_OK);
    assert_non_null(query);
    assert_false(told->is_done); /* never before it returns */
    return query;
}

/* Asks, waits, and writes the addresses in their order, parted by spaces. */
static enum cw_err resolve(struct fixture *f, const char *name, char ret_text[256])
{
    struct told told;
    (void)ask(f, name, &told);
    looptest_run_until(&f->loop, &told.is_done);
    assert_int_equal(told.times, 1);
    ret_text[0] = '\0';
    assert_true((told.err == CW_OK) == (told.addresses != NULL));
    for (size_t i = 0; told.addresses != NULL && i < told.addresses->count; i++) {
        char text[ADDRESS_TEXT_SIZE];
        size_t len = strlen(ret_text);
        address_format((struct sockaddr *)&told.addresses->addresses[i], text);
        (void)snprintf(ret_text + len, 256 - len, "%s%s", len > 0 ? " " : "", text);
    }
    resolved_drop(told.addresses);
    return told.err;
}

static void a_name__has_the_addresses_of_both_families(void **state)
{
    (void)state;
    struct fixture f;
    char text[256];
    begin(&f, 0);
    dnsserver_set(f.dns, "a.test", "127.0.0.5 127.0.0.6", 60);
    dnsserver_set(f.dns, "both.test", "127.0.0.7 2001:db8::7", 60);
    assert_int_equal(resolve(&f, "a.test", text), CW_OK);
    assert_string_equal(text, "127.0.0.5 127.0.0.6");
    assert_int_equal(resolve(&f, "both.test", text), CW_OK);
    assert_non_null(strstr(text, "127.0.0.7"));
    assert_non_null(strstr(text, "2001:db8::7"));
    end(&f);
}

static void a_fresh_answer__needs_no_question(void **state)
{
    (void)state;
    struct fixture f;
    char text[256];
    begin(&f, 0);
    dnsserver_set(f.dns, "a.test", "127.0.0.5", 60);
    assert_null(resolver_cached(f.resolver, STR("a.test")));
    for (int i = 0; i < 3; i++)
        assert_int_equal(resolve(&f, "a.test", text), CW_OK);
    assert_int_equal(dnsserver_questions(f.dns, "a.test"), 1);
    struct resolved *cached = resolver_cached(f.resolver, STR("a.test"));
    assert_non_null(cached);
    resolved_drop(cached);
    end(&f);
}

/* RFC 2308 5: negative answers are cached too. */
static void a_missing_name__is_remembered(void **state)
{
    (void)state;
    struct fixture f;
    char text[256];
    begin(&f, 0);
    dnsserver_set_mode(f.dns, "missing.test", DNSSERVER_NXDOMAIN);
    dnsserver_set(f.dns, "nodata.test", "", 60);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(resolve(&f, "missing.test", text), CW_EDNS);
        assert_int_equal(resolve(&f, "nodata.test", text), CW_EDNS);
    }
    assert_int_equal(dnsserver_questions(f.dns, "missing.test"), 1);
    assert_int_equal(dnsserver_questions(f.dns, "nodata.test"), 1);
    assert_null(resolver_cached(f.resolver, STR("missing.test")));
    end(&f);
}

static void a_failing_server__is_a_passing_failure(void **state)
{
    (void)state;
    struct fixture f;
    char text[256];
    begin(&f, 0);
    dnsserver_set_mode(f.dns, "broken.test", DNSSERVER_SERVFAIL);
    assert_int_equal(resolve(&f, "broken.test", text), CW_EDNSTEMP);
    end(&f);
}

static void silence__ends_at_the_limit(void **state)
{
    (void)state;
    struct fixture f;
    char text[256];
    begin(&f, 50);
    dnsserver_set_mode(f.dns, "silent.test", DNSSERVER_SILENCE);
    assert_int_equal(resolve(&f, "silent.test", text), CW_ERESOLVER);
    assert_true(dnsserver_questions(f.dns, "silent.test") >= 1);
    end(&f);
}

static void on_timer_closed(uv_handle_t *handle)
{
    *(bool *)handle->data = true;
}

static void on_soon_after(uv_timer_t *timer)
{
    uv_close((uv_handle_t *)timer, on_timer_closed);
}

static void run_for(struct fixture *f, uint64_t ms)
{
    bool is_over = false;
    uv_timer_t timer;
    (void)uv_timer_init(&f->loop.loop, &timer);
    timer.data = &is_over;
    (void)uv_timer_start(&timer, on_soon_after, ms, 0);
    looptest_run_until(&f->loop, &is_over);
}

/* Among others a name whose own servers are dead: not the resolver's fault. */
static void silence_about_one_name__is_not_the_resolver_s(void **state)
{
    (void)state;
    struct fixture f;
    struct told silent, other;
    struct resolver_status status;
    begin(&f, 300);
    dnsserver_set_mode(f.dns, "silent.test", DNSSERVER_SILENCE);
    dnsserver_set(f.dns, "other.test", "192.0.2.1", 60);
    (void)ask(&f, "silent.test", &silent);
    (void)ask(&f, "other.test", &other);
    looptest_run_until(&f.loop, &other.is_done);
    looptest_run_until(&f.loop, &silent.is_done);
    assert_int_equal(silent.err, CW_EDNSTEMP);
    resolver_status(f.resolver, &status);
    assert_int_equal(status.ended, 2);
    assert_int_equal(status.unanswered, 1);
    assert_int_equal(status.failed, 0);
    resolved_drop(other.addresses);
    end(&f);
}

/* The port answers "unreachable" at once, while the server is away, and the look-up waits for it.
 */
static void a_server_that_is_restarted__costs_no_lookup(void **state)
{
    (void)state;
    struct fixture f;
    struct told told;
    struct resolver_status status;
    begin(&f, 20000);
    dnsserver_leave(f.dns);
    (void)ask(&f, "host.test", &told);
    run_for(&f, 100); /* it was refused, which takes no time */
    assert_false(told.is_done);
    dnsserver_set(f.dns, "host.test", "192.0.2.1", 60);
    dnsserver_return(f.dns);
    looptest_run_until(&f.loop, &told.is_done);
    assert_int_equal(told.err, CW_OK);
    resolver_status(f.resolver, &status);
    assert_int_equal(status.ended, 1);
    assert_int_equal(status.unanswered, 0);
    resolved_drop(told.addresses);
    end(&f);
}

static void nobody_there__is_the_resolver_s_fault(void **state)
{
    (void)state;
    struct fixture f;
    struct resolver_status status;
    char text[256];
    begin(&f, 700);
    dnsserver_leave(f.dns);
    assert_int_equal(resolve(&f, "host.test", text), CW_ERESOLVER);
    resolver_status(f.resolver, &status);
    assert_int_equal(status.unanswered, 1);
    dnsserver_return(f.dns);
    end(&f);
}

static void questions_for_one_name__join(void **state)
{
    (void)state;
    struct fixture f;
    struct told told[50];
    begin(&f, 0);
    dnsserver_set(f.dns, "a.test", "127.0.0.5", 60);
    for (size_t i = 0; i < ARRAY_LEN(told); i++)
        (void)ask(&f, "a.test", &told[i]);
    looptest_run_until(&f.loop, &told[ARRAY_LEN(told) - 1].is_done);
    for (size_t i = 0; i < ARRAY_LEN(told); i++) {
        assert_int_equal(told[i].times, 1);
        assert_int_equal(told[i].err, CW_OK);
        assert_ptr_equal(told[i].addresses, told[0].addresses);
        resolved_drop(told[i].addresses);
    }
    assert_int_equal(dnsserver_questions(f.dns, "a.test"), 1);
    end(&f);
}

static void literals_and_localhost__need_no_server(void **state)
{
    (void)state;
    struct fixture f;
    static const struct {
        const char *name, *addresses;
    } cases[] = {
        {"192.0.2.7", "192.0.2.7"},       {"[2001:db8::7]", "2001:db8::7"},
        {"localhost", "127.0.0.1 ::1"},   {"localhost.", "127.0.0.1 ::1"},
        {"a.localhost", "127.0.0.1 ::1"},
    };
    begin(&f, 0);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char text[256];
        /* a server that would say otherwise is not heard (RFC 6761 6.3) */
        dnsserver_set(f.dns, cases[i].name, "127.0.0.9", 60);
        assert_int_equal(resolve(&f, cases[i].name, text), CW_OK);
        assert_string_equal(text, cases[i].addresses);
        assert_int_equal(dnsserver_questions(f.dns, cases[i].name), 0);
        struct resolved *cached = resolver_cached(f.resolver, str_of(cases[i].name));
        assert_non_null(cached);
        resolved_drop(cached);
    }
    end(&f);
}

static void what_is_no_name__does_not_exist(void **state)
{
    (void)state;
    struct fixture f;
    char text[256], longest[300];
    begin(&f, 0);
    memset(longest, 'a', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    assert_int_equal(resolve(&f, "", text), CW_EDNS);
    assert_int_equal(resolve(&f, longest, text), CW_EDNS);
    assert_int_equal(resolve(&f, "a..test", text), CW_EDNS);
    end(&f);
}

static void a_canceled_question__is_answered_canceled(void **state)
{
    (void)state;
    struct fixture f;
    struct told canceled, other;
    begin(&f, 0);
    dnsserver_set(f.dns, "a.test", "127.0.0.5", 60);
    resolver_cancel(ask(&f, "a.test", &canceled));
    (void)ask(&f, "a.test", &other);
    assert_false(canceled.is_done);
    looptest_run_until(&f.loop, &other.is_done);
    assert_int_equal(canceled.times, 1);
    assert_int_equal(canceled.err, CW_ECANCELED);
    assert_null(canceled.addresses);
    assert_int_equal(other.err, CW_OK);
    resolved_drop(other.addresses);

    resolver_cancel(ask(&f, "a.test", &canceled)); /* answered from the cache, not told yet */
    looptest_run_until(&f.loop, &canceled.is_done);
    assert_int_equal(canceled.err, CW_ECANCELED);
    assert_null(canceled.addresses);
    end(&f);
}

static void closing__cancels_what_is_open(void **state)
{
    (void)state;
    struct fixture f;
    struct told silent, ready;
    bool is_closed = false;
    begin(&f, 0);
    dnsserver_set_mode(f.dns, "silent.test", DNSSERVER_SILENCE);
    (void)ask(&f, "silent.test", &silent);
    (void)ask(&f, "127.0.0.1", &ready);
    resolver_close(f.resolver, looptest_set_flag, &is_closed);
    assert_false(is_closed || silent.is_done || ready.is_done);
    looptest_run_until(&f.loop, &is_closed);
    assert_int_equal(silent.times, 1);
    assert_int_equal(silent.err, CW_ECANCELED);
    assert_int_equal(ready.times, 1);
    assert_int_equal(ready.err, CW_ECANCELED);
    f.resolver = NULL;
    end(&f);
}

/* Asks again from inside its own callback, then closes. */
struct chain {
    struct fixture *fixture;
    unsigned left;
    bool is_closed;
};

static void on_chain(void *arg, enum cw_err err, const struct resolved *addresses,
                     const char *detail)
{
    struct chain *chain = arg;
    struct resolver_query *query;
    (void)addresses, (void)detail;
    assert_int_equal(err, CW_OK);
    if (chain->left-- > 0) {
        enum cw_err again =
            resolver_ask(&query, chain->fixture->resolver, STR("a.test"), on_chain, chain);
        assert_int_equal(again, CW_OK);
        return;
    }
    resolver_close(STEAL(chain->fixture->resolver), looptest_set_flag, &chain->is_closed);
}

static void callbacks__may_ask_and_close(void **state)
{
    (void)state;
    struct fixture f;
    struct chain chain = {.fixture = &f, .left = 3};
    struct resolver_query *query;
    begin(&f, 0);
    dnsserver_set(f.dns, "a.test", "127.0.0.5", 60);
    assert_int_equal(resolver_ask(&query, f.resolver, STR("a.test"), on_chain, &chain), CW_OK);
    looptest_run_until(&f.loop, &chain.is_closed);
    assert_int_equal(dnsserver_questions(f.dns, "a.test"), 1);
    end(&f);
}

static void servers_that_cannot_be_read__are_invalid(void **state)
{
    (void)state;
    struct looptest loop;
    struct resolver *resolver = NULL;
    looptest_begin(&loop);
    const struct resolver_options options = {.loop = &loop.loop, .servers = "no address"};
    assert_int_equal(resolver_new(&resolver, &options), CW_EINVAL);
    assert_null(resolver);
    looptest_end(&loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name__has_the_addresses_of_both_families),
        cmocka_unit_test(a_fresh_answer__needs_no_question),
        cmocka_unit_test(a_missing_name__is_remembered),
        cmocka_unit_test(a_failing_server__is_a_passing_failure),
        cmocka_unit_test(silence__ends_at_the_limit),
        cmocka_unit_test(silence_about_one_name__is_not_the_resolver_s),
        cmocka_unit_test(a_server_that_is_restarted__costs_no_lookup),
        cmocka_unit_test(nobody_there__is_the_resolver_s_fault),
        cmocka_unit_test(questions_for_one_name__join),
        cmocka_unit_test(literals_and_localhost__need_no_server),
        cmocka_unit_test(what_is_no_name__does_not_exist),
        cmocka_unit_test(a_canceled_question__is_answered_canceled),
        cmocka_unit_test(closing__cancels_what_is_open),
        cmocka_unit_test(callbacks__may_ask_and_close),
        cmocka_unit_test(servers_that_cannot_be_read__are_invalid),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
