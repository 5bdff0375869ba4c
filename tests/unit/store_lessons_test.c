/* What budgets and traps are told again: counts of domains, lessons, places in the queue. */
#include "tests/support/store_fixture.h"

/* "a.example.org:81" and "example.org" are of "example.org". */
static struct str domain_of(struct str host)
{
    size_t at = str_find(host, STR("example."));
    struct str domain = str_skip(host, at);
    return str_first(domain, str_find_char(domain, ':'));
}

static int setup(void **state)
{
    if (fx_setup(state) != 0)
        return -1;
    struct fixture *f = *state;
    fx_close(f, NULL);
    const struct store_options options = {.path = f->path, .domain_of = domain_of};
    struct errmsg msg;
    return store_open(&f->store, &options, &msg) == CW_OK ? 0 : -1;
}

/* Commits; the URL's host goes back, so that it can come in again. */
static void land(struct fixture *f, const char *url)
{
    const struct str host = fx_host_of(url);
    f->batch.idle_hosts = &host;
    f->batch.idle_host_count = 1;
    fx_commit(f, 0);
}

static void land_page(struct fixture *f, const char *url)
{
    struct store_lease lease = fx_lease(f, url);
    fx_page(f, &lease, 200);
    land(f, url);
}

static void domains__count_their_hosts_that_have_pages(void **state)
{
    struct fixture *f = *state;
    land_page(f, "http://a.example.org/");
    land_page(f, "http://a.example.org/2");
    land_page(f, "http://example.org/");
    land_page(f, "http://example.net/");
    struct store_lease lease = fx_lease(f, "http://b.example.org/");
    fx_outcome(f, &lease, URL_FAILED)->err = CW_EDNS;
    land(f, "http://b.example.org/");
    fx_seed(f, "http://c.example.org/");
    fx_commit(f, 1);
    assert_int_equal(f->reply.host_count, 1);
    const struct budget_stored *stored = &f->reply.hosts[0].stored;
    assert_true(str_eq(stored->domain, STR("example.org")));
    assert_true(stored->pages == 0 && stored->domain_pages == 3 && stored->domain_hosts == 2);
}

/* The host of the page stays leased, so nothing but its counts changes. */
static void a_page__counts_for_the_host_that_the_same_batch_leases(void **state)
{
    struct fixture *f = *state;
    struct store_lease lease = fx_lease(f, "http://a.example.org/");
    fx_page(f, &lease, 200);
    fx_seed(f, "http://b.example.org/");
    fx_commit(f, 1);
    assert_int_equal(f->reply.host_count, 1);
    const struct budget_stored *stored = &f->reply.hosts[0].stored;
    assert_true(stored->pages == 0 && stored->domain_pages == 1 && stored->domain_hosts == 1);
}

static void a_page_that_is_fetched_again__counts_once(void **state)
{
    struct fixture *f = *state;
    land_page(f, "http://a.example.org/");
    fx_close(f, "finished");
    const struct store_options options = {.path = f->path, .domain_of = domain_of};
    struct errmsg msg;
    assert_int_equal(store_open(&f->store, &options, &msg), CW_OK);
    land_page(f, "http://a.example.org/2");
    fx_seed(f, "http://a.example.org/3");
    fx_commit(f, 1);
    assert_int_equal(f->reply.hosts[0].stored.pages, 2);
    assert_int_equal(f->reply.hosts[0].stored.domain_pages, 2);
    assert_int_equal(f->reply.hosts[0].stored.domain_hosts, 1);
}

static void lessons__come_back_with_the_lease_of_their_host(void **state)
{
    struct fixture *f = *state;
    struct trap_lesson lessons[] = {
        {STR("a.example.org"), TRAP_HOST, 0, STR_NONE, 80, 400, 3},
        {STR("a.example.org"), TRAP_CLASS, UINT64_MAX - 5, STR("/cal?m"), 60, 8, 3},
        {STR("a.example.org"), TRAP_ALIAS, 7, STR("sid"), 1, 9, 40},
        {STR("other.example"), TRAP_HOST, 0, STR_NONE, 1, 1, 1},
    };
    land_page(f, "http://a.example.org/");
    f->batch.lessons = lessons;
    f->batch.lesson_count = ARRAY_LEN(lessons);
    fx_commit(f, 0);
    lessons[1].count = 61; /* the later word counts */
    f->batch.lessons = &lessons[1];
    f->batch.lesson_count = 1;
    fx_seed(f, "http://a.example.org/2");
    fx_commit(f, 1);
    assert_int_equal(f->reply.lease_count, 1);
    assert_int_equal(f->reply.lesson_count, 4); /* with what was fetched, as there is an alias */
    const struct trap_lesson *got = f->reply.lessons;
    assert_true(got[0].kind == TRAP_HOST && got[0].count == 80 && got[0].gain == 400);
    assert_true(got[1].kind == TRAP_CLASS && got[1].key == UINT64_MAX - 5 && got[1].count == 61);
    assert_true(str_eq(got[1].name, STR("/cal?m")) && got[1].refused == 3);
    assert_true(got[2].kind == TRAP_ALIAS && str_eq(got[2].name, STR("sid")) && got[2].gain == 9);
    assert_true(str_eq(got[2].host, STR("a.example.org")));
    assert_true(got[3].kind == TRAP_URL && str_eq(got[3].name, STR("http://a.example.org/")));
    fx_want(f, "a.example.org"); /* leased already: nothing is told twice */
    fx_seed(f, "http://a.example.org/3");
    fx_commit(f, 0);
    assert_int_equal(f->reply.lesson_count, 0);
}

/* Puts `url` behind all others, as a trap does. */
static void put_last(struct fixture *f, const char *url, int32_t priority)
{
    struct store_lease lease = fx_lease(f, url);
    fx_outcome(f, &lease, URL_QUEUED)->late_priority = priority;
    land(f, url);
}

static void what_is_late__comes_last_however_it_is_found_again(void **state)
{
    struct fixture *f = *state;
    struct store_lease lease = fx_lease(f, "http://b.example.org/");
    put_last(f, "http://a.example.org/late", PRIORITY_LATE + 3);
    fx_link(fx_page(f, &lease, 200), "http://a.example.org/late");
    fx_link(f->outcomes[0], "http://a.example.org/soon");
    fx_commit(f, 0);
    fx_expect(f,
              "SELECT url, state, priority >= 16777219 FROM url WHERE host = 'a.example.org' ORDER "
              "BY url",
              "http://a.example.org/late|queued|1 http://a.example.org/soon|queued|0");
    fx_commit(f, 5);
    assert_int_equal(f->reply.lease_count, 2);
    assert_true(str_eq(f->reply.leases[0].url, STR("http://a.example.org/soon")));
    assert_true(f->reply.leases[1].priority == PRIORITY_LATE + 3);
}

static void exclude(struct fixture *f, const char *url, enum exclude_reason reason)
{
    struct store_lease lease = fx_lease(f, url);
    fx_outcome(f, &lease, URL_EXCLUDED)->reason = reason;
    land(f, url);
}

static struct verdict allow_all(void *arg, const struct store_excluded *excluded)
{
    (void)arg;
    (void)excluded;
    return (struct verdict){.reason = EXCLUDE_NONE};
}

static void other_rules__lift_budgets_and_traps_but_not_robots(void **state)
{
    struct fixture *f = *state;
    struct errmsg msg;
    exclude(f, "http://a.example.org/budget", EXCLUDE_BUDGET);
    exclude(f, "http://a.example.org/trap", EXCLUDE_TRAP);
    exclude(f, "http://a.example.org/robots", EXCLUDE_ROBOTS);
    assert_int_equal(store_rejudge(f->store, 42, allow_all, NULL, &msg), CW_OK);
    fx_expect(f, "SELECT state FROM url ORDER BY url", "queued excluded queued");
    fx_commit(f, 0); /* checks the counters */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(domains__count_their_hosts_that_have_pages, setup,
                                        fx_teardown),
        cmocka_unit_test_setup_teardown(a_page__counts_for_the_host_that_the_same_batch_leases,
                                        setup, fx_teardown),
        cmocka_unit_test_setup_teardown(a_page_that_is_fetched_again__counts_once, setup,
                                        fx_teardown),
        cmocka_unit_test_setup_teardown(lessons__come_back_with_the_lease_of_their_host, setup,
                                        fx_teardown),
        cmocka_unit_test_setup_teardown(what_is_late__comes_last_however_it_is_found_again, setup,
                                        fx_teardown),
        cmocka_unit_test_setup_teardown(other_rules__lift_budgets_and_traps_but_not_robots, setup,
                                        fx_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
