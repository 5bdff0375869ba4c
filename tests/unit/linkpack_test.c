/* Links in packs: what goes in comes out of the views, and so do those of an older file. */
#include "storage/sqlite/keys.h"
#include "storage/sqlite/linkpack.h"
#include "storage/sqlite/schema.h"
#include "tests/support/store_fixture.h"

#include <unistd.h>

static const struct {
    struct str element, rel, text;
    bool nofollow;
} kinds[] = {
    {STR("a"), STR_NONE, STR("plain"), false},
    {STR("a"), STR_NONE, STR_NONE, false},
    {STR("a"), STR_NONE, STR(""), false},
    {STR("a"), STR(""), STR(""), false},
    {STR("a"), STR("nofollow"), STR("told not to"), true},
    {STR("a"), STR_NONE, STR("the page said so"), true},
    {STR("img"), STR_NONE, STR("an image"), false},
    {STR("img"), STR_NONE, STR_NONE, true},
    {STR("link"), STR("alternate icon"), STR_NONE, false},
    {STR("link"), STR("1 \"x\" \\ \xC3\xA4\x01"), STR_NONE, true},
    {STR("a"), STR_NONE, STR("\"quoted\" \\back\\ /slash/ {\"1\":[2,null]},"), false},
    {STR("a"), STR_NONE, STR("\x01\x02\x1F\x7F\b\f\n\r\t"), false},
    {STR("a"), STR_NONE, STR("\\u0041 \\\" \\"), false},
    {STR("a"), STR_NONE, STR("\xC2\x80\xC2\x9F\xC2\xA0\xE2\x80\xA8\xEF\xBF\xBF\xF0\x9F\x98\x80"),
     false},
    {STR("a"), STR_NONE, STR("null"), false},
    {STR("a"), STR_NONE, STR("123"), false},
};

#define SHOWN                                                                                      \
    "to_url, element, iif(rel IS NULL, '-', hex(rel)) AS r, iif(text IS NULL, '-', hex(text)) AS " \
    "t, nofollow,"                                                                                 \
    " internal, typeof(text) || typeof(nofollow) || typeof(internal)"

static void add_hex(struct buf *b, struct str s)
{
    assert_int_equal(str_is_absent(s) ? buf_add_char(b, '-') : CW_OK, CW_OK);
    for (size_t i = 0; i < s.len; i++)
        assert_int_equal(buf_addf(b, "%02X", (unsigned char)s.ptr[i]), CW_OK);
}

/* What SHOWN says of `kinds`, all linked to `url`. */
static void add_expected(struct buf *b, const char *url, bool internal)
{
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        const char *type = str_is_absent(kinds[i].text) ? "null" : "text";
        assert_int_equal(
            buf_addf(b, "%s%s|%.*s|", b->len > 0 ? " " : "", url, STR_ARG(kinds[i].element)),
            CW_OK);
        add_hex(b, kinds[i].rel);
        assert_int_equal(buf_add_char(b, '|'), CW_OK);
        add_hex(b, kinds[i].text);
        assert_int_equal(buf_addf(b, "|%d|%d|%sintegerinteger", kinds[i].nofollow, internal, type),
                         CW_OK);
    }
}

static void link_kinds(struct outcome *o, const char *url)
{
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        struct page_link *link = fx_link(o, url);
        link->element = kinds[i].element;
        link->rel = kinds[i].rel;
        link->text = kinds[i].text;
        link->nofollow = kinds[i].nofollow;
    }
}

static void each_kind_of_link__comes_back_as_it_was(void **state)
{
    struct fixture *f = *state;
    struct buf expected = BUF_INIT(1 << 16);
    struct store_lease lease = fx_lease(f, "http://a/");
    struct outcome *o = fx_page(f, &lease, 200);
    link_kinds(o, "http://a/b");
    link_kinds(o, "http://c/");
    fx_commit(f, 0);
    add_expected(&expected, "http://a/b", true);
    add_expected(&expected, "http://c/", false);
    fx_expect(f, "SELECT " SHOWN " FROM link", expected.ptr);
    fx_expect(f, "SELECT count(*), sum(json_valid(links)) FROM link_pack_", "2|2");
    buf_release(&expected);
}

static void pack__has_the_form_that_is_promised(void **state)
{
    struct fixture *f = *state;
    struct store_lease lease = fx_lease(f, "http://a/");
    struct outcome *o = fx_page(f, &lease, 200);
    fx_link(o, "http://a/b")->text = STR("b");
    fx_link(o, "http://a/b")->nofollow = true;
    struct page_link *other = fx_link(o, "http://c/");
    other->element = STR("link");
    other->rel = STR("icon");
    fx_commit(f, 0);
    int64_t own = key_first_url(key_host(STR("a")));
    long long b = fx_int(f, "SELECT id FROM url_ WHERE text = 'http://a/b'") - own;
    long long c = fx_int(f, "SELECT id FROM url_ WHERE text = 'http://c/'") - own;
    char expected[256];
    snprintf(expected, sizeof expected,
             "{\"%lld\":\"b\",\"%lld 1a\":null,\"%lld 0link icon\":null}", b, b, c);
    fx_expect(f, "SELECT links FROM link_pack_", expected);
}

/* The ids of a host that is not the page's lie on both sides of its own, the first and the last
 * host included. */
static void target__is_internal_on_the_pages_own_host_only(void **state)
{
    const int64_t last_host = (INT64_C(1) << KEY_HOST_BITS) - 1;
    const int64_t hosts[] = {0, 1, 77, last_host};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(hosts); i++)
        for (size_t j = 0; j < ARRAY_LEN(hosts); j++)
            for (int is_last = 0; is_last < 2; is_last++) {
                int64_t from = key_last_url(hosts[i]);
                int64_t to = is_last ? key_last_url(hosts[j]) : key_first_url(hosts[j]);
                int64_t offset = key_url_offset(from, to);
                assert_int_equal(key_first_url(hosts[i]) + offset, to);
                assert_int_equal(offset >> KEY_URL_BITS == 0, i == j);
            }
}

static void many_links__keep_their_order_and_go_with_the_answer(void **state)
{
    struct fixture *f = *state;
    struct store_lease lease = fx_lease(f, "http://a/");
    struct outcome *o = fx_page(f, &lease, 503);
    char urls[60][24];
    o->state = URL_QUEUED;
    o->due_unix_ms = f->now_unix_ms + 1000;
    for (size_t i = 0; i < ARRAY_LEN(urls); i++) {
        snprintf(urls[i], sizeof urls[i], "http://a/%zu", 1000 + i * 7 % 60);
        (void)fx_link(o, urls[i]);
    }
    fx_commit(f, 0);
    fx_expect(f, "SELECT count(*), min(from_id = (SELECT url_id FROM page_)) FROM link_pack_",
              "3|1");
    fx_expect(f,
              "SELECT id FROM link_pack_ EXCEPT SELECT first_link + n FROM page_,"
              " (SELECT 0 AS n UNION SELECT 1 UNION SELECT 2)",
              "");
    for (size_t i = 0; i < ARRAY_LEN(urls); i++) {
        char sql[80];
        snprintf(sql, sizeof sql, "SELECT to_url FROM link LIMIT 1 OFFSET %zu", i);
        fx_expect(f, sql, urls[i]);
    }
    f->now_unix_ms += 2000;
    fx_want(f, "a");
    fx_commit(f, 0);
    assert_int_equal(f->reply.leases[0].url_id, lease.url_id);
    (void)fx_link(fx_page(f, &f->reply.leases[0], 200), "http://a/9");
    fx_commit(f, 0);
    fx_expect(f, "SELECT to_url FROM link", "http://a/9");
    fx_expect(f, "SELECT count(*) FROM link_pack_", "1");
}

/* ---- a file of version 3 ---- */

static void put(sqlite3_stmt *stmt, int at, struct str s)
{
    if (!str_is_absent(s))
        assert_int_equal(sqlite3_bind_text(stmt, at, s.ptr, (int)s.len, SQLITE_STATIC), SQLITE_OK);
}

/* All kinds, from one page to itself. */
static void insert_old_links(sqlite3 *db, int64_t page)
{
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        sqlite3_stmt *stmt = NULL;
        assert_int_equal(sqlite3_prepare_v2(db,
                                            "INSERT INTO link_(from_id, to_id, element, rel,"
                                            " text, nofollow, internal) VALUES(?1, ?1, ?, ?,"
                                            " ?, ?, 1)",
                                            -1, &stmt, NULL),
                         SQLITE_OK);
        sqlite3_bind_int64(stmt, 1, page);
        put(stmt, 2, kinds[i].element);
        put(stmt, 3, kinds[i].rel);
        put(stmt, 4, kinds[i].text);
        sqlite3_bind_int(stmt, 5, kinds[i].nofollow);
        assert_int_equal(sqlite3_step(stmt), SQLITE_DONE);
        sqlite3_finalize(stmt);
    }
}

static void run(sqlite3 *db, const char *sql)
{
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
        fail_msg("%s", sqlite3_errmsg(db));
}

/* Two pages of host 5, the first with 48 links, the second, stored before, with 16, one without. */
static void make_version_3(const char *path)
{
    sqlite3 *db = NULL;
    assert_int_equal(unlink(path), 0);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    for (size_t i = 0; i < 3; i++)
        for (const char *const *part = schema_migrations[i]; *part != NULL; part++)
            run(db, *part);
    run(db, "PRAGMA user_version = 3;"
            "INSERT INTO host_ VALUES(5, 'a', 3, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0, NULL, NULL, 0);"
            "INSERT INTO tally_ VALUES(2, '200', 3);"
            "INSERT INTO url_(id, host_id, text, state, depth, priority, due_ms, attempts, hops,"
            " seed, first_seen_ms) SELECT (5 << 35) + value, 5, 'http://a/' || value, 2, 0, 0, 0,"
            " 1, 0, 0, 0 FROM json_each('[7,8,9]');"
            "INSERT INTO page_(url_id, status, noindex, nofollow, links_cut, body_cut, size, links,"
            " first_link, words) VALUES((5 << 35) + 7, 200, 0, 0, 0, 0, 0, 48, 17, 0),"
            " ((5 << 35) + 8, 200, 0, 0, 0, 0, 0, 16, 1, 0),"
            " ((5 << 35) + 9, 200, 0, 0, 0, 0, 0, 0, NULL, 0);");
    insert_old_links(db, (INT64_C(5) << KEY_URL_BITS) + 8);
    for (int i = 0; i < 3; i++)
        insert_old_links(db, (INT64_C(5) << KEY_URL_BITS) + 7);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void links_of_version_3__are_the_same_in_packs(void **state)
{
    struct fixture *f = *state;
    fx_close(f, "finished");
    make_version_3(f->path);
    struct buf before = BUF_INIT(1 << 16);
    assert_int_equal(buf_add(&before, str_of(fx_text(f, "SELECT from_url, " SHOWN " FROM link"))),
                     CW_OK);
    assert_int_equal(fx_int(f, "SELECT count(*) FROM link"), 64);
    fx_open(f);
    fx_expect(f, "PRAGMA user_version", "4");
    fx_expect(f, "SELECT from_url, " SHOWN " FROM link", before.ptr);
    fx_expect(f,
              "SELECT p.url_id & 15, p.first_link, count(*) FROM page_ AS p JOIN link_pack_ AS l"
              " ON l.id BETWEEN p.first_link AND p.first_link + (p.links - 1) / 24"
              " AND l.from_id = p.url_id GROUP BY 1",
              "7|17|2 8|1|1");
    fx_expect(f, "SELECT count(*) FROM link_pack_", "3");
    buf_release(&before);
}

#define T(name) cmocka_unit_test_setup_teardown(name, fx_setup, fx_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(each_kind_of_link__comes_back_as_it_was),
        T(pack__has_the_form_that_is_promised),
        cmocka_unit_test(target__is_internal_on_the_pages_own_host_only),
        T(many_links__keep_their_order_and_go_with_the_answer),
        T(links_of_version_3__are_the_same_in_packs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
