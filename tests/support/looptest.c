#include "tests/support/looptest.h"

#include <dirent.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { HUNG_MS = 60000 };

static unsigned count_descriptors(void)
{
    unsigned count = 0;
    DIR *dir = opendir("/proc/self/fd");
    assert_non_null(dir);
    while (readdir(dir) != NULL)
        count++;
    (void)closedir(dir);
    return count;
}

static void on_alarm(uv_timer_t *timer)
{
    (void)timer;
    fail_msg("the test hangs");
}

void looptest_begin(struct looptest *test)
{
    /* the first loop of a process opens descriptors that stay */
    assert_int_equal(uv_loop_init(&test->loop), 0);
    assert_int_equal(uv_loop_close(&test->loop), 0);
    (void)signal(SIGPIPE, SIG_IGN);
    test->descriptors = count_descriptors();
    assert_int_equal(uv_loop_init(&test->loop), 0);
    assert_int_equal(uv_timer_init(&test->loop, &test->alarm), 0);
    assert_int_equal(uv_timer_start(&test->alarm, on_alarm, HUNG_MS, 0), 0);
    uv_unref((uv_handle_t *)&test->alarm);
}

void looptest_run_until(struct looptest *test, const bool *flag)
{
    while (!*flag)
        if (uv_run(&test->loop, UV_RUN_ONCE) == 0 && !*flag)
            fail_msg("the loop ended before what the test waits for");
}

void looptest_run_once(struct looptest *test)
{
    (void)uv_run(&test->loop, UV_RUN_NOWAIT);
}

void looptest_end(struct looptest *test)
{
    uv_ref((uv_handle_t *)&test->alarm);
    uv_close((uv_handle_t *)&test->alarm, NULL);
    assert_int_equal(uv_run(&test->loop, UV_RUN_DEFAULT), 0);
    assert_int_equal(uv_loop_close(&test->loop), 0);
    assert_int_equal(count_descriptors(), test->descriptors);
}

void looptest_set_flag(void *arg)
{
    *(bool *)arg = true;
}
