/* The log of transactions: folded between commits, beside them, and when that cannot be done. */
#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "tests/support/store_fixture.h"

/* Pages: from where on it is long, and full; bytes of each. */
enum { PAGE = 4096, LONG = (8 << 20) / PAGE, LONGEST = 8 * LONG };

/* A page whose body alone takes so many pages of the log. */
static void commit_pages(struct fixture *f, unsigned number, size_t pages)
{
    char url[32];
    (void)snprintf(url, sizeof url, "http://h%u/", number);
    struct store_lease lease = fx_lease(f, url);
    struct outcome *o = fx_page(f, &lease, 200);
    assert_int_equal(buf_reserve(&o->page.body, pages * 4096), CW_OK);
    o->page.body.len = pages * 4096;
    memset(o->page.body.ptr, (int)number, o->page.body.len);
    memset(o->page.body_hash, (int)number, sizeof o->page.body_hash);
    fx_commit(f, 0);
}

static int64_t file_size(const struct fixture *f, const char *suffix)
{
    char name[128];
    struct stat st;
    (void)snprintf(name, sizeof name, "%s%s", f->path, suffix);
    assert_int_equal(stat(name, &st), 0);
    return (int64_t)st.st_size;
}

static void log__is_folded_when_asked_and_at_last_unasked(void **state)
{
    struct fixture *f = *state;
    commit_pages(f, 1, LONG / 2);
    assert_false(f->reply.log_is_long);
    assert_true(file_size(f, "") < LONG / 2 * PAGE); /* all of it is in the log */
    commit_pages(f, 2, LONG / 2 + 1);
    assert_true(f->reply.log_is_long);
    store_checkpoint(f->store);
    assert_true(file_size(f, "") > LONG * PAGE);
    commit_pages(f, 3, 1);
    assert_false(f->reply.log_is_long); /* it begins anew */
    commit_pages(f, 4, LONGEST);
    assert_true(f->reply.log_is_long);
    assert_true(file_size(f, "") < LONGEST * PAGE);
    commit_pages(f, 5, 1);
    assert_true(file_size(f, "") > LONGEST * PAGE);
    assert_false(f->reply.log_is_long);
}

static void folded_beside__it_begins_anew_with_the_next_commit(void **state)
{
    struct fixture *f = *state;
    commit_pages(f, 1, LONG + 1);
    assert_true(f->reply.log_is_long);
    assert_false(f->reply.log_is_full);
    store_fold(f->store);
    assert_true(file_size(f, "") > LONG * PAGE);
    commit_pages(f, 2, 1);
    assert_false(f->reply.log_is_long);
}

struct folding {
    struct store *store;
    pthread_t thread;
    bool is_begun;
    atomic_bool is_over;
};

static void *fold(void *arg)
{
    struct folding *folding = arg;
    store_fold(folding->store);
    atomic_store(&folding->is_over, true);
    return NULL;
}

static void begin_folding(struct folding *folding)
{
    folding->is_begun = true;
    atomic_store(&folding->is_over, false);
    assert_int_equal(pthread_create(&folding->thread, NULL, fold, folding), 0);
}

static void end_folding(struct folding *folding)
{
    assert_int_equal(pthread_join(folding->thread, NULL), 0);
    folding->is_begun = false;
    store_checkpoint(folding->store);
}

/* As the sink does it: commits wait for a fold only where the log is full. */
static void commits_beside_a_fold__lose_nothing_and_the_log_stays_bounded(void **state)
{
    enum { BATCHES = 100, PAGES = 300 };
    struct fixture *f = *state;
    struct folding folding = {.store = f->store};
    int64_t longest = 0;
    bool is_folded = false;
    int folds = 0;
    for (unsigned i = 1; i <= BATCHES; i++) {
        commit_pages(f, i, PAGES);
        longest = MAX(longest, file_size(f, "-wal"));
        assert_false(is_folded && f->reply.log_is_long); /* it began anew */
        is_folded = false;
        if (folding.is_begun && (f->reply.log_is_full || atomic_load(&folding.is_over))) {
            end_folding(&folding);
            is_folded = true;
        } else if (!folding.is_begun && f->reply.log_is_long) {
            begin_folding(&folding);
            folds++;
        }
    }
    if (folding.is_begun)
        end_folding(&folding);
    assert_true(folds > 1);
    assert_true(longest < (LONGEST + 2 * PAGES) * (PAGE + 24));
    fx_expect(f, "SELECT count(*), sum(versions) FROM page; PRAGMA integrity_check", "100|100 ok");
}

static int count_pages(sqlite3 *reader)
{
    sqlite3_stmt *stmt = NULL;
    assert_int_equal(sqlite3_prepare_v2(reader, "SELECT count(*) FROM page", -1, &stmt, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    int count = sqlite3_column_int(stmt, 0);
    assert_int_equal(sqlite3_finalize(stmt), SQLITE_OK);
    return count;
}

static void what_a_reader_needs__stays_in_the_log(void **state)
{
    struct fixture *f = *state;
    sqlite3 *reader = NULL;
    commit_pages(f, 1, 1);
    assert_int_equal(sqlite3_open(f->path, &reader), SQLITE_OK);
    assert_int_equal(sqlite3_exec(reader, "BEGIN", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(count_pages(reader), 1);
    commit_pages(f, 2, LONG + 1);
    store_fold(f->store);
    store_checkpoint(f->store);
    assert_true(file_size(f, "") < LONG * PAGE);
    commit_pages(f, 3, 1);
    assert_true(f->reply.log_is_long);
    assert_int_equal(count_pages(reader), 1);
    assert_int_equal(sqlite3_exec(reader, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
    store_fold(f->store);
    commit_pages(f, 4, 1);
    assert_false(f->reply.log_is_long);
    assert_int_equal(count_pages(reader), 4);
    assert_int_equal(sqlite3_close(reader), SQLITE_OK);
}

static void full_disk__leaves_the_log_as_it_is_and_fails_the_next_commit(void **state)
{
    struct fixture *f = *state;
    struct errmsg msg = {""};
    fx_close(f, NULL);
    if (mount("tmpfs", f->folder, "tmpfs", 0, "size=12m") != 0) {
        print_message("skipped: cannot mount a small tmpfs (needs root)\n");
        fx_open(f);
        skip();
    }
    fx_open(f);
    commit_pages(f, 1, LONG + 1); /* the log has room; the file has not */
    store_fold(f->store);
    store_checkpoint(f->store);
    fx_expect(f, "SELECT count(*) FROM page; PRAGMA integrity_check", "1 ok");
    fx_seed(f, "http://h2/");
    assert_int_equal(fx_try_commit(f, 0, &msg), CW_EDISKFULL);
    assert_non_null(strstr(msg.text, "no space left"));
    assert_int_equal(mount(NULL, f->folder, "tmpfs", MS_REMOUNT, "size=32m"), 0);
    commit_pages(f, 3, 1);
    assert_true(f->reply.log_is_long);
    store_fold(f->store);
    commit_pages(f, 4, 1);
    assert_false(f->reply.log_is_long);
    fx_expect(f, "SELECT count(*) FROM page; PRAGMA integrity_check", "3 ok");
    fx_close(f, NULL);
    assert_int_equal(umount(f->folder), 0);
    fx_open(f);
}

#define T(test) cmocka_unit_test_setup_teardown(test, fx_setup, fx_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(log__is_folded_when_asked_and_at_last_unasked),
        T(folded_beside__it_begins_anew_with_the_next_commit),
        T(commits_beside_a_fold__lose_nothing_and_the_log_stays_bounded),
        T(what_a_reader_needs__stays_in_the_log),
        T(full_disk__leaves_the_log_as_it_is_and_fails_the_next_commit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
