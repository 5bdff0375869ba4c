/* Stories of hosts in virtual time: `now` is an argument, nothing waits. "Section 6" is that of the
 * design, "Politeness, exactly". */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "crawler/frontier/hosts.h"

static const struct hosts_limits LIMITS = {
    .connections = 8, .per_address = 4, .max_crawl_delay_ms = 60000, .max_backoff_ms = 10000};
static const struct turn_result FINE = {
    .status = 200, .elapsed_ms = 100, .retry_after_ms = -1, .sent = true};

static struct hosts *new_hosts(const struct hosts_limits *limits)
{
    struct hosts *hosts = NULL;
    assert_int_equal(hosts_new(&hosts, limits), CW_OK);
    return hosts;
}

static struct host *get(struct hosts *hosts, const char *name, unsigned per_host, int64_t delay_ms)
{
    struct host_policy policy = {.per_host = per_host, .delay_ms = delay_ms};
    struct host *host = hosts_get(hosts, str_of(name), &policy);
    assert_non_null(host);
    return host;
}

static void ask(struct hosts *hosts, struct host *host, struct turn *turn)
{
    hosts_ask(hosts, host, turn, false, 0);
}

static void ask_all(struct hosts *hosts, struct host *host, struct turn *turns, size_t count)
{
    for (size_t i = 0; i < count; i++)
        ask(hosts, host, &turns[i]);
}

static void expect_start(struct hosts *hosts, const struct turn *turn, const char *address,
                         int64_t now_ms)
{
    int64_t wake_ms;
    struct turn *next = hosts_next(hosts, now_ms, &wake_ms);
    assert_ptr_equal(next, turn);
    assert_true(hosts_locate(hosts, next, str_of(address), now_ms));
}

static void expect_wait(struct hosts *hosts, int64_t wake_ms, int64_t now_ms)
{
    int64_t got_ms = 0;
    assert_null(hosts_next(hosts, now_ms, &got_ms));
    assert_int_equal(got_ms, wake_ms);
}

static int64_t delay_of(const struct host *host)
{
    struct host_status status;
    host_status(host, &status);
    return status.delay_ms;
}

/* One request of a host that has nothing else to do, answered with `result` at `now_ms`. */
static void visit(struct hosts *hosts, struct host *host, const struct turn_result *result,
                  int64_t now_ms)
{
    struct turn turn;
    ask(hosts, host, &turn);
    expect_start(hosts, &turn, "192.0.2.1", now_ms);
    hosts_done(hosts, &turn, result, now_ms);
}

static int64_t rest_after(struct hosts *hosts, struct host *host, const struct turn_result *result,
                          int64_t now_ms)
{
    struct host_status status;
    visit(hosts, host, result, now_ms);
    host_status(host, &status);
    return status.backoff_until_ms == INT64_MIN ? 0 : MAX(status.backoff_until_ms - now_ms, 0);
}

static void a_host__gets_its_slots_and_no_more(void **state)
{
    (void)state;
    struct hosts *hosts = new_hosts(&LIMITS);
    struct turn turns[3];
    ask_all(hosts, get(hosts, "a", 2, 0), turns, 3);
    expect_start(hosts, &turns[0], "192.0.2.1", 0);
    expect_start(hosts, &turns[1], "192.0.2.1", 0);
    expect_wait(hosts, INT64_MAX, 0);
    hosts_done(hosts, &turns[1], &FINE, 5);
    expect_start(hosts, &turns[2], "192.0.2.1", 5);
    hosts_done(hosts, &turns[0], &FINE, 6);
    hosts_done(hosts, &turns[2], &FINE, 7);
    hosts_free(hosts);
}

static void while_a_turn_finds_its_address__no_other_of_its_host_is_out(void **state)
{
    (void)state;
    struct hosts *hosts = new_hosts(&LIMITS);
    struct turn turns[2];
    int64_t wake_ms;
    ask_all(hosts, get(hosts, "a", 2, 0), turns, 2);
    assert_ptr_equal(hosts_next(hosts, 0, &wake_ms), &turns[0]);
    expect_wait(hosts, INT64_MAX, 0);
    hosts_done(hosts, &turns[0], &(struct turn_result){.err = CW_EDNS, .retry_after_ms = -1}, 3);
    assert_ptr_equal(hosts_next(hosts, 3, &wake_ms), &turns[1]);
    hosts_done(hosts, &turns[1], &(struct turn_result){.err = CW_EDNS, .retry_after_ms = -1}, 9);
    hosts_free(hosts);
}

/* Section 6: "Next request to a host no sooner than max(delay, crawl-delay) after the previous one
 * ended". */
static void the_delay__counts_from_the_end_of_the_previous_request(void **state)
{
    (void)state;
    struct hosts *hosts = new_hosts(&LIMITS);
    struct turn turns[2];
    ask_all(hosts, get(hosts, "a", 1, 1000), turns, 2);
    expect_start(hosts, &turns[0], "192.0.2.1", 0);
    hosts_done(hosts, &turns[0], &FINE, 300);
    expect_wait(hosts, 1300, 300);
    expect_wait(hosts, 1300, 1299);
    expect_start(hosts, &turns[1], "192.0.2.1", 1300);
    assert_int_equal(turns[1].limit_ms, 1000);
    hosts_done(hosts, &turns[1], &FINE, 1400);
    hosts_free(hosts);
}

static void the_delay__counts_from_the_start_too_when_requests_overlap(void **state)
{
    (void)state;
    struct hosts *hosts = new_hosts(&LIMITS);
    struct turn turns[3];
    ask_all(hosts, get(hosts, "a", 3, 1000), turns, 3);
    expect_start(hosts, &turns[0], "192.0.2.1", 0);
    expect_wait(hosts, 1000, 0);
    expect_start(hosts, &turns[1], "192.0.2.1", 1000);
    expect_wait(hosts, 2000, 1000);
    hosts_done(hosts, &turns[0], &FINE, 1500);
    expect_wait(hosts, 2500, 2000);
    expect_start(hosts, &turns[2], "192.0.2.1", 2500);
    hosts_done(hosts, &turns[1], &FINE, 2600);
    hosts_done(hosts, &turns[2], &FINE, 2600);
    hosts_free(hosts);
}

static void a_request_that_ends_while_another_finds_its_address__sends_it_back(void **state)
{
    (void)state;
    struct hosts *hosts = new_hosts(&LIMITS);
    struct turn turns[3];
    int64_t wake_ms;
    ask_all(hosts, get(hosts, "a", 2, 1000), turns, 3);
    expect_start(hosts, &turns[0], "192.0.2.1", 0);
    assert_ptr_equal(hosts_next(hosts, 1000, &wake_ms), &turns[1]);
    hosts_done(hosts, &turns[0], &FINE, 1500);
    assert_false(hosts_locate(hosts, &turns[1], STR("192.0.2.1"), 1600));
    expect_wait(hosts, 2500, 1600);
    expect_start(hosts, &turns[1], "192.0.2.1", 2500); /* its place was kept */
    hosts_done(hosts, &turns[1], &FINE, 2500);
    hosts_withdraw(hosts, &turns[2], 2500);
    hosts_free(hosts);
}

/* hosts.h: "false: nothing went to the host (name unknown, canceled): clock untouched". */
static void a_request_that_was_not_sent__leaves_the_clock_alone(void **state)
{
    (void)state;
    struct hosts *hosts = new_hosts(&LIMITS);
    struct turn turns[2];
    int64_t wake_ms;
    ask_all(hosts, get(hosts, "a", 1, 1000), turns, 2);
    assert_ptr_equal(hosts_next(hosts, 0, &wake_ms), &turns[0]);
    hosts_done(hosts, &turns[0], &(struct turn_result){.err = CW_ECANCELED, .retry_after_ms = -1},
               10);
    expect_start(hosts, &turns[1], "192.0.2.1", 10);
    hosts_done(hosts, &turns[1], &FINE, 10);
    hosts_free(hosts);
}

/* Section 6: "auto: ... an exponentially weighted mean divided by the slots ... errors never
 * shorten it". */
static void auto_delay__follows_the_hosts_own_response_time(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        unsigned per_host;
        struct turn_result results[3];
        int64_t delay_ms;
    } cases[] = {
        {"the first answer counts in full", 1, {{.status = 200, .elapsed_ms = 400}}, 400},
        {"divided by the slots", 4, {{.status = 200, .elapsed_ms = 400}}, 100},
        {"a later answer counts one in four",
         1,
         {{.status = 200, .elapsed_ms = 400}, {.status = 200, .elapsed_ms = 800}},
         500},
        {"rounded down: a fast host never waits", 2, {{.status = 200, .elapsed_ms = 1}}, 0},
        {"a fast error does not shorten it",
         1,
         {{.status = 200, .elapsed_ms = 400}, {.status = 500, .elapsed_ms = 0}},
         400},
        {"a cut answer does not shorten it",
         1,
         {{.status = 200, .elapsed_ms = 400}, {.status = 200, .err = CW_ETRUNCATED}},
         400},
        {"a slow error lengthens it",
         1,
         {{.status = 200, .elapsed_ms = 400}, {.status = 500, .elapsed_ms = 800}},
         500},
        {"capped as Crawl-delay is", 1, {{.status = 200, .elapsed_ms = 3600000}}, 60000},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct hosts *hosts = new_hosts(&LIMITS);
        struct host *host = get(hosts, "a", cases[i].per_host, HOST_DELAY_AUTO);
        assert_int_equal(delay_of(host), 0);
        for (size_t k = 0; k < ARRAY_LEN(cases[i].results); k++) {
            struct turn_result result = cases[i].results[k];
            result.sent = true, result.retry_after_ms = -1;
            if (result.status != 0)
                visit(hosts, host, &result, (int64_t)k * 100000);
        }
        if (delay_of(host) != cases[i].delay_ms)
            print_error("%s\n", cases[i].name);
        assert_int_equal(delay_of(host), cases[i].delay_ms);
        hosts_free(hosts);
    }
}

/* hosts.h: "Of several crawls on one host the gentlest values count." Section 6: "Crawl-delay is
 * honoured as a lower bound (capped, default cap 60 s)". */
static void delay_in_force__is_the_longest_that_anyone_asks_for(void **state)
{
    (void)state;
    static const struct {
        int64_t first_ms, second_ms, crawl_delay_ms, measured_ms, delay_ms;
    } cases[] = {
        {100, 100, -1, 0, 100},
        {100, 500, -1, 0, 500},
        {500, 100, -1, 0, 500},
        {100, 100, 2000, 0, 2000},
        {3000, 100, 2000, 0, 3000},
        {0, 0, 3600000, 0, 60000},
        {90000, 0, 3600000, 0, 90000}, /* what the operator says is not capped */
        {0, HOST_DELAY_AUTO, -1, 700, 700},
        {HOST_DELAY_AUTO, 100, -1, 700, 700},
        {HOST_DELAY_AUTO, 900, -1, 700, 900},
        {100, 100, -1, 700, 100}, /* nobody asked for auto */
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct hosts *hosts = new_hosts(&LIMITS);
        struct host *host = get(hosts, "a", 1, cases[i].first_ms);
        assert_ptr_equal(get(hosts, "a", 2, cases[i].second_ms), host);
        struct turn_result result = FINE;
        result.elapsed_ms = cases[i].measured_ms;
        visit(hosts, host, &result, 0);
        hosts_set_crawl_delay(hosts, host, cases[i].crawl_delay_ms);
        assert_int_equal(delay_of(host), cases[i].delay_ms);
        hosts_free(hosts);
    }
}

static void two_policies__the_fewer_slots_count_until_both_have_left(void **state)
{
    (void)state;
    struct hosts *hosts = new_hosts(&LIMITS);
    struct host *host = get(hosts, "a", 2, 0);
    struct turn turns[3];
    ask_all(hosts, host, turns, 3);
    (void)get(hosts, "a", 1, 0);
    expect_start(hosts, &turns[0], "192.0.2.1", 0);
    expect_wait(hosts, INT64_MAX, 0);
    hosts_drop(hosts, host);
    hosts_drop(hosts, host);
    (void)get(hosts, "a", 2, 0);
    expect_start(hosts, &turns[1], "192.0.2.1", 0);
    hosts_done(hosts, &turns[0], &FINE, 0);
    hosts_done(hosts, &turns[1], &FINE, 0);
    hosts_withdraw(hosts, &turns[2], 0);
    hosts_free(hosts);
}

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

static void robots__goes_to_the_head_of_the_queue(void **state)
{
    (void)state;
    struct hosts *hosts = new_hosts(&LIMITS);
    struct host *host = get(hosts, "a", 2, 0);
    struct turn page, robots;
    ask(hosts, host, &page);
    hosts_ask(hosts, host, &robots, true, 0);
    expect_start(hosts, &robots, "192.0.2.1", 0);
    expect_start(hosts, &page, "192.0.2.1", 0);
    hosts_done(hosts, &robots, &FINE, 0);
    hosts_done(hosts, &page, &FINE, 0);
    hosts_free(hosts);
}

static void equal_hosts__take_turns(void **state)
{
    (void)state;
    struct hosts *hosts = new_hosts(&LIMITS);
    struct turn turns[3][2];
    const char *names[] = {"a", "b", "c"};
    for (size_t i = 0; i < 3; i++)
        ask_all(hosts, get(hosts, names[i], 2, 0), turns[i], 2);
    for (size_t k = 0; k < 2; k++)
        for (size_t i = 0; i < 3; i++)
            expect_start(hosts, &turns[i][k], names[i], 0);
    for (size_t i = 0; i < 6; i++)
        hosts_done(hosts, &turns[i / 2][i % 2], &FINE, 1);
    hosts_free(hosts);
}

/* A host whose requests all come to nothing keeps an untouched clock; it must not jump the queue.
 */
static void a_host_whose_clock_stands_still__does_not_overtake_the_others(void **state)
{
    (void)state;
    struct hosts *hosts = new_hosts(&LIMITS);
    struct host *still = get(hosts, "still", 1, 0), *other = get(hosts, "other", 1, 0);
    struct turn turns[2], turn;
    int64_t wake_ms;
    visit(hosts, still, &FINE, 1);
    visit(hosts, other, &FINE, 2);
    for (size_t i = 0; i < 2; i++)
        hosts_ask(hosts, still, &turns[i], false, 9);
    hosts_ask(hosts, other, &turn, false, 9);
    assert_ptr_equal(hosts_next(hosts, 9, &wake_ms), &turns[0]);
    hosts_done(hosts, &turns[0], &(struct turn_result){.err = CW_ECANCELED}, 9);
    expect_start(hosts, &turn, "192.0.2.2", 9);
    expect_start(hosts, &turns[1], "192.0.2.1", 9);
    hosts_done(hosts, &turns[1], &FINE, 9);
    hosts_done(hosts, &turn, &FINE, 9);
    hosts_free(hosts);
}

static void a_new_host__stands_in_line_behind_those_that_waited_before(void **state)
{
    (void)state;
    struct hosts *hosts = new_hosts(&LIMITS);
    struct turn older, newer;
    struct host *host = get(hosts, "older", 1, 5);
    visit(hosts, host, &FINE, 1);
    hosts_ask(hosts, host, &older, false, 2); /* may start at 6 */
    hosts_ask(hosts, get(hosts, "newer", 1, 0), &newer, false, 7);
    expect_start(hosts, &older, "192.0.2.1", 7);
    expect_start(hosts, &newer, "192.0.2.2", 7);
    hosts_done(hosts, &older, &FINE, 8);
    hosts_done(hosts, &newer, &FINE, 8);
    hosts_free(hosts);
}

static void when_the_crawlers_slots_are_gone__nothing_starts_until_one_comes_back(void **state)
{
    (void)state;
    struct hosts_limits limits = LIMITS;
    limits.connections = 1;
    struct hosts *hosts = new_hosts(&limits);
    struct turn a, b, c;
    ask(hosts, get(hosts, "a", 1, 0), &a);
    ask(hosts, get(hosts, "b", 1, 0), &b);
    ask(hosts, get(hosts, "c", 1, 0), &c);
    expect_start(hosts, &a, "192.0.2.1", 0);
    expect_wait(hosts, INT64_MAX, 0);
    limits.connections = 2;
    hosts_set_limits(hosts, &limits);
    expect_start(hosts, &b, "192.0.2.2", 0);
    expect_wait(hosts, INT64_MAX, 0);
    hosts_done(hosts, &a, &FINE, 1);
    expect_start(hosts, &c, "192.0.2.3", 1);
    hosts_done(hosts, &b, &FINE, 1);
    hosts_done(hosts, &c, &FINE, 1);
    hosts_free(hosts);
}

/* Three hosts known to live on one address with one slot, which `turns[0]` holds at time 1. */
static struct hosts *crowd_one_address(struct turn turns[3])
{
    struct hosts_limits limits = LIMITS;
    limits.per_address = 1;
    struct hosts *hosts = new_hosts(&limits);
    const char *names[] = {"a", "b", "c"};
    for (size_t i = 0; i < 3; i++)
        visit(hosts, get(hosts, names[i], 1, 0), &FINE, 0);
    for (size_t i = 0; i < 3; i++)
        ask(hosts, get(hosts, names[i], 1, 0), &turns[i]);
    expect_start(hosts, &turns[0], "192.0.2.1", 1);
    expect_wait(hosts, INT64_MAX, 1);
    struct hosts_status status;
    hosts_status(hosts, &status);
    assert_int_equal(status.crowded, 2);
    return hosts;
}

/* Section 6: "Many hosts on one address share that address's slots." */
static void crowded_hosts__are_called_in_the_order_they_came(void **state)
{
    (void)state;
    struct turn turns[3];
    struct hosts *hosts = crowd_one_address(turns);
    for (size_t i = 0; i < 3; i++) {
        hosts_done(hosts, &turns[i], &FINE, 2);
        if (i < 2)
            expect_start(hosts, &turns[i + 1], "192.0.2.1", 2);
        expect_wait(hosts, INT64_MAX, 2);
    }
    hosts_free(hosts);
}

static void a_called_host_that_has_nothing_left__passes_its_slot_on(void **state)
{
    (void)state;
    struct turn turns[3];
    struct hosts *hosts = crowd_one_address(turns);
    hosts_done(hosts, &turns[0], &FINE, 2); /* calls b */
    hosts_withdraw(hosts, &turns[1], 2);
    expect_start(hosts, &turns[2], "192.0.2.1", 2);
    hosts_done(hosts, &turns[2], &FINE, 2);
    hosts_free(hosts);
}

static void a_called_host_that_must_rest__passes_its_slot_on(void **state)
{
    (void)state;
    struct turn turns[3];
    struct hosts *hosts = crowd_one_address(turns);
    hosts_done(hosts, &turns[0], &FINE, 2); /* calls b */
    hosts_restore(hosts, turns[1].host, 0, 500);
    expect_start(hosts, &turns[2], "192.0.2.1", 2);
    hosts_done(hosts, &turns[2], &FINE, 3);
    expect_wait(hosts, 500, 3);
    expect_start(hosts, &turns[1], "192.0.2.1", 500);
    hosts_done(hosts, &turns[1], &FINE, 500);
    hosts_free(hosts);
}

static void a_crowded_host_that_must_rest__leaves_the_crowd(void **state)
{
    (void)state;
    struct turn turns[3];
    struct hosts *hosts = crowd_one_address(turns);
    hosts_restore(hosts, turns[1].host, 0, 500);
    expect_wait(hosts, 500, 2);
    hosts_done(hosts, &turns[0], &FINE, 2);
    expect_start(hosts, &turns[2], "192.0.2.1", 2);
    hosts_done(hosts, &turns[2], &FINE, 3);
    hosts_withdraw(hosts, &turns[1], 3);
    hosts_free(hosts);
}

static void a_crowded_host_that_moves_away__leaves_its_slot_to_the_crowd(void **state)
{
    (void)state;
    struct turn turns[3];
    int64_t wake_ms;
    struct hosts *hosts = crowd_one_address(turns);
    hosts_done(hosts, &turns[0], &FINE, 2);
    assert_ptr_equal(hosts_next(hosts, 2, &wake_ms), &turns[1]);
    expect_wait(hosts, INT64_MAX, 2);
    assert_true(hosts_locate(hosts, &turns[1], STR("192.0.2.9"), 2));
    expect_start(hosts, &turns[2], "192.0.2.1", 2);
    hosts_done(hosts, &turns[1], &FINE, 3);
    hosts_done(hosts, &turns[2], &FINE, 3);
    hosts_free(hosts);
}

static void grown_limits__wake_the_crowd_and_shrunk_ones_hold_it(void **state)
{
    (void)state;
    struct turn turns[3];
    struct hosts_limits limits = LIMITS;
    struct hosts *hosts = crowd_one_address(turns);
    limits.per_address = 2;
    hosts_set_limits(hosts, &limits);
    expect_start(hosts, &turns[1], "192.0.2.1", 2);
    expect_wait(hosts, INT64_MAX, 2);
    limits.per_address = 1;
    hosts_set_limits(hosts, &limits);
    hosts_done(hosts, &turns[0], &FINE, 3);
    expect_wait(hosts, INT64_MAX, 3);
    hosts_done(hosts, &turns[1], &FINE, 4);
    expect_start(hosts, &turns[2], "192.0.2.1", 4);
    hosts_done(hosts, &turns[2], &FINE, 5);
    hosts_free(hosts);
}

static void a_turn_that_finds_its_address_full__waits_at_the_head_of_its_queue(void **state)
{
    (void)state;
    struct hosts_limits limits = LIMITS;
    limits.per_address = 1;
    struct hosts *hosts = new_hosts(&limits);
    struct turn other, turns[2];
    int64_t wake_ms;
    ask(hosts, get(hosts, "other", 1, 0), &other);
    expect_start(hosts, &other, "192.0.2.1", 0);
    ask_all(hosts, get(hosts, "a", 1, 0), turns, 2);
    assert_ptr_equal(hosts_next(hosts, 0, &wake_ms), &turns[0]);
    assert_false(hosts_locate(hosts, &turns[0], STR("192.0.2.1"), 0));
    assert_false(turns[0].running);
    expect_wait(hosts, INT64_MAX, 0);
    hosts_done(hosts, &other, &FINE, 1);
    expect_start(hosts, &turns[0], "192.0.2.1", 1);
    hosts_done(hosts, &turns[0], &FINE, 1);
    hosts_withdraw(hosts, &turns[1], 1);
    hosts_free(hosts);
}

static void an_absent_address__takes_no_slot_of_one(void **state)
{
    (void)state;
    struct hosts_limits limits = LIMITS;
    limits.per_address = 1;
    struct hosts *hosts = new_hosts(&limits);
    struct turn turns[2];
    ask_all(hosts, get(hosts, "a", 2, 0), turns, 2);
    expect_start(hosts, &turns[0], NULL, 0);
    expect_start(hosts, &turns[1], NULL, 0);
    hosts_done(hosts, &turns[0], &FINE, 0);
    hosts_done(hosts, &turns[1], &FINE, 0);
    hosts_free(hosts);
}

static void a_restored_clock__holds_until_its_time_and_the_first_answer(void **state)
{
    (void)state;
    struct hosts *hosts = new_hosts(&LIMITS);
    struct host *host = get(hosts, "a", 1, HOST_DELAY_AUTO);
    struct turn turn;
    hosts_restore(hosts, host, 5000, 700);
    assert_int_equal(delay_of(host), 5000);
    ask(hosts, host, &turn);
    expect_wait(hosts, 700, 0);
    expect_start(hosts, &turn, "192.0.2.1", 700);
    hosts_done(hosts, &turn, &FINE, 800);
    assert_int_equal(delay_of(host), FINE.elapsed_ms);
    hosts_free(hosts);
}

static unsigned count_hosts(const struct hosts *hosts)
{
    struct hosts_status status;
    hosts_status(hosts, &status);
    return status.hosts;
}

static void idle_hosts__are_forgotten_when_nobody_holds_them_and_their_clock_is_past(void **state)
{
    (void)state;
    struct hosts *hosts = new_hosts(&LIMITS);
    struct host *host = get(hosts, "a", 1, 1000);
    struct turn turn;
    visit(hosts, host, &FINE, 0);
    hosts_forget_idle(hosts, 5000);
    assert_int_equal(count_hosts(hosts), 1); /* held */
    hosts_drop(hosts, host);
    hosts_forget_idle(hosts, 999);
    assert_int_equal(count_hosts(hosts), 1); /* its delay runs */
    ask(hosts, host, &turn);
    hosts_forget_idle(hosts, 5000);
    assert_int_equal(count_hosts(hosts), 1); /* a turn waits */
    hosts_withdraw(hosts, &turn, 5000);
    hosts_forget_idle(hosts, 5000);
    assert_int_equal(count_hosts(hosts), 0);
    hosts_free(hosts);
}

static void status__says_why_nothing_starts(void **state)
{
    (void)state;
    struct hosts *hosts = new_hosts(&LIMITS);
    struct turn busy[2], resting, ready;
    struct turn_result refusal = {.status = 429, .retry_after_ms = 4000, .sent = true};
    ask_all(hosts, get(hosts, "busy", 1, 0), busy, 2);
    expect_start(hosts, &busy[0], "192.0.2.2", 0);
    visit(hosts, get(hosts, "resting", 1, 0), &refusal, 0);
    ask(hosts, get(hosts, "resting", 1, 0), &resting);
    hosts_restore(hosts, get(hosts, "ready", 1, 0), 0, 90);
    ask(hosts, get(hosts, "ready", 1, 0), &ready);
    struct hosts_status got;
    hosts_status(hosts, &got);
    assert_int_equal(got.running, 1);
    assert_int_equal(got.waiting_turns, 3);
    assert_int_equal(got.hosts, 3);
    assert_int_equal(got.ready, 2);
    assert_int_equal(got.full, 1);
    assert_int_equal(got.crowded, 0);
    assert_int_equal(got.backing_off, 1);
    assert_int_equal(got.next_ready_ms, 90);
    hosts_done(hosts, &busy[0], &FINE, 10);
    hosts_withdraw(hosts, &busy[1], 10);
    hosts_withdraw(hosts, &resting, 10);
    hosts_withdraw(hosts, &ready, 10);
    hosts_free(hosts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_host__gets_its_slots_and_no_more),
        cmocka_unit_test(while_a_turn_finds_its_address__no_other_of_its_host_is_out),
        cmocka_unit_test(the_delay__counts_from_the_end_of_the_previous_request),
        cmocka_unit_test(the_delay__counts_from_the_start_too_when_requests_overlap),
        cmocka_unit_test(a_request_that_ends_while_another_finds_its_address__sends_it_back),
        cmocka_unit_test(a_request_that_was_not_sent__leaves_the_clock_alone),
        cmocka_unit_test(auto_delay__follows_the_hosts_own_response_time),
        cmocka_unit_test(delay_in_force__is_the_longest_that_anyone_asks_for),
        cmocka_unit_test(two_policies__the_fewer_slots_count_until_both_have_left),
        cmocka_unit_test(refusals__make_the_whole_host_rest_and_each_rest_is_longer),
        cmocka_unit_test(retry_after__is_obeyed_within_its_bounds),
        cmocka_unit_test(requests_under_way_when_the_host_refused__count_as_one_refusal),
        cmocka_unit_test(lost_connections__make_the_host_rest_from_the_third_in_a_row),
        cmocka_unit_test(trouble_of_our_own__is_not_the_hosts),
        cmocka_unit_test(robots__goes_to_the_head_of_the_queue),
        cmocka_unit_test(equal_hosts__take_turns),
        cmocka_unit_test(a_host_whose_clock_stands_still__does_not_overtake_the_others),
        cmocka_unit_test(a_new_host__stands_in_line_behind_those_that_waited_before),
        cmocka_unit_test(when_the_crawlers_slots_are_gone__nothing_starts_until_one_comes_back),
        cmocka_unit_test(crowded_hosts__are_called_in_the_order_they_came),
        cmocka_unit_test(a_called_host_that_has_nothing_left__passes_its_slot_on),
        cmocka_unit_test(a_called_host_that_must_rest__passes_its_slot_on),
        cmocka_unit_test(a_crowded_host_that_must_rest__leaves_the_crowd),
        cmocka_unit_test(a_crowded_host_that_moves_away__leaves_its_slot_to_the_crowd),
        cmocka_unit_test(grown_limits__wake_the_crowd_and_shrunk_ones_hold_it),
        cmocka_unit_test(a_turn_that_finds_its_address_full__waits_at_the_head_of_its_queue),
        cmocka_unit_test(an_absent_address__takes_no_slot_of_one),
        cmocka_unit_test(a_restored_clock__holds_until_its_time_and_the_first_answer),
        cmocka_unit_test(idle_hosts__are_forgotten_when_nobody_holds_them_and_their_clock_is_past),
        cmocka_unit_test(status__says_why_nothing_starts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
