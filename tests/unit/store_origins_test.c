/* What is kept for crawld explain: settings of each run, robots.txt of each origin, the chain of a
 * URL's attempts, the page that had a content first. */
#include "tests/support/store_fixture.h"

static void fx_robots(struct fixture *f, const struct store_robots *robots, size_t count)
{
    f->batch.robots = robots;
    f->batch.robots_count = count;
    fx_commit(f, 0);
}

static void robots_txt__is_kept_once_for_each_origin(void **state)
{
    struct fixture *f = *state;
    const struct store_robots robots[] = {
        {.origin = STR("http://a"),
         .host = STR("a"),
         .fetched_unix_ms = 5,
         .status = 200,
         .body = STR("User-agent: *\nDisallow: /\n")},
        {.origin = STR("https://a"),
         .host = STR("a"),
         .fetched_unix_ms = 6,
         .status = 200,
         .body = STR("User-agent: *\nDisallow: /\n")},
        {.origin = STR("http://b:81"),
         .host = STR("b:81"),
         .fetched_unix_ms = 7,
         .err = CW_ECONNECT,
         .detail = STR("robots.txt: refused")},
    };
    fx_robots(f, robots, ARRAY_LEN(robots));
    fx_expect(f,
              "SELECT h.name, r.id & 1, r.fetched_ms, r.status, r.error, r.detail, b.size"
              " FROM robots_ r JOIN host_ h ON h.id = r.id >> 1 LEFT JOIN body_ b USING (hash)"
              " ORDER BY r.fetched_ms",
              "a|0|5|200|NULL|NULL|26 a|1|6|200|NULL|NULL|26"
              " b:81|0|7|NULL|connect|robots.txt: refused|NULL");
    fx_expect(f, "SELECT count(*) FROM body_", "1");

    const struct store_robots gone = {
        .origin = STR("http://a"), .host = STR("a"), .fetched_unix_ms = 9, .status = 404};
    fx_robots(f, &gone, 1);
    fx_expect(f,
              "SELECT fetched_ms, status, hash IS NULL FROM robots_ WHERE id & 1 = 0"
              " ORDER BY fetched_ms DESC LIMIT 1",
              "9|404|1");
    fx_expect(f, "SELECT count(*) FROM robots_", "3");
}

static void attempts__are_a_chain_from_the_latest_back(void **state)
{
    struct fixture *f = *state;
    struct store_lease lease = fx_lease(f, "http://a/");
    for (int i = 0; i < 2; i++) {
        struct outcome *o = fx_page(f, &lease, 503);
        o->state = URL_QUEUED;
        o->has_page = false;
        fx_want(f, "a");
        fx_commit(f, 0);
        assert_int_equal(f->reply.lease_count, 1);
    }
    (void)fx_page(f, &lease, 200);
    fx_commit(f, 0);
    fx_expect(f,
              "WITH RECURSIVE chain(id, n) AS (SELECT last_fetch, 1 FROM url_ UNION ALL"
              " SELECT previous, n + 1 FROM fetch_ JOIN chain USING (id) WHERE previous > 0)"
              " SELECT group_concat(id), count(*) = (SELECT count(*) FROM fetch_) FROM chain",
              "3,2,1|1");
}

static void a_content__names_the_page_that_had_it_first(void **state)
{
    struct fixture *f = *state;
    struct store_lease first = fx_lease(f, "http://a/1");
    fx_body(fx_page(f, &first, 200), "same");
    struct store_lease second = fx_lease(f, "http://b/2");
    fx_body(fx_page(f, &second, 200), "same");
    fx_commit(f, 0);
    fx_expect(f, "SELECT text FROM body_ JOIN url_ ON url_.id = body_.url_id", "http://a/1");
}

static void settings__are_kept_run_by_run(void **state)
{
    struct fixture *f = *state;
    struct errmsg msg;
    fx_close(f, "finished");
    const struct store_options options = {.path = f->path, .settings = "{\"depth\":\"3\"}"};
    assert_int_equal(store_open(&f->store, &options, &msg), CW_OK);
    fx_expect(f, "SELECT settings FROM crawl_ ORDER BY id", "NULL {\"depth\":\"3\"}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(robots_txt__is_kept_once_for_each_origin, fx_setup,
                                        fx_teardown),
        cmocka_unit_test_setup_teardown(attempts__are_a_chain_from_the_latest_back, fx_setup,
                                        fx_teardown),
        cmocka_unit_test_setup_teardown(a_content__names_the_page_that_had_it_first, fx_setup,
                                        fx_teardown),
        cmocka_unit_test_setup_teardown(settings__are_kept_run_by_run, fx_setup, fx_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
