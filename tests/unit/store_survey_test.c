/* Where the work lies that is not in memory; and who keeps the store waiting. */
#include <pthread.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/store_fixture.h"

enum { QUEUE = 100 };

static const struct store_survey *survey(struct fixture *f)
{
    f->batch.want.survey = true;
    fx_commit(f, 0);
    assert_true(f->reply.survey.is_there);
    return &f->reply.survey;
}

/* Up to 63 of them are below the index. */
static void queue_urls(struct fixture *f, const char *host, int count)
{
    static char urls[2 * QUEUE][64];
    for (int i = 0; i < count; i++) {
        (void)snprintf(urls[i], sizeof urls[i], "http://%s/%d", host, i);
        fx_seed(f, urls[i]);
        if (i % 50 == 49)
            fx_commit(f, 0);
    }
    fx_commit(f, 0);
}

static void without_the_question__there_is_no_survey(void **state)
{
    struct fixture *f = *state;
    fx_commit(f, 0);
    assert_false(f->reply.survey.is_there);
}

static void the_longest_queues__come_first(void **state)
{
    struct fixture *f = *state;
    queue_urls(f, "long", QUEUE + 1);
    queue_urls(f, "longer", QUEUE + 2);
    queue_urls(f, "short", 5);
    const struct store_survey *s = survey(f);
    assert_int_equal(s->longest_count, 2);
    assert_true(str_eq(s->longest[0].host, STR("longer")));
    assert_int_equal(s->longest[0].queued, QUEUE + 2);
    assert_true(str_eq(s->longest[1].host, STR("long")));
    assert_int_equal(s->longest[1].queued, QUEUE + 1);
    assert_int_equal(s->later_hosts, 0);
}

static void what_is_leased__counts_no_longer(void **state)
{
    struct fixture *f = *state;
    queue_urls(f, "host", QUEUE);
    f->batch.want.urls_per_host = 10;
    fx_commit(f, 1);
    assert_int_equal(f->reply.lease_count, 10);
    assert_int_equal(survey(f)->longest[0].queued, QUEUE - 10);
}

/* Two hosts with nothing but URLs of later; of one the host itself rests. */
static void hosts_that_wait_for_a_time__are_counted(void **state)
{
    struct fixture *f = *state;
    static const char *const urls[] = {"http://later/", "http://resting/", "http://now/"};
    for (size_t i = 0; i < ARRAY_LEN(urls); i++)
        fx_seed(f, urls[i]);
    fx_commit(f, 2);
    assert_int_equal(f->reply.lease_count, 2);
    struct store_host clocks[2] = {{.host = STR("later")}, {.host = STR("resting")}};
    struct str idle[] = {STR("later"), STR("resting")};
    for (size_t i = 0; i < 2; i++)
        fx_outcome(f, &f->reply.leases[i], URL_QUEUED)->due_unix_ms = f->now_unix_ms + 5000;
    clocks[1].backoff_until_unix_ms = f->now_unix_ms + 9000;
    f->batch.hosts = clocks;
    f->batch.host_count = 2;
    f->batch.idle_hosts = idle;
    f->batch.idle_host_count = 2;
    const struct store_survey *s = survey(f);
    assert_int_equal(s->later_hosts, 2);
    assert_int_equal(s->resting_hosts, 1);
    f->now_unix_ms += 9000;
    s = survey(f);
    assert_int_equal(s->later_hosts, 0);
    assert_int_equal(s->resting_hosts, 0);
}

/* ---- another program's lock ---- */

/* Holds the writer's lock until it is told to end; in a process of its own. */
static void hold_lock(const char *path, int ready_fd, int end_fd)
{
    sqlite3 *handle;
    char byte = 0;
    bool is_held = sqlite3_open(path, &handle) == SQLITE_OK &&
                   sqlite3_exec(handle, "BEGIN IMMEDIATE", NULL, NULL, NULL) == SQLITE_OK;
    if (!is_held || write(ready_fd, &byte, 1) != 1 || read(end_fd, &byte, 1) != 1)
        _exit(1);
    _exit(0); /* SQLite's locks end with the process */
}

static void *commit(void *arg)
{
    fx_commit(arg, 0);
    return NULL;
}

static void a_lock_of_another_program__is_seen_with_its_holder(void **state)
{
    struct fixture *f = *state;
    struct store_wait wait;
    int ready[2], end[2], status;
    char byte = 0;
    pthread_t thread;
    assert_int_equal(pipe(ready), 0);
    assert_int_equal(pipe(end), 0);
    store_waits(f->store, &wait);
    assert_int_equal(wait.since_mono_ms, 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        hold_lock(f->path, ready[1], end[0]);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    fx_seed(f, "http://host/");
    assert_int_equal(pthread_create(&thread, NULL, commit, f), 0);
    do
        store_waits(f->store, &wait);
    while (wait.since_mono_ms == 0 || wait.holder_pid == 0);
    assert_int_equal(wait.holder_pid, pid);
    assert_int_equal(write(end[1], &byte, 1), 1);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    assert_int_equal(f->reply.seen, 1); /* it waited, and landed */
    for (int i = 0; i < 2; i++)
        assert_true(close(ready[i]) == 0 && close(end[i]) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(without_the_question__there_is_no_survey, fx_setup,
                                        fx_teardown),
        cmocka_unit_test_setup_teardown(the_longest_queues__come_first, fx_setup, fx_teardown),
        cmocka_unit_test_setup_teardown(what_is_leased__counts_no_longer, fx_setup, fx_teardown),
        cmocka_unit_test_setup_teardown(hosts_that_wait_for_a_time__are_counted, fx_setup,
                                        fx_teardown),
        cmocka_unit_test_setup_teardown(a_lock_of_another_program__is_seen_with_its_holder,
                                        fx_setup, fx_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
