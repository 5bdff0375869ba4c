/* What a host's queue waits for, and how far apart its requests come: what the diagnosis of a stall
 * and the forecast of its end are made of. Virtual time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "crawler/frontier/hosts.h"
#include "crawler/frontier/pace.h"

static const struct hosts_limits LIMITS = {
    .connections = 3, .per_address = 2, .max_crawl_delay_ms = 60000, .max_backoff_ms = 600000};

enum { TURNS = 8 };
static const struct turn_result FINE = {
    .status = 200, .elapsed_ms = 100, .retry_after_ms = -1, .sent = true};

/* One host at a time; its turns ask when `ask` says so, and start when they may. */
struct scene {
    struct hosts *hosts;
    struct host *host;
    struct turn turns[TURNS];
};

static void begin(struct scene *s, unsigned per_host, int64_t delay_ms)
{
    const struct host_policy policy = {.per_host = per_host, .delay_ms = delay_ms};
    *s = (struct scene){0};
    assert_int_equal(hosts_new(&s->hosts, &LIMITS), CW_OK);
    s->host = hosts_get(s->hosts, STR("host"), &policy);
    assert_non_null(s->host);
}

static struct host *another(struct scene *s, struct str name)
{
    const struct host_policy policy = {.per_host = TURNS};
    struct host *host = hosts_get(s->hosts, name, &policy);
    assert_non_null(host);
    return host;
}

static void ask(struct scene *s, struct host *host, size_t i)
{
    hosts_ask(s->hosts, host, &s->turns[i], TURN_LAST, 0);
}

static void start(struct scene *s, size_t i, const char *address, int64_t now_ms)
{
    int64_t wake_ms;
    assert_ptr_equal(hosts_next(s->hosts, now_ms, &wake_ms), &s->turns[i]);
    assert_true(hosts_locate(s->hosts, &s->turns[i],
                             address[0] != '\0' ? str_of(address) : STR_NONE, now_ms));
}

static void starts_nothing(struct scene *s, int64_t now_ms)
{
    int64_t wake_ms;
    assert_null(hosts_next(s->hosts, now_ms, &wake_ms));
}

static void end(struct scene *s, int64_t now_ms)
{
    for (size_t i = 0; i < TURNS; i++) {
        if (s->turns[i].running)
            hosts_done(s->hosts, &s->turns[i], &FINE, now_ms);
        else if (s->turns[i].next != NULL || s->turns[i].prev != NULL)
            hosts_withdraw(s->hosts, &s->turns[i], now_ms);
    }
    hosts_free(s->hosts);
}

static void visit(struct scene *s, const struct turn_result *result, int64_t start_ms,
                  int64_t end_ms)
{
    ask(s, s->host, 0);
    start(s, 0, "192.0.2.1", start_ms);
    hosts_done(s->hosts, &s->turns[0], result, end_ms);
}

static void assert_waits(const struct scene *s, int64_t now_ms, enum host_wait what,
                         int64_t until_ms)
{
    struct host_waiting got;
    host_waits(s->host, now_ms, &got);
    assert_int_equal(got.what, what);
    if (until_ms >= 0)
        assert_int_equal(got.until_ms, until_ms);
}

static void an_empty_queue_waits_for_nothing(void **state)
{
    struct scene s;
    (void)state;
    begin(&s, 1, 0);
    assert_waits(&s, 0, HOST_WAITS_FOR_NOTHING, -1);
    end(&s, 0);
}

static void a_pause_is_told_from_a_rest(void **state)
{
    const struct turn_result refused = {.status = 429, .retry_after_ms = 9000, .sent = true};
    struct host_waiting got;
    struct scene s;
    (void)state;
    begin(&s, 1, 2000);
    visit(&s, &FINE, 0, 100);
    ask(&s, s.host, 1);
    assert_waits(&s, 500, HOST_WAITS_FOR_DELAY, 2100);
    start(&s, 1, "192.0.2.1", 2100);
    hosts_done(s.hosts, &s.turns[1], &refused, 2200);
    ask(&s, s.host, 2);
    assert_waits(&s, 2300, HOST_WAITS_FOR_REST, 11200);
    host_waits(s.host, 2300, &got);
    assert_int_equal(got.rest_status, 429);
    assert_int_equal(got.rest_err, CW_OK);
    end(&s, 2300);
}

static void a_rest_says_which_failure_it_comes_from(void **state)
{
    const struct turn_result lost = {.err = CW_ECONNECT, .retry_after_ms = -1, .sent = true};
    struct host_waiting got;
    struct scene s;
    (void)state;
    begin(&s, 1, 0);
    for (int64_t i = 0; i < 3; i++) /* two are forgiven */
        visit(&s, &lost, i, i);
    ask(&s, s.host, 1);
    host_waits(s.host, 10, &got);
    assert_int_equal(got.what, HOST_WAITS_FOR_REST);
    assert_int_equal(got.rest_err, CW_ECONNECT);
    assert_int_equal(got.rest_status, 0);
    end(&s, 10);
}

static void a_restored_clock_is_a_rest_of_an_earlier_run(void **state)
{
    struct host_waiting got;
    struct scene s;
    (void)state;
    begin(&s, 1, 0);
    hosts_restore(s.hosts, s.host, 0, 5000);
    ask(&s, s.host, 0);
    host_waits(s.host, 10, &got);
    assert_int_equal(got.what, HOST_WAITS_FOR_REST);
    assert_int_equal(got.until_ms, 5000);
    assert_int_equal(got.rest_err, CW_OK);
    assert_int_equal(got.rest_status, 0);
    end(&s, 10);
}

static void a_host_whose_slots_are_taken_waits_for_a_slot(void **state)
{
    struct scene s;
    (void)state;
    begin(&s, 1, 0);
    ask(&s, s.host, 0);
    ask(&s, s.host, 1);
    start(&s, 0, "192.0.2.1", 0);
    assert_waits(&s, 10, HOST_WAITS_FOR_SLOT, -1);
    end(&s, 10);
}

static void a_host_at_a_full_address_waits_for_the_address(void **state)
{
    struct scene s;
    (void)state;
    begin(&s, 1, 0);
    visit(&s, &FINE, 0, 0); /* where it lives is known now */
    struct host *neighbour = another(&s, STR("neighbour"));
    for (size_t i = 1; i <= 2; i++) { /* both slots of the address */
        ask(&s, neighbour, i);
        start(&s, i, "192.0.2.1", 0);
    }
    ask(&s, s.host, 3);
    starts_nothing(&s, 10);
    assert_waits(&s, 10, HOST_WAITS_FOR_ADDRESS, -1);
    end(&s, 10);
}

static void a_host_that_only_the_crawler_holds_back_waits_for_a_connection(void **state)
{
    static const char *const names[] = {"a", "b", "c"}; /* all three connections */
    struct scene s;
    (void)state;
    begin(&s, 1, 0);
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        ask(&s, another(&s, str_of(names[i])), i);
        start(&s, i, "", 0);
    }
    ask(&s, s.host, 3);
    starts_nothing(&s, 10);
    assert_waits(&s, 10, HOST_WAITS_FOR_CONNECTION, -1);
    end(&s, 10);
}

/* ---- how far apart requests come ---- */

static const struct interval_case {
    const char *name;
    unsigned per_host;
    int64_t delay_ms, answer_ms, interval_ms;
} intervals[] = {
    {"nothing was measured yet: the delay", 2, 1000, -1, 1000},
    {"answers shorter than the delay come one behind the other", 2, 1000, 300, 1300},
    {"longer ones overlap, as many as there are slots", 2, 1000, 3000, 2000},
    {"one slot: no overlap", 1, 1000, 3000, 4000},
    {"many slots: never less than the delay", 10, 1000, 3000, 1000},
    {"auto, at first one at a time", 2, HOST_DELAY_AUTO, 400, 600},
};

static void the_interval_follows_delay_answers_and_slots(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(intervals); i++) {
        const struct interval_case *c = &intervals[i];
        const struct host_policy policy = {.per_host = c->per_host, .delay_ms = c->delay_ms};
        struct pace pace;
        pace_init(&pace, &LIMITS, &policy);
        const struct turn_result result = {
            .status = 200, .elapsed_ms = c->answer_ms, .retry_after_ms = -1, .sent = true};
        if (c->answer_ms >= 0)
            pace_on_end(&pace, STR("host"), &result, 0);
        if (pace_interval_ms(&pace) != c->interval_ms)
            fail_msg("%s: %d ms", c->name, (int)pace_interval_ms(&pace));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_queue_waits_for_nothing),
        cmocka_unit_test(a_pause_is_told_from_a_rest),
        cmocka_unit_test(a_rest_says_which_failure_it_comes_from),
        cmocka_unit_test(a_restored_clock_is_a_rest_of_an_earlier_run),
        cmocka_unit_test(a_host_whose_slots_are_taken_waits_for_a_slot),
        cmocka_unit_test(a_host_at_a_full_address_waits_for_the_address),
        cmocka_unit_test(a_host_that_only_the_crawler_holds_back_waits_for_a_connection),
        cmocka_unit_test(the_interval_follows_delay_answers_and_slots),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
