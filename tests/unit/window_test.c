#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "crawler/base/util.h"
#include "crawler/base/window.h"

static void an_empty_window_counts_nothing(void **state)
{
    const struct window w = {0};
    (void)state;
    assert_int_equal(window_sum(&w, 0), 0);
    assert_int_equal(window_sum(&w, 1000000), 0);
}

static void what_happened_within_a_minute_counts(void **state)
{
    const int64_t start_ms = 7000000;
    struct window w = {0};
    (void)state;
    window_add(&w, start_ms, 3);
    window_add(&w, start_ms + WINDOW_BUCKET_MS, 4);
    assert_int_equal(window_sum(&w, start_ms + WINDOW_BUCKET_MS), 7);
    assert_int_equal(window_sum(&w, start_ms + WINDOW_MS - 1), 7);
    assert_int_equal(window_sum(&w, start_ms + WINDOW_MS), 4);
    assert_int_equal(window_sum(&w, start_ms + 2 * WINDOW_MS), 0);
}

static void a_bucket_that_is_used_again_forgets_the_minute_before(void **state)
{
    struct window w = {0};
    (void)state;
    for (int64_t now_ms = 0; now_ms < 10 * WINDOW_MS; now_ms += 1000)
        window_add(&w, now_ms, 1);
    assert_int_equal(window_sum(&w, 10 * WINDOW_MS - 1), WINDOW_MS / 1000);
    window_add(&w, 12 * WINDOW_MS, 5); /* after a gap longer than the window */
    assert_int_equal(window_sum(&w, 12 * WINDOW_MS), 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_window_counts_nothing),
        cmocka_unit_test(what_happened_within_a_minute_counts),
        cmocka_unit_test(a_bucket_that_is_used_again_forgets_the_minute_before),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
