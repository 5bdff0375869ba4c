/* URLs seen lately: a store that remembers them does what one does that asks its database about
 * each. Two stores live through the same random batches, one of them without a memory. */
#include "storage/sqlite/keys.h"
#include "storage/sqlite/seenurls.h"
#include "storage/sqlite/store_p.h"
#include "tests/support/store_fixture.h"

/* ---- the table alone ---- */

static struct seenurl url_of(int64_t id)
{
    return (struct seenurl){.hash = (uint64_t)id * 3, .depth = 2, .priority = 20};
}

static bool is_there(struct seenurls *seen, int64_t id)
{
    return seenurls_find(seen, id, url_of(id).hash) != NULL;
}

static void fill(struct seenurls *seen, int64_t first, int64_t last)
{
    for (int64_t id = first; id <= last; id++) {
        struct seenurl url = url_of(id);
        seenurls_put(seen, id, &url);
    }
}

static void url_that_was_put__is_found_as_it_was_put_last(void **state)
{
    (void)state;
    struct seenurls *seen = seenurls_new(2);
    fill(seen, 1, 4);
    struct seenurl better = url_of(3);
    better.depth = 1;
    seenurls_put(seen, 3, &better);
    assert_int_equal(seenurls_find(seen, 3, better.hash)->depth, 1);
    assert_int_equal(seenurls_find(seen, 1, url_of(1).hash)->depth, 2);
    assert_null(seenurls_find(seen, 3, better.hash + 1));
    assert_null(seenurls_find(seen, 5, better.hash));
    seenurls_drop(seen, 3);
    seenurls_drop(seen, 5);
    assert_false(is_there(seen, 3));
    assert_true(is_there(seen, 1));
    seenurls_forget(seen);
    assert_false(is_there(seen, 1));
    seenurls_free(seen);
}

static void full_set__loses_what_was_met_least(void **state)
{
    (void)state;
    struct seenurls *seen = seenurls_new(1);
    fill(seen, 1, SEENURLS_WAYS);
    for (int i = 0; i < SEENURLS_WAYS; i++)
        assert_true(is_there(seen, SEENURLS_WAYS)); /* now it stands in front */
    fill(seen, 100, 200);
    assert_true(is_there(seen, SEENURLS_WAYS));
    assert_true(is_there(seen, 200));
    assert_false(is_there(seen, SEENURLS_WAYS - 1));
    assert_false(is_there(seen, 199));
    seenurls_free(seen);
}

static void no_table__finds_and_keeps_nothing(void **state)
{
    (void)state;
    fill(NULL, 1, 3);
    seenurls_drop(NULL, 1);
    seenurls_forget(NULL);
    assert_null(seenurls_find(NULL, 1, seenurls_hash(NULL, STR("http://a/"))));
    seenurls_free(NULL);
}

/* Two tables of one process have different secrets, as two processes have. */
static void hash__is_secret(void **state)
{
    (void)state;
    struct seenurls *one = seenurls_new(1), *other = seenurls_new(1);
    struct str url = STR("http://a/");
    assert_true(seenurls_hash(one, url) == seenurls_hash(one, url));
    assert_true(seenurls_hash(one, url) != seenurls_hash(other, url));
    seenurls_free(one);
    seenurls_free(other);
}

/* ---- two stores ---- */

enum { HOSTS = 3, PATHS = 12, ROUNDS = 120 };

/* Have one key: see colliding_names__stay_apart. */
static const char *const colliding[] = {"http://a/28963", "http://a/668769"};

static const struct str hosts[HOSTS] = {STR("a"), STR("b"), STR("c")};

static char urls[HOSTS * PATHS + 2][32];

static void name_urls(void)
{
    for (int i = 0; i < HOSTS * PATHS; i++)
        snprintf(urls[i], sizeof urls[i], "http://%s/%d", hosts[i % HOSTS].ptr, i);
    snprintf(urls[HOSTS * PATHS], sizeof urls[0], "%s", colliding[0]);
    snprintf(urls[HOSTS * PATHS + 1], sizeof urls[0], "%s", colliding[1]);
    assert_int_equal(key_url(1, str_of(colliding[0])), key_url(1, str_of(colliding[1])));
}

/* xorshift64*: the same numbers for both stores. */
static unsigned draw(uint64_t *seed, unsigned below)
{
    *seed ^= *seed >> 12;
    *seed ^= *seed << 25;
    *seed ^= *seed >> 27;
    return (unsigned)((*seed * 0x2545F4914F6CDD1DULL) >> 33) % below;
}

static const char *draw_url(uint64_t *seed)
{
    unsigned last = ARRAY_LEN(urls) - 1;
    return urls[draw(seed, 8) == 0 ? last - draw(seed, 2) : draw(seed, last + 1)];
}

static int32_t draw_priority(uint64_t *seed)
{
    return (draw(seed, 3) == 0 ? PRIORITY_LATE : 0) + 10 * (int32_t)draw(seed, 5);
}

static struct verdict draw_verdict(uint64_t *seed)
{
    static const enum exclude_reason reasons[] = {EXCLUDE_NONE, EXCLUDE_NONE, EXCLUDE_NONE,
                                                  EXCLUDE_SCOPE, EXCLUDE_DEPTH};
    return (struct verdict){.reason = reasons[draw(seed, ARRAY_LEN(reasons))]};
}

static void draw_link(uint64_t *seed, struct page_link *link)
{
    link->depth = 1 + (int32_t)draw(seed, 4);
    link->priority = draw_priority(seed);
    link->verdict = draw_verdict(seed);
}

static void draw_page(struct fixture *f, const struct store_lease *lease, uint64_t *seed)
{
    bool is_redirect = draw(seed, 4) == 0;
    struct outcome *o = fx_page(f, lease, is_redirect ? 301 : 200);
    o->is_seed = draw(seed, 8) == 0;
    o->revisit_unix_ms = f->now_unix_ms + draw(seed, 500);
    o->has_history = true;
    if (is_redirect)
        draw_link(seed, fx_redirect(o, draw_url(seed)));
    for (unsigned i = draw(seed, 12); i > 0; i--)
        draw_link(seed, fx_link(o, draw_url(seed)));
}

static void draw_end(struct fixture *f, const struct store_lease *lease, uint64_t *seed)
{
    static const enum exclude_reason reasons[] = {EXCLUDE_ROBOTS, EXCLUDE_BUDGET, EXCLUDE_TRAP,
                                                  EXCLUDE_SCOPE};
    static const enum url_state ends[] = {URL_FAILED, URL_EXCLUDED, URL_EXCLUDED, URL_QUEUED};
    struct outcome *o = fx_outcome(f, lease, ends[draw(seed, ARRAY_LEN(ends))]);
    o->err = o->state == URL_FAILED ? CW_EDNS : CW_OK;
    o->reason = reasons[draw(seed, ARRAY_LEN(reasons))];
    if (o->state == URL_QUEUED && draw(seed, 2) == 0)
        o->late_priority = PRIORITY_LATE + (int32_t)draw(seed, 30);
    else
        o->due_unix_ms = f->now_unix_ms + draw(seed, 300);
}

static void draw_named(struct fixture *f, uint64_t *seed, struct store_found found[2])
{
    for (unsigned i = 0, count = draw(seed, 3); i < count; i++) {
        fx_seed(f, draw_url(seed));
        f->seeds[i].priority = draw_priority(seed);
        f->seeds[i].verdict = draw_verdict(seed);
    }
    f->batch.found = found;
    f->batch.found_count = draw(seed, 3);
    for (size_t i = 0; i < f->batch.found_count; i++) {
        const char *url = draw_url(seed);
        found[i] = (struct store_found){
            .url = str_of(url),
            .host = fx_host_of(url),
            .verdict = draw_verdict(seed),
            .depth = 1 + (int32_t)draw(seed, 4),
            .priority = draw_priority(seed),
            .modified_unix_ms = draw(seed, 2) == 0 ? f->now_unix_ms - 1 : 0,
        };
    }
}

/* One batch, with an outcome of each lease. One in five is thrown away: it has two of one. */
static void live_on(struct fixture *f, uint64_t seed)
{
    struct store_found found[2];
    bool fails = draw(&seed, 5) == 0 && f->reply.lease_count > 0;
    for (size_t i = 0; i < f->reply.lease_count; i++)
        if (draw(&seed, 3) > 0)
            draw_page(f, &f->reply.leases[i], &seed);
        else
            draw_end(f, &f->reply.leases[i], &seed);
    draw_named(f, &seed, found);
    if (fails)
        fx_page(f, &f->reply.leases[0], 200);
    f->batch.idle_hosts = hosts;
    f->batch.idle_host_count = HOSTS;
    f->batch.want.urls_per_host = 1 + draw(&seed, 4);
    f->batch.want.revisits = 3;
    assert_int_equal(fx_try_commit(f, HOSTS, NULL), fails ? CW_EINVAL : CW_OK);
    f->now_unix_ms += 100;
}

static void expect_same(struct fixture *f, struct fixture *other)
{
    static const char rows[] = "SELECT * FROM url_ ORDER BY id; SELECT * FROM host_ ORDER BY id;"
                               "SELECT * FROM tally_ ORDER BY kind, name;"
                               "SELECT * FROM redirect_ ORDER BY from_id; SELECT * FROM revisit_;"
                               "SELECT from_url, to_url FROM link ORDER BY 1, 2";
    assert_string_equal(fx_text(f, rows), fx_text(other, rows));
}

static size_t count_remembered(struct fixture *f)
{
    size_t count = 0;
    struct seenurls *seen = f->store->seen;
    for (size_t i = 0; i < ARRAY_LEN(urls); i++) {
        struct str url = str_of(urls[i]);
        int64_t key = key_url(key_host(fx_host_of(urls[i])), url);
        count += seenurls_find(seen, key, seenurls_hash(seen, url)) != NULL;
    }
    return count;
}

static struct fixture *open_with(struct seenurls *seen)
{
    void *state = NULL;
    assert_int_equal(fx_setup(&state), 0);
    struct fixture *f = state;
    fx_close(f, NULL);
    f->revisits = true;
    fx_open(f);
    seenurls_free(f->store->seen);
    f->store->seen = seen;
    fx_seed(f, urls[0]);
    fx_commit(f, 1);
    return f;
}

static void live_together(size_t sets, uint64_t seed)
{
    struct fixture *f = open_with(seenurls_new(sets)), *other = open_with(NULL);
    size_t most = 0;
    for (int round = 0; round < ROUNDS; round++) {
        draw(&seed, 2);
        live_on(f, seed);
        live_on(other, seed);
        expect_same(f, other);
        most = MAX(most, count_remembered(f));
    }
    fx_check_counters(f);
    assert_true(f->reply.seen >= HOSTS * PATHS / 2);
    assert_true(most >= MIN(sets * SEENURLS_WAYS, HOSTS * PATHS / 2));
    void *states[] = {f, other};
    assert_int_equal(fx_teardown(&states[0]) | fx_teardown(&states[1]), 0);
}

static void random_batches__leave_the_same_rows_with_and_without(void **state)
{
    static const size_t sizes[] = {1, SEENURLS_SETS};
    (void)state;
    name_urls();
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++)
        for (uint64_t seed = 1; seed <= 2; seed++)
            live_together(sizes[i], seed * 7919);
}

/* ---- what is known of one URL ---- */

static void find(struct fixture *f, const struct store_found *found)
{
    f->batch.found = found;
    f->batch.found_count = 1;
}

static void way_without_redirects__betters_a_target(void **state)
{
    struct fixture *f = *state;
    struct store_lease lease = fx_lease(f, "http://a/");
    fx_redirect(fx_page(f, &lease, 301), "http://a/x");
    fx_commit(f, 0);
    fx_expect(f, "SELECT depth, priority, hops, seed FROM url_ WHERE hops > 0", "0|1|1|1");
    find(f, &(struct store_found){.url = STR("http://a/x"), .host = STR("a"), .priority = 1});
    fx_commit(f, 0);
    fx_expect(f, "SELECT depth, priority, hops, seed FROM url_ WHERE priority > 0", "0|1|0|1");
}

static void target_of_a_seed__becomes_one(void **state)
{
    struct fixture *f = *state;
    struct store_lease lease = fx_lease(f, "http://a/");
    find(f, &(struct store_found){.url = STR("http://a/x"), .host = STR("a")});
    fx_commit(f, 0);
    fx_redirect(fx_page(f, &lease, 301), "http://a/x");
    fx_commit(f, 0);
    fx_expect(f, "SELECT count(*) FROM url_ WHERE seed = 1", "2");
}

/* The better of two priorities that come together, though a link alone would not have it moved. */
static void late_url_that_is_named_and_linked_to__takes_the_better_place(void **state)
{
    struct fixture *f = *state;
    struct store_found found = {.url = STR("http://a/"), .host = STR("a"), .depth = 1};
    find(f, &found);
    fx_commit(f, 1);
    fx_outcome(f, &f->reply.leases[0], URL_QUEUED)->late_priority = PRIORITY_LATE + 7;
    fx_commit(f, 0);
    found.priority = 20;
    find(f, &found);
    fx_seed(f, "http://a/");
    f->seeds[0].priority = 30;
    fx_commit(f, 0);
    fx_expect(f, "SELECT priority FROM url", "20");
}

/* What was rolled back must be written when it comes again. */
static void urls_of_a_batch_that_failed__are_new_the_next_time(void **state)
{
    struct fixture *f = *state;
    struct store_lease lease = fx_lease(f, "http://a/");
    for (int i = 0; i < 2; i++) {
        fx_link(fx_page(f, &lease, 200), "http://a/x");
        if (i == 0)
            fx_page(f, &lease, 200);
        assert_int_equal(fx_try_commit(f, 0, NULL), i == 0 ? CW_EINVAL : CW_OK);
    }
    fx_expect(f, "SELECT url FROM url ORDER BY url", "http://a/ http://a/x");
    fx_check_counters(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(url_that_was_put__is_found_as_it_was_put_last),
        cmocka_unit_test(full_set__loses_what_was_met_least),
        cmocka_unit_test(no_table__finds_and_keeps_nothing),
        cmocka_unit_test(hash__is_secret),
        cmocka_unit_test(random_batches__leave_the_same_rows_with_and_without),
        cmocka_unit_test_setup_teardown(way_without_redirects__betters_a_target, fx_setup,
                                        fx_teardown),
        cmocka_unit_test_setup_teardown(target_of_a_seed__becomes_one, fx_setup, fx_teardown),
        cmocka_unit_test_setup_teardown(
            late_url_that_is_named_and_linked_to__takes_the_better_place, fx_setup, fx_teardown),
        cmocka_unit_test_setup_teardown(urls_of_a_batch_that_failed__are_new_the_next_time,
                                        fx_setup, fx_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
