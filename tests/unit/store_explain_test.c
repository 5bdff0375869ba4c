/* What the database says of one URL. */
#include <sqlite3.h>
#include <unistd.h>

#include "storage/explain.h"
#include "tests/support/store_fixture.h"

static struct store_explanation explain_with(struct fixture *f, struct store_explain_want want)
{
    struct store_explanation to = {0};
    struct store_reader *reader = NULL;
    struct errmsg msg = {""};
    if (store_reader_open(&reader, f->path, &msg) != CW_OK ||
        store_explain(reader, &want, &to, &msg) != CW_OK)
        fail_msg("%s", msg.text);
    store_reader_close(reader);
    return to;
}

static struct store_explanation explain(struct fixture *f, const char *url)
{
    return explain_with(f, (struct store_explain_want){.url = str_of(url)});
}

static void expect_str(struct str s, const char *expected)
{
    if (!str_eq(s, str_of(expected)))
        fail_msg("\"" STR_FMT "\" is not \"%s\"", STR_ARG(s), expected);
}

/* From outside, past the store. */
static void doctor(struct fixture *f, const char *sql)
{
    sqlite3 *db;
    assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

/* ---- states, and who named it ---- */

static void a_link__is_told_with_its_words(void **state)
{
    struct fixture *f = *state;
    struct store_lease lease = fx_lease(f, "http://a/");
    struct outcome *o = fx_page(f, &lease, 200);
    (void)fx_link(o, "http://a/other");
    struct page_link *link = fx_link(o, "http://a/private");
    link->text = STR("Members only");
    link->rel = STR("next");
    link->verdict = (struct verdict){EXCLUDE_PATTERN, STR("*private*")};
    fx_commit(f, 0);
    struct store_explanation to = explain(f, "http://a/private");
    assert_true(to.is_known);
    assert_int_equal(to.state, URL_EXCLUDED);
    expect_str(to.reason, "exclude");
    assert_int_equal(to.excluded, EXCLUDE_PATTERN);
    expect_str(to.detail, "*private*");
    expect_str(to.found.url, "http://a/");
    expect_str(to.found.element, "a");
    expect_str(to.found.text, "Members only");
    expect_str(to.found.rel, "next");
    assert_int_equal(to.depth, 1);
    assert_int_equal(to.first_seen_unix_ms, FX_NOW);
    assert_false(to.is_seed);
    assert_false(to.has_answer);
    assert_int_equal(to.link_count, -1);
    store_explanation_release(&to);
}

static void a_seed__was_named_by_nobody_else(void **state)
{
    struct fixture *f = *state;
    fx_seed(f, "http://a/");
    fx_commit(f, 0);
    struct store_explanation to = explain(f, "http://a/");
    assert_true(to.is_seed);
    assert_true(str_is_absent(to.found.url));
    assert_int_equal(to.state, URL_QUEUED);
    store_explanation_release(&to);
}

/* ---- requests ---- */

static void requests__come_oldest_first_with_their_errors(void **state)
{
    struct fixture *f = *state;
    struct store_lease lease = fx_lease(f, "http://a/");
    struct outcome *o = fx_page(f, &lease, 0);
    o->state = URL_QUEUED;
    o->due_unix_ms = FX_NOW + 1000;
    o->has_page = false;
    o->attempt.err = CW_ERESET;
    o->attempt.detail = STR("Connection reset by peer");
    o->attempt.limit_ms = 250;
    fx_commit(f, 0);
    struct store_explanation to = explain(f, "http://a/");
    assert_int_equal(to.due_unix_ms, FX_NOW + 1000);
    store_explanation_release(&to);

    f->now_unix_ms += 2000;
    fx_want(f, "a");
    fx_commit(f, 0);
    lease = f->reply.leases[0];
    (void)fx_page(f, &lease, 200);
    fx_commit(f, 0);
    to = explain(f, "http://a/");
    assert_int_equal(to.attempts, 2);
    assert_int_equal(to.try_count, 2);
    assert_int_equal(to.tries[0].err, CW_ERESET);
    expect_str(to.tries[0].detail, "Connection reset by peer");
    assert_int_equal(to.tries[0].limit_ms, 250);
    assert_int_equal(to.tries[0].status, 0);
    assert_int_equal(to.tries[0].time.tls_ms, -1);
    assert_int_equal(to.tries[1].err, CW_OK);
    assert_int_equal(to.tries[1].status, 200);
    assert_int_equal(to.tries[1].time.total_ms, 50);
    expect_str(to.tries[1].remote_ip, "127.0.0.1");
    assert_int_equal(to.answer.status, 200);
    assert_int_equal(to.answer.fetched_unix_ms, FX_NOW + 2000);
    store_explanation_release(&to);
}

static void a_revisit__is_told_with_its_time(void **state)
{
    struct fixture *f = *state;
    struct store_lease lease = fx_lease(f, "http://a/");
    (void)fx_page(f, &lease, 200);
    fx_commit(f, 0);
    struct store_explanation to = explain(f, "http://a/");
    assert_int_equal(to.due_unix_ms, 0);
    assert_int_equal(to.answer.versions, 1);
    store_explanation_release(&to);
    doctor(f, "UPDATE url_ SET due_ms = 123;"
              "INSERT INTO version_(url_id, status, size, change)"
              " SELECT id, 200, 1, 'first' FROM url_ UNION ALL SELECT id, 200, 2, 'new' FROM url_");
    to = explain(f, "http://a/");
    assert_int_equal(to.state, URL_DONE);
    assert_int_equal(to.due_unix_ms, 123);
    assert_int_equal(to.answer.versions, 2);
    store_explanation_release(&to);
}

/* ---- redirects, duplicates ---- */

static void redirect(struct fixture *f, const char *from, const char *to)
{
    struct store_lease lease = f->reply.leases[0];
    lease.url = str_of(from);
    (void)fx_redirect(fx_page(f, &lease, 301), to);
    fx_want(f, "a");
    fx_commit(f, 0);
}

static void redirects__are_told_in_both_directions(void **state)
{
    struct fixture *f = *state;
    (void)fx_lease(f, "http://a/1");
    redirect(f, "http://a/1", "http://a/2");
    redirect(f, "http://a/2", "http://a/3");
    redirect(f, "http://a/3", "http://a/1"); /* closes the loop */
    struct store_explanation to = explain(f, "http://a/2");
    assert_int_equal(to.from_count, 2);
    expect_str(to.from[0].url, "http://a/3");
    assert_int_equal(to.from[0].status, 301);
    expect_str(to.from[1].url, "http://a/1");
    assert_false(to.from[1].followed);
    assert_int_equal(to.to_count, 2);
    expect_str(to.to[0].url, "http://a/3");
    expect_str(to.to[1].url, "http://a/1");
    assert_int_equal(to.redirects_here, 1);
    assert_int_equal(to.found.redirect_status, 301);
    store_explanation_release(&to);
    to = explain(f, "http://a/3");
    assert_int_equal(to.state, URL_FAILED);
    expect_str(to.reason, "redirect");
    assert_int_equal(to.failed, CW_EREDIRECT);
    store_explanation_release(&to);
}

static void the_first_page_with_the_content__is_named(void **state)
{
    struct fixture *f = *state;
    struct store_lease lease = fx_lease(f, "http://a/");
    fx_body(fx_page(f, &lease, 200), "same");
    fx_commit(f, 0);
    lease = fx_lease(f, "http://b/");
    fx_body(fx_page(f, &lease, 404), "same");
    fx_commit(f, 0);
    struct store_explanation to = explain(f, "http://b/");
    expect_str(to.answer.same_as, "http://a/");
    assert_int_equal(to.answer.same_status, 200);
    assert_int_equal(to.answer.same_count, -1);
    assert_true(to.answer.has_body);
    store_explanation_release(&to);
    to = explain(f, "http://a/");
    assert_true(str_is_absent(to.answer.same_as));
    store_explanation_release(&to);
    to = explain_with(f, (struct store_explain_want){.url = STR("http://a/"), .walk = true});
    assert_int_equal(to.answer.same_count, 1);
    store_explanation_release(&to);
}

static void a_walk__counts_links_and_lists_pages_once(void **state)
{
    struct fixture *f = *state;
    struct store_lease lease = fx_lease(f, "http://a/");
    struct outcome *o = fx_page(f, &lease, 200);
    (void)fx_link(o, "http://c/");
    fx_link(o, "http://c/")->text = STR("again");
    fx_commit(f, 0);
    lease = fx_lease(f, "http://b/");
    (void)fx_link(fx_page(f, &lease, 200), "http://c/");
    fx_commit(f, 0);
    struct store_explanation to =
        explain_with(f, (struct store_explain_want){.url = STR("http://c/"), .walk = true});
    assert_int_equal(to.link_count, 3);
    assert_int_equal(to.linking_pages, 2);
    assert_int_equal(to.links_listed, 2);
    expect_str(to.links[0].url, "http://a/");
    expect_str(to.links[1].url, "http://b/");
    store_explanation_release(&to);
}

/* ---- its place ---- */

static void what_comes_before__is_counted_as_it_is_leased(void **state)
{
    struct fixture *f = *state;
    static const char *const urls[] = {"http://a/1", "http://a/2", "http://a/3", "http://a/4"};
    for (size_t i = 0; i < ARRAY_LEN(urls); i++) {
        fx_seed(f, urls[i]);
        f->seeds[i].priority = (int32_t)i;
    }
    fx_commit(f, 0);
    fx_seed(f, "http://b/");
    f->now_unix_ms += 5;
    fx_commit(f, 0);
    for (size_t i = 0; i < ARRAY_LEN(urls); i++) {
        struct store_explanation to = explain(f, urls[i]);
        assert_true(to.place.is_known);
        expect_str(to.place.host, "a");
        assert_int_equal(to.place.queued, 4);
        assert_int_equal(to.place.urls_ahead, i);
        assert_int_equal(to.place.hosts_ahead, 0);
        store_explanation_release(&to);
    }
    struct store_explanation to = explain(f, "http://b/");
    assert_int_equal(to.place.hosts_ahead, 1);
    store_explanation_release(&to);

    f->batch.want.urls_per_host = 2;
    fx_commit(f, 1);
    assert_int_equal(f->reply.lease_count, 2);
    to = explain(f, urls[3]);
    assert_true(to.place.leased);
    assert_int_equal(to.place.active, 2);
    assert_int_equal(to.place.urls_ahead, 1);
    store_explanation_release(&to);
    for (size_t i = 0; i < 2; i++) {
        to = explain(f, urls[i]);
        assert_int_equal(to.state, URL_ACTIVE);
        assert_int_equal(to.place.urls_ahead, i);
        store_explanation_release(&to);
    }
}

static void the_clock_of_its_host__is_told(void **state)
{
    struct fixture *f = *state;
    const struct store_host clock = {.host = STR("a"),
                                     .delay_ms = 700,
                                     .last_fetch_unix_ms = FX_NOW - 5,
                                     .backoff_until_unix_ms = FX_NOW + 60000};
    fx_seed(f, "http://a/");
    f->batch.hosts = &clock;
    f->batch.host_count = 1;
    fx_commit(f, 0);
    struct store_explanation to = explain(f, "http://a/");
    assert_int_equal(to.place.delay_ms, 700);
    assert_int_equal(to.place.last_fetch_unix_ms, FX_NOW - 5);
    assert_int_equal(to.place.backoff_until_unix_ms, FX_NOW + 60000);
    store_explanation_release(&to);
}

static void robots_txt_of_its_origin__is_found_also_for_a_stranger(void **state)
{
    struct fixture *f = *state;
    const struct store_robots robots = {.origin = STR("https://a"),
                                        .host = STR("a"),
                                        .fetched_unix_ms = FX_NOW,
                                        .status = 200,
                                        .body = STR("User-agent: *\nDisallow: /x\n")};
    f->batch.robots = &robots;
    f->batch.robots_count = 1;
    fx_commit(f, 0);
    struct store_explanation to = explain(f, "https://a/never");
    assert_false(to.is_known);
    assert_true(to.robots.is_known);
    assert_int_equal(to.robots.fetched_unix_ms, FX_NOW);
    assert_int_equal(to.robots.status, 200);
    expect_str(to.robots.body, "User-agent: *\nDisallow: /x\n");
    store_explanation_release(&to);
    to = explain(f, "http://a/never");
    assert_false(to.robots.is_known);
    store_explanation_release(&to);
}

/* ---- never seen ---- */

struct heard_seeds {
    char text[128];
};

static void hear_run(void *arg, const struct store_run *run)
{
    struct heard_seeds *heard = arg;
    assert_string_equal(heard->text, "");
    snprintf(heard->text, sizeof heard->text, STR_FMT ": ", STR_ARG(run->command));
}

static void hear_seed(void *arg, struct str url, bool is_named)
{
    struct heard_seeds *heard = arg;
    size_t len = strlen(heard->text);
    assert_true(is_named);
    snprintf(heard->text + len, sizeof heard->text - len, STR_FMT " ", STR_ARG(url));
}

static void one_never_seen__brings_seeds_and_known_spellings(void **state)
{
    struct fixture *f = *state;
    struct heard_seeds heard = {""};
    const struct str others[] = {STR("http://b/"), STR("http://a"), STR("http://a/x")};
    fx_seed(f, "http://a/");
    fx_seed(f, "http://a/x");
    fx_commit(f, 0);
    struct store_explain_want want = {.url = STR("http://a/x/"),
                                      .others = others,
                                      .other_count = ARRAY_LEN(others),
                                      .on_run = hear_run,
                                      .on_seed = hear_seed,
                                      .arg = &heard};
    struct store_explanation to = explain_with(f, want);
    assert_false(to.is_known);
    assert_int_equal(to.other_count, 1);
    expect_str(to.others[0], "http://a/x");
    assert_true(strcmp(heard.text, "crawld crawl: http://a/ http://a/x ") == 0 ||
                strcmp(heard.text, "crawld crawl: http://a/x http://a/ ") == 0);
    assert_true(to.place.is_known);
    store_explanation_release(&to);
    heard.text[0] = '\0';
    want.url = STR("http://a/x");
    to = explain_with(f, want);
    assert_string_equal(heard.text, "");
    store_explanation_release(&to);
}

/* ---- the run ---- */

static void the_run__is_told_while_it_lasts_and_after(void **state)
{
    struct fixture *f = *state;
    struct store_explanation to = explain(f, "http://a/");
    assert_true(to.run.is_running);
    assert_int_equal(to.run.pid, getpid());
    assert_int_equal(to.run.ended_unix_ms, 0);
    store_explanation_release(&to);
    fx_close(f, "interrupted");
    to = explain(f, "http://a/");
    assert_false(to.run.is_running);
    assert_true(to.run.ended_unix_ms > 0);
    expect_str(to.run.end_reason, "interrupted");
    store_explanation_release(&to);
    fx_open(f);
}

static void a_database_of_an_older_crawld__is_refused_with_the_way_out(void **state)
{
    struct fixture *f = *state;
    struct store_reader *reader = NULL;
    struct store_explanation to;
    struct errmsg msg = {""};
    const struct store_explain_want want = {.url = STR("http://a/")};
    fx_close(f, NULL);
    doctor(f, "PRAGMA user_version = 2");
    assert_int_equal(store_reader_open(&reader, f->path, &msg), CW_OK);
    assert_int_equal(store_explain(reader, &want, &to, &msg), CW_ESTORAGE);
    assert_non_null(strstr(msg.text, "brings it up to date"));
    store_reader_close(reader);
    doctor(f, "PRAGMA user_version = 4");
    fx_open(f);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fx_setup, fx_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_link__is_told_with_its_words),
        TEST(a_seed__was_named_by_nobody_else),
        TEST(requests__come_oldest_first_with_their_errors),
        TEST(a_revisit__is_told_with_its_time),
        TEST(redirects__are_told_in_both_directions),
        TEST(the_first_page_with_the_content__is_named),
        TEST(a_walk__counts_links_and_lists_pages_once),
        TEST(what_comes_before__is_counted_as_it_is_leased),
        TEST(the_clock_of_its_host__is_told),
        TEST(robots_txt_of_its_origin__is_found_also_for_a_stranger),
        TEST(one_never_seen__brings_seeds_and_known_spellings),
        TEST(the_run__is_told_while_it_lasts_and_after),
        TEST(a_database_of_an_older_crawld__is_refused_with_the_way_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
