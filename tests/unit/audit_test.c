/* The audit: databases made through the store, each with one promise of design.md, section 6,
 * broken, and one that keeps them all. */
#include "storage/audit.h"
#include "tests/support/store_fixture.h"

enum { LIMIT_MS = 200 };

/* ---- requests made by hand: kind, URL, start and end after FX_NOW ---- */

struct asked {
    enum fetch_kind kind;
    const char *url;
    int start_ms, end_ms;
    int status; /* 0: 200 */
    int retry_after_ms;
    enum cw_err err;
};

#define ROBOTS(start, end)                                                                         \
    {                                                                                              \
        FETCH_ROBOTS, "http://a/robots.txt", start, end, 0, -1, CW_OK                              \
    }
#define SITEMAP(start, end, ...)                                                                   \
    {                                                                                              \
        FETCH_SITEMAP, "http://a/map", start, end, __VA_ARGS__                                     \
    }
#define PLAIN 0, -1, CW_OK

/* What is stored with each; all 0: as a file from before them. */
struct terms {
    int host_slots, address_slots;
    int64_t wall_step_ms; /* how far the wall clock was set; the steady one goes on */
    bool is_steady;
};

static void store_under(struct fixture *f, struct terms terms, const struct asked *list,
                        size_t count)
{
    struct attempt attempts[16];
    assert_true(count <= ARRAY_LEN(attempts));
    for (size_t i = 0; i < count; i++)
        attempts[i] = (struct attempt){
            .kind = list[i].kind,
            .url = str_of(list[i].url),
            .host = fx_host_of(list[i].url),
            .time = {.started_unix_ms = FX_NOW + list[i].start_ms + terms.wall_step_ms,
                     .ended_unix_ms = FX_NOW + list[i].end_ms + terms.wall_step_ms},
            .host_slots = terms.host_slots,
            .address_slots = terms.address_slots,
            .started_boot_ms = terms.is_steady ? 1000000 + list[i].start_ms : 0,
            .ended_boot_ms = terms.is_steady ? 1000000 + list[i].end_ms : 0,
            .status = list[i].err != CW_OK  ? 0
                      : list[i].status == 0 ? 200
                                            : list[i].status,
            .err = list[i].err,
            .limit_ms = LIMIT_MS,
            .remote_ip = list[i].err == CW_OK ? STR("127.0.0.1") : STR_NONE,
            .retry_after_ms = list[i].retry_after_ms,
        };
    f->batch.attempts = attempts;
    f->batch.attempt_count = count;
    fx_commit(f, 0);
}

static void store_requests(struct fixture *f, const struct asked *list, size_t count)
{
    store_under(f, (struct terms){0}, list, count);
}

/* ---- what the audit says ---- */

struct heard {
    struct audit_totals totals;
    struct audit_host host; /* the last one; its strings are gone */
    struct audit_address address;
    size_t hosts, addresses;
    bool goes_on;
};

static bool hear_host(void *arg, const struct audit_host *host)
{
    struct heard *h = arg;
    h->host = *host;
    h->hosts++;
    for (int64_t i = 0; i < MIN(host->violation_count, AUDIT_LISTED_MAX); i++)
        assert_true(str_starts(host->violations[i].url, STR("http")));
    return h->goes_on;
}

static struct terms slots(int host_slots, int address_slots)
{
    return (struct terms){
        .host_slots = host_slots, .address_slots = address_slots, .is_steady = true};
}

static bool hear_address(void *arg, const struct audit_address *address)
{
    struct heard *h = arg;
    h->address = *address;
    h->addresses++;
    return true;
}

static struct heard audit(struct fixture *f)
{
    struct heard h = {.goes_on = true};
    struct store_reader *reader = NULL;
    struct errmsg msg = {""};
    const struct audit_sink sink = {hear_host, hear_address, &h};
    if (store_reader_open(&reader, f->path, &msg) != CW_OK ||
        store_audit(reader, &sink, &h.totals, &msg) != CW_OK)
        fail_msg("%s", msg.text);
    store_reader_close(reader);
    return h;
}

static void expect_one(struct fixture *f, enum audit_rule rule, int start_ms, int due_ms)
{
    struct heard h = audit(f);
    assert_int_equal(h.totals.violations, 1);
    assert_int_equal(h.host.violation_count, 1);
    assert_int_equal(h.host.violations[0].rule, rule);
    assert_int_equal(h.host.violations[0].start_unix_ms, FX_NOW + start_ms);
    assert_int_equal(h.host.violations[0].due_unix_ms, FX_NOW + due_ms);
}

static void expect_none(struct fixture *f)
{
    assert_int_equal(audit(f).totals.violations, 0);
}

#define STORE_UNDER(f, terms, ...)                                                                 \
    do {                                                                                           \
        const struct asked list_[] = {__VA_ARGS__};                                                \
        store_under((f), (terms), list_, ARRAY_LEN(list_));                                        \
    } while (0)

#define STORE(f, ...)                                                                              \
    do {                                                                                           \
        const struct asked list_[] = {__VA_ARGS__};                                                \
        store_requests((f), list_, ARRAY_LEN(list_));                                              \
    } while (0)

/* ---- pauses: "no sooner than max(delay, crawl-delay) after the previous one ended" ---- */

static void polite_requests__are_clean_and_summed_up(void **state)
{
    struct fixture *f = *state;
    STORE(f, ROBOTS(0, 50), SITEMAP(250, 900, PLAIN), SITEMAP(450, 500, PLAIN),
          SITEMAP(1100, 1200, PLAIN));
    struct heard h = audit(f);
    assert_int_equal(h.totals.violations, 0);
    assert_int_equal(h.totals.requests, 4);
    assert_int_equal(h.totals.unsent, 0);
    assert_int_equal(h.totals.clock_steps, 0);
    assert_int_equal(h.hosts, 1);
    assert_int_equal(h.host.first_unix_ms, FX_NOW);
    assert_int_equal(h.host.last_unix_ms, FX_NOW + 1200);
    assert_int_equal(h.host.most_at_once, 2);
    assert_int_equal(h.host.most_unix_ms, FX_NOW + 450);
    assert_int_equal(h.host.smallest_gap_ms, 200);
    assert_int_equal(h.host.longest_limit_ms, LIMIT_MS);
    assert_int_equal(h.host.refusals, 0);
    assert_int_equal(h.host.shortest_wait_ms, -1);
    assert_int_equal(h.addresses, 1);
    assert_int_equal(h.address.requests, 4);
    assert_int_equal(h.address.most_at_once, 2);
}

static void pause_that_lacks_one_millisecond__is_the_clock_s_resolution(void **state)
{
    STORE(*state, SITEMAP(0, 50, PLAIN), SITEMAP(249, 260, PLAIN));
    expect_none(*state);
}

static void pause_that_lacks_two_milliseconds__is_found(void **state)
{
    STORE(*state, SITEMAP(0, 50, PLAIN), SITEMAP(248, 260, PLAIN));
    expect_one(*state, AUDIT_PAUSE, 248, 250);
}

static void rows_in_another_order_than_the_requests__are_sorted(void **state)
{
    STORE(*state, SITEMAP(600, 700, PLAIN), SITEMAP(100, 500, PLAIN));
    expect_one(*state, AUDIT_PAUSE, 600, 700);
}

static void starts_too_close_while_both_run__are_found(void **state)
{
    STORE(*state, SITEMAP(0, 900, PLAIN), SITEMAP(100, 800, PLAIN));
    expect_one(*state, AUDIT_SPACE, 100, 200);
}

static void other_hosts__have_clocks_of_their_own(void **state)
{
    struct fixture *f = *state;
    STORE(f, {FETCH_SITEMAP, "http://a/", 0, 50, PLAIN},
          {FETCH_SITEMAP, "http://b/", 20, 60, PLAIN},
          {FETCH_SITEMAP, "http://a:8080/", 60, 70, PLAIN});
    struct heard h = audit(f);
    assert_int_equal(h.totals.violations, 0);
    assert_int_equal(h.hosts, 3);
    assert_int_equal(h.addresses, 1);
    assert_int_equal(h.address.most_at_once, 2); /* across hosts */
}

static void request_that_reached_no_host__moves_no_clock(void **state)
{
    STORE(*state, SITEMAP(0, 50, PLAIN), SITEMAP(60, 61, 0, -1, CW_EDNS),
          SITEMAP(70, 71, 0, -1, CW_EBLOCKED));
    struct heard h = audit(*state);
    assert_int_equal(h.totals.violations, 0);
    assert_int_equal(h.totals.requests, 1);
    assert_int_equal(h.totals.unsent, 2);
}

static void refused_connection__counts(void **state)
{
    STORE(*state, SITEMAP(0, 50, PLAIN), SITEMAP(60, 61, 0, -1, CW_ECONNECT));
    expect_one(*state, AUDIT_PAUSE, 60, 250);
}

/* ---- "429 and 503: honour Retry-After, else back off; the whole host, not the URL" ---- */

static void refusal__rests_a_second_at_least(void **state)
{
    STORE(*state, SITEMAP(0, 50, 503, -1, CW_OK), SITEMAP(900, 950, PLAIN));
    expect_one(*state, AUDIT_REST, 900, 1050);
}

static void retry_after_zero__is_not_taken_literally(void **state)
{
    STORE(*state, SITEMAP(0, 50, 429, 0, CW_OK), SITEMAP(900, 950, PLAIN));
    expect_one(*state, AUDIT_REST, 900, 1050);
}

static void retry_after__is_kept_by_the_whole_host(void **state)
{
    STORE(*state, SITEMAP(0, 50, 429, 5000, CW_OK),
          {FETCH_SITEMAP, "http://a/other", 5000, 5040, PLAIN});
    expect_one(*state, AUDIT_REST, 5000, 5050);
}

static void rest_that_was_kept__is_clean_and_told(void **state)
{
    STORE(*state, SITEMAP(0, 50, 429, 5000, CW_OK), SITEMAP(5051, 5090, PLAIN));
    struct heard h = audit(*state);
    assert_int_equal(h.totals.violations, 0);
    assert_int_equal(h.host.refusals, 1);
    assert_int_equal(h.host.shortest_wait_ms, 5001);
}

static void request_that_ran_already_when_the_host_refused__is_no_violation(void **state)
{
    STORE(*state, SITEMAP(0, 500, 503, -1, CW_OK), SITEMAP(250, 700, PLAIN));
    expect_none(*state);
}

/* ---- "before the first page of an origin: its robots.txt" (RFC 9309) ---- */

static void page_after_robots__is_clean__and_before__is_found(void **state)
{
    struct fixture *f = *state;
    struct store_lease lease = fx_lease(f, "http://a/");
    struct outcome *o = fx_page(f, &lease, 200);
    o->attempt.time.started_unix_ms = FX_NOW + 250;
    o->attempt.time.ended_unix_ms = FX_NOW + 300;
    fx_commit(f, 0);
    struct heard h = audit(f);
    assert_int_equal(h.totals.violations, 0); /* no robots.txt in the whole run */
    assert_int_equal(h.totals.unasked, 1);

    STORE(f, {FETCH_ROBOTS, "http://b/robots.txt", 0, 10, PLAIN});
    h = audit(f);
    assert_int_equal(h.totals.violations, 1);
    assert_int_equal(h.totals.unasked, 0);

    STORE(f, ROBOTS(0, 50));
    expect_none(f);
}

static void page_before_the_answer_of_robots__is_found(void **state)
{
    struct fixture *f = *state;
    struct store_lease lease = fx_lease(f, "http://a/");
    struct outcome *o = fx_page(f, &lease, 200);
    o->attempt.time.started_unix_ms = FX_NOW + 250;
    o->attempt.time.ended_unix_ms = FX_NOW + 300;
    STORE(f, ROBOTS(0, 400));
    expect_one(f, AUDIT_ROBOTS, 250, 400);
}

static void robots_of_http__says_nothing_of_https(void **state)
{
    struct fixture *f = *state;
    struct store_lease lease = fx_lease(f, "https://a/");
    struct outcome *o = fx_page(f, &lease, 200);
    o->attempt.time.started_unix_ms = FX_NOW + 250;
    o->attempt.time.ended_unix_ms = FX_NOW + 300;
    STORE(f, ROBOTS(0, 40));
    struct heard h = audit(f);
    assert_int_equal(h.host.violation_count, 1);
    assert_int_equal(h.host.violations[0].rule, AUDIT_ROBOTS);
    assert_int_equal(h.host.violations[0].due_unix_ms, 0);
}

/* ---- "slots: one for each host, one for each address behind many hosts" ---- */

static void requests_at_once_within_the_slots__are_clean(void **state)
{
    STORE_UNDER(*state, slots(2, 2), SITEMAP(0, 900, PLAIN), SITEMAP(200, 700, PLAIN),
                SITEMAP(1100, 1150, PLAIN));
    struct heard h = audit(*state);
    assert_int_equal(h.totals.violations, 0);
    assert_int_equal(h.totals.unlimited, 0);
    assert_int_equal(h.host.most_slots, 2);
    assert_int_equal(h.address.most_slots, 2);
}

static void one_more_at_once_than_the_host_s_slots__is_found(void **state)
{
    STORE_UNDER(*state, slots(2, 8), SITEMAP(0, 900, PLAIN), SITEMAP(200, 900, PLAIN),
                SITEMAP(400, 800, PLAIN), SITEMAP(1100, 1200, PLAIN));
    struct heard h = audit(*state);
    assert_int_equal(h.totals.violations, 1);
    assert_int_equal(h.host.violations[0].rule, AUDIT_HOST_SLOTS);
    assert_int_equal(h.host.violations[0].start_unix_ms, FX_NOW + 400);
    assert_int_equal(h.host.violations[0].at_once, 3);
    assert_int_equal(h.host.violations[0].slots, 2);
}

static void slots__are_those_of_the_moment_at_which_a_request_started(void **state)
{
    struct fixture *f = *state;
    STORE_UNDER(f, slots(3, 8), SITEMAP(0, 900, PLAIN), SITEMAP(200, 900, PLAIN),
                SITEMAP(400, 900, PLAIN));
    STORE_UNDER(f, slots(1, 8), SITEMAP(1100, 1200, PLAIN), SITEMAP(1400, 1500, PLAIN));
    expect_none(f);
    STORE_UNDER(f, slots(1, 8), SITEMAP(600, 650, PLAIN));
    struct heard h = audit(f);
    assert_int_equal(h.totals.violations, 1);
    assert_int_equal(h.host.violations[0].at_once, 4);
}

static void hosts_that_share_an_address__share_its_slots(void **state)
{
    struct fixture *f = *state;
    STORE_UNDER(f, slots(2, 2), {FETCH_SITEMAP, "http://a/", 0, 300, PLAIN},
                {FETCH_SITEMAP, "http://b/", 10, 310, PLAIN});
    expect_none(f);
    STORE_UNDER(f, slots(2, 2), {FETCH_SITEMAP, "http://c/", 20, 30, PLAIN});
    struct heard h = audit(f);
    assert_int_equal(h.totals.violations, 1);
    assert_int_equal(h.host.violation_count, 0);
    assert_int_equal(h.address.violation_count, 1);
    assert_int_equal(h.address.violations[0].rule, AUDIT_ADDRESS_SLOTS);
    assert_int_equal(h.address.violations[0].at_once, 3);
    assert_int_equal(h.address.requests, 3);
}

static void requests_behind_a_proxy__have_no_slots_of_an_address(void **state)
{
    STORE_UNDER(*state, slots(1, 0), {FETCH_SITEMAP, "http://a/", 0, 300, PLAIN},
                {FETCH_SITEMAP, "http://b/", 10, 310, PLAIN});
    struct heard h = audit(*state);
    assert_int_equal(h.totals.violations, 0);
    assert_int_equal(h.address.most_at_once, 2);
    assert_int_equal(h.address.most_slots, -1);
}

static void slots_of_older_rows__are_not_judged_and_that_is_told(void **state)
{
    STORE(*state, SITEMAP(0, 900, PLAIN), SITEMAP(200, 900, PLAIN), SITEMAP(400, 800, PLAIN));
    struct heard h = audit(*state);
    assert_int_equal(h.totals.violations, 0);
    assert_int_equal(h.totals.unlimited, 3);
    assert_int_equal(h.host.most_at_once, 3);
    assert_int_equal(h.host.most_slots, -1);
}

/* ---- the clock, and old files ---- */

static void wall_clock_that_was_set__hides_nothing(void **state)
{
    static const int64_t steps_ms[] = {-3600000, -3000, 3000, 3600000};
    struct fixture *f = *state;
    for (size_t i = 0; i < ARRAY_LEN(steps_ms); i++) {
        struct terms terms = slots(1, 1);
        int start_ms = 10000 * (int)i;
        STORE_UNDER(f, terms, SITEMAP(start_ms, start_ms + 50, PLAIN));
        terms.wall_step_ms = steps_ms[i];
        STORE_UNDER(f, terms, SITEMAP(start_ms + 150, start_ms + 160, PLAIN),
                    SITEMAP(start_ms + 360, start_ms + 400, PLAIN));
        struct heard h = audit(f);
        assert_int_equal(h.totals.clock_steps, 0);
        assert_int_equal(h.totals.violations, i + 1);
        assert_int_equal(h.host.violations[i].rule, AUDIT_PAUSE);
        /* Shown by the wall clock, as the rows are. */
        assert_int_equal(h.host.violations[i].start_unix_ms, FX_NOW + start_ms + 150 + steps_ms[i]);
        assert_int_equal(h.host.violations[i].due_unix_ms - h.host.violations[i].start_unix_ms,
                         100);
    }
}

static void rows_with_and_without_the_steady_clock__are_judged_apart(void **state)
{
    struct fixture *f = *state;
    STORE(f, SITEMAP(0, 50, PLAIN), SITEMAP(150, 160, PLAIN));
    STORE_UNDER(f, slots(1, 1), SITEMAP(0, 50, PLAIN), SITEMAP(300, 310, PLAIN));
    expect_one(f, AUDIT_PAUSE, 150, 250);
}

static void clock_that_was_set_back__is_told_and_not_judged_across(void **state)
{
    struct fixture *f = *state;
    STORE(f, SITEMAP(10000, 10100, PLAIN), SITEMAP(20000, 20100, PLAIN));
    STORE(f, SITEMAP(10110, 10150, PLAIN), SITEMAP(10350, 10400, PLAIN));
    struct heard h = audit(f);
    assert_int_equal(h.totals.clock_steps, 1);
    assert_int_equal(h.totals.violations, 0);
    STORE(f, SITEMAP(10500, 10510, PLAIN));
    expect_one(f, AUDIT_PAUSE, 10500, 10600);
}

static void more_violations_than_are_listed__are_counted(void **state)
{
    struct fixture *f = *state;
    for (int batch = 0; batch < 2; batch++) {
        struct asked list[16];
        for (int i = 0; i < 16; i++)
            list[i] =
                (struct asked)SITEMAP((batch * 16 + i) * 10, (batch * 16 + i) * 10 + 5, PLAIN);
        store_requests(f, list, ARRAY_LEN(list));
    }
    struct heard h = {.goes_on = true};
    struct store_reader *reader = NULL;
    struct errmsg msg = {""};
    const struct audit_sink sink = {hear_host, hear_address, &h};
    assert_int_equal(store_reader_open(&reader, f->path, &msg), CW_OK);
    assert_int_equal(store_audit(reader, &sink, &h.totals, &msg), CW_OK);
    assert_int_equal(h.totals.violations, 31);
    /* Afterwards the reader is as safe as before. */
    assert_int_equal(store_query(reader, STR("PRAGMA journal_mode = OFF"), NULL, &msg), CW_EINVAL);
    assert_int_equal(store_query(reader, STR("SELECT audit_epoch(1)"), NULL, &msg), CW_EINVAL);
    store_reader_close(reader);
}

static void sink_that_has_enough__ends_the_audit(void **state)
{
    struct fixture *f = *state;
    STORE(f, {FETCH_SITEMAP, "http://a/", 0, 50, PLAIN},
          {FETCH_SITEMAP, "http://b/", 0, 50, PLAIN});
    struct heard h = {.goes_on = false};
    struct store_reader *reader = NULL;
    struct errmsg msg = {""};
    const struct audit_sink sink = {hear_host, hear_address, &h};
    assert_int_equal(store_reader_open(&reader, f->path, &msg), CW_OK);
    assert_int_equal(store_audit(reader, &sink, &h.totals, &msg), CW_OK);
    assert_int_equal(h.hosts, 1);
    assert_int_equal(h.addresses, 0);
    store_reader_close(reader);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fx_setup, fx_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(polite_requests__are_clean_and_summed_up),
        TEST(pause_that_lacks_one_millisecond__is_the_clock_s_resolution),
        TEST(pause_that_lacks_two_milliseconds__is_found),
        TEST(rows_in_another_order_than_the_requests__are_sorted),
        TEST(starts_too_close_while_both_run__are_found),
        TEST(other_hosts__have_clocks_of_their_own),
        TEST(request_that_reached_no_host__moves_no_clock),
        TEST(refused_connection__counts),
        TEST(refusal__rests_a_second_at_least),
        TEST(retry_after_zero__is_not_taken_literally),
        TEST(retry_after__is_kept_by_the_whole_host),
        TEST(rest_that_was_kept__is_clean_and_told),
        TEST(request_that_ran_already_when_the_host_refused__is_no_violation),
        TEST(page_after_robots__is_clean__and_before__is_found),
        TEST(page_before_the_answer_of_robots__is_found),
        TEST(robots_of_http__says_nothing_of_https),
        TEST(requests_at_once_within_the_slots__are_clean),
        TEST(one_more_at_once_than_the_host_s_slots__is_found),
        TEST(slots__are_those_of_the_moment_at_which_a_request_started),
        TEST(hosts_that_share_an_address__share_its_slots),
        TEST(requests_behind_a_proxy__have_no_slots_of_an_address),
        TEST(slots_of_older_rows__are_not_judged_and_that_is_told),
        TEST(wall_clock_that_was_set__hides_nothing),
        TEST(rows_with_and_without_the_steady_clock__are_judged_apart),
        TEST(clock_that_was_set_back__is_told_and_not_judged_across),
        TEST(more_violations_than_are_listed__are_counted),
        TEST(sink_that_has_enough__ends_the_audit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
