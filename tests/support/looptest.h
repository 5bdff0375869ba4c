/* looptest: a libuv loop for one test, and the proof that the code under test left it clean. The
 * pattern of a loop test: looptest_begin(); start things; looptest_run_until(&flag); close things;
 * looptest_end(). Failures are cmocka's. */
#ifndef TESTS_SUPPORT_LOOPTEST_H
#define TESTS_SUPPORT_LOOPTEST_H

#include <stdbool.h>
#include <uv.h>

struct looptest {
    uv_loop_t loop;
    unsigned descriptors; /* open before the test began */
    uv_timer_t alarm;     /* so that a test that hangs fails */
};

void looptest_begin(struct looptest *test);

/* Runs the loop until *flag. A test that takes more than 60 s has hung, and fails. */
void looptest_run_until(struct looptest *test, const bool *flag);

/* Runs one round that does not wait. */
void looptest_run_once(struct looptest *test);

/* Runs the loop to its end, then proves that nothing is left: no handle, no request, no
 * descriptor. */
void looptest_end(struct looptest *test);

/* For the on_closed callbacks: *(bool *)arg = true. */
void looptest_set_flag(void *arg);

#endif
