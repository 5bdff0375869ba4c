/* What a batch does to the database: states, pages, links, redirects. */
#include "storage/sqlite/keys.h"
#include "tests/support/store_fixture.h"

/* ---- one page ---- */

static void page_with_everything__is_seen_whole_in_the_views(void **state)
{
    struct fixture *f = *state;
    struct store_lease lease = fx_lease(f, "http://a/");
    struct outcome *o = fx_page(f, &lease, 200);
    o->page.title = STR("Title");
    o->page.noindex = true;
    o->page.words = 7;
    fx_body(o, "body");
    fx_link(o, "http://a/b")->text = STR("to b");
    fx_link(o, "http://c/")->nofollow = true;
    fx_commit(f, 0);
    fx_expect(f,
              "SELECT url, final_url, status, error, content_type, title, noindex, depth, referrer,"
              " fetched_at, elapsed_ms, first_byte_ms, size, links, words, versions FROM page",
              "http://a/|http://a/|200|NULL|text/html|Title|1|0|NULL|2023-11-14T22:13:20.123Z|50|30"
              "|4|2|7|1");
    fx_expect(f, "SELECT * FROM link",
              "http://a/|http://a/b|a|NULL|to b|0|1 http://a/|http://c/|a|NULL|NULL|1|0");
    fx_expect(f,
              "SELECT url, host, state, reason, depth, priority, due_at, attempts, found_on,"
              " first_seen_at FROM url ORDER BY url",
              "http://a/|a|done|NULL|0|0|NULL|1|NULL|2023-11-14T22:13:20.123Z"
              " http://a/b|a|queued|NULL|1|1|NULL|0|http://a/|2023-11-14T22:13:20.123Z"
              " http://c/|c|queued|NULL|1|1|NULL|0|http://a/|2023-11-14T22:13:20.123Z");
    fx_expect(f,
              "SELECT url, kind, attempt, status, error, dns_ms, tls_ms, size, http_version,"
              " remote_ip, started_at FROM fetch",
              "http://a/|page|1|200|NULL|1|NULL|100|1.1|127.0.0.1|2023-11-14T22:13:20.073Z");
    fx_expect(f, "SELECT pages, errors, bytes FROM crawl", "1|0|100");
}

static void failed_and_excluded__say_why(void **state)
{
    struct fixture *f = *state;
    struct store_lease lease = fx_lease(f, "http://a/");
    struct outcome *o = fx_outcome(f, &lease, URL_FAILED);
    o->err = CW_EDNS;
    lease = fx_lease(f, "http://b/");
    o = fx_outcome(f, &lease, URL_EXCLUDED);
    o->reason = EXCLUDE_ROBOTS;
    o->detail = STR("line 3: Disallow: /x");
    lease = fx_lease(f, "http://c/");
    o = fx_outcome(f, &lease, URL_EXCLUDED);
    o->reason = EXCLUDE_BUDGET;
    fx_commit(f, 0);
    fx_expect(f, "SELECT state, reason FROM url ORDER BY url",
              "failed|dns: no such host excluded|robots: line 3: Disallow: /x excluded|budget");
    fx_expect(f, "SELECT count(*) FROM page", "0");
}

static void robots_attempt__stands_in_fetch_and_in_the_host(void **state)
{
    struct fixture *f = *state;
    struct attempt attempt = {.kind = FETCH_ROBOTS,
                              .url = STR("http://a/robots.txt"),
                              .host = STR("a"),
                              .err = CW_ECONNECT,
                              .size = 9,
                              .time = {.started_unix_ms = FX_NOW, .ended_unix_ms = FX_NOW + 1}};
    f->batch.attempts = &attempt;
    f->batch.attempt_count = 1;
    fx_commit(f, 0);
    fx_expect(f, "SELECT url, kind, status, error FROM fetch",
              "http://a/robots.txt|robots|NULL|connect");
    fx_expect(f, "SELECT host, urls, errors, bytes FROM host", "a|0|1|9");
}

static void second_answer__takes_the_place_of_the_first(void **state)
{
    struct fixture *f = *state;
    struct store_lease lease = fx_lease(f, "http://a/");
    struct outcome *o = fx_page(f, &lease, 503);
    fx_link(o, "http://a/1");
    fx_redirect(o, "http://a/2");
    o->state = URL_QUEUED;
    o->due_unix_ms = FX_NOW + 1000;
    fx_commit(f, 0);
    fx_expect(f, "SELECT state, due_at, attempts FROM url WHERE url = 'http://a/'",
              "queued|2023-11-14T22:13:21.123Z|1");
    f->now_unix_ms += 2000;
    fx_want(f, "a");
    fx_commit(f, 0);
    assert_int_equal(f->reply.lease_count, 3);
    assert_int_equal(f->reply.leases[0].url_id, lease.url_id);
    assert_int_equal(f->reply.leases[0].attempts, 1);
    o = fx_page(f, &f->reply.leases[0], 200);
    fx_link(o, "http://a/3");
    fx_commit(f, 0);
    fx_expect(f, "SELECT status, links FROM page", "200|1");
    fx_expect(f, "SELECT to_url FROM link; SELECT count(*) FROM redirect", "http://a/3 0");
    fx_expect(f, "SELECT status, attempt FROM fetch", "503|1 200|2");
}

static void same_content__is_stored_once_and_listed_as_duplicate(void **state)
{
    struct fixture *f = *state;
    static const char *const urls[] = {"http://a/", "http://b/", "http://c/"};
    for (size_t i = 0; i < ARRAY_LEN(urls); i++) {
        struct store_lease lease = fx_lease(f, urls[i]);
        fx_body(fx_page(f, &lease, 200), i < 2 ? "same" : "other");
        f->now_unix_ms++;
        fx_commit(f, 0);
    }
    fx_expect(f, "SELECT count(*) FROM body_", "2");
    fx_expect(f, "SELECT * FROM duplicate", "http://b/|http://a/|1.0");
}

/* ---- what is discovered ---- */

static void url_seen_before__keeps_its_row_and_takes_the_shorter_way(void **state)
{
    struct fixture *f = *state;
    struct store_lease lease = fx_lease(f, "http://a/");
    struct outcome *o = fx_page(f, &lease, 200);
    struct page_link *link = fx_link(o, "http://a/x");
    link->depth = link->priority = 5;
    link = fx_link(o, "http://a/x"); /* twice on one page */
    link->depth = link->priority = 3;
    fx_commit(f, 0);
    fx_expect(f, "SELECT depth, priority FROM url WHERE url = 'http://a/x'", "3|3");
    fx_expect(f, "SELECT count(*) FROM link", "2");
    lease = fx_lease(f, "http://b/");
    o = fx_page(f, &lease, 200);
    link = fx_link(o, "http://a/x");
    link->depth = link->priority = 1;
    fx_commit(f, 0);
    fx_expect(f, "SELECT depth, priority, found_on FROM url WHERE url = 'http://a/x'",
              "1|1|http://a/");
}

static const struct lift_case {
    const char *name;
    enum exclude_reason reason;
    bool is_seed;
    const char *expected;
} lift_cases[] = {
    {"depth: a shorter way may do", EXCLUDE_DEPTH, false, "queued|NULL"},
    {"nofollow: one plain link is enough", EXCLUDE_NOFOLLOW, false, "queued|NULL"},
    {"redirects: linked directly", EXCLUDE_HOPS, false, "queued|NULL"},
    {"scope: it has grown since", EXCLUDE_SCOPE, false, "queued|NULL"},
    {"trap: decided on the spot", EXCLUDE_TRAP, false, "excluded|trap"},
    {"trap: a person names it", EXCLUDE_TRAP, true, "queued|NULL"},
    {"robots: a link changes nothing", EXCLUDE_ROBOTS, false, "excluded|robots"},
};

static void excluded_url_that_a_newer_verdict_allows(void **state)
{
    struct fixture *f = *state;
    for (size_t i = 0; i < ARRAY_LEN(lift_cases); i++) {
        const struct lift_case *c = &lift_cases[i];
        char from[2][64], url[64], sql[128];
        snprintf(url, sizeof url, "http://x/%zu", i);
        for (int round = 0; round < 2; round++) {
            snprintf(from[round], sizeof from[round], "http://from%d%zu/", round, i);
            fx_seed(f, from[round]);
            fx_commit(f, 1);
            struct outcome *o = fx_page(f, &f->reply.leases[0], 200);
            if (round == 0)
                fx_link(o, url)->verdict.reason = c->reason;
            else if (c->is_seed)
                fx_seed(f, url);
            else
                fx_link(o, url);
            fx_commit(f, 0);
        }
        snprintf(sql, sizeof sql, "SELECT state, reason FROM url WHERE url = '%s'", url);
        if (strcmp(fx_text(f, sql), c->expected) != 0)
            fail_msg("%s: got %s, expected %s", c->name, f->text.ptr, c->expected);
        f->batch.want.urls_per_host = 100; /* empty the line for the next case */
        fx_commit(f, 100);
    }
}

static void both_verdicts_in_one_batch__the_one_that_allows_counts(void **state)
{
    struct fixture *f = *state;
    struct store_lease lease = fx_lease(f, "http://a/");
    struct outcome *o = fx_page(f, &lease, 200);
    fx_link(o, "http://a/x")->verdict.reason = EXCLUDE_NOFOLLOW;
    fx_link(o, "http://a/x");
    fx_link(o, "http://a/y")->verdict = (struct verdict){EXCLUDE_PATTERN, STR("*y")};
    fx_commit(f, 0);
    fx_expect(f, "SELECT state, reason FROM url WHERE depth = 1 ORDER BY url",
              "queued|NULL excluded|exclude: *y");
}

/* Real collisions, found by search: the birthday bound of 28 and 35 bits is near. */
static int by_number(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;
    return *x < *y ? -1 : *x > *y;
}

static int64_t key_of_number(bool is_host, int number)
{
    char text[64];
    int len = is_host ? snprintf(text, sizeof text, "h%d", number)
                      : snprintf(text, sizeof text, "http://h/%d", number);
    struct str s = str_from(text, (size_t)len);
    return is_host ? key_host(s) : key_url(0, s);
}

static void find_collision(bool is_host, int count, int ret[2])
{
    int64_t *keys = calloc((size_t)count, sizeof *keys), shared = -1;
    for (int i = 0; i < count; i++)
        keys[i] = key_of_number(is_host, i);
    qsort(keys, (size_t)count, sizeof *keys, by_number);
    for (int i = 1; shared < 0 && i < count; i++)
        if (keys[i] == keys[i - 1])
            shared = keys[i];
    free(keys);
    assert_true(shared >= 0);
    for (int i = 0, found = 0; found < 2; i++)
        if (key_of_number(is_host, i) == shared)
            ret[found++] = i;
}

/* A sitemap's URL is as good as a link's, but no page names it. */
static void found_elsewhere__is_queued_or_excluded_like_a_link(void **state)
{
    struct fixture *f = *state;
    const struct store_found found[] = {
        {.url = STR("http://a/new"), .host = STR("a"), .depth = 1, .priority = 1},
        {.url = STR("http://a/no"),
         .host = STR("a"),
         .depth = 1,
         .priority = 1,
         .verdict = {EXCLUDE_PATTERN, STR("*no")}},
        {.url = STR("http://a/new"), .host = STR("a"), .depth = 3, .priority = 3},
        {.url = STR("http://a/"), .host = STR("a"), .depth = 1, .priority = 1},
    };
    fx_lease(f, "http://a/");
    f->batch.found = found;
    f->batch.found_count = ARRAY_LEN(found);
    fx_commit(f, 0);
    fx_expect(f, "SELECT url, state, reason, depth, priority, found_on FROM url ORDER BY url",
              "http://a/|active|NULL|0|0|NULL http://a/new|queued|NULL|1|1|NULL"
              " http://a/no|excluded|exclude: *no|1|1|NULL");
}

/* What only links lead to is not read from the database as long as nothing about it changes. */
static void host_linked_to_again__counts_what_is_new(void **state)
{
    static const struct {
        const char *page, *link, *urls; /* of host b */
    } cases[] = {
        {"http://a1/", "http://b/1", "1"},
        {"http://a2/", "http://b/1", "1"},
        {"http://a3/", "http://b/2", "2"},
        {"http://a4/", "http://b/3", "3"},
    };
    struct fixture *f = *state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct store_lease lease = fx_lease(f, cases[i].page);
        struct outcome *o = fx_page(f, &lease, 200);
        fx_link(o, "http://b/1")->verdict.reason = EXCLUDE_SCOPE;
        fx_link(o, cases[i].link)->verdict.reason = EXCLUDE_SCOPE;
        fx_commit(f, 0);
        fx_expect(f, "SELECT urls FROM host WHERE host = 'b'", cases[i].urls);
    }
}

static void colliding_names__stay_apart(void **state)
{
    struct fixture *f = *state;
    int hosts[2], urls[2];
    char text[4][64];
    find_collision(true, 100000, hosts);
    find_collision(false, 1000000, urls);
    for (int i = 0; i < 2; i++) {
        snprintf(text[i], sizeof text[i], "http://h%d/", hosts[i]);
        snprintf(text[i + 2], sizeof text[i + 2], "http://h/%d", urls[i]);
    }
    for (int round = 0; round < 2; round++) { /* new at first, then found again */
        for (int i = 0; i < 4; i++)
            fx_seed(f, text[i]);
        fx_commit(f, 0);
        assert_int_equal(f->reply.seen, 4);
    }
    fx_expect(f, "SELECT count(DISTINCT host) FROM url", "3");
    fx_expect(f,
              "SELECT max(u.id) - min(u.id) FROM url_ AS u JOIN host_ AS h ON h.id = host_id"
              " WHERE h.name = 'h'; SELECT count(*) FROM (SELECT id FROM host_ AS a WHERE EXISTS"
              " (SELECT 1 FROM host_ WHERE id = a.id + 1))",
              "1 1"); /* without that the test would prove nothing */
    f->batch.want.urls_per_host = 1;
    fx_commit(f, 9);
    for (size_t i = 0; i < f->reply.lease_count; i++)
        fx_page(f, &f->reply.leases[i], 200);
    fx_commit(f, 0);
    fx_expect(f, "SELECT count(*) FROM page", "3");
}

static void url_over_the_limit__keeps_its_head(void **state)
{
    struct fixture *f = *state;
    char url[URL_MAX_BYTES + 100];
    snprintf(url, sizeof url, "http://a/%0*d", (int)sizeof url - 10, 1);
    struct store_lease lease = fx_lease(f, "http://a/");
    fx_link(fx_page(f, &lease, 200), url)->verdict.reason = EXCLUDE_TOO_LONG;
    fx_commit(f, 0);
    fx_expect(f, "SELECT length(url), reason FROM url WHERE state = 'excluded'", "2048|too-long");
}

static void outcome_of_what_is_not_leased__is_refused_whole(void **state)
{
    struct fixture *f = *state;
    struct errmsg msg;
    struct store_lease lease = fx_lease(f, "http://a/");
    fx_page(f, &lease, 200);
    fx_page(f, &lease, 200);
    assert_int_equal(fx_try_commit(f, 0, &msg), CW_EINVAL);
    fx_expect(f, "SELECT state FROM url", "active");
    fx_page(f, &lease, 200);
    fx_commit(f, 0);
    fx_page(f, &lease, 200);
    assert_int_equal(fx_try_commit(f, 0, &msg), CW_EINVAL);
    fx_check_counters(f);
}

/* ---- redirects ---- */

static void redirect_of_a_seed__makes_a_seed_of_the_same_depth(void **state)
{
    struct fixture *f = *state;
    struct store_lease lease = fx_lease(f, "http://a/");
    fx_redirect(fx_page(f, &lease, 301), "http://www.a/");
    fx_commit(f, 1);
    assert_true(f->reply.leases[0].is_seed);
    assert_int_equal(f->reply.leases[0].depth, 0);
    assert_int_equal(f->reply.leases[0].hops, 1);
    fx_link(fx_page(f, &f->reply.leases[0], 200), "http://www.a/x");
    fx_commit(f, 0);
    fx_want(f, "www.a");
    fx_commit(f, 0);
    assert_int_equal(f->reply.lease_count, 1);
    assert_false(f->reply.leases[0].is_seed);
    assert_int_equal(f->reply.leases[0].hops, 0);
    fx_expect(f, "SELECT * FROM redirect", "http://a/|http://www.a/|301");
    fx_expect(f, "SELECT url, final_url FROM page ORDER BY url",
              "http://a/|http://www.a/ http://www.a/|http://www.a/");
}

static void redirect_that_closes_a_loop__fails(void **state)
{
    struct fixture *f = *state;
    static const char *const chain[] = {"http://a/1", "http://a/2", "http://a/3", "http://a/1"};
    struct store_lease lease = fx_lease(f, chain[0]);
    for (int i = 0; i < 3; i++) {
        fx_redirect(fx_page(f, &lease, 302), chain[i + 1]);
        fx_commit(f, 0);
        fx_want(f, "a");
        fx_commit(f, 0);
        if (i < 2)
            lease = f->reply.leases[0];
    }
    assert_int_equal(f->reply.lease_count, 0);
    fx_expect(f, "SELECT state, reason FROM url ORDER BY url",
              "done|NULL done|NULL failed|redirect: a loop of redirects");
    fx_expect(f, "SELECT error, final_url FROM page ORDER BY url",
              "NULL|http://a/3 NULL|http://a/3 redirect|http://a/3");
    fx_expect(f, "SELECT count(*) FROM redirect", "3");
}

static void redirect_to_itself__fails(void **state)
{
    struct fixture *f = *state;
    struct store_lease lease = fx_lease(f, "http://a/");
    fx_redirect(fx_page(f, &lease, 302), "http://a/");
    fx_commit(f, 0);
    fx_expect(f, "SELECT state FROM url; SELECT error FROM page", "failed redirect");
}

static void eleventh_redirect_in_a_row__fails_and_excludes_its_target(void **state)
{
    struct fixture *f = *state;
    char url[16][32];
    for (int i = 0; i < 16; i++)
        snprintf(url[i], sizeof url[i], "http://h%d/", i);
    struct store_lease lease = fx_lease(f, url[0]);
    for (int i = 1; i <= 11; i++) {
        fx_redirect(fx_page(f, &lease, 302), url[i]);
        fx_commit(f, 1);
        if (f->reply.lease_count > 0)
            lease = f->reply.leases[0];
    }
    fx_expect(f, "SELECT url, state, reason FROM url WHERE reason NOT NULL ORDER BY url",
              "http://h10/|failed|redirect: more than 10 redirects in a row"
              " http://h11/|excluded|redirect");
    fx_expect(f, "SELECT final_url FROM page WHERE url = 'http://h0/'", "http://h10/");
}

static void broken_links__are_those_whose_target_failed_or_leads_there(void **state)
{
    struct fixture *f = *state;
    struct store_lease lease = fx_lease(f, "http://a/");
    struct outcome *o = fx_page(f, &lease, 200);
    fx_link(o, "http://a/404")->text = STR("gone");
    fx_link(o, "http://a/dns");
    fx_link(o, "http://a/ok");
    fx_link(o, "http://a/to404");
    fx_link(o, "http://a/robots")->verdict.reason = EXCLUDE_ROBOTS;
    fx_commit(f, 0);
    fx_want(f, "a");
    fx_commit(f, 0);
    assert_int_equal(f->reply.lease_count, 4);
    for (size_t i = 0; i < 4; i++) {
        const struct store_lease *l = &f->reply.leases[i];
        if (str_ends(l->url, STR("/404")))
            fx_page(f, l, 404);
        else if (str_ends(l->url, STR("/dns")))
            fx_outcome(f, l, URL_FAILED)->err = CW_EDNS;
        else if (str_ends(l->url, STR("/ok")))
            fx_page(f, l, 200);
        else
            fx_redirect(fx_page(f, l, 301), "http://a/404");
    }
    fx_commit(f, 0);
    fx_expect(f, "SELECT * FROM broken_link ORDER BY to_url",
              "http://a/|http://a/404|gone|404|NULL http://a/|http://a/dns|NULL|NULL|dns"
              " http://a/|http://a/to404|NULL|404|NULL");
}

#define T(test) cmocka_unit_test_setup_teardown(test, fx_setup, fx_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(page_with_everything__is_seen_whole_in_the_views),
        T(failed_and_excluded__say_why),
        T(robots_attempt__stands_in_fetch_and_in_the_host),
        T(second_answer__takes_the_place_of_the_first),
        T(same_content__is_stored_once_and_listed_as_duplicate),
        T(url_seen_before__keeps_its_row_and_takes_the_shorter_way),
        T(excluded_url_that_a_newer_verdict_allows),
        T(both_verdicts_in_one_batch__the_one_that_allows_counts),
        T(found_elsewhere__is_queued_or_excluded_like_a_link),
        T(host_linked_to_again__counts_what_is_new),
        T(colliding_names__stay_apart),
        T(url_over_the_limit__keeps_its_head),
        T(outcome_of_what_is_not_leased__is_refused_whole),
        T(redirect_of_a_seed__makes_a_seed_of_the_same_depth),
        T(redirect_that_closes_a_loop__fails),
        T(redirect_to_itself__fails),
        T(eleventh_redirect_in_a_row__fails_and_excludes_its_target),
        T(broken_links__are_those_whose_target_failed_or_leads_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
