/* Hosts that refuse or cannot be reached, in virtual time: how long they are left alone. */
#include "tests/unit/hosts_fixture.h"

/* Section 6: "429 and 503: honour Retry-After (seconds or date), else back off exponentially with
 * jitter, the whole host, not the URL." */
static void refusals__make_the_whole_host_rest_and_each_rest_is_longer(void **state)
{
    (void)state;
    struct hosts *hosts = new_hosts(&LIMITS);
    struct host *host = get(hosts, "a", 1, 0);
    struct turn_result refusal = {.status = 429, .retry_after_ms = -1, .sent = true};
    int64_t now_ms = 0, rest_ms = 0;
    for (int64_t base_ms = 1000; base_ms <= 8000; base_ms *= 2) {
        now_ms += rest_ms;
        rest_ms = rest_after(hosts, host, &refusal, now_ms);
        assert_in_range(rest_ms, base_ms, MIN(base_ms + base_ms / 4, LIMITS.max_backoff_ms));
        refusal.status = 503; /* counts on from 429 */
    }
    struct turn turn;
    ask(hosts, host, &turn);
    expect_wait(hosts, now_ms + rest_ms, now_ms + rest_ms - 1);
    hosts_withdraw(hosts, &turn, now_ms);

    now_ms += rest_ms;
    assert_int_equal(rest_after(hosts, host, &refusal, now_ms), LIMITS.max_backoff_ms);
    now_ms += LIMITS.max_backoff_ms;
    assert_int_equal(rest_after(hosts, host, &FINE, now_ms), 0);
    assert_in_range(rest_after(hosts, host, &refusal, now_ms), 1000, 1250); /* begins anew */
    hosts_free(hosts);
}

static void retry_after__is_obeyed_within_its_bounds(void **state)
{
    (void)state;
    static const struct {
        int64_t retry_after_ms, rest_ms;
    } cases[] = {{3000, 3000}, {0, 1000}, {86400000, 10000}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct hosts *hosts = new_hosts(&LIMITS);
        struct turn_result result = {
            .status = 503, .retry_after_ms = cases[i].retry_after_ms, .sent = true};
        struct host *host = get(hosts, "a", 1, 0);
        assert_int_equal(rest_after(hosts, host, &result, 50), cases[i].rest_ms);
        hosts_free(hosts);
    }
}

static void requests_under_way_when_the_host_refused__count_as_one_refusal(void **state)
{
    (void)state;
    struct hosts *hosts = new_hosts(&LIMITS);
    struct host *host = get(hosts, "a", 4, 0);
    struct turn turns[4];
    struct turn_result refusal = {.status = 429, .retry_after_ms = -1, .sent = true};
    struct host_status status;
    ask_all(hosts, host, turns, 4);
    for (size_t i = 0; i < 4; i++)
        expect_start(hosts, &turns[i], "192.0.2.1", 0);
    for (size_t i = 0; i < 3; i++)
        hosts_done(hosts, &turns[i], &refusal, 10);
    hosts_done(hosts, &turns[3], &FINE, 20); /* a late answer does not end the rest */
    host_status(host, &status);
    assert_in_range(status.backoff_until_ms, 1010, 1260);
    hosts_free(hosts);
}

/* Section 6: "A host that fails to connect N times rests". */
static void lost_connections__make_the_host_rest_from_the_third_in_a_row(void **state)
{
    (void)state;
    static const enum cw_err errors[] = {CW_EDNS,       CW_EDNSTEMP, CW_ECONNECT, CW_ECONNTIMEO,
                                         CW_EFIRSTBYTE, CW_ETIMEOUT, CW_EEMPTY,   CW_ERESET};
    for (size_t i = 0; i < ARRAY_LEN(errors); i++) {
        struct hosts *hosts = new_hosts(&LIMITS);
        struct host *host = get(hosts, "a", 1, 0);
        struct turn_result lost = {.err = errors[i], .retry_after_ms = -1};
        assert_int_equal(rest_after(hosts, host, &lost, 0), 0);
        assert_int_equal(rest_after(hosts, host, &lost, 0), 0);
        assert_int_equal(rest_after(hosts, host, &FINE, 0), 0);
        assert_int_equal(rest_after(hosts, host, &lost, 0), 0);
        assert_int_equal(rest_after(hosts, host, &lost, 0), 0);
        int64_t rest_ms = rest_after(hosts, host, &lost, 0);
        assert_in_range(rest_ms, 1000, 1250);
        assert_in_range(rest_after(hosts, host, &lost, rest_ms), 2000, 2500);
        hosts_free(hosts);
    }
}

static void trouble_of_our_own__is_not_the_hosts(void **state)
{
    (void)state;
    static const enum cw_err errors[] = {CW_ECANCELED, CW_ENOMEM, CW_EFILES, CW_ENETDOWN};
    struct hosts *hosts = new_hosts(&LIMITS);
    struct host *host = get(hosts, "a", 1, 0);
    for (size_t i = 0; i < 5 * ARRAY_LEN(errors); i++) {
        struct turn_result result = {.err = errors[i % ARRAY_LEN(errors)], .retry_after_ms = -1};
        assert_int_equal(rest_after(hosts, host, &result, 0), 0);
    }
    hosts_free(hosts);
}

enum { DAY_MS = 24 * 3600 * 1000, MINUTES_10 = 10 * 60 * 1000 };

/* Asks the host whenever it may be asked, for a day, and is refused each time. `forgetful`: in
 * between nobody holds it, and idle hosts are swept out within the longest rest. Gives the number
 * of requests; from the fifteenth on, when the rests have grown to the cap, none comes sooner than
 * that. */
static unsigned probe_for_a_day(const struct turn_result *refusal, bool forgetful)
{
    struct hosts_limits limits = LIMITS;
    limits.max_backoff_ms = MINUTES_10; /* as the engine has it */
    struct hosts *hosts = new_hosts(&limits);
    int64_t now_ms = 0, last_ms = 0;
    unsigned count = 0;
    while (now_ms < DAY_MS) {
        struct turn turn;
        struct host *host = get(hosts, "a", 2, 0);
        hosts_ask(hosts, host, &turn, TURN_LAST, now_ms);
        int64_t wake_ms = now_ms;
        while (hosts_next(hosts, now_ms, &wake_ms) == NULL)
            now_ms = wake_ms;
        assert_true(hosts_locate(hosts, &turn, STR("192.0.2.1"), now_ms));
        hosts_done(hosts, &turn, refusal, now_ms);
        if (++count > 14)
            assert_true(now_ms - last_ms >= MINUTES_10);
        last_ms = now_ms;
        hosts_drop(hosts, host);
        if (forgetful)
            hosts_forget_idle(hosts, now_ms + MINUTES_10 - 1);
    }
    hosts_free(hosts);
    return count;
}

/* hostile.md, B23: "never gets more than one probe per cap". The first rests are 1, 2, 4 ... s. */
static void a_host_that_refuses_for_ever__gets_one_request_each_ten_minutes(void **state)
{
    (void)state;
    static const struct turn_result kinds[] = {
        {.status = 503, .retry_after_ms = -1, .sent = true},
        {.status = 429, .retry_after_ms = -1, .sent = true},
        {.err = CW_ECONNECT, .retry_after_ms = -1, .sent = true},
    };
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        unsigned count = probe_for_a_day(&kinds[i], false);
        assert_in_range(count, 100, DAY_MS / MINUTES_10 + 14);
        assert_int_equal(probe_for_a_day(&kinds[i], true), count);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refusals__make_the_whole_host_rest_and_each_rest_is_longer),
        cmocka_unit_test(retry_after__is_obeyed_within_its_bounds),
        cmocka_unit_test(requests_under_way_when_the_host_refused__count_as_one_refusal),
        cmocka_unit_test(lost_connections__make_the_host_rest_from_the_third_in_a_row),
        cmocka_unit_test(trouble_of_our_own__is_not_the_hosts),
        cmocka_unit_test(a_host_that_refuses_for_ever__gets_one_request_each_ten_minutes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
