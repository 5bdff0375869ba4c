/* Bodies that are kept beside a dictionary: how they come back, and what a forged file can do. */
#include "storage/sqlite/dicts.h"
#include "tests/support/store_fixture.h"

#define TEMPLATE                                                                                   \
    "<html><head><link rel=stylesheet href=/style.css></head><body><ul class=navigation><li>"      \
    "<a href=/>Home</a><li><a href=/about>About this site</a><li><a href=/contents>Contents</a>"   \
    "</ul><div class=content>"

static void drop_dict(struct zdict **dict)
{
    zdict_drop(*dict);
}

static const char *page(int i)
{
    static char text[1000];
    (void)snprintf(text, sizeof text, TEMPLATE "page %d</div></body></html>", i);
    return text;
}

static const char *url_of(int i)
{
    static char url[8][32];
    (void)snprintf(url[i % 8], sizeof url[0], "http://a%d/", i);
    return url[i % 8];
}

/* Stores page `i` beside `dict` in a batch of its own. */
static void store(struct fixture *f, int i, struct zdict *dict)
{
    struct store_lease lease = fx_lease(f, url_of(i));
    fx_body_beside(fx_page(f, &lease, 200), page(i), dict);
    fx_commit(f, 0);
}

static enum cw_err read_body(struct fixture *f, const char *url, struct buf *ret)
{
    struct store_reader *reader = NULL;
    struct errmsg msg = {""};
    assert_int_equal(store_reader_open(&reader, f->path, &msg), CW_OK);
    enum cw_err err = store_read_body(reader, str_of(url), ret, &msg);
    store_reader_close(reader);
    return err;
}

static void expect_page(struct fixture *f, int i)
{
    CLEANUP(buf_release) struct buf body = BUF_INIT(1000);
    assert_int_equal(read_body(f, url_of(i), &body), CW_OK);
    assert_string_equal(body.ptr, page(i));
}

static void body_beside_a_dictionary__comes_back(void **state)
{
    struct fixture *f = *state;
    CLEANUP(drop_dict) struct zdict *dict = fx_dict(page(0));
    store(f, 1, dict);
    store(f, 2, dict);
    store(f, 3, NULL);
    for (int i = 1; i <= 3; i++)
        expect_page(f, i);
    fx_expect(f, "SELECT sum(zdict IS NOT NULL), count(*) FROM body_", "2|3");
    fx_expect(f, "SELECT max(length(zstd)) < 60 FROM body_ WHERE zdict IS NOT NULL", "1");
}

static void dictionary__is_stored_once(void **state)
{
    struct fixture *f = *state;
    CLEANUP(drop_dict) struct zdict *dict = fx_dict(page(0));
    CLEANUP(drop_dict) struct zdict *other = fx_dict(page(7));
    CLEANUP(drop_dict) struct zdict *again = fx_dict(page(0));
    fx_seed(f, url_of(1));
    fx_seed(f, url_of(2));
    fx_seed(f, url_of(3));
    fx_commit(f, 3);
    assert_int_equal(f->reply.lease_count, 3);
    for (int i = 0; i < 3; i++) { /* in one batch */
        const struct store_lease *lease = &f->reply.leases[i];
        int number = lease->url.ptr[strlen("http://a")] - '0';
        fx_body_beside(fx_page(f, lease, 200), page(number), number == 2 ? other : dict);
    }
    fx_commit(f, 0);
    store(f, 4, dict);
    fx_close(f, NULL);
    fx_open(f);
    store(f, 5, again);
    fx_expect(f, "SELECT count(*) FROM zdict_", "2");
    fx_expect(f, "SELECT count(DISTINCT zdict), count(zdict) FROM body_", "2|5");
    expect_page(f, 2);
    expect_page(f, 5);
}

static void dictionaries_of_one_id__are_told_apart(void **state)
{
    struct fixture *f = *state;
    CLEANUP(drop_dict) struct zdict *dict = fx_dict(page(0));
    store(f, 1, dict);
    fx_run_sql(f->path, "UPDATE zdict_ SET zstd = x'00'"); /* what stands there is another one */
    store(f, 2, dict);
    fx_expect(f, "SELECT max(id) - min(id), count(*) FROM zdict_", "1|2");
    expect_page(f, 2);
}

/* The same content under another URL, or once more, in whichever form: the first one stays. */
static void content_that_is_there__is_not_stored_again(void **state)
{
    struct fixture *f = *state;
    CLEANUP(drop_dict) struct zdict *dict = fx_dict(page(0));
    CLEANUP(drop_dict) struct zdict *same = fx_dict(page(1));
    store(f, 1, dict);
    struct store_lease lease = fx_lease(f, "http://same/");
    fx_body_beside(fx_page(f, &lease, 200), page(1), NULL);
    fx_commit(f, 0);
    store(f, 2, same); /* beside what is itself kept beside another one */
    fx_expect(f, "SELECT count(*), count(zdict) FROM body_", "2|2");
    expect_page(f, 1);
    expect_page(f, 2);
}

static void forged_dictionary__is_an_error(void **state)
{
    static const char *const forgeries[] = {
        "DELETE FROM zdict_",
        "UPDATE zdict_ SET size = size - 1",
        "UPDATE zdict_ SET size = size + 1",
        "UPDATE zdict_ SET size = -1",
        "UPDATE zdict_ SET size = 9223372036854775807",
        "UPDATE zdict_ SET size = 32769",
        "UPDATE zdict_ SET size = 0",
        "UPDATE zdict_ SET size = 'x'",
        "UPDATE zdict_ SET zstd = x''",
        "UPDATE zdict_ SET zstd = 'text'",
        "UPDATE zdict_ SET zstd = substr(zstd, 1, length(zstd) - 1)",
        "UPDATE zdict_ SET zstd = (SELECT zstd FROM body_ LIMIT 1)",
        "UPDATE body_ SET zdict = zdict + 1",
        "UPDATE body_ SET zdict = id",
        "UPDATE body_ SET zdict = 'x'",
        "UPDATE body_ SET zdict = NULL",
        "UPDATE body_ SET size = size + 1",
        "UPDATE body_ SET size = 9223372036854775807",
        "UPDATE body_ SET zstd = (SELECT substr(zstd, 1, 20) FROM zdict_)",
    };
    struct fixture *f = *state;
    CLEANUP(drop_dict) struct zdict *dict = fx_dict(page(0));
    store(f, 1, dict);
    expect_page(f, 1);
    fx_run_sql(f->path, "CREATE TABLE bodies AS SELECT * FROM body_;"
                        "CREATE TABLE dicts AS SELECT * FROM zdict_");
    for (size_t i = 0; i < ARRAY_LEN(forgeries); i++) {
        CLEANUP(buf_release) struct buf body = BUF_INIT(1000);
        fx_run_sql(f->path, forgeries[i]);
        enum cw_err err = read_body(f, url_of(1), &body);
        if (err != CW_ESTORAGE && !(err == CW_ETOOBIG && strstr(forgeries[i], "body_ SET size")))
            fail_msg("%s: %s", forgeries[i], cw_err_name(err));
        assert_int_equal(body.len, 0);
        fx_run_sql(f->path, "DELETE FROM body_; INSERT INTO body_ SELECT * FROM bodies;"
                            "DELETE FROM zdict_; INSERT INTO zdict_ SELECT * FROM dicts");
        expect_page(f, 1);
    }
}

/* Every byte of a frame, or of what it needs, may be another one: no more than its size is written.
 */
static void damaged_frame__is_decoded_to_its_size_or_not_at_all(void **state UNUSED)
{
    CLEANUP(drop_dict) struct zdict *dict = fx_dict(page(0));
    struct outcome *o = outcome_new();
    fx_body_beside(o, page(1), dict);
    char frames[2][1000];
    struct stored_frame stored[2] = {{buf_str(&o->page.body), o->page.size},
                                     {zdict_frame(dict), (int64_t)zdict_content(dict).len}};
    for (size_t which = 0; which < 2; which++) {
        memcpy(frames[which], stored[which].zstd.ptr, stored[which].zstd.len);
        stored[which].zstd.ptr = frames[which];
    }
    for (size_t which = 0; which < 2; which++) {
        for (size_t i = 0; i < stored[which].zstd.len * 8; i++) {
            CLEANUP(buf_release) struct buf body = BUF_INIT(1000);
            frames[which][i / 8] ^= (char)(1 << i % 8);
            enum cw_err err = dicts_decode(&body, &stored[0], &stored[1]);
            assert_true(err == CW_OK || err == CW_ESTORAGE);
            assert_int_equal(body.len, err == CW_OK ? o->page.size : 0);
            frames[which][i / 8] ^= (char)(1 << i % 8);
        }
    }
    outcome_free(o);
}

static void database_of_an_older_crawld__has_its_bodies(void **state)
{
    struct fixture *f = *state;
    store(f, 1, NULL);
    fx_close(f, NULL);
    fx_run_sql(f->path, "DROP TABLE zdict_; ALTER TABLE body_ DROP COLUMN zdict;"
                        "PRAGMA user_version = 3");
    expect_page(f, 1);
}

#define T(test) cmocka_unit_test_setup_teardown(test, fx_setup, fx_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(body_beside_a_dictionary__comes_back),
        T(dictionary__is_stored_once),
        T(dictionaries_of_one_id__are_told_apart),
        T(content_that_is_there__is_not_stored_again),
        T(forged_dictionary__is_an_error),
        cmocka_unit_test(damaged_frame__is_decoded_to_its_size_or_not_at_all),
        T(database_of_an_older_crawld__has_its_bodies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
