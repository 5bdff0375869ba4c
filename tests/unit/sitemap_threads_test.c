/* Reading sitemaps on several threads at once, from the first one on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include "crawler/base/util.h"
#include "crawler/parse/sitemap.h"

enum { PROCESSES = 200, THREADS = 4, PATIENCE_S = 60 };

static enum cw_err count_entry(void *arg, const struct sitemap_entry *entry)
{
    (void)entry;
    ++*(int *)arg;
    return CW_OK;
}

static void *read_one(void *arg)
{
    pthread_barrier_t *start = arg;
    struct url url = URL_INIT;
    struct sitemap_summary summary;
    int count = 0;
    const struct sitemap_input input = {
        .body = STR("<urlset><url><loc>http://example.org/a</loc></url></urlset>"),
        .content_type = STR("text/xml"),
        .url = &url,
    };
    bool ok = url_parse(&url, STR("http://example.org/sitemap.xml"), NULL) == CW_OK;
    (void)pthread_barrier_wait(start);
    ok = ok && sitemap_read(&summary, &input, count_entry, &count) == CW_OK && count == 1;
    url_release(&url);
    return ok ? arg : NULL;
}

/* The process's first sitemaps, all at the same moment. Exit status 0: all were read. */
static int read_at_once(void)
{
    pthread_barrier_t start;
    pthread_t threads[THREADS];
    int failed = 0;
    (void)alarm(PATIENCE_S); /* a deadlock ends by it */
    sitemap_prepare();
    (void)pthread_barrier_init(&start, NULL, THREADS);
    for (int i = 0; i < THREADS; i++)
        failed += pthread_create(&threads[i], NULL, read_one, &start) != 0;
    for (int i = 0; i < THREADS && failed == 0; i++) {
        void *got = NULL;
        failed += pthread_join(threads[i], &got) != 0 || got == NULL;
    }
    return failed;
}

/* A process has one first time. Without sitemap_prepare(), libxml2 2.9.14 deadlocks in some of
 * these.
 */
static void first_sitemaps_on_four_threads__none_waits_for_ever(void **state)
{
    (void)state;
    for (int i = 0; i < PROCESSES; i++) {
        int status = -1;
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0)
            _exit(read_at_once());
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_sitemaps_on_four_threads__none_waits_for_ever),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
