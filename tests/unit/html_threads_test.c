/* Parsing on several threads at once, from the first page on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include "crawler/base/util.h"
#include "crawler/parse/html.h"

enum { PROCESSES = 200, THREADS = 4, PATIENCE_S = 60 };

static void *parse_one(void *arg)
{
    pthread_barrier_t *start = arg;
    struct arena arena = ARENA_INIT(1024 * 1024);
    struct page page = {0};
    struct url base = URL_INIT;
    struct html_input input = {.html = STR("<title>x</title><a href=y>z</a>"), .base = &base};
    bool ok = url_parse(&base, STR("http://example.org/"), NULL) == CW_OK;
    (void)pthread_barrier_wait(start);
    ok = ok && html_parse(&page, &arena, &input) == CW_OK && page.link_count == 1;
    arena_release(&arena);
    url_release(&base);
    return ok ? arg : NULL;
}

/* The process's first pages, all at the same moment. Exit status 0: all were read. */
static int parse_at_once(void)
{
    pthread_barrier_t start;
    pthread_t threads[THREADS];
    int failed = 0;
    (void)alarm(PATIENCE_S); /* a deadlock ends by it */
    html_prepare();
    (void)pthread_barrier_init(&start, NULL, THREADS);
    for (int i = 0; i < THREADS; i++)
        failed += pthread_create(&threads[i], NULL, parse_one, &start) != 0;
    for (int i = 0; i < THREADS && failed == 0; i++) {
        void *got = NULL;
        failed += pthread_join(threads[i], &got) != 0 || got == NULL;
    }
    return failed;
}

/* A process has one first time. Without html_prepare(), libxml2 2.9.14 deadlocks in some of these.
 */
static void first_pages_on_four_threads__none_waits_for_ever(void **state)
{
    (void)state;
    for (int i = 0; i < PROCESSES; i++) {
        int status = -1;
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0)
            _exit(parse_at_once());
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_pages_on_four_threads__none_waits_for_ever),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
