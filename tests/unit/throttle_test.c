/* What `--delay auto` learns of a host, in virtual time: short stories in front of a server that is
 * an arithmetic rule. How near it comes to the capacity of random servers, sim.throttle shows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "crawler/base/util.h"
#include "crawler/frontier/throttle.h"

static const int64_t MS = 1000;

struct story {
    struct throttle t;
    unsigned per_host;
    int64_t now_ms;
};

static struct story begin(unsigned per_host)
{
    struct story s = {.per_host = per_host};
    throttle_init(&s.t);
    return s;
}

static unsigned slots(const struct story *s)
{
    return throttle_slots(&s->t, s->per_host);
}

static int64_t delay_ms(const struct story *s)
{
    return throttle_delay_us(&s->t, s->per_host) / MS;
}

/* `count` answers of a server whose `workers` need `service_ms` each, while we use all the slots
 * that we have: those beyond the workers stand in its queue. */
static void answers(struct story *s, unsigned count, unsigned workers, int64_t service_ms)
{
    for (unsigned i = 0; i < count; i++) {
        int64_t out = slots(s);
        int64_t elapsed_ms = service_ms * MAX(out, workers) / workers;
        s->now_ms += elapsed_ms / out + delay_ms(s);
        throttle_on_answer(&s->t, s->per_host, elapsed_ms * MS, true, s->now_ms);
    }
}

static void refuse(struct story *s, int64_t rest_ms)
{
    throttle_on_refusal(&s->t, s->per_host, rest_ms, true, s->now_ms);
    s->now_ms += rest_ms;
}

/* Design, section 6: "the delay follows the host's own response time (... divided by the slots)".
 */
static void a_new_host__is_asked_one_at_a_time_with_a_pause(void **state)
{
    (void)state;
    struct story s = begin(4);
    assert_int_equal(slots(&s), 1);
    assert_int_equal(delay_ms(&s), 0);
    answers(&s, 1, 4, 400);
    assert_int_equal(slots(&s), 1);
    assert_int_equal(delay_ms(&s), 100);
}

static void a_host_that_does_not_slow_down__gets_all_its_slots_and_no_pause(void **state)
{
    (void)state;
    static const unsigned per_host[] = {1, 2, 8, 64};
    for (size_t i = 0; i < ARRAY_LEN(per_host); i++) {
        struct story s = begin(per_host[i]);
        answers(&s, 50 * per_host[i], 1000, 200);
        assert_int_equal(delay_ms(&s), 0);
        assert_true(slots(&s) >= per_host[i] || s.t.is_alone);
    }
}

static void a_host_that_queues__is_left_with_half_a_request_in_its_queue(void **state)
{
    (void)state;
    static const unsigned workers[] = {1, 2, 5};
    for (size_t i = 0; i < ARRAY_LEN(workers); i++) {
        struct story s = begin(16);
        answers(&s, 5000, workers[i], 200);
        assert_in_range(s.t.level, workers[i] * THROTTLE_ONE,
                        workers[i] * THROTTLE_ONE * 5 / 4 + THROTTLE_ONE / 2);
        answers(&s, 2000, 2 * workers[i], 200); /* it grows */
        assert_in_range(s.t.level, 2 * workers[i] * THROTTLE_ONE,
                        2 * workers[i] * THROTTLE_ONE * 5 / 4 + THROTTLE_ONE / 2);
    }
}

/* Else what is a queue now would pass for what it always took. */
static void what_is_usual__is_learned_anew_while_many_are_under_way(void **state)
{
    (void)state;
    struct story s = begin(16);
    answers(&s, 2000, 4, 200);
    assert_in_range(s.t.usual_us, 200 * MS, 200 * MS);
    answers(&s, 100000, 4, 100);
    assert_in_range(s.t.usual_us, 100 * MS, 110 * MS);
    assert_in_range(s.t.level, 4 * THROTTLE_ONE, 6 * THROTTLE_ONE);
}

/* Section 6: "a struggling one is left in peace". */
static void a_host_that_grows_slower_ten_times__is_asked_one_at_a_time(void **state)
{
    (void)state;
    struct story s = begin(8);
    answers(&s, 1000, 8, 100);
    assert_true(s.t.level >= 7 * THROTTLE_ONE);
    answers(&s, 1000, 1, 1000);
    assert_in_range(s.t.level, THROTTLE_ONE / 2, 2 * THROTTLE_ONE);
}

/* hosts.h: "a site that answers within a millisecond a slot never waits". */
static void a_quick_host__never_waits_and_keeps_its_slots(void **state)
{
    (void)state;
    struct story s = begin(8);
    for (unsigned i = 0; i < 3000; i++) {
        answers(&s, 1, 1, 1); /* one worker: its queue is as long as we make it */
        assert_int_equal(delay_ms(&s), 0);
        if (i >= 100)
            assert_int_equal(slots(&s), 8);
    }
}

/* Section 6: "errors never shorten it". */
static void errors__never_raise_the_level(void **state)
{
    (void)state;
    struct story s = begin(4);
    answers(&s, 8, 4, 400);
    int32_t level = s.t.level;
    int64_t pause_ms = delay_ms(&s);
    for (unsigned i = 0; i < 1000; i++)
        throttle_on_answer(&s.t, s.per_host, 5 * MS, false, s.now_ms += 10);
    assert_int_equal(s.t.level, level);
    assert_int_equal(delay_ms(&s), pause_ms);
}

static void a_level_that_is_not_used__does_not_rise(void **state)
{
    (void)state;
    struct story s = begin(8);
    for (unsigned i = 0; i < 1000; i++) /* the frontier has little of this host */
        throttle_on_answer(&s.t, s.per_host, 100 * MS, true, s.now_ms += 5000);
    assert_true(s.t.level < THROTTLE_ONE);
}

static void a_refusal__takes_a_slot_at_least_and_is_paid_for(void **state)
{
    (void)state;
    struct story s = begin(4);
    answers(&s, 500, 4, 100);
    assert_int_equal(s.t.level, 4 * THROTTLE_ONE);
    refuse(&s, 1000);
    assert_true(s.t.level <= 3 * THROTTLE_ONE);
    answers(&s, 250, 4, 100);
    assert_true(s.t.level <= 4 * THROTTLE_ONE * 15 / 16);
    answers(&s, 200, 4, 100); /* more than 300 answers, but not yet 32 rests */
    assert_true(s.t.level <= 4 * THROTTLE_ONE * 15 / 16);
    answers(&s, 2000, 4, 100);
    assert_int_equal(s.t.level, 4 * THROTTLE_ONE);
}

static void refusals_without_an_answer_between_them__count_once(void **state)
{
    (void)state;
    struct story s = begin(2);
    answers(&s, 300, 2, 100);
    refuse(&s, 1000);
    int32_t level = s.t.level;
    for (int64_t rest_ms = 2000; rest_ms < 3600 * 1000; rest_ms *= 2) /* an outage */
        refuse(&s, rest_ms);
    assert_int_equal(s.t.level, level);
}

/* A host that takes one request in 5 s, whatever we do. */
static void a_host_with_a_strict_limit__is_found_out_in_few_refusals(void **state)
{
    (void)state;
    struct story s = begin(2);
    int64_t last_ms = INT64_MIN / 2;
    unsigned refused = 0, good = 0;
    while (good < 300) {
        s.now_ms += 50 + delay_ms(&s);
        if (s.now_ms - last_ms < 5000) {
            refused++;
            refuse(&s, 5000);
            continue;
        }
        last_ms = s.now_ms;
        throttle_on_answer(&s.t, s.per_host, 50 * MS, true, s.now_ms);
        good++;
    }
    assert_in_range(refused, 3, 20);
    assert_in_range(delay_ms(&s), 4950, 5600);
}

static void a_restored_delay__stands_until_the_first_answer_and_returns_on_refusal(void **state)
{
    (void)state;
    struct story s = begin(2);
    throttle_restore(&s.t, 5000);
    assert_int_equal(delay_ms(&s), 5000);
    answers(&s, 20, 2, 100);
    assert_true(delay_ms(&s) < 100);
    refuse(&s, 1000);
    assert_in_range(delay_ms(&s), 4900, 5000);
}

static void no_pause__is_longer_than_ten_seconds(void **state)
{
    (void)state;
    struct story s = begin(2);
    for (unsigned i = 0; i < 200; i++) {
        answers(&s, 1, 2, 100);
        refuse(&s, 1000);
    }
    assert_in_range(delay_ms(&s), 9000, 10100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_host__is_asked_one_at_a_time_with_a_pause),
        cmocka_unit_test(a_host_that_does_not_slow_down__gets_all_its_slots_and_no_pause),
        cmocka_unit_test(a_host_that_queues__is_left_with_half_a_request_in_its_queue),
        cmocka_unit_test(what_is_usual__is_learned_anew_while_many_are_under_way),
        cmocka_unit_test(a_host_that_grows_slower_ten_times__is_asked_one_at_a_time),
        cmocka_unit_test(a_quick_host__never_waits_and_keeps_its_slots),
        cmocka_unit_test(errors__never_raise_the_level),
        cmocka_unit_test(a_level_that_is_not_used__does_not_rise),
        cmocka_unit_test(a_refusal__takes_a_slot_at_least_and_is_paid_for),
        cmocka_unit_test(refusals_without_an_answer_between_them__count_once),
        cmocka_unit_test(a_host_with_a_strict_limit__is_found_out_in_few_refusals),
        cmocka_unit_test(a_restored_delay__stands_until_the_first_answer_and_returns_on_refusal),
        cmocka_unit_test(no_pause__is_longer_than_ten_seconds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
