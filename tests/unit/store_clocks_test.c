/* What a host was promised outlives the process: restarts, kills, boots, a wall clock that lies. */
#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include "crawler/base/clock.h"
#include "tests/support/store_fixture.h"

enum { REST_MS = 100000 };

static void doctor(struct fixture *f, const char *sql)
{
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(db));
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void copy_file(const char *from, const char *to)
{
    char bytes[65536];
    int in = open(from, O_RDONLY | O_CLOEXEC), out = open(to, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(in >= 0 && out >= 0);
    for (ssize_t got; (got = read(in, bytes, sizeof bytes)) > 0;)
        assert_int_equal(write(out, bytes, (size_t)got), got);
    assert_int_equal(close(in) + close(out), 0);
}

/* The fixture goes on with the database as kill -9 would leave it. */
static void kill_and_open(struct fixture *f)
{
    char wreck[sizeof f->path], from[96], to[96];
    (void)snprintf(wreck, sizeof wreck, "%s/wreck.db", f->folder);
    (void)snprintf(from, sizeof from, "%s-wal", f->path);
    (void)snprintf(to, sizeof to, "%s-wal", wreck);
    copy_file(f->path, wreck);
    copy_file(from, to);
    fx_close(f, NULL);
    (void)snprintf(f->path, sizeof f->path, "%s", wreck);
    fx_open(f);
}

static void reopen(struct fixture *f)
{
    fx_close(f, "finished");
    fx_open(f);
}

/* Commits a clock for `host` and returns until when it holds. */
static int64_t store_clock(struct fixture *f, const char *host, int64_t rest_ms)
{
    struct store_host clock = {.host = str_of(host),
                               .delay_ms = 1500,
                               .quiet_until_boot_ms = clock_boot_ms() + rest_ms,
                               .last_fetch_unix_ms = FX_NOW};
    f->batch.hosts = &clock;
    f->batch.host_count = 1;
    fx_commit(f, 0);
    return clock.quiet_until_boot_ms;
}

/* Who must be left alone; a quiet time of -1: nobody must. */
struct listed {
    size_t count;
    bool was_killed;
    int64_t quiet_ms, delay_ms; /* of the first */
};

static struct listed list(struct fixture *f)
{
    struct store_clocks clocks;
    struct errmsg msg = {""};
    if (store_list_clocks(f->store, &clocks, &msg) != CW_OK)
        fail_msg("%s", msg.text);
    struct listed l = {.count = clocks.count, .was_killed = clocks.was_killed, .quiet_ms = -1};
    if (clocks.count > 0) {
        assert_true(str_eq(clocks.hosts[0].host, STR("a")));
        l.quiet_ms = clocks.hosts[0].quiet_until_boot_ms;
        l.delay_ms = clocks.hosts[0].delay_ms;
    }
    store_clocks_release(&clocks);
    return l;
}

static void new_database__knows_of_nobody(void **state)
{
    struct listed l = list(*state);
    assert_int_equal(l.count, 0);
    assert_false(l.was_killed);
}

static void rest__is_the_same_moment_after_a_restart_and_after_a_kill(void **state)
{
    struct fixture *f = *state;
    int64_t until_ms = store_clock(f, "a", REST_MS);
    reopen(f);
    struct listed l = list(f);
    assert_int_equal(l.count, 1);
    assert_int_equal(l.quiet_ms, until_ms);
    assert_int_equal(l.delay_ms, 1500);
    assert_false(l.was_killed);
    kill_and_open(f);
    l = list(f);
    assert_int_equal(l.quiet_ms, until_ms);
    assert_true(l.was_killed);
}

static void rest_that_is_over__is_not_listed(void **state)
{
    struct fixture *f = *state;
    (void)store_clock(f, "a", -1);
    reopen(f);
    assert_int_equal(list(f).count, 0);
}

static void wall_clock__counts_for_nothing(void **state)
{
    struct fixture *f = *state;
    int64_t until_ms = store_clock(f, "a", REST_MS);
    fx_close(f, "finished");
    doctor(f, "UPDATE host_ SET last_fetch_ms = 1, backoff_until_ms = 1;" /* set forward since */
              "UPDATE crawl_ SET started_ms = 1, ended_ms = 1");
    fx_open(f);
    assert_int_equal(list(f).quiet_ms, until_ms);
    fx_close(f, "finished");
    doctor(f, "UPDATE host_ SET last_fetch_ms = 9e14, backoff_until_ms = 9e14"); /* set back */
    fx_open(f);
    assert_int_equal(list(f).quiet_ms, until_ms);
}

/* What the file would say had the machine been up for 11 days more. */
#define EARLIER_BOOT                                                                               \
    "UPDATE crawl_ SET steady_ms = steady_ms + 1000000000;"                                        \
    "UPDATE host_ SET quiet_ms = quiet_ms + 1000000000"

static void after_a_boot__only_the_time_since_has_passed(void **state)
{
    struct fixture *f = *state;
    int64_t rest_ms = clock_boot_ms() + REST_MS; /* longer than this machine is up */
    (void)store_clock(f, "a", rest_ms);
    fx_close(f, NULL);
    doctor(f, EARLIER_BOOT);
    int64_t left_ms = fx_int(f, "SELECT quiet_ms - (SELECT max(steady_ms) FROM crawl_) FROM host_");
    assert_in_range(left_ms, rest_ms - 60000, rest_ms);
    fx_open(f);
    assert_int_equal(list(f).quiet_ms, left_ms); /* counted from the boot */
    reopen(f);
    assert_int_equal(list(f).quiet_ms, left_ms); /* and no more is lost from then on */
}

static void leased_host_at_a_kill__has_its_whole_delay_before_it(void **state)
{
    struct fixture *f = *state;
    (void)fx_lease(f, "http://a/");
    (void)store_clock(f, "a", -1);
    int64_t before_ms = clock_boot_ms();
    kill_and_open(f);
    struct listed l = list(f);
    assert_int_equal(l.count, 1);
    assert_true(l.quiet_ms >= before_ms + 1500);
    assert_true(l.quiet_ms <= clock_boot_ms() + 1500);
}

static void leased_host_at_a_clean_end__has_nothing_before_it(void **state)
{
    struct fixture *f = *state;
    (void)fx_lease(f, "http://a/");
    (void)store_clock(f, "a", -1);
    reopen(f);
    assert_int_equal(list(f).count, 0);
}

static void request_for_robots_txt__keeps_the_clock_of_a_host_that_is_not_leased(void **state)
{
    struct fixture *f = *state;
    int64_t now_ms = clock_boot_ms();
    struct attempt attempt = {.kind = FETCH_ROBOTS,
                              .url = STR("http://a/robots.txt"),
                              .host = STR("a"),
                              .time = {.started_unix_ms = FX_NOW, .ended_unix_ms = FX_NOW + 5},
                              .status = 503,
                              .limit_ms = 700,
                              .host_slots = 2,
                              .started_boot_ms = now_ms - 5,
                              .ended_boot_ms = now_ms,
                              .quiet_until_boot_ms = now_ms + REST_MS,
                              .retry_after_ms = -1};
    f->batch.attempts = &attempt;
    f->batch.attempt_count = 1;
    fx_commit(f, 0);
    reopen(f);
    struct listed l = list(f);
    assert_int_equal(l.quiet_ms, now_ms + REST_MS);
    assert_int_equal(l.delay_ms, 700);
    assert_int_equal(fx_int(f, "SELECT steady_end_ms - steady_start_ms FROM fetch_"), 5);
}

static void lease__tells_the_clock_as_well(void **state)
{
    struct fixture *f = *state;
    int64_t until_ms = store_clock(f, "a", REST_MS);
    reopen(f);
    (void)fx_lease(f, "http://a/");
    assert_int_equal(f->reply.hosts[0].quiet_until_boot_ms, until_ms);
}

static void file_of_an_older_version__has_its_rests_by_the_wall_clock(void **state)
{
    struct fixture *f = *state;
    (void)store_clock(f, "a", -1);
    fx_close(f, "finished");
    doctor(f, "UPDATE crawl_ SET steady_ms = NULL, steady_base_ms = NULL;"
              "UPDATE host_ SET quiet_ms = 0,"
              " backoff_until_ms = (unixepoch() + 100) * 1000");
    int64_t before_ms = clock_boot_ms();
    fx_open(f);
    struct listed l = list(f);
    assert_int_equal(l.count, 1);
    assert_true(l.was_killed); /* nobody noted what was under way */
    assert_in_range(l.quiet_ms - before_ms, 90000, 110000);
}

/* A host that stands in line, one in back-off, a URL to be tried again: as a clock that is set back
 * by two days finds them, while the store is open or before it is opened again. */
static void what_waits__goes_back_with_the_wall_clock(void **state)
{
    enum { DAYS_2 = 2 * 24 * 3600 * 1000 };
    struct fixture *f = *state;
    struct store_host clock = {.host = STR("b"), .backoff_until_unix_ms = FX_NOW + 5000};
    struct store_lease lease = fx_lease(f, "http://c/");
    fx_outcome(f, &lease, URL_QUEUED)->due_unix_ms = FX_NOW + 7000;
    fx_seed(f, "http://a/");
    fx_seed(f, "http://b/");
    f->batch.hosts = &clock;
    f->batch.host_count = 1;
    fx_commit(f, 0);
    for (int is_reopened = 0; is_reopened < 2; is_reopened++) {
        if (is_reopened)
            reopen(f);
        f->now_unix_ms -= DAYS_2;
        fx_commit(f, 0);
        assert_int_equal(f->reply.next_due_unix_ms, f->now_unix_ms + 5000);
        assert_int_equal(fx_int(f, "SELECT ready_ms FROM host_ WHERE name = 'a'"), f->now_unix_ms);
        assert_int_equal(fx_int(f, "SELECT due_ms FROM url_ WHERE text = 'http://c/'"),
                         f->now_unix_ms + 7000);
    }
    f->now_unix_ms +=
        DAYS_2; /* and forward: all is due, which is no storm, for hosts have clocks */
    fx_commit(f, 9);
    assert_int_equal(f->reply.host_count, 3);
}

static void retry_that_was_planned_before_the_clock_was_set_back__goes_with_it(void **state)
{
    enum { HOUR = 3600 * 1000 };
    struct fixture *f = *state;
    struct store_lease lease = fx_lease(f, "http://a/");
    struct outcome *o = fx_page(f, &lease, 503); /* ended at FX_NOW */
    o->state = URL_QUEUED;
    o->due_unix_ms = FX_NOW + 7000;
    f->now_unix_ms -= HOUR;
    fx_commit(f, 0);
    assert_int_equal(fx_int(f, "SELECT due_ms FROM url_"), FX_NOW - HOUR + 7000);
}

static void what_is_planned_for_another_day__stays_there(void **state)
{
    enum { HOUR = 3600 * 1000, DAYS_9 = 9 * 24 * HOUR };
    struct fixture *f = *state;
    struct store_lease lease = fx_lease(f, "http://a/");
    fx_outcome(f, &lease, URL_QUEUED)->due_unix_ms = FX_NOW + DAYS_9;
    fx_commit(f, 0);
    f->now_unix_ms -= HOUR;
    fx_commit(f, 0);
    assert_int_equal(fx_int(f, "SELECT due_ms FROM url_"), FX_NOW + DAYS_9);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fx_setup, fx_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(new_database__knows_of_nobody),
        TEST(rest__is_the_same_moment_after_a_restart_and_after_a_kill),
        TEST(rest_that_is_over__is_not_listed),
        TEST(wall_clock__counts_for_nothing),
        TEST(after_a_boot__only_the_time_since_has_passed),
        TEST(leased_host_at_a_kill__has_its_whole_delay_before_it),
        TEST(leased_host_at_a_clean_end__has_nothing_before_it),
        TEST(request_for_robots_txt__keeps_the_clock_of_a_host_that_is_not_leased),
        TEST(lease__tells_the_clock_as_well),
        TEST(what_waits__goes_back_with_the_wall_clock),
        TEST(retry_that_was_planned_before_the_clock_was_set_back__goes_with_it),
        TEST(what_is_planned_for_another_day__stays_there),
        TEST(file_of_an_older_version__has_its_rests_by_the_wall_clock),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
