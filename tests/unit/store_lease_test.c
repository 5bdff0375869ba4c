/* Who gets which work, when, and how it comes back; seeds and the summary. */
#include "tests/support/store_fixture.h"

/* "host:path ..." of the last reply, in its order. */
static const char *leases_text(struct fixture *f)
{
    buf_clear(&f->text);
    assert_int_equal(buf_reserve(&f->text, 1), CW_OK);
    for (size_t i = 0; i < f->reply.lease_count; i++) {
        const struct store_lease *l = &f->reply.leases[i];
        assert_true(l->host < f->reply.host_count);
        assert_true(str_eq(f->reply.hosts[l->host].host, fx_host_of(l->url.ptr)));
        assert_int_equal(
            buf_addf(&f->text, "%s" STR_FMT, i > 0 ? " " : "", STR_ARG(str_skip(l->url, 7))),
            CW_OK);
    }
    return f->text.len > 0 ? f->text.ptr : "";
}

#define expect_leases(f, expected) assert_string_equal(leases_text(f), (expected))

static void give_back(struct fixture *f, const char *host)
{
    struct str name = str_of(host);
    f->batch.idle_hosts = &name;
    f->batch.idle_host_count = 1;
    fx_commit(f, 0);
}

static void fail_all(struct fixture *f) /* what the last reply leased */
{
    struct store_reply *r = &f->reply;
    for (size_t i = 0; i < r->lease_count; i++)
        fx_outcome(f, &r->leases[i], URL_FAILED)->err = CW_EDNS;
}

static void longest_waiting_host__comes_first(void **state)
{
    struct fixture *f = *state;
    static const char *const urls[] = {"http://c/", "http://a/", "http://b/"};
    for (size_t i = 0; i < ARRAY_LEN(urls); i++) {
        fx_seed(f, urls[i]);
        fx_commit(f, 0);
        f->now_unix_ms++;
    }
    fx_seed(f, "http://a/more"); /* does not move its host */
    fx_commit(f, 2);
    assert_int_equal(f->reply.host_count, 2);
    assert_true(str_eq(f->reply.hosts[0].host, STR("c")));
    assert_true(str_eq(f->reply.hosts[1].host, STR("a")));
    assert_int_equal(f->reply.lease_count, 3);
    assert_int_equal(f->reply.active, 3);
    assert_int_equal(f->reply.queued, 1);
    fx_commit(f, 9);
    expect_leases(f, "b/");
    fx_commit(f, 9);
    expect_leases(f, ""); /* nothing is leased twice */
}

static void urls_of_a_host__come_by_priority_and_no_more_than_asked(void **state)
{
    struct fixture *f = *state;
    static const char *const urls[] = {"http://a/3", "http://a/1", "http://a/4", "http://a/2"};
    for (size_t i = 0; i < ARRAY_LEN(urls); i++) {
        fx_seed(f, urls[i]);
        f->seeds[i].priority = urls[i][strlen(urls[i]) - 1] - '0';
    }
    f->batch.want.urls_per_host = 2;
    fx_commit(f, 1);
    expect_leases(f, "a/1 a/2");
    fx_commit(f, 1); /* the host is leased: only who has it may have more */
    expect_leases(f, "");
    fx_want(f, "a");
    fx_commit(f, 0);
    expect_leases(f, "a/3 a/4");
}

static void urls_in_all__are_shared_evenly_with_two_of_each_host_at_least(void **state)
{
    struct fixture *f = *state;
    static char urls[30][16];
    for (size_t i = 0; i < ARRAY_LEN(urls); i++) {
        (void)snprintf(urls[i], sizeof urls[i], "http://%c/%zu", "abc"[i % 3], i);
        fx_seed(f, urls[i]);
    }
    f->batch.want.urls = 9;
    fx_commit(f, 2);
    assert_int_equal(f->reply.lease_count, 8); /* four of each */
    f->batch.want.urls = 1;
    fx_commit(f, 1);
    assert_int_equal(f->reply.lease_count, 2);
    f->batch.want.urls = 1000;
    f->batch.want.urls_per_host = 3;
    fx_want(f, "a");
    fx_want(f, "b");
    fx_want(f, "c");
    fx_commit(f, 0);
    assert_int_equal(f->reply.lease_count, 9);
}

static void host_that_just_came__stands_behind_those_that_wait(void **state)
{
    struct fixture *f = *state;
    fx_seed(f, "http://old1/");
    fx_seed(f, "http://old2/");
    fx_commit(f, 0);
    assert_true(f->reply.hosts_wait);
    f->now_unix_ms++;
    fx_seed(f, "http://new1/");
    fx_seed(f, "http://new2/");
    fx_seed(f, "http://old2/x");
    fx_commit(f, 3);
    assert_int_equal(f->reply.host_count, 3);
    assert_true(str_starts(f->reply.hosts[2].host, STR("new"))); /* one of two equals */
    assert_int_equal(f->reply.lease_count, 4);
    assert_true(f->reply.hosts_wait);
    fx_commit(f, 3);
    assert_int_equal(f->reply.lease_count, 1);
    assert_false(f->reply.hosts_wait);
}

static void host_given_back__goes_to_the_end_of_the_line(void **state)
{
    struct fixture *f = *state;
    fx_seed(f, "http://a/1");
    fx_seed(f, "http://a/2");
    f->batch.want.urls_per_host = 1;
    fx_commit(f, 1);
    fail_all(f);
    fx_seed(f, "http://b/");
    fx_commit(f, 0);
    f->now_unix_ms++;
    give_back(f, "a");
    fx_commit(f, 1);
    expect_leases(f, "b/");
    fx_commit(f, 1);
    assert_int_equal(f->reply.lease_count, 1);
    assert_true(str_eq(f->reply.hosts[0].host, STR("a")));
}

static void leased_host_for_which_more_is_queued__is_named(void **state)
{
    struct fixture *f = *state;
    fx_seed(f, "http://a/1");
    fx_seed(f, "http://b/1");
    fx_commit(f, 2);
    assert_int_equal(f->reply.fed_count, 0);
    fx_seed(f, "http://a/2");
    fx_seed(f, "http://c/1"); /* nobody's */
    fx_commit(f, 0);
    assert_int_equal(f->reply.fed_count, 1);
    assert_true(str_eq(f->reply.fed[0], STR("a")));
    fx_want(f, "a");
    fx_commit(f, 0);
    expect_leases(f, "a/2");
    assert_int_equal(f->reply.fed_count, 0);
}

static void url_due_later__stays_until_then_and_is_announced(void **state)
{
    struct fixture *f = *state;
    struct store_lease lease = fx_lease(f, "http://a/");
    struct outcome *o = fx_outcome(f, &lease, URL_QUEUED);
    o->due_unix_ms = FX_NOW + 500;
    fx_want(f, "a");
    fx_commit(f, 0);
    expect_leases(f, "");
    assert_int_equal(f->reply.next_due_unix_ms, FX_NOW + 500); /* of a leased host */
    give_back(f, "a");
    assert_int_equal(f->reply.next_due_unix_ms, FX_NOW + 500); /* of a waiting host */
    f->now_unix_ms += 499;
    fx_commit(f, 1);
    expect_leases(f, "");
    f->now_unix_ms += 1;
    fx_commit(f, 1);
    expect_leases(f, "a/");
    assert_int_equal(f->reply.next_due_unix_ms, 0);
}

static void new_url_of_a_waiting_host__does_not_wait_with_the_others(void **state)
{
    struct fixture *f = *state;
    struct store_lease lease = fx_lease(f, "http://a/");
    fx_outcome(f, &lease, URL_QUEUED)->due_unix_ms = FX_NOW + 60000;
    fx_commit(f, 0);
    give_back(f, "a");
    fx_seed(f, "http://a/new");
    fx_commit(f, 1);
    expect_leases(f, "a/new");
}

static void url_whose_time_has_come__takes_its_place_by_priority(void **state)
{
    struct fixture *f = *state;
    static const char *const urls[] = {"http://a/1", "http://a/2", "http://a/3"};
    for (size_t i = 0; i < ARRAY_LEN(urls); i++) {
        fx_seed(f, urls[i]);
        f->seeds[i].priority = (int32_t)i;
    }
    fx_commit(f, 1);
    for (size_t i = 0; i < 3; i++) /* the last one is due first, the others together */
        fx_outcome(f, &f->reply.leases[i], URL_QUEUED)->due_unix_ms = FX_NOW + (i == 2 ? 10 : 20);
    fx_seed(f, "http://a/next");
    f->seeds[0].priority = 1;
    fx_want(f, "a");
    fx_commit(f, 0);
    expect_leases(f, "a/next");
    f->now_unix_ms = FX_NOW + 10;
    fx_want(f, "a");
    fx_commit(f, 0);
    expect_leases(f, "a/3");
    f->now_unix_ms = FX_NOW + 20;
    f->batch.want.urls_per_host = 1;
    fx_seed(f, "http://a/low");
    f->seeds[0].priority = 9;
    fx_want(f, "a");
    fx_commit(f, 0);
    assert_int_equal(f->reply.lease_count, 1); /* one of the two */
    fx_expect(f, "SELECT count(*), count(due_at) FROM url WHERE state = 'queued'", "2|1");
    fx_want(f, "a");
    fx_commit(f, 0);
    assert_int_equal(f->reply.lease_count, 2);
    assert_true(str_eq(f->reply.leases[1].url, STR("http://a/low")));
    assert_int_equal(f->reply.next_due_unix_ms, 0);
}

/* A host with a long queue is one in the line like any other. */
static void huge_host__does_not_starve_the_small_ones(void **state)
{
    enum { SMALL = 21, HUGE_URLS = 40 }; /* odd: two at a time, with the huge one */
    struct fixture *f = *state;
    static char urls[SMALL + HUGE_URLS][32];
    struct str huge = STR("huge");
    for (size_t i = 0; i < SMALL + HUGE_URLS; i++) {
        (void)snprintf(urls[i], sizeof urls[i], i < HUGE_URLS ? "http://huge/%zu" : "http://s%zu/",
                       i);
        fx_seed(f, urls[i]);
        if (i == HUGE_URLS - 1) /* it comes first */
            fx_commit(f, 0);
    }
    f->now_unix_ms++;
    fx_commit(f, 0);
    size_t small = 0, rounds = 0, huge_turns = 0;
    for (; small < SMALL && rounds < 100; rounds++) {
        f->now_unix_ms++;
        f->batch.want.urls_per_host = 2;
        fx_commit(f, 2);
        bool has_huge = false;
        for (size_t i = 0; i < f->reply.host_count; i++)
            has_huge |= str_eq(f->reply.hosts[i].host, huge);
        small += f->reply.host_count - has_huge;
        huge_turns += has_huge;
        fail_all(f);
        f->batch.idle_hosts = &huge;
        f->batch.idle_host_count = has_huge;
    }
    fx_commit(f, 0);
    assert_true(rounds <= SMALL / 2 + 1);
    assert_int_equal(huge_turns, 1); /* it went to the end of the line, behind all of them */
    assert_true(f->reply.hosts_wait);
    fx_commit(f, 9);
    assert_int_equal(f->reply.host_count, 1);
    assert_false(f->reply.hosts_wait);
}

static void host_in_back_off__is_not_leased_and_its_clock_survives(void **state)
{
    struct fixture *f = *state;
    struct store_host clock = {.host = STR("a"),
                               .delay_ms = 1500,
                               .last_fetch_unix_ms = FX_NOW - 1,
                               .backoff_until_unix_ms = FX_NOW + 1000,
                               .robots_status = -(int)CW_ETIMEOUT,
                               .robots_unix_ms = FX_NOW - 2};
    fx_seed(f, "http://a/");
    f->batch.hosts = &clock;
    f->batch.host_count = 1;
    fx_commit(f, 1);
    expect_leases(f, "");
    assert_int_equal(f->reply.next_due_unix_ms, FX_NOW + 1000);
    fx_expect(f, "SELECT host, delay_ms, backoff_until, robots_status, robots_fetched_at FROM host",
              "a|1500|2023-11-14T22:13:21.123Z|timeout|2023-11-14T22:13:20.121Z");
    fx_close(f, NULL);
    fx_open(f);
    f->now_unix_ms += 1000;
    fx_commit(f, 1);
    assert_int_equal(f->reply.host_count, 1);
    const struct store_host *got = &f->reply.hosts[0];
    assert_int_equal(got->delay_ms, 1500);
    assert_int_equal(got->last_fetch_unix_ms, FX_NOW - 1);
    assert_int_equal(got->backoff_until_unix_ms, FX_NOW + 1000);
    assert_int_equal(got->robots_status, -(int)CW_ETIMEOUT);
    assert_int_equal(got->robots_unix_ms, FX_NOW - 2);
}

static void leases__lapse_when_the_store_closes(void **state)
{
    struct fixture *f = *state;
    fx_lease(f, "http://a/");
    fx_close(f, "interrupted");
    fx_expect(f, "SELECT state FROM url", "queued");
    fx_open(f);
    fx_commit(f, 0);
    assert_int_equal(f->reply.queued, 1);
    assert_int_equal(f->reply.active, 0);
    fx_commit(f, 1);
    expect_leases(f, "a/");
}

/* What lapsed may have nothing that is due: such a host must not stand before the others. */
static void lapsed_host_without_due_urls__lets_others_pass(void **state)
{
    struct fixture *f = *state;
    struct store_lease lease = fx_lease(f, "http://a/");
    fx_outcome(f, &lease, URL_QUEUED)->due_unix_ms = FX_NOW + 60000;
    fx_commit(f, 0);
    fx_close(f, NULL); /* still leased */
    fx_open(f);
    fx_seed(f, "http://b/");
    fx_commit(f, 1);
    fx_commit(f, 1);
    expect_leases(f, "b/");
    assert_int_equal(f->reply.next_due_unix_ms, FX_NOW + 60000);
}

static void seeds__are_listed_with_the_targets_of_their_redirects(void **state)
{
    struct fixture *f = *state;
    struct store_seeds seeds;
    struct store_lease lease = fx_lease(f, "http://a/");
    f->now_unix_ms++;
    struct outcome *o = fx_page(f, &lease, 301);
    fx_redirect(o, "http://www.a/");
    fx_link(o, "http://a/link");
    fx_commit(f, 0);
    assert_int_equal(store_list_seeds(f->store, &seeds, NULL), CW_OK);
    assert_int_equal(seeds.count, 2);
    assert_true(str_eq(seeds.urls[0], STR("http://a/")));
    assert_true(str_eq(seeds.urls[1], STR("http://www.a/")));
    store_seeds_release(&seeds);
}

static void retried_seeds__are_those_that_failed_or_answered_5xx(void **state)
{
    struct fixture *f = *state;
    static const char *const urls[] = {"http://a/", "http://b/", "http://c/", "http://d/"};
    for (size_t i = 0; i < ARRAY_LEN(urls); i++) {
        struct store_lease lease = fx_lease(f, urls[i]);
        if (i == 0)
            fx_outcome(f, &lease, URL_FAILED)->err = CW_ECONNECT;
        else
            fx_page(f, &lease, i == 1 ? 503 : i == 2 ? 404 : 200);
        fx_commit(f, 0);
    }
    give_back(f, "a");
    give_back(f, "b");
    assert_int_equal(store_retry_seeds(f->store, NULL), CW_OK);
    fx_expect(f, "SELECT url, attempts, reason FROM url WHERE state = 'queued' ORDER BY url",
              "http://a/|0|NULL http://b/|0|NULL");
    fx_commit(f, 9);
    assert_int_equal(f->reply.lease_count, 2);
}

static void summary__counts_by_status_and_reason(void **state)
{
    struct fixture *f = *state;
    struct store_summary s;
    struct store_lease lease = fx_lease(f, "http://a/");
    struct outcome *o = fx_page(f, &lease, 301);
    fx_redirect(o, "http://b/");
    fx_commit(f, 1);
    o = fx_page(f, &f->reply.leases[0], 200);
    fx_link(o, "http://x/1")->verdict.reason = EXCLUDE_SCOPE;
    fx_link(o, "http://x/2")->verdict.reason = EXCLUDE_SCOPE;
    fx_link(o, "http://x/3")->verdict.reason = EXCLUDE_DEPTH;
    fx_link(o, "http://y/");
    fx_commit(f, 1);
    fail_all(f);
    fx_seed(f, "http://z/");
    fx_commit(f, 0);
    assert_int_equal(store_summarise(f->store, &s, NULL), CW_OK);
    assert_int_equal(s.status_count, 2);
    assert_int_equal(s.reason_count, 3);
    assert_true(str_eq(s.reasons[0].name, STR("excluded: scope")) && s.reasons[0].count == 2);
    assert_true(str_eq(s.reasons[1].name, STR("failed: dns")) && s.reasons[1].count == 1);
    assert_true(str_eq(s.statuses[0].name, STR("200")) && s.statuses[0].count == 1);
    assert_int_equal(s.queued, 1);
    assert_int_equal(s.done, 2);
    assert_int_equal(s.failed, 1);
    assert_int_equal(s.excluded, 3);
    assert_int_equal(s.seeds, 3);
    assert_int_equal(s.seeds_fetched, 1); /* the target; the redirect itself is no page */
    store_summary_release(&s);
}

#define T(test) cmocka_unit_test_setup_teardown(test, fx_setup, fx_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(longest_waiting_host__comes_first),
        T(urls_of_a_host__come_by_priority_and_no_more_than_asked),
        T(urls_in_all__are_shared_evenly_with_two_of_each_host_at_least),
        T(host_that_just_came__stands_behind_those_that_wait),
        T(host_given_back__goes_to_the_end_of_the_line),
        T(leased_host_for_which_more_is_queued__is_named),
        T(url_due_later__stays_until_then_and_is_announced),
        T(new_url_of_a_waiting_host__does_not_wait_with_the_others),
        T(url_whose_time_has_come__takes_its_place_by_priority),
        T(huge_host__does_not_starve_the_small_ones),
        T(host_in_back_off__is_not_leased_and_its_clock_survives),
        T(leases__lapse_when_the_store_closes),
        T(lapsed_host_without_due_urls__lets_others_pass),
        T(seeds__are_listed_with_the_targets_of_their_redirects),
        T(retried_seeds__are_those_that_failed_or_answered_5xx),
        T(summary__counts_by_status_and_reason),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
