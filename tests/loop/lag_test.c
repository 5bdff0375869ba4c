#include "crawler/engine/lag.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "crawler/base/clock.h"
#include "tests/support/looptest.h"

enum { BUSY_MS = 60, CLOCK_STEP_MS = 4 }; /* the loop's clock may be that coarse */

struct fixture {
    struct looptest loop;
    struct lag lag;
    uv_async_t async;
    uv_timer_t timer;
    bool is_over;
    unsigned open;
};

static void keep_busy(struct fixture *f)
{
    int64_t end_ms = clock_mono_ms() + BUSY_MS;
    while (clock_mono_ms() < end_ms)
        ;
    f->is_over = true;
}

static void on_async(uv_async_t *async)
{
    keep_busy(async->data);
}

static void on_timer(uv_timer_t *timer)
{
    keep_busy(timer->data);
}

static void on_closed(uv_handle_t *handle)
{
    ((struct fixture *)handle->data)->open--;
}

static void run(struct fixture *f)
{
    looptest_run_until(&f->loop, &f->is_over);
    looptest_run_once(&f->loop);
    assert_true(lag_max_us(&f->lag) >= 1000 * (BUSY_MS - CLOCK_STEP_MS));
    assert_true(lag_p999_us(&f->lag) == lag_max_us(&f->lag)); /* of a few turns */
    f->open = 1;
    lag_close(&f->lag, on_closed, f);
}

/* The callbacks of sockets and of finished jobs run inside the poll. */
static void a_slow_callback_of_a_descriptor__is_lag(void **state)
{
    (void)state;
    struct fixture f = {0};
    looptest_begin(&f.loop);
    lag_open(&f.lag, &f.loop.loop);
    assert_int_equal(uv_async_init(&f.loop.loop, &f.async, on_async), 0);
    f.async.data = &f;
    assert_int_equal(uv_async_send(&f.async), 0);
    run(&f);
    uv_close((uv_handle_t *)&f.async, NULL);
    looptest_end(&f.loop);
    assert_int_equal(f.open, 0);
}

static void a_slow_timer__is_lag(void **state)
{
    (void)state;
    struct fixture f = {0};
    looptest_begin(&f.loop);
    lag_open(&f.lag, &f.loop.loop);
    assert_int_equal(uv_timer_init(&f.loop.loop, &f.timer), 0);
    f.timer.data = &f;
    assert_int_equal(uv_timer_start(&f.timer, on_timer, 1, 100000), 0);
    run(&f);
    uv_close((uv_handle_t *)&f.timer, NULL);
    looptest_end(&f.loop);
    assert_int_equal(f.open, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_slow_callback_of_a_descriptor__is_lag),
        cmocka_unit_test(a_slow_timer__is_lag),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
