/* Reading: the public views, what is refused, and stored bodies. */
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "crawler/base/clock.h"
#include "tests/support/store_fixture.h"

static const struct view_case {
    const char *name, *columns;
} views[] = {
    /* design.md, section 2.2, word for word */
    {"page", "url, final_url, status, error, content_type, charset, language, title, description, "
             "canonical_url, noindex, depth, referrer, fetched_at, elapsed_ms, first_byte_ms, "
             "size, body_hash, etag, last_modified, links, words, versions"},
    {"fetch", "url, kind, started_at, ended_at, attempt, status, error, limit_ms, dns_ms, "
              "connect_ms, tls_ms, first_byte_ms, total_ms, size, http_version, remote_ip"},
    {"url", "url, host, state, reason, depth, priority, due_at, attempts, found_on, first_seen_at"},
    {"link", "from_url, to_url, element, rel, text, nofollow, internal"},
    {"redirect", "from_url, to_url, status"},
    {"broken_link", "from_url, to_url, text, status, error"},
    {"duplicate", "url, of_url, similarity"},
    {"host", "host, urls, pages, errors, bytes, delay_ms, backoff_until, robots_status, "
             "robots_fetched_at, last_fetch_at"},
    {"page_version", "url, fetched_at, status, body_hash, size, change"},
    {"crawl", "started_at, ended_at, command, version, pages, errors, bytes, end_reason"},
};

static void views__have_the_columns_of_the_design(void **state)
{
    struct fixture *f = *state;
    for (size_t i = 0; i < ARRAY_LEN(views); i++) {
        char sql[256];
        snprintf(sql, sizeof sql, "SELECT group_concat(name, ', ') FROM pragma_table_info('%s')",
                 views[i].name);
        fx_expect(f, sql, views[i].columns);
    }
    /* those whose names end in _ are private, as the tables are */
    fx_expect(
        f,
        "SELECT count(*) FROM sqlite_schema WHERE type = 'view' AND name NOT LIKE '%^_' ESCAPE '^'",
        "10");
}

static void times__are_exact_to_the_millisecond(void **state)
{
    struct fixture *f = *state;
    static const int64_t times[] = {
        1, 999, 1000, 1700000000999, 1709251199999, 1735689599995, 253402300799999};
    for (size_t i = 0; i < ARRAY_LEN(times); i++) {
        char url[64], sql[128], expected[CLOCK_TEXT_SIZE];
        snprintf(url, sizeof url, "http://a/%zu", i);
        f->now_unix_ms = times[i];
        fx_seed(f, url);
        fx_commit(f, 0);
        snprintf(sql, sizeof sql, "SELECT first_seen_at FROM url WHERE url = '%s'", url);
        clock_format(times[i], expected);
        fx_expect(f, sql, expected);
    }
}

/* ---- what a query may and may not do ---- */

static bool ignore_columns(void *arg, const char *const *names, size_t count)
{
    (void)arg;
    (void)names;
    return count > 0;
}

static bool count_row(void *arg, const struct store_value *values, size_t count)
{
    (void)values;
    return ++*(int *)arg < 3 && count > 0;
}

static enum cw_err query(struct fixture *f, const char *sql, int *rows, struct errmsg *msg)
{
    struct store_reader *reader = NULL;
    struct store_query_sink sink = {ignore_columns, count_row, rows};
    *rows = 0;
    assert_int_equal(store_reader_open(&reader, f->path, msg), CW_OK);
    enum cw_err err = store_query(reader, str_of(sql), &sink, msg);
    store_reader_close(reader);
    return err;
}

static const struct refusal_case {
    const char *sql, *words;
} refusals[] = {
    {"DELETE FROM url_", "not authorized"},
    {"INSERT INTO crawl_(id) VALUES(9)", "not authorized"},
    {"UPDATE host_ SET urls = 0", "not authorized"},
    {"UPDATE sqlite_schema SET sql = ''", "may not be modified"},
    {"CREATE TABLE x(y)", "not authorized"},
    {"CREATE TEMP TABLE x(y)", "not authorized"},
    {"DROP VIEW page", "not authorized"},
    {"ATTACH '/tmp/store_reader_test.db' AS x", "not authorized"},
    {"DETACH main", "not authorized"},
    {"VACUUM INTO '/tmp/store_reader_test.db'", "read"},
    {"VACUUM", "read"},
    {"BEGIN", "not authorized"},
    {"SELECT load_extension('x')", "not authorized"},
    {"PRAGMA journal_mode = DELETE", "not authorized"},
    {"PRAGMA query_only = OFF", "not authorized"},
    {"PRAGMA writable_schema = ON", "not authorized"},
    {"PRAGMA user_version = 7", "not authorized"},
    {"PRAGMA wal_checkpoint", "not authorized"},
    {"ANALYZE", "not authorized"},
    {"REINDEX", "not authorized"},
    {"SELECT 1;\nSELEC 2", "line 2, column 1: near \"SELEC\": syntax error"},
    {"SELECT 1;\nSELECT\n nosuch FROM url", "line 3, column 2: no such column: nosuch"},
    {"SELECT json('{')", "malformed JSON"},
};

static void whatever_writes_or_reaches_out__is_refused(void **state)
{
    struct fixture *f = *state;
    for (size_t i = 0; i < ARRAY_LEN(refusals); i++) {
        struct errmsg msg = {""};
        int rows;
        if (query(f, refusals[i].sql, &rows, &msg) != CW_EINVAL ||
            strstr(msg.text, refusals[i].words) == NULL)
            fail_msg("%s: %s", refusals[i].sql, msg.text);
    }
    assert_int_equal(access("/tmp/store_reader_test.db", F_OK), -1);
    fx_expect(f, "PRAGMA user_version", "4");
}

static void several_statements__run_one_after_another(void **state)
{
    struct fixture *f = *state;
    fx_expect(f, "SELECT 1; -- a comment\n SELECT NULL, 2.5, 'x', x'' ;", "1 NULL|2.5|x|");
    fx_expect(f, "SELECT value FROM json_each('[1, 2]')", "1 2");
    fx_expect(f, "", "");
    fx_expect(f, " ;; ", "");
}

static void sink_that_has_enough__stops_the_query(void **state)
{
    struct fixture *f = *state;
    struct errmsg msg;
    int rows;
    assert_int_equal(query(f,
                           "WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i + 1 FROM n)"
                           " SELECT i FROM n; SELECT 1",
                           &rows, &msg),
                     CW_OK);
    assert_int_equal(rows, 3);
}

static void reader__sees_each_commit_of_a_running_crawl(void **state)
{
    struct fixture *f = *state;
    struct store_reader *reader = NULL;
    struct store_query_sink sink = {ignore_columns, count_row, NULL};
    assert_int_equal(store_reader_open(&reader, f->path, NULL), CW_OK);
    for (int i = 0; i < 3; i++) {
        char url[32];
        int rows = 0;
        snprintf(url, sizeof url, "http://a/%d", i);
        sink.arg = &rows;
        assert_int_equal(store_query(reader, STR("SELECT url FROM url"), &sink, NULL), CW_OK);
        assert_int_equal(rows, i);
        fx_seed(f, url);
        fx_commit(f, 0);
    }
    store_reader_close(reader);
}

/* POSIX drops a process's locks on a file when it closes any descriptor of it. If a reader did
 * that, another process could take the running crawl for gone, and fold its WAL away under it. */
static void reader_that_closes__leaves_the_locks_of_the_writer(void **state)
{
    struct fixture *f = *state;
    struct store_reader *reader = NULL;
    for (int i = 0; i < 2; i++) {
        struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
        int status = -1;
        pid_t child = fork();
        if (child == 0) {
            int fd = open(f->path, O_RDWR | O_CLOEXEC);
            bool is_locked = fcntl(fd, F_GETLK, &whole) == 0 && whole.l_type != F_UNLCK;
            _exit(is_locked ? 0 : 1);
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(status, 0);
        assert_int_equal(store_reader_open(&reader, f->path, NULL), CW_OK);
        store_reader_close(reader);
    }
}

static void missing_file__is_not_made(void **state)
{
    struct fixture *f = *state;
    struct store_reader *reader = NULL;
    struct errmsg msg;
    char path[128];
    snprintf(path, sizeof path, "%s/none.db", f->folder);
    assert_int_equal(store_reader_open(&reader, path, &msg), CW_ENOTFOUND);
    assert_non_null(strstr(msg.text, "none.db"));
    assert_int_equal(access(path, F_OK), -1);
    assert_int_equal(store_reader_open(&reader, "/nowhere/at/all.db", &msg), CW_ENOTFOUND);
}

static void what_is_no_crawl__is_not_read(void **state)
{
    struct fixture *f = *state;
    struct store_reader *reader = NULL;
    struct errmsg msg;
    char path[128];
    snprintf(path, sizeof path, "%s/text", f->folder);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(store_reader_open(&reader, path, &msg), CW_ENOTDB); /* empty */
    for (int i = 0; i < 1000; i++)
        fputs("text ", file);
    fclose(file);
    assert_int_equal(store_reader_open(&reader, path, &msg), CW_ENOTDB);
    unlink(path);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(store_reader_open(&reader, path, &msg), CW_ENOTDB);
    assert_int_equal(store_reader_open(&reader, f->folder, &msg), CW_ENOTDB);
}

/* ---- bodies ---- */

static enum cw_err read_body(struct fixture *f, const char *url, struct buf *ret,
                             struct errmsg *msg)
{
    struct store_reader *reader = NULL;
    assert_int_equal(store_reader_open(&reader, f->path, msg), CW_OK);
    enum cw_err err = store_read_body(reader, str_of(url), ret, msg);
    store_reader_close(reader);
    return err;
}

static void body__comes_back_decoded(void **state)
{
    struct fixture *f = *state;
    CLEANUP(buf_release) struct buf body = BUF_INIT(1000);
    struct errmsg msg = {""};
    struct store_lease lease = fx_lease(f, "http://a:8080/x?y");
    fx_body(fx_page(f, &lease, 200), "hello, hello, hello");
    fx_commit(f, 0);
    assert_int_equal(read_body(f, "http://a:8080/x?y", &body, &msg), CW_OK);
    assert_string_equal(body.ptr, "hello, hello, hello");
    assert_int_equal(body.len, 19);
}

static void body_over_the_ceiling__is_an_error(void **state)
{
    struct fixture *f = *state;
    CLEANUP(buf_release) struct buf body = BUF_INIT(18);
    struct errmsg msg = {""};
    struct store_lease lease = fx_lease(f, "http://a/");
    fx_body(fx_page(f, &lease, 200), "hello, hello, hello");
    fx_commit(f, 0);
    assert_int_equal(read_body(f, "http://a/", &body, &msg), CW_ETOOBIG);
    assert_int_equal(body.len, 0);
}

static void forged_body_size__is_an_error(void **state)
{
    struct fixture *f = *state;
    static const int64_t sizes[] = {-1, 3, 20};
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        CLEANUP(buf_release) struct buf body = BUF_INIT(1000);
        struct errmsg msg = {""};
        char url[32], text[32], sql[64];
        snprintf(url, sizeof url, "http://a%zu/", i);
        snprintf(text, sizeof text, "nineteen bytes, %zu..", i);
        struct store_lease lease = fx_lease(f, url);
        struct outcome *o = fx_page(f, &lease, 200);
        fx_body(o, text);
        fx_commit(f, 0);
        snprintf(sql, sizeof sql, "UPDATE body_ SET size = %d", (int)sizes[i]);
        fx_run_sql(f->path, sql);
        assert_int_equal(read_body(f, url, &body, &msg), CW_ESTORAGE);
        assert_int_equal(body.len, 0);
    }
}

static void missing_body__says_why(void **state)
{
    struct fixture *f = *state;
    CLEANUP(buf_release) struct buf body = BUF_INIT(1000);
    struct errmsg msg = {""};
    struct store_lease lease = fx_lease(f, "http://failed/");
    fx_outcome(f, &lease, URL_FAILED)->err = CW_ETLS;
    lease = fx_lease(f, "http://a/");
    struct outcome *o = fx_page(f, &lease, 204);
    fx_link(o, "http://b/queued");
    fx_link(o, "http://b/robots")->verdict.reason = EXCLUDE_ROBOTS;
    fx_commit(f, 0);
    static const struct {
        const char *url, *words;
    } cases[] = {
        {"http://a/", "has no stored body"},         {"http://b/queued", "is queued"},
        {"http://b/robots", "was excluded: robots"}, {"http://failed/", "failed: tls"},
        {"http://b/never", "was never seen"},        {"http://never/", "was never seen"},
        {"no url at all", "was never seen"},         {"", "was never seen"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_int_equal(read_body(f, cases[i].url, &body, &msg), CW_ENOTFOUND);
        if (strstr(msg.text, cases[i].words) == NULL)
            fail_msg("%s: %s", cases[i].url, msg.text);
    }
}

#define T(test) cmocka_unit_test_setup_teardown(test, fx_setup, fx_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(views__have_the_columns_of_the_design),
        T(times__are_exact_to_the_millisecond),
        T(whatever_writes_or_reaches_out__is_refused),
        T(several_statements__run_one_after_another),
        T(sink_that_has_enough__stops_the_query),
        T(reader__sees_each_commit_of_a_running_crawl),
        T(reader_that_closes__leaves_the_locks_of_the_writer),
        T(missing_file__is_not_made),
        T(what_is_no_crawl__is_not_read),
        T(body__comes_back_decoded),
        T(body_over_the_ceiling__is_an_error),
        T(forged_body_size__is_an_error),
        T(missing_body__says_why),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
