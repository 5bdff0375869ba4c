/* What a batch leaves behind when its process dies, it fails, or the disk is full. */
#include <signal.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/store_fixture.h"

static void killed_between_commits__keeps_all_that_was_committed(void **state)
{
    struct fixture *f = *state;
    int status = 0;
    fx_close(f, NULL);
    pid_t child = fork();
    if (child == 0) {
        fx_open(f);
        struct store_lease lease = fx_lease(f, "http://a/");
        fx_link(fx_page(f, &lease, 200), "http://a/x");
        fx_commit(f, 0);
        fx_seed(f, "http://b/");
        fx_commit(f, 2); /* leased, and so in flight */
        kill(getpid(), SIGKILL);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    /* Readers come first: the WAL is still there, and nobody has recovered it. */
    fx_expect(f, "SELECT url, state FROM url ORDER BY url",
              "http://a/|done http://a/x|queued http://b/|active");
    fx_open(f);
    fx_commit(f, 2);
    assert_int_equal(f->reply.lease_count, 2);
    assert_int_equal(f->reply.pages, 1);
    fx_expect(f, "SELECT end_reason FROM crawl; PRAGMA integrity_check", "NULL NULL NULL ok");
}

/* Again and again, wherever in its commit the child happens to be. */
static void killed_at_any_moment__stays_consistent(void **state)
{
    struct fixture *f = *state;
    fx_close(f, NULL);
    for (int round = 0; round < 8; round++) {
        int told[2];
        char byte = 0, url[64];
        assert_int_equal(pipe(told), 0);
        pid_t child = fork();
        if (child == 0) {
            fx_open(f);
            for (int i = 0;; i++) {
                snprintf(url, sizeof url, "http://h%d-%d/", round, i);
                fx_seed(f, url);
                fx_commit(f, 1);
                fx_link(fx_page(f, &f->reply.leases[0], 200), "http://shared/");
                if (fx_try_commit(f, 0, NULL) != CW_OK || write(told[1], "p", 1) != 1)
                    _exit(1);
            }
        }
        close(told[1]);
        int pages = 0;
        while (pages < 3 + round && read(told[0], &byte, 1) == 1)
            pages++;
        kill(child, SIGKILL);
        assert_int_equal(waitpid(child, NULL, 0), child);
        close(told[0]);
        int64_t before = f->reply.pages;
        fx_open(f);
        fx_commit(f, 0);
        assert_true(f->reply.pages >= before + pages);
        assert_int_equal(f->reply.active, 0);
        fx_expect(f, "PRAGMA integrity_check", "ok");
        fx_close(f, NULL);
    }
    fx_open(f);
}

static void commit_that_fails__leaves_counters_and_caches_valid(void **state)
{
    struct fixture *f = *state;
    struct errmsg msg;
    struct store_lease lease = fx_lease(f, "http://a/"), wrong = lease;
    wrong.url_id = 12345;
    for (int i = 0; i < 3; i++) {
        fx_seed(f, "http://new/");
        fx_link(fx_page(f, &lease, 200), "http://new/x");
        fx_page(f, &wrong, 200);
        assert_int_equal(fx_try_commit(f, 5, &msg), CW_EINVAL);
        fx_check_counters(f);
    }
    fx_expect(f, "SELECT count(*) FROM url", "1");
    fx_seed(f, "http://new/");
    fx_link(fx_page(f, &lease, 200), "http://new/x");
    fx_commit(f, 5);
    assert_int_equal(f->reply.lease_count, 2);
}

/* A disk of 2 MiB. */
enum { FULL_LEASES = 60 };

/* All at once, while there is room. */
static void lease_many(struct fixture *f, char urls[FULL_LEASES][32],
                       struct store_lease leases[FULL_LEASES])
{
    for (int i = 0; i < FULL_LEASES; i++) {
        snprintf(urls[i], sizeof urls[i], "http://h%d/", i);
        fx_seed(f, urls[i]);
    }
    fx_commit(f, FULL_LEASES);
    assert_int_equal(f->reply.lease_count, FULL_LEASES);
    for (int i = 0; i < FULL_LEASES; i++) {
        leases[i] = f->reply.leases[i];
        for (int j = 0; j < FULL_LEASES; j++) /* the reply goes with the next commit */
            if (str_eq(f->reply.leases[i].url, str_of(urls[j])))
                leases[i].url = str_of(urls[j]);
    }
}

/* 64 KiB that hardly compress. */
static void add_noise(struct outcome *o, unsigned seed)
{
    char *noise = arena_alloc(&o->arena, 65536);
    for (int j = 0; j < 65535; j++)
        noise[j] = (char)('a' + (str_hash(str_from((char *)&j, sizeof j)) + seed) % 26);
    fx_body(o, noise);
}

static void full_disk__fails_the_batch_and_nothing_before_it(void **state)
{
    struct fixture *f = *state;
    struct errmsg msg = {""};
    struct store_lease leases[FULL_LEASES];
    char urls[FULL_LEASES][32];
    enum cw_err err = CW_OK;
    size_t done = 0;
    fx_close(f, NULL);
    if (mount("tmpfs", f->folder, "tmpfs", 0, "size=2m") != 0) {
        print_message("skipped: cannot mount a small tmpfs (needs root)\n");
        fx_open(f);
        skip();
    }
    fx_open(f);
    lease_many(f, urls, leases);
    for (; done < FULL_LEASES; done++) {
        add_noise(fx_page(f, &leases[done], 200), (unsigned)done);
        if ((err = fx_try_commit(f, 0, &msg)) != CW_OK)
            break;
    }
    assert_int_equal(err, CW_EDISKFULL);
    assert_non_null(strstr(msg.text, "no space left"));
    assert_int_equal(fx_int(f, "SELECT count(*) FROM url WHERE state = 'active'"),
                     FULL_LEASES - done);
    fx_expect(f, "PRAGMA quick_check", "ok");
    fx_check_counters(f);
    assert_int_equal(mount(NULL, f->folder, "tmpfs", MS_REMOUNT, "size=64m"), 0);
    fx_page(f, &leases[done], 200);
    fx_commit(f, 0); /* room again: the same store goes on */
    fx_close(f, NULL);
    assert_int_equal(umount(f->folder), 0);
    fx_open(f);
}

#define T(test) cmocka_unit_test_setup_teardown(test, fx_setup, fx_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(killed_between_commits__keeps_all_that_was_committed),
        T(killed_at_any_moment__stays_consistent),
        T(commit_that_fails__leaves_counters_and_caches_valid),
        T(full_disk__fails_the_batch_and_nothing_before_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
