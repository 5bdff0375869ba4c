/* Opening, closing, locking, and what is refused. */
#include <errno.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "storage/sqlite/schema.h"
#include "tests/support/store_fixture.h"

static bool file_exists(const struct fixture *f, const char *suffix)
{
    char path[128];
    struct stat st;
    snprintf(path, sizeof path, "%s%s", f->path, suffix);
    return lstat(path, &st) == 0;
}

static enum cw_err try_open(const struct fixture *f, bool fresh, struct errmsg *msg)
{
    struct store *store = NULL;
    struct store_options options = {.path = f->path, .fresh = fresh, .busy_timeout_ms = 1};
    enum cw_err err = store_open(&store, &options, msg);
    if (err == CW_OK)
        assert_int_equal(store_close(store, NULL, NULL), CW_OK);
    else
        assert_null(store);
    return err;
}

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void clean_close__leaves_one_file(void **state)
{
    struct fixture *f = *state;
    assert_true(file_exists(f, "-lock"));
    fx_close(f, "finished");
    assert_true(file_exists(f, ""));
    assert_false(file_exists(f, "-wal") || file_exists(f, "-shm") || file_exists(f, "-journal"));
    assert_false(file_exists(f, "-lock"));
    fx_expect(f, "SELECT count(*) FROM url", "0");
    assert_false(file_exists(f, "-wal") || file_exists(f, "-shm")); /* nor does reading leave any */
    fx_open(f);
}

static void settings__are_those_of_the_design(void **state)
{
    struct fixture *f = *state;
    fx_expect(f, "PRAGMA page_size; PRAGMA user_version", "4096 4");
    assert_true(file_exists(f, "-wal"));
    fx_expect(f, "PRAGMA application_id", "1668770916");
}

/* It did not go through the migrations: it got a copy of what they made while we were built. */
static void new_file__holds_what_the_migrations_make(void **state)
{
    struct fixture *f = *state;
    char path[128], attach[192];
    struct db db;
    snprintf(path, sizeof path, "%s/migrated.db", f->folder);
    snprintf(attach, sizeof attach, "ATTACH '%s' AS born", f->path);
    db_open(&db, path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, 0);
    schema_migrate(&db);
    db_exec(&db, attach);
    assert_true(db_int(&db, "SELECT count(*) FROM sqlite_schema") > 30);
    assert_int_equal(db_int(&db, "SELECT count(*) FROM main.sqlite_schema"),
                     db_int(&db, "SELECT count(*) FROM born.sqlite_schema"));
    assert_int_equal(
        db_int(&db, "SELECT count(*) FROM (SELECT type, name, tbl_name, sql FROM main.sqlite_schema"
                    " EXCEPT SELECT type, name, tbl_name, sql FROM born.sqlite_schema)"),
        0);
    assert_int_equal(db_int(&db, "PRAGMA born.user_version"), SCHEMA_VERSION);
    assert_int_equal(db_int(&db, "PRAGMA born.freelist_count"), 0);
    assert_int_equal(db_error(&db, NULL), CW_OK);
    db_close(&db);
}

static void view_crawl__tells_what_ran_and_how_it_ended(void **state)
{
    struct fixture *f = *state;
    fx_expect(f, "SELECT command, version, end_reason, ended_at FROM crawl",
              "crawld crawl|test|NULL|NULL");
    fx_close(f, NULL); /* as after a crash */
    fx_open(f);
    fx_close(f, "max-pages");
    fx_expect(f, "SELECT end_reason, ended_at >= started_at FROM crawl", "NULL|NULL max-pages|1");
    fx_open(f);
}

static void second_store_of_this_process__is_refused(void **state)
{
    struct fixture *f = *state;
    struct errmsg msg;
    char expected[64];
    assert_int_equal(try_open(f, false, &msg), CW_ELOCKED);
    snprintf(expected, sizeof expected, "process %d;", (int)getpid());
    assert_non_null(strstr(msg.text, expected));
    assert_int_equal(try_open(f, true, &msg), CW_ELOCKED);
    fx_commit(f, 0); /* the first one did not notice */
}

static void another_process__is_refused_and_named(void **state)
{
    struct fixture *f = *state;
    struct errmsg msg;
    char expected[64];
    int ready[2], done[2];
    char byte = 0;
    fx_close(f, NULL);
    assert_int_equal(pipe(ready) | pipe(done), 0);
    pid_t child = fork();
    if (child == 0) {
        fx_open(f);
        _exit(write(ready[1], "r", 1) != 1 || read(done[0], &byte, 1) != 1);
    }
    assert_int_equal(read(ready[0], &byte, 1), 1);
    assert_int_equal(try_open(f, false, &msg), CW_ELOCKED);
    snprintf(expected, sizeof expected, "process %d; wait for it, stop it, or use", (int)child);
    assert_non_null(strstr(msg.text, expected));
    assert_int_equal(write(done[1], "d", 1), 1);
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_true(
        file_exists(f, "-lock")); /* it died without closing: its lock is gone all the same */
    fx_open(f);
}

static void foreign_files__are_refused_and_left_alone(void **state)
{
    struct fixture *f = *state;
    struct errmsg msg;
    static const char TEXT[] = "a diary, not a database";
    fx_close(f, NULL);
    for (int fresh = 0; fresh < 2; fresh++) {
        char text[64] = "";
        unlink(f->path);
        write_file(f->path, TEXT);
        assert_int_equal(try_open(f, fresh, &msg), CW_ENOTDB);
        assert_non_null(strstr(msg.text, "not a crawld database"));
        FILE *file = fopen(f->path, "r");
        assert_non_null(fgets(text, sizeof text, file));
        fclose(file);
        assert_string_equal(text, TEXT);
        unlink(f->path);
        fx_run_sql(f->path, "CREATE TABLE mine(x); INSERT INTO mine VALUES(1)");
        assert_int_equal(try_open(f, fresh, &msg), CW_ENOTDB);
        fx_run_sql(f->path, "DELETE FROM mine WHERE x = 1");
        assert_false(file_exists(f, "-lock"));
    }
    unlink(f->path);
    fx_open(f);
}

static void newer_schema__is_refused_with_the_way_out(void **state)
{
    struct fixture *f = *state;
    struct errmsg msg;
    struct store_reader *reader = NULL;
    fx_close(f, NULL);
    fx_run_sql(f->path, "PRAGMA user_version = 99");
    assert_int_equal(try_open(f, false, &msg), CW_ENEWER);
    assert_non_null(strstr(msg.text, "newer crawld (schema 99"));
    assert_int_equal(store_reader_open(&reader, f->path, &msg), CW_ENEWER);
    assert_int_equal(try_open(f, true, &msg), CW_OK);
    fx_open(f);
    fx_expect(f, "PRAGMA user_version", "4");
}

static void empty_file__becomes_a_database(void **state)
{
    struct fixture *f = *state;
    fx_close(f, NULL);
    unlink(f->path);
    write_file(f->path, "");
    fx_open(f);
    fx_commit(f, 0);
}

static void symbolic_link__is_not_followed(void **state)
{
    struct fixture *f = *state;
    struct errmsg msg;
    struct store_reader *reader = NULL;
    char target[128];
    fx_close(f, NULL);
    snprintf(target, sizeof target, "%s/target.db", f->folder);
    assert_int_equal(rename(f->path, target) | symlink(target, f->path), 0);
    assert_int_equal(try_open(f, false, &msg), CW_ESTORAGE);
    assert_non_null(strstr(msg.text, "symbolic link"));
    assert_int_equal(try_open(f, true, &msg), CW_ESTORAGE);
    assert_int_equal(store_reader_open(&reader, f->path, &msg), CW_ESTORAGE);
    unlink(f->path);
    fx_open(f);
}

static void folder_behind_a_symbolic_link__is_fine(void **state)
{
    struct fixture *f = *state;
    char link[80], kept[80];
    fx_close(f, NULL);
    snprintf(link, sizeof link, "%.60s/folder", f->folder);
    assert_int_equal(symlink(f->folder, link), 0);
    memcpy(kept, f->path, sizeof kept);
    snprintf(f->path, sizeof f->path, "%.70s/b.db", link);
    fx_open(f);
    fx_expect(f, "SELECT count(*) FROM crawl", "1");
    fx_close(f, NULL);
    memcpy(f->path, kept, sizeof kept);
    fx_open(f);
}

static void missing_folder__is_an_error_that_names_it(void **state)
{
    struct fixture *f = *state;
    struct store *store = NULL;
    struct errmsg msg;
    struct store_options options = {.path = "/nowhere/at/all/a.db"};
    assert_int_equal(store_open(&store, &options, &msg), CW_ESTORAGE);
    assert_non_null(strstr(msg.text, "/nowhere/at/all"));
    assert_non_null(f);
}

static void fresh__forgets_what_is_ours(void **state)
{
    struct fixture *f = *state;
    struct errmsg msg;
    fx_seed(f, "http://a/");
    fx_commit(f, 0);
    fx_close(f, NULL);
    assert_int_equal(try_open(f, true, &msg), CW_OK);
    fx_expect(f, "SELECT count(*) FROM url; SELECT count(*) FROM crawl", "0 1");
    fx_open(f);
}

/* A death in the middle of --fresh: the database is gone, its WAL is still there. */
static void wal_without_its_database__is_not_replayed(void **state)
{
    struct fixture *f = *state;
    char wal[128];
    struct stat st;
    snprintf(wal, sizeof wal, "%s-wal", f->path);
    fx_close(f, NULL);
    pid_t child = fork();
    if (child == 0) {
        fx_open(f);
        fx_seed(f, "http://a/");
        fx_commit(f, 0);
        kill(getpid(), SIGKILL);
    }
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_int_equal(stat(wal, &st) | unlink(f->path), 0);
    assert_true(st.st_size > 0);
    fx_open(f);
    fx_expect(f, "SELECT count(*) FROM url", "0");
}

/* Another program that writes (sqlite3 on the same file) makes us wait, and then fail in words. */
static void foreign_write_lock__fails_the_commit_and_nothing_else(void **state)
{
    struct fixture *f = *state;
    struct errmsg msg = {""};
    sqlite3 *other = NULL;
    fx_close(f, NULL);
    struct store_options options = {.path = f->path, .busy_timeout_ms = 10};
    assert_int_equal(store_open(&f->store, &options, &msg), CW_OK);
    assert_int_equal(sqlite3_open(f->path, &other), SQLITE_OK);
    assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    fx_seed(f, "http://a/");
    assert_int_equal(fx_try_commit(f, 1, &msg), CW_ESTORAGE);
    assert_non_null(strstr(msg.text, "locked"));
    assert_int_equal(sqlite3_close(other), SQLITE_OK);
    fx_seed(f, "http://a/");
    fx_commit(f, 1);
    assert_int_equal(f->reply.lease_count, 1);
}

#define T(test) cmocka_unit_test_setup_teardown(test, fx_setup, fx_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(clean_close__leaves_one_file),
        T(settings__are_those_of_the_design),
        T(new_file__holds_what_the_migrations_make),
        T(view_crawl__tells_what_ran_and_how_it_ended),
        T(second_store_of_this_process__is_refused),
        T(another_process__is_refused_and_named),
        T(foreign_files__are_refused_and_left_alone),
        T(newer_schema__is_refused_with_the_way_out),
        T(empty_file__becomes_a_database),
        T(symbolic_link__is_not_followed),
        T(folder_behind_a_symbolic_link__is_fine),
        T(missing_folder__is_an_error_that_names_it),
        T(fresh__forgets_what_is_ours),
        T(wal_without_its_database__is_not_replayed),
        T(foreign_write_lock__fails_the_commit_and_nothing_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
