/* What the store waits for: calls of the kernel that return when something is on the disk. SQLite
 * finds ours in place of the C library's. */
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/support/store_fixture.h"

static unsigned waits;

int fdatasync(int fd)
{
    waits++;
    return (int)syscall(SYS_fdatasync, fd);
}

int fsync(int fd)
{
    waits++;
    return (int)syscall(SYS_fsync, fd);
}

static void start_anew(struct fixture *f)
{
    fx_close(f, NULL);
    assert_int_equal(unlink(f->path), 0);
    waits = 0;
    fx_open(f);
}

static void commit_page(struct fixture *f, const char *url)
{
    struct store_lease lease = fx_lease(f, url);
    (void)fx_page(f, &lease, 200);
    fx_commit(f, 0);
}

static void crawl_of_a_moment__waits_for_the_disk_once(void **state)
{
    struct fixture *f = *state;
    start_anew(f);
    commit_page(f, "http://a/");
    f->now_unix_ms += STORE_YOUNG_MS - 1;
    commit_page(f, "http://b/");
    assert_true(f->reply.is_young);
    assert_false(f->reply.log_is_long);
    assert_int_equal(waits, 0);
    fx_close(f, "finished");
    assert_int_equal(waits, 1);
    fx_expect(f, "SELECT count(*) FROM page", "2");
    fx_open(f);
}

/* What was made at once, the log, and the file once more with what was in the log. */
static void file_of_a_second__is_put_on_the_disk(void **state)
{
    struct fixture *f = *state;
    start_anew(f);
    commit_page(f, "http://a/");
    f->now_unix_ms += STORE_YOUNG_MS;
    fx_commit(f, 0); /* an empty batch will do */
    assert_true(f->reply.log_is_long);
    assert_int_equal(waits, 0);
    store_checkpoint(f->store);
    assert_true(waits >= 3);
    fx_commit(f, 0);
    assert_false(f->reply.log_is_long || f->reply.is_young);
}

static void clock_set_back__does_not_keep_a_file_young(void **state)
{
    struct fixture *f = *state;
    start_anew(f);
    fx_commit(f, 0);
    assert_false(f->reply.log_is_long);
    f->now_unix_ms -= 3600 * 1000;
    fx_commit(f, 0);
    assert_true(f->reply.log_is_long);
}

static void crawl_that_goes_on__waits_as_it_always_did(void **state)
{
    struct fixture *f = *state;
    commit_page(f, "http://a/");
    fx_close(f, NULL);
    fx_open(f);
    waits = 0;
    fx_commit(f, 0);
    assert_false(f->reply.is_young);
    commit_page(f, "http://b/");
    fx_close(f, "finished");
    assert_true(waits >= 2); /* the log before the file, and the file */
    fx_open(f);
}

#define T(test) cmocka_unit_test_setup_teardown(test, fx_setup, fx_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(crawl_of_a_moment__waits_for_the_disk_once),
        T(file_of_a_second__is_put_on_the_disk),
        T(clock_set_back__does_not_keep_a_file_young),
        T(crawl_that_goes_on__waits_as_it_always_did),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
