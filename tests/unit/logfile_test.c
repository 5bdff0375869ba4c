/* The log written in large pieces: what is in it at each moment that counts is what SQLite alone
 * would have left there, however often it writes. SQLite finds our pwrite() in place of the C
 * library's. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "storage/sqlite/db.h"
#include "storage/sqlite/logfile.h"
#include "tests/support/store_fixture.h"

enum { PAGE = 4096, FRAME = PAGE + 24, HEADER = 32 };

static unsigned writes, full_at; /* counted since; 0: the disk has room */

static ssize_t write_at(int fd, const void *bytes, size_t count, off_t offset)
{
    if (++writes == full_at) {
        errno = ENOSPC;
        return -1;
    }
    return syscall(SYS_pwrite64, fd, bytes, count, offset);
}

ssize_t pwrite(int fd, const void *bytes, size_t count, off_t offset)
{
    return write_at(fd, bytes, count, offset);
}

ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t offset)
{
    return write_at(fd, bytes, count, offset);
}

/* ---- databases ---- */

struct files {
    char folder[FX_FOLDER_SIZE];
    char own[80], plain[80], copy[80];
};

static int set_up(void **state)
{
    struct files *f = calloc(1, sizeof *f);
    if (!fx_make_folder(f->folder))
        return -1;
    snprintf(f->own, sizeof f->own, "%s/own", f->folder);
    snprintf(f->plain, sizeof f->plain, "%s/plain", f->folder);
    snprintf(f->copy, sizeof f->copy, "%s/copy", f->folder);
    logfile_register();
    full_at = 0;
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct files *f = *state;
    fx_remove_folder(f->folder);
    free(f);
    return 0;
}

static int run(sqlite3 *db, const char *sql)
{
    return sqlite3_exec(db, sql, NULL, NULL, NULL);
}

static sqlite3 *open_as(const char *path, const char *vfs)
{
    sqlite3 *db = NULL;
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    assert_int_equal(sqlite3_open_v2(path, &db, flags, vfs), SQLITE_OK);
    assert_int_equal(run(db, "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
                             "PRAGMA wal_autocheckpoint = 0;"
                             "CREATE TABLE IF NOT EXISTS t(id INTEGER PRIMARY KEY, n, b)"),
                     SQLITE_OK);
    return db;
}

static int64_t ask(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *stmt = NULL;
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    int64_t answer = sqlite3_column_int64(stmt, 0);
    assert_int_equal(sqlite3_finalize(stmt), SQLITE_OK);
    return answer;
}

/* ---- files ---- */

static char *read_all(const char *path, const char *suffix, size_t *ret_size)
{
    char name[96];
    struct stat st;
    snprintf(name, sizeof name, "%s%s", path, suffix);
    int fd = open(name, O_RDONLY);
    assert_true(fd >= 0);
    assert_int_equal(fstat(fd, &st), 0);
    char *bytes = malloc((size_t)st.st_size + 1);
    assert_int_equal(read(fd, bytes, (size_t)st.st_size), st.st_size);
    assert_int_equal(close(fd), 0);
    *ret_size = (size_t)st.st_size;
    return bytes;
}

static void copy_file(const char *from, const char *to, const char *suffix)
{
    char name[96];
    size_t size = 0;
    char *bytes = read_all(from, suffix, &size);
    snprintf(name, sizeof name, "%s%s", to, suffix);
    (void)unlink(name);
    int fd = open(name, O_WRONLY | O_CREAT | O_EXCL, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, size), (ssize_t)size);
    assert_int_equal(close(fd), 0);
    free(bytes);
}

/* What another program would find if this one died now. */
static int64_t sum_after_death(const struct files *f)
{
    copy_file(f->own, f->copy, "");
    copy_file(f->own, f->copy, "-wal");
    sqlite3 *db = open_as(f->copy, NULL);
    assert_int_equal(run(db, "PRAGMA synchronous = OFF"), SQLITE_OK);
    assert_int_equal(ask(db, "SELECT count(*) FROM pragma_integrity_check"
                             " WHERE integrity_check = 'ok'"),
                     1);
    int64_t sum = ask(db, "SELECT coalesce(sum(n), 0) FROM t");
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    return sum;
}

/* ---- tests ---- */

#define FILL                                                                                       \
    "WITH RECURSIVE c(i) AS (VALUES(1) UNION ALL SELECT i + 1 FROM c WHERE i < 60)"                \
    " INSERT INTO t(n, b) SELECT 1, printf('%3000d', i) FROM c"
/* Every page is written several times. */
#define GO_OVER                                                                                    \
    "UPDATE t SET n = n + 1; UPDATE t SET n = n + 1 WHERE id % 7 = 0;"                             \
    "UPDATE t SET n = n - 1 WHERE id % 7 = 0; UPDATE t SET b = b || id"

static void commit__is_written_in_few_pieces(void **state)
{
    struct files *f = *state;
    sqlite3 *db = open_as(f->own, LOGFILE_VFS);
    writes = 0;
    assert_int_equal(run(db, FILL), SQLITE_OK);
    assert_true(writes <= 60 * FRAME / LOGFILE_GATHER + 2);
    writes = 0;
    assert_int_equal(run(db, "UPDATE t SET n = 2 WHERE id = 9"), SQLITE_OK);
    assert_int_equal(writes, 1);
    assert_int_equal(sum_after_death(f), 61);
    assert_int_equal(run(db, "PRAGMA wal_checkpoint"), SQLITE_OK);
    writes = 0;
    assert_int_equal(run(db, FILL), SQLITE_OK); /* at the beginning of the log again */
    assert_true(writes <= 60 * FRAME / LOGFILE_GATHER + 3);
    assert_int_equal(sum_after_death(f), 121);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void expect_same_frames(const char *a, const char *b, size_t size)
{
    assert_int_equal((size - HEADER) % FRAME, 0);
    for (size_t i = HEADER; i < size; i += FRAME) {
        assert_memory_equal(a + i, b + i, 8); /* what follows is salt, and sums of it */
        assert_memory_equal(a + i + 24, b + i + 24, PAGE);
    }
}

static void log__is_the_one_that_sqlite_writes(void **state)
{
    static const char *const steps[] = {
        FILL,
        "BEGIN; " GO_OVER "; ROLLBACK; BEGIN; " GO_OVER "; COMMIT",
        "PRAGMA wal_checkpoint",
        "BEGIN; " FILL "; ROLLBACK; " FILL,
        "BEGIN; " GO_OVER ";" FILL "; COMMIT",
    };
    struct files *f = *state;
    sqlite3 *own = open_as(f->own, LOGFILE_VFS), *plain = open_as(f->plain, NULL);
    assert_int_equal(run(own, "PRAGMA cache_size = 10"), SQLITE_OK); /* so the log is read, too */
    assert_int_equal(run(plain, "PRAGMA cache_size = 10"), SQLITE_OK);
    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        size_t own_size = 0, plain_size = 0;
        assert_int_equal(run(own, steps[i]), SQLITE_OK);
        assert_int_equal(run(plain, steps[i]), SQLITE_OK);
        char *own_log = read_all(f->own, "-wal", &own_size);
        char *plain_log = read_all(f->plain, "-wal", &plain_size);
        assert_int_equal(own_size, plain_size);
        expect_same_frames(own_log, plain_log, own_size);
        free(own_log);
        free(plain_log);
        assert_int_equal(sum_after_death(f), ask(plain, "SELECT sum(n) FROM t"));
    }
    assert_int_equal(sqlite3_close(own), SQLITE_OK);
    assert_int_equal(sqlite3_close(plain), SQLITE_OK);
}

/* As after a transaction that was rolled back. */
static void write_elsewhere__comes_after_what_was_gathered(void **state)
{
    static const char header[24], page[PAGE] = "page";
    struct files *f = *state;
    sqlite3_vfs *vfs = sqlite3_vfs_find(LOGFILE_VFS);
    sqlite3_file *file = calloc(1, (size_t)vfs->szOsFile);
    int flags = SQLITE_OPEN_WAL | SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    size_t size = 0;
    assert_int_equal(vfs->xOpen(vfs, f->own, file, flags, &flags), SQLITE_OK);
    assert_int_equal(file->pMethods->xWrite(file, header, sizeof header, HEADER), SQLITE_OK);
    assert_int_equal(file->pMethods->xWrite(file, page, PAGE, HEADER + 24), SQLITE_OK);
    assert_int_equal(file->pMethods->xWrite(file, "new", 3, HEADER + 24), SQLITE_OK);
    char *bytes = read_all(f->own, "", &size);
    assert_int_equal(size, HEADER + FRAME);
    assert_string_equal(bytes + HEADER + 24, "newe");
    free(bytes);
    assert_int_equal(file->pMethods->xClose(file), SQLITE_OK);
    free(file);
}

/* One transaction after the other; the disk is full at each of its writes in turn. */
static void full_disk__fails_the_commit_and_nothing_before_it(void **state)
{
    struct files *f = *state;
    sqlite3 *db = open_as(f->own, LOGFILE_VFS);
    assert_int_equal(run(db, FILL), SQLITE_OK);
    assert_int_equal(run(db, "PRAGMA cache_size = 10"), SQLITE_OK);
    bool has_worked = false;
    for (unsigned at = 1; !has_worked; at++) {
        writes = 0;
        full_at = at;
        has_worked = run(db, "BEGIN; " GO_OVER "; COMMIT") == SQLITE_OK;
        full_at = 0;
        assert_int_equal(has_worked, writes < at);
        if (!sqlite3_get_autocommit(db))
            assert_int_equal(run(db, "ROLLBACK"), SQLITE_OK);
        assert_int_equal(sum_after_death(f), has_worked ? 120 : 60);
        assert_int_equal(ask(db, "SELECT sum(n) FROM t"), has_worked ? 120 : 60);
    }
    assert_int_equal(run(db, "UPDATE t SET n = n + 1"), SQLITE_OK);
    assert_int_equal(sum_after_death(f), 180);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

#define T(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(commit__is_written_in_few_pieces),
        T(log__is_the_one_that_sqlite_writes),
        T(write_elsewhere__comes_after_what_was_gathered),
        T(full_disk__fails_the_commit_and_nothing_before_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
