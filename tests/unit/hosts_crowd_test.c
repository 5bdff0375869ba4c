/* Many hosts on one address, in virtual time: who gets its slots. */
#include "tests/unit/hosts_fixture.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(crowded_hosts__are_called_in_the_order_they_came),
        cmocka_unit_test(a_called_host_that_has_nothing_left__passes_its_slot_on),
        cmocka_unit_test(a_called_host_that_must_rest__passes_its_slot_on),
        cmocka_unit_test(a_crowded_host_that_must_rest__leaves_the_crowd),
        cmocka_unit_test(a_crowded_host_that_moves_away__leaves_its_slot_to_the_crowd),
        cmocka_unit_test(grown_limits__wake_the_crowd_and_shrunk_ones_hold_it),
        cmocka_unit_test(a_turn_that_finds_its_address_full__waits_at_the_head_of_its_queue),
        cmocka_unit_test(an_absent_address__takes_no_slot_of_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
