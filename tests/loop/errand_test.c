#include "crawler/base/clock.h"
#include "crawler/engine/engine_p.h"
#include "crawler/engine/errand.h"
#include "tests/loop/engine_fixture.h"

static const struct guard loopback = {.allowed = GUARD_ALL};
static const struct host_policy policy = {.per_host = 2, .delay_ms = 0};

struct asked {
    struct errand errand;
    struct fixture *f;
    char url[HTTPSERVER_URL_SIZE], hostname[32];
    bool may_go, is_done;
    unsigned asked_to_go, sent_back, done;
    enum cw_err err;
    int32_t status;
    struct errand_terms terms;
};

static bool on_may_go(struct errand *errand)
{
    struct asked *a = CONTAINER_OF(errand, struct asked, errand);
    a->asked_to_go++;
    return a->may_go;
}

static void on_sent_back(struct errand *errand)
{
    CONTAINER_OF(errand, struct asked, errand)->sent_back++;
}

static void on_done(struct errand *errand, struct fetch_result *res,
                    const struct errand_terms *terms)
{
    struct asked *a = CONTAINER_OF(errand, struct asked, errand);
    assert_true(terms->limit_ms >= 0);
    a->terms = *terms;
    a->done++;
    a->is_done = true;
    a->err = res->err;
    a->status = res->status;
}

static void start(struct asked *a, struct fixture *f, const char *hostname, const char *path)
{
    char key[64];
    *a = (struct asked){.f = f, .may_go = true};
    httpserver_url(f->server, hostname, path, a->url);
    (void)snprintf(a->hostname, sizeof a->hostname, "%s", hostname);
    (void)snprintf(key, sizeof key, "%s:%u", hostname, httpserver_port(f->server));
    a->errand = (struct errand){
        .engine = f->engine,
        .host = hosts_get(f->engine->hosts, str_of(key), &policy),
        .request = {.url = str_of(a->url),
                    .guard = &loopback,
                    .limits = {.connect_ms = 5000,
                               .first_byte_ms = 20000,
                               .total_ms = 30000,
                               .body_bytes = 1 << 20,
                               .header_bytes = 65536},
                    .user_agent = "crawld-test/1"},
        .hostname = str_of(a->hostname),
        .may_go = on_may_go,
        .sent_back = on_sent_back,
        .done = on_done,
    };
    assert_non_null(a->errand.host);
    errand_start(&a->errand);
    assert_int_equal(a->done, 0); /* never before it returns */
}

static void finish(struct asked *a)
{
    looptest_run_until(&a->f->loop, &a->is_done);
    assert_int_equal(a->done, 1);
    hosts_drop(a->f->engine->hosts, a->errand.host);
}

static void hold(struct fixture *f, const char *path)
{
    static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
    httpserver_script(
        f->server, path,
        &(struct httpserver_script){.bytes = answer, .len = sizeof answer - 1, .is_held = true});
}

static void an_errand__brings_the_answer(void **state)
{
    (void)state;
    struct fixture f;
    struct asked a;
    begin(&f);
    dnsserver_set(f.names, "a.test", "127.0.0.1", 60);
    httpserver_page(f.server, "/", 200, "text/plain", "hi");
    start(&a, &f, "a.test", "/");
    finish(&a);
    assert_int_equal(a.err, CW_OK);
    assert_int_equal(a.status, 200);
    assert_int_equal(a.asked_to_go, 1);
    assert_int_equal(a.terms.host_slots, 2);
    assert_int_equal(a.terms.address_slots, 8);
    assert_true(a.terms.started_ms > 0 && a.terms.started_ms <= a.terms.ended_ms);
    assert_true(a.terms.ended_ms <= clock_boot_ms());
    assert_int_equal(a.terms.quiet_until_ms, a.terms.ended_ms); /* no delay */
    end(&f);
}

static void cancelled_while_it_waits__is_over_at_once(void **state)
{
    (void)state;
    struct fixture f;
    struct asked a;
    begin(&f);
    start(&a, &f, "127.0.0.1", "/");
    assert_int_equal(a.errand.state, ERRAND_WAITING);
    assert_true(errand_cancel(&a.errand));
    for (int i = 0; i < 3; i++)
        looptest_run_once(&f.loop);
    assert_int_equal(a.asked_to_go + a.done, 0);
    hosts_drop(f.engine->hosts, a.errand.host);
    end(&f);
}

static void one_that_stands_aside__asks_again_or_is_over_at_once(void **state)
{
    (void)state;
    struct fixture f;
    struct asked a;
    struct engine_status status;
    begin(&f);
    httpserver_page(f.server, "/", 200, "text/plain", "hi");
    start(&a, &f, "127.0.0.1", "/");
    a.may_go = false;
    for (int i = 0; i < 2; i++) { /* held back twice */
        while (a.errand.state != ERRAND_ASIDE)
            looptest_run_once(&f.loop);
        engine_status(f.engine, &status);
        assert_int_equal(status.running + status.waiting, 0); /* it holds nothing */
        errand_resume(&a.errand);
    }
    a.may_go = true;
    finish(&a);
    assert_int_equal(a.asked_to_go, 3);
    assert_int_equal(a.status, 200);
    start(&a, &f, "127.0.0.1", "/");
    a.may_go = false;
    while (a.errand.state != ERRAND_ASIDE)
        looptest_run_once(&f.loop);
    assert_true(errand_cancel(&a.errand));
    assert_int_equal(a.done, 0);
    hosts_drop(f.engine->hosts, a.errand.host);
    end(&f);
}

static void cancelled_while_it_resolves__ends_later_as_cancelled(void **state)
{
    (void)state;
    struct fixture f;
    struct asked a;
    begin(&f);
    dnsserver_set_mode(f.names, "a.test", DNSSERVER_SILENCE);
    start(&a, &f, "a.test", "/");
    while (a.errand.state != ERRAND_RESOLVING)
        looptest_run_once(&f.loop);
    assert_false(errand_cancel(&a.errand));
    assert_false(errand_cancel(&a.errand)); /* twice is fine */
    assert_int_equal(a.done, 0);            /* never inline */
    finish(&a);
    assert_int_equal(a.err, CW_ECANCELED);
    end(&f);
}

static void cancelled_while_it_fetches__ends_later_as_cancelled(void **state)
{
    (void)state;
    struct fixture f;
    struct asked a;
    begin(&f);
    hold(&f, "/");
    start(&a, &f, "127.0.0.1", "/");
    run_until_count(&f, requests_under_way, f.server, 1);
    assert_int_equal(a.errand.state, ERRAND_FETCHING);
    assert_false(errand_cancel(&a.errand));
    assert_false(errand_cancel(&a.errand));
    assert_int_equal(a.done, 0);
    finish(&a);
    assert_int_equal(a.err, CW_ECANCELED);
    end(&f);
}

static void a_name_that_does_not_exist__fails(void **state)
{
    (void)state;
    struct fixture f;
    struct asked a;
    begin(&f);
    start(&a, &f, "nowhere.test", "/");
    finish(&a);
    assert_int_equal(a.err, CW_EDNS);
    assert_int_equal(a.terms.host_slots, 0);
    assert_int_equal(a.status, 0);
    end(&f);
}

/* Two names of one address with one slot: the second one is sent back, and its owner is asked again
 * whether it may go. */
static void a_full_address__sends_it_back_until_there_is_a_slot(void **state)
{
    (void)state;
    struct fixture f;
    struct asked first, second;
    struct httpserver_counts counts;
    begin_with(&f, 8, 1);
    dnsserver_set(f.names, "a.test", "127.0.0.1", 60);
    dnsserver_set(f.names, "b.test", "127.0.0.1", 60);
    hold(&f, "/first");
    httpserver_page(f.server, "/second", 200, "text/plain", "hi");
    start(&first, &f, "a.test", "/first");
    run_until_count(&f, requests_under_way, f.server, 1);
    start(&second, &f, "b.test", "/second");
    while (second.sent_back == 0)
        (void)uv_run(&f.loop.loop, UV_RUN_ONCE);
    for (int i = 0; i < 5; i++)
        looptest_run_once(&f.loop);
    assert_int_equal(second.errand.state, ERRAND_WAITING);
    assert_int_equal(second.asked_to_go, 1);
    httpserver_release(f.server, "/first");
    finish(&first);
    finish(&second);
    assert_int_equal(second.sent_back, 1);
    assert_int_equal(second.asked_to_go, 2);
    assert_int_equal(second.status, 200);
    httpserver_counts(f.server, &counts);
    assert_int_equal(counts.most_running, 1);
    end(&f);
}

/* Nobody listens at the first address. The slot of the request was of another than answered, so it
 * is not told; from then on the one that answers comes first. */
static void an_address_that_answers__comes_first_from_then_on(void **state)
{
    (void)state;
    struct fixture f;
    struct asked a;
    begin(&f);
    dnsserver_set(f.names, "a.test", "127.99.0.1 127.0.0.1", 60);
    httpserver_page(f.server, "/", 200, "text/plain", "hi");
    start(&a, &f, "a.test", "/");
    finish(&a);
    assert_int_equal(a.status, 200);
    assert_int_equal(a.terms.address_slots, 0);
    start(&a, &f, "a.test", "/");
    finish(&a);
    assert_int_equal(a.status, 200);
    assert_int_equal(a.terms.address_slots, 8);
    end(&f);
}

static void retry_after__counts_from_the_date_of_the_answer(void **state)
{
    (void)state;
    static const struct {
        const char *name, *retry_after, *date;
        int64_t wait_ms;
    } cases[] = {
        {"none", NULL, "Wed, 21 Oct 2015 07:28:00 GMT", -1},
        {"seconds", "120", "Wed, 21 Oct 2015 07:28:00 GMT", 120000},
        {"a date, whatever our clock says", "Wed, 21 Oct 2015 07:28:30 GMT",
         "Wed, 21 Oct 2015 07:28:00 GMT", 30000},
        {"one that is past", "Wed, 21 Oct 2015 07:28:00 GMT", "Wed, 21 Oct 2015 07:28:30 GMT", 0},
        {"no Date: our own clock", "Wed, 21 Oct 2015 07:28:30 GMT", NULL, 0},
        {"a Date that is none", "Wed, 21 Oct 2015 07:28:30 GMT", "yesterday", 0},
        {"more than a day", "Wed, 21 Oct 2099 07:28:00 GMT", "Wed, 21 Oct 2015 07:28:00 GMT",
         24 * 3600 * 1000},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct fetch_result res = {
            .headers = {.retry_after =
                            cases[i].retry_after ? str_of(cases[i].retry_after) : STR_NONE,
                        .date = cases[i].date ? str_of(cases[i].date) : STR_NONE},
        };
        if (errand_retry_after_ms(&res) != cases[i].wait_ms)
            fail_msg("%s: %lld", cases[i].name, (long long)errand_retry_after_ms(&res));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_errand__brings_the_answer),
        cmocka_unit_test(cancelled_while_it_waits__is_over_at_once),
        cmocka_unit_test(one_that_stands_aside__asks_again_or_is_over_at_once),
        cmocka_unit_test(cancelled_while_it_resolves__ends_later_as_cancelled),
        cmocka_unit_test(cancelled_while_it_fetches__ends_later_as_cancelled),
        cmocka_unit_test(a_name_that_does_not_exist__fails),
        cmocka_unit_test(a_full_address__sends_it_back_until_there_is_a_slot),
        cmocka_unit_test(an_address_that_answers__comes_first_from_then_on),
        cmocka_unit_test(retry_after__counts_from_the_date_of_the_answer),
    };
    executor_prepare_pool(PARSE_SEATS, STORE_SEATS);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
