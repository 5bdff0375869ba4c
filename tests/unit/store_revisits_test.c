/* Settled URLs that come back, what their leases carry, and the contents that a page once had. */
#include "tests/support/store_fixture.h"

static void reopen(struct fixture *f, const char *end_reason)
{
    fx_close(f, end_reason);
    f->revisits = true;
    fx_open(f);
}

static void begin(struct fixture *f, bool all, int64_t every_ms)
{
    const struct store_revisits how = {.all = all, .every_ms = every_ms};
    struct errmsg msg = {""};
    if (store_begin_revisits(f->store, &how, &msg) != CW_OK)
        fail_msg("%s", msg.text);
}

/* One page of http://a/ with the body `text`, stored by a run without revisits. */
static void store_first(struct fixture *f, const char *text)
{
    struct store_lease lease = fx_lease(f, "http://a/");
    struct outcome *o = fx_page(f, &lease, 200);
    o->page.title = STR("Title");
    o->page.etag = STR("\"1\"");
    o->page.last_modified = STR("Sun, 06 Nov 1994 08:49:37 GMT");
    fx_body(o, text);
    fx_link(o, "http://a/b");
    fx_commit(f, 0);
}

/* With a URL that outlives the reply. */
static struct store_lease leased(const struct store_lease *lease, const char *url)
{
    struct store_lease copy = *lease;
    copy.url = str_of(url);
    return copy;
}

/* Brings back what is due, and gives the lease of `url`. */
static struct store_lease take(struct fixture *f, const char *url)
{
    f->batch.want.revisits = 10;
    fx_want(f, "a"); /* which may be leased already */
    fx_commit(f, 10);
    for (size_t i = 0; i < f->reply.lease_count; i++)
        if (str_eq(f->reply.leases[i].url, str_of(url)))
            return leased(&f->reply.leases[i], url);
    fail_msg("%s was not leased", url);
    return (struct store_lease){0};
}

static struct store_lease ask_again(struct fixture *f)
{
    reopen(f, "finished");
    begin(f, true, 0);
    f->now_unix_ms += 1000000000; /* behind all that was marked by the real clock */
    f->now_unix_ms = MAX(f->now_unix_ms, INT64_C(1) << 42);
    return take(f, "http://a/");
}

/* ---- coming back ---- */

static void settled_url__stays_settled_until_it_is_due(void **state)
{
    struct fixture *f = *state;
    reopen(f, "finished");
    struct store_lease lease = fx_lease(f, "http://a/");
    struct outcome *o = fx_page(f, &lease, 200);
    o->revisit_unix_ms = f->now_unix_ms + 1000;
    f->batch.want.revisits = 10;
    fx_commit(f, 10);
    fx_expect(f, "SELECT state, due_at FROM url", "done|2023-11-14T22:13:21.123Z");
    assert_int_equal(f->reply.revisit_unix_ms, f->now_unix_ms + 1000);
    assert_int_equal(f->reply.revisits + f->reply.lease_count, 0);
    f->now_unix_ms += 1000;
    lease = take(f, "http://a/");
    assert_int_equal(f->reply.revisits, 1);
    assert_int_equal(f->reply.revisit_unix_ms, 0);
    assert_int_equal(lease.attempts, 0);
    fx_expect(f, "SELECT state, due_at, attempts FROM url", "active|NULL|0");
    fx_expect(f, "SELECT count(*) FROM page", "1");
}

static void no_more_come_back_than_are_wanted__the_longest_due_first(void **state)
{
    struct fixture *f = *state;
    static const char *const urls[] = {"http://a/1", "http://b/2", "http://c/3"};
    reopen(f, "finished");
    for (size_t i = 0; i < ARRAY_LEN(urls); i++) {
        struct store_lease lease = fx_lease(f, urls[i]);
        fx_page(f, &lease, 200)->revisit_unix_ms = f->now_unix_ms + 30 - 10 * (int64_t)i;
        fx_commit(f, 0);
    }
    f->now_unix_ms += 100;
    f->batch.want.revisits = 2;
    fx_commit(f, 0);
    fx_expect(f, "SELECT url FROM url WHERE state = 'queued' ORDER BY url",
              "http://b/2 http://c/3");
    assert_int_equal(f->reply.revisit_unix_ms, f->now_unix_ms - 70);
}

static void run_without_revisits__leaves_them_alone(void **state)
{
    struct fixture *f = *state;
    struct store_lease lease = fx_lease(f, "http://a/");
    fx_page(f, &lease, 200)->revisit_unix_ms = 1;
    f->batch.want.revisits = 10;
    fx_commit(f, 10);
    assert_int_equal(f->reply.revisits + f->reply.revisit_unix_ms + f->reply.lease_count, 0);
    fx_expect(f, "SELECT count(*) FROM version_", "0");
    fx_expect(f, "SELECT count(*) FROM revisit_", "0");
}

static void failed_and_forbidden__come_back_and_leave_the_tally(void **state)
{
    struct fixture *f = *state;
    reopen(f, "finished");
    struct store_lease lease = fx_lease(f, "http://a/");
    struct outcome *o = fx_outcome(f, &lease, URL_FAILED);
    o->err = CW_EDNS;
    o->revisit_unix_ms = 1;
    lease = fx_lease(f, "http://b/");
    o = fx_outcome(f, &lease, URL_EXCLUDED);
    o->reason = EXCLUDE_ROBOTS;
    o->revisit_unix_ms = 2;
    fx_commit(f, 0);
    f->batch.want.revisits = 10;
    fx_commit(f, 0); /* checks the counters */
    fx_expect(f, "SELECT state, reason FROM url", "queued|NULL queued|NULL");
    fx_expect(f, "SELECT sum(n) FROM tally_ WHERE kind > 2", "0");
}

/* ---- everything once ---- */

static void everything_done_or_failed__is_marked_once(void **state)
{
    struct fixture *f = *state;
    store_first(f, "body");
    reopen(f, "finished");
    begin(f, true, 0);
    fx_expect(f, "SELECT url, state, due_at IS NOT NULL FROM url ORDER BY url",
              "http://a/|done|1 http://a/b|queued|0");
}

static void unfinished_pass__goes_on_and_a_finished_one_begins_anew(void **state)
{
    struct fixture *f = *state;
    store_first(f, "body");
    struct store_lease lease = ask_again(f);
    fx_page(f, &lease, 200);
    fx_commit(f, 0);
    const char *due = "SELECT count(*) FROM url WHERE due_at IS NOT NULL AND state = 'done'";
    reopen(f, "interrupted");
    begin(f, true, 0);
    fx_expect(f, due, "0");
    reopen(f, NULL); /* killed */
    begin(f, true, 0);
    fx_expect(f, due, "0");
    reopen(f, "finished");
    begin(f, true, 0);
    fx_expect(f, due, "1");
}

static void every__counts_from_the_last_answer_and_marks_no_more_than_once(void **state)
{
    struct fixture *f = *state;
    store_first(f, "body");
    reopen(f, "finished");
    begin(f, false, 3600000);
    fx_expect(f, "SELECT due_at FROM url WHERE state = 'done'", "2023-11-14T23:13:20.123Z");
    fx_seed(f, "http://c/");
    struct store_lease lease = take(f, "http://c/");
    fx_page(f, &lease, 200)->revisit_unix_ms = 5;
    fx_commit(f, 0);
    reopen(f, "finished");
    begin(f, false, 3600000);
    fx_expect(f, "SELECT due_at FROM url WHERE url = 'http://c/'", "1970-01-01T00:00:00.005Z");
    reopen(f, "finished");
    begin(f, false, 60000);
    fx_expect(f, "SELECT due_at FROM url WHERE url = 'http://c/'", "2023-11-14T22:14:20.123Z");
}

/* ---- what is on record ---- */

static void lease__carries_what_is_on_record(void **state)
{
    struct fixture *f = *state;
    store_first(f, "body");
    struct store_lease lease = ask_again(f);
    const struct store_known *known = &lease.known;
    assert_int_equal(known->status, 200);
    assert_true(str_eq(known->etag, STR("\"1\"")));
    assert_true(str_eq(known->last_modified, STR("Sun, 06 Nov 1994 08:49:37 GMT")));
    assert_true(known->has_body && !known->is_cut && !known->has_history);
    assert_int_equal(known->fetched_unix_ms, FX_NOW);
}

static void history__comes_back_as_it_was_stored(void **state)
{
    struct fixture *f = *state;
    store_first(f, "body");
    struct store_lease lease = ask_again(f);
    struct outcome *o = fx_page(f, &lease, 200);
    o->has_history = true;
    const struct page_history history = {0.1, 1e12 / 3, 1, 2, 3, 2};
    o->history = history;
    o->revisit_unix_ms = 1;
    fx_commit(f, 0);
    lease = take(f, "http://a/");
    assert_true(lease.known.has_history);
    assert_memory_equal(&lease.known.history, &history, offsetof(struct page_history, traits));
    assert_int_equal(lease.known.history.traits, 2);
}

/* ---- versions ---- */

#define VERSIONS "SELECT fetched_at, status, size, change FROM page_version ORDER BY 1"

static void not_modified__moves_the_time_and_nothing_else(void **state)
{
    struct fixture *f = *state;
    store_first(f, "body");
    struct store_lease lease = ask_again(f);
    struct outcome *o = fx_page(f, &lease, 304);
    o->has_page = false;
    o->is_unchanged = true;
    o->page.etag = STR("\"2\"");
    f->now_unix_ms = o->attempt.time.ended_unix_ms = FX_NOW + 1000;
    fx_commit(f, 0);
    fx_expect(f, "SELECT status, title, etag, last_modified, links, versions, fetched_at FROM page",
              "200|Title|\"2\"|Sun, 06 Nov 1994 08:49:37 GMT|1|1|2023-11-14T22:13:21.123Z");
    fx_expect(f, VERSIONS, "2023-11-14T22:13:20.123Z|200|4|first");
    fx_expect(f, "SELECT status FROM fetch ORDER BY started_at DESC LIMIT 1", "304");
    fx_expect(f, "SELECT count(*) FROM link", "1");
    fx_expect(f, "SELECT name, n FROM tally_ WHERE kind = 2", "200|1");
}

static void same_answer__is_no_version(void **state)
{
    struct fixture *f = *state;
    store_first(f, "body");
    struct store_lease lease = ask_again(f);
    struct outcome *o = fx_page(f, &lease, 200);
    fx_body(o, "body");
    o->attempt.time.ended_unix_ms = FX_NOW + 1000;
    fx_commit(f, 0);
    fx_expect(f, VERSIONS, "2023-11-14T22:13:20.123Z|200|4|first");
    fx_expect(f, "SELECT versions, links, etag, fetched_at FROM page",
              "1|1|NULL|2023-11-14T22:13:21.123Z");
}

static const struct change_case {
    const char *name;
    int status;
    const char *body, *title, *link, *redirect;
    const char *change;
} changes[] = {
    {"body", 200, "other", "Title", "http://a/b", NULL, "content"},
    {"title", 200, "other", "New", "http://a/b", NULL, "title, content"},
    {"links", 200, "other", "Title", "http://a/c", NULL, "links, content"},
    {"no link", 200, "other", "Title", NULL, NULL, "links, content"},
    {"gone, with the same body", 410, "body", "Title", "http://a/b", NULL, "status"},
    {"moved", 301, "body", "Title", "http://a/b", "http://a/d", "status, redirect"},
};

static void another_answer__is_a_version_that_says_what_changed(void **state)
{
    struct fixture *f = *state;
    store_first(f, "body");
    for (size_t i = 0; i < ARRAY_LEN(changes); i++) {
        const struct change_case *c = &changes[i];
        struct store_lease lease = ask_again(f);
        struct outcome *o = fx_page(f, &lease, c->status);
        fx_body(o, c->body);
        o->page.title = str_of(c->title);
        if (c->link != NULL)
            fx_link(o, c->link);
        if (c->redirect != NULL)
            fx_redirect(o, c->redirect);
        o->attempt.time.ended_unix_ms = FX_NOW + 1000 + (int64_t)i * 2000;
        fx_commit(f, 0);
        const char *last =
            "SELECT change FROM version_ WHERE url_id ="
            " (SELECT id FROM url_ WHERE text = 'http://a/') ORDER BY id DESC LIMIT 1";
        assert_string_equal(fx_text(f, last), c->change);
        fx_expect(f, "SELECT count(*) = sum(from_url = 'http://a/') FROM link",
                  c->link != NULL ? "1" : "NULL");
        lease = ask_again(f); /* and back to where it began */
        o = fx_page(f, &lease, 200);
        fx_body(o, "body");
        o->page.title = STR("Title");
        fx_link(o, "http://a/b");
        o->attempt.time.ended_unix_ms = FX_NOW + 2000 + (int64_t)i * 2000;
        fx_commit(f, 0);
    }
    assert_int_equal(fx_int(f, "SELECT versions FROM page WHERE url = 'http://a/'"),
                     1 + 2 * ARRAY_LEN(changes));
    fx_expect(f, "SELECT count(*) FROM redirect", "0");
}

static void earlier_content__stays_readable(void **state)
{
    struct fixture *f = *state;
    store_first(f, "body");
    struct store_lease lease = ask_again(f);
    fx_body(fx_page(f, &lease, 200), "other");
    fx_commit(f, 0);
    struct store_reader *reader;
    struct errmsg msg = {""};
    struct buf body = BUF_INIT(1000);
    assert_int_equal(store_reader_open(&reader, f->path, &msg), CW_OK);
    const uint8_t *hash = lease.known.body_hash;
    assert_int_equal(store_read_version(reader, STR("http://a/"), hash, &body, &msg), CW_OK);
    assert_string_equal(body.ptr, "body");
    assert_int_equal(store_read_version(reader, STR("http://a/b"), hash, &body, &msg),
                     CW_ENOTFOUND);
    assert_non_null(strstr(msg.text, "never had"));
    assert_int_equal(store_read_version(reader, STR("http://z/"), hash, &body, &msg), CW_ENOTFOUND);
    assert_non_null(strstr(msg.text, "never seen"));
    buf_release(&body);
    store_reader_close(reader);
}

/* ---- sitemaps ---- */

static void announce(struct fixture *f, int64_t modified_unix_ms)
{
    const struct store_found found = {
        .url = STR("http://a/"), .host = STR("a"), .modified_unix_ms = modified_unix_ms};
    f->batch.found = &found;
    f->batch.found_count = 1;
    fx_commit(f, 0);
}

static void news_of_a_page__make_it_due_unless_they_were_wrong_before(void **state)
{
    struct fixture *f = *state;
    const char *due = "SELECT due_at FROM url WHERE url = 'http://a/'";
    store_first(f, "body");
    struct store_lease lease = ask_again(f);
    struct outcome *o = fx_page(f, &lease, 200);
    fx_body(o, "body");
    o->attempt.time.ended_unix_ms = FX_NOW;
    o->has_history = true;
    o->history = (struct page_history){.changes = 1, .exposure_ms = 1};
    fx_commit(f, 0);
    announce(f, FX_NOW - 1);
    fx_expect(f, due, "NULL"); /* older than the answer */
    announce(f, f->now_unix_ms + 1);
    fx_expect(f, due, "NULL"); /* from the future */
    announce(f, FX_NOW + 1);
    assert_string_not_equal(fx_text(f, due), "NULL");
    lease = take(f, "http://a/");
    assert_int_equal(lease.known.history.announced_ms, FX_NOW + 1);
    o = fx_page(f, &lease, 200);
    fx_body(o, "body");
    o->attempt.time.ended_unix_ms = FX_NOW + 2;
    o->has_history = true;
    o->history.traits = PAGE_MISANNOUNCED;
    fx_commit(f, 0);
    announce(f, FX_NOW + 3);
    fx_expect(f, due, "NULL");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(settled_url__stays_settled_until_it_is_due, fx_setup,
                                        fx_teardown),
        cmocka_unit_test_setup_teardown(no_more_come_back_than_are_wanted__the_longest_due_first,
                                        fx_setup, fx_teardown),
        cmocka_unit_test_setup_teardown(run_without_revisits__leaves_them_alone, fx_setup,
                                        fx_teardown),
        cmocka_unit_test_setup_teardown(failed_and_forbidden__come_back_and_leave_the_tally,
                                        fx_setup, fx_teardown),
        cmocka_unit_test_setup_teardown(everything_done_or_failed__is_marked_once, fx_setup,
                                        fx_teardown),
        cmocka_unit_test_setup_teardown(unfinished_pass__goes_on_and_a_finished_one_begins_anew,
                                        fx_setup, fx_teardown),
        cmocka_unit_test_setup_teardown(
            every__counts_from_the_last_answer_and_marks_no_more_than_once, fx_setup, fx_teardown),
        cmocka_unit_test_setup_teardown(lease__carries_what_is_on_record, fx_setup, fx_teardown),
        cmocka_unit_test_setup_teardown(history__comes_back_as_it_was_stored, fx_setup,
                                        fx_teardown),
        cmocka_unit_test_setup_teardown(not_modified__moves_the_time_and_nothing_else, fx_setup,
                                        fx_teardown),
        cmocka_unit_test_setup_teardown(same_answer__is_no_version, fx_setup, fx_teardown),
        cmocka_unit_test_setup_teardown(another_answer__is_a_version_that_says_what_changed,
                                        fx_setup, fx_teardown),
        cmocka_unit_test_setup_teardown(earlier_content__stays_readable, fx_setup, fx_teardown),
        cmocka_unit_test_setup_teardown(news_of_a_page__make_it_due_unless_they_were_wrong_before,
                                        fx_setup, fx_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
