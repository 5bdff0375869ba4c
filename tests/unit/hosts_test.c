/* Stories of hosts in virtual time: slots, pauses, and whose turn it is. "Section 6" is that of the
 * design, "Politeness, exactly". */
#include "tests/unit/hosts_fixture.h"

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

static void robots__goes_to_the_head_of_the_queue(void **state)
{
    (void)state;
    struct hosts *hosts = new_hosts(&LIMITS);
    struct host *host = get(hosts, "a", 2, 0);
    struct turn page, robots;
    ask(hosts, host, &page);
    hosts_ask(hosts, host, &robots, TURN_FIRST, 0);
    expect_start(hosts, &robots, "192.0.2.1", 0);
    expect_start(hosts, &page, "192.0.2.1", 0);
    hosts_done(hosts, &robots, &FINE, 0);
    hosts_done(hosts, &page, &FINE, 0);
    hosts_free(hosts);
}

static void hint__lets_only_one_go_before_it(void **state)
{
    (void)state;
    struct hosts *hosts = new_hosts(&LIMITS);
    struct host *host = get(hosts, "a", 3, 0);
    struct turn hint, page, others[2];
    hosts_ask(hosts, host, &hint, TURN_NEXT, 0); /* nobody waits */
    expect_start(hosts, &hint, "192.0.2.1", 0);
    hosts_done(hosts, &hint, &FINE, 0);
    ask(hosts, host, &page);
    ask_all(hosts, host, others, 2);
    hosts_ask(hosts, host, &hint, TURN_NEXT, 0);
    expect_start(hosts, &page, "192.0.2.1", 0);
    expect_start(hosts, &hint, "192.0.2.1", 0);
    expect_start(hosts, &others[0], "192.0.2.1", 0);
    hosts_done(hosts, &page, &FINE, 0);
    hosts_done(hosts, &hint, &FINE, 0);
    hosts_done(hosts, &others[0], &FINE, 0);
    hosts_withdraw(hosts, &others[1], 0);
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
        hosts_ask(hosts, still, &turns[i], TURN_LAST, 9);
    hosts_ask(hosts, other, &turn, TURN_LAST, 9);
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
    hosts_ask(hosts, host, &older, TURN_LAST, 2); /* may start at 6 */
    hosts_ask(hosts, get(hosts, "newer", 1, 0), &newer, TURN_LAST, 7);
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

/* The machine slept, or the process was stopped: all is due at once. */
static void time_that_leaps__brings_no_burst(void **state)
{
    (void)state;
    enum { HOSTS = 6, TURNS = 4, HOUR_MS = 3600 * 1000 };
    struct hosts *hosts = new_hosts(&LIMITS);
    struct turn turns[HOSTS][TURNS];
    char name[2] = "a";
    for (size_t i = 0; i < HOSTS; i++, name[0]++)
        ask_all(hosts, get(hosts, name, 2, 1000), turns[i], TURNS);
    for (int64_t now_ms = 0; now_ms < TURNS * (int64_t)HOUR_MS; now_ms += HOUR_MS) {
        struct turn *started[HOSTS];
        int64_t wake_ms = 0;
        for (size_t i = 0; i < HOSTS; i++) { /* one of each host */
            started[i] = hosts_next(hosts, now_ms, &wake_ms);
            assert_non_null(started[i]);
            for (size_t j = 0; j < i; j++)
                assert_ptr_not_equal(started[i]->host, started[j]->host);
            assert_true(hosts_locate(hosts, started[i], STR_NONE, now_ms));
        }
        assert_null(hosts_next(hosts, now_ms + 999, &wake_ms));
        for (size_t i = 0; i < HOSTS; i++)
            hosts_done(hosts, started[i], &FINE, now_ms + 100);
    }
    hosts_free(hosts);
}

static void requests_of_a_process_that_was_killed__may_have_started_just_now(void **state)
{
    (void)state;
    struct hosts *hosts = new_hosts(&LIMITS);
    struct turn known, unknown, at_once, slow;
    struct host *host = get(hosts, "known", 1, 1000);
    ask(hosts, host, &known);
    hosts_assume_start(hosts, 50);
    expect_wait(hosts, 1050, 50);
    ask(hosts, get(hosts, "unknown", 1, 2000), &unknown);
    ask(hosts, get(hosts, "no pause", 1, 0), &at_once);
    expect_start(hosts, &at_once, "192.0.2.1", 50);
    ask(hosts, get(hosts, "slow", 1, 0), &slow); /* it was stored that it had asked for 5 s */
    hosts_restore(hosts, slow.host, 5000, 60);
    expect_wait(hosts, 1050, 1049);
    expect_start(hosts, &known, "192.0.2.2", 1050);
    expect_start(hosts, &unknown, "192.0.2.3", 2050);
    expect_wait(hosts, 5050, 5049);
    expect_start(hosts, &slow, "192.0.2.4", 5050);
    struct turn *turns[] = {&known, &unknown, &at_once, &slow};
    for (size_t i = 0; i < ARRAY_LEN(turns); i++)
        hosts_done(hosts, turns[i], &FINE, 6000);
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
        cmocka_unit_test(robots__goes_to_the_head_of_the_queue),
        cmocka_unit_test(hint__lets_only_one_go_before_it),
        cmocka_unit_test(equal_hosts__take_turns),
        cmocka_unit_test(a_host_whose_clock_stands_still__does_not_overtake_the_others),
        cmocka_unit_test(a_new_host__stands_in_line_behind_those_that_waited_before),
        cmocka_unit_test(when_the_crawlers_slots_are_gone__nothing_starts_until_one_comes_back),
        cmocka_unit_test(a_restored_clock__holds_until_its_time_and_the_first_answer),
        cmocka_unit_test(time_that_leaps__brings_no_burst),
        cmocka_unit_test(requests_of_a_process_that_was_killed__may_have_started_just_now),
        cmocka_unit_test(idle_hosts__are_forgotten_when_nobody_holds_them_and_their_clock_is_past),
        cmocka_unit_test(status__says_why_nothing_starts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
