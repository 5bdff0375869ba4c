/* When a crawl waits for the disk. SQLite finds our fdatasync() in place of the C library's. */
#include <stdatomic.h>
#include <sys/syscall.h>

#include "tests/loop/crawl_fixture.h"

static atomic_uint waits;

int fdatasync(int fd)
{
    atomic_fetch_add(&waits, 1);
    return (int)syscall(SYS_fdatasync, fd);
}

static void crawl_of_one_page__waits_once(void **state)
{
    (void)state;
    struct fixture f;
    struct run run;
    begin(&f);
    httpserver_page(f.server, "/", 200, "text/html", "<p>No links.");
    atomic_store(&waits, 0);
    run_init(&run, &f, "/");
    crawl_whole(&f, &run, "finished");
    assert_int_equal(run.done, 1);
    assert_int_equal(atomic_load(&waits), 1);
    end(&f);
}

/* Nothing lands, so nothing would be committed: the crawl itself must see to it. */
static void crawl_that_stands_still__puts_its_file_on_the_disk_all_the_same(void **state)
{
    (void)state;
    struct fixture f;
    struct run run;
    static const char page[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    begin(&f);
    httpserver_script(f.server, "/",
                      &(struct httpserver_script){page, sizeof page - 1, .is_held = true});
    atomic_store(&waits, 0);
    run_init(&run, &f, "/");
    run.config.stall_after_ms = 3600 * 1000; /* the watch would look into the database */
    run_start(&run);
    while (atomic_load(&waits) == 0) /* the job that waits wakes the loop when it is done */
        (void)uv_run(&f.loop.loop, UV_RUN_ONCE);
    assert_false(run.is_ended);
    httpserver_release(f.server, "/");
    run_finish(&run);
    assert_int_equal(run.done, 1);
    end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(crawl_of_one_page__waits_once),
        cmocka_unit_test(crawl_that_stands_still__puts_its_file_on_the_disk_all_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
