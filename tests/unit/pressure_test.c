#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "crawler/engine/pressure.h"

static void out_of_descriptors__halves_what_ran(void **state)
{
    struct pressure p;
    (void)state;
    pressure_init(&p, 64);
    assert_int_equal(p.allowed, 64);
    pressure_on_trouble(&p, TROUBLE_DESCRIPTORS, 40, 1000);
    assert_int_equal(p.allowed, 20);
    assert_int_equal(p.hold_until_ms, 1000 + PRESSURE_FIRST_PAUSE_MS);
    pressure_on_trouble(&p, TROUBLE_DESCRIPTORS, 39, 1001); /* of the same blow */
    assert_int_equal(p.allowed, 20);
}

static void trouble_again_and_again__pauses_longer_and_never_ends_all(void **state)
{
    struct pressure p;
    int64_t now_ms = 0, pause_ms = PRESSURE_FIRST_PAUSE_MS;
    (void)state;
    pressure_init(&p, 64);
    for (int i = 0; i < 20; i++) {
        pressure_on_trouble(&p, TROUBLE_DESCRIPTORS, p.allowed, now_ms);
        assert_int_equal(p.hold_until_ms - now_ms, pause_ms);
        now_ms = p.hold_until_ms;
        pause_ms *= 2;
        if (pause_ms > PRESSURE_LONGEST_PAUSE_MS)
            pause_ms = PRESSURE_LONGEST_PAUSE_MS;
    }
    assert_int_equal(p.allowed, 1);
}

static void answers__bring_the_connections_back_slowly(void **state)
{
    struct pressure p;
    (void)state;
    pressure_init(&p, 64);
    pressure_on_trouble(&p, TROUBLE_DESCRIPTORS, 64, 0);
    pressure_on_answer(&p, PRESSURE_FIRST_PAUSE_MS - 1); /* was under way before */
    assert_int_equal(p.allowed, 32);
    int64_t now_ms = p.hold_until_ms;
    for (unsigned step = 1; step <= 8; step++) {
        now_ms += PRESSURE_GROW_MS;
        for (int i = 0; i < 100; i++) /* however many */
            pressure_on_answer(&p, now_ms);
        assert_int_equal(p.allowed, 32 + 4 * step);
    }
    assert_int_equal(p.allowed, 64);
    assert_int_equal(p.trouble, TROUBLE_NONE);
}

static void no_network__is_asked_for_one_at_a_time(void **state)
{
    struct pressure p;
    (void)state;
    pressure_init(&p, 64);
    pressure_on_trouble(&p, TROUBLE_NETWORK, 64, 0);
    assert_int_equal(p.allowed, 1);
    pressure_on_answer(&p, p.hold_until_ms);
    assert_int_equal(p.allowed, 64);
    assert_int_equal(p.trouble, TROUBLE_NONE);
    pressure_on_trouble(&p, TROUBLE_NETWORK, 1, 90000);
    assert_int_equal(p.hold_until_ms, 90000 + PRESSURE_FIRST_PAUSE_MS); /* it begins anew */
}

static void a_new_limit__holds_at_once_but_lifts_no_trouble(void **state)
{
    struct pressure p;
    (void)state;
    pressure_init(&p, 64);
    pressure_set_limit(&p, 100);
    assert_int_equal(p.allowed, 100);
    pressure_on_trouble(&p, TROUBLE_DESCRIPTORS, 100, 0);
    pressure_set_limit(&p, 200);
    assert_int_equal(p.allowed, 50);
    pressure_set_limit(&p, 10);
    assert_int_equal(p.allowed, 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(out_of_descriptors__halves_what_ran),
        cmocka_unit_test(trouble_again_and_again__pauses_longer_and_never_ends_all),
        cmocka_unit_test(answers__bring_the_connections_back_slowly),
        cmocka_unit_test(no_network__is_asked_for_one_at_a_time),
        cmocka_unit_test(a_new_limit__holds_at_once_but_lifts_no_trouble),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
