/* The sink on a real store, and on one whose disk is full. */
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "crawler/engine/sink.h"
#include "tests/loop/engine_fixture.h"

struct gathering {
    struct looptest loop;
    struct executor *executor;
    struct store *store;
    struct sink *sink;
    char folder[40], path[64];
    unsigned prepared, stored, landed, failed;
    size_t new_hosts; /* to ask for */
    int64_t leased;   /* the last URL id that was leased */
    struct {
        int64_t id;
        char url[64];
    } leases[8];       /* ... and the others of that reply */
    unsigned may_wait; /* so many may, when they are asked */
    int64_t seen, pages;
    char url[64];
    bool is_closed, has_landed, has_failed, log_is_long;
    void (*on_landing)(struct gathering *g);
};

static void on_prepare(void *arg, struct store_batch *batch)
{
    struct gathering *g = arg;
    g->prepared++;
    batch->want.new_hosts = g->new_hosts;
    batch->want.urls_per_host = 10;
}

static bool may_wait(void *arg, const struct outcome *outcome)
{
    struct gathering *g = arg;
    assert_int_equal(outcome->state, URL_DONE);
    if (g->may_wait == 0)
        return false;
    g->may_wait--;
    return true;
}

static void on_stored(void *arg, const struct outcome *outcome)
{
    struct gathering *g = arg;
    assert_int_equal(outcome->state, URL_DONE);
    g->stored++;
}

static void on_landed(void *arg, const struct store_reply *reply)
{
    struct gathering *g = arg;
    g->landed++;
    g->has_landed = true;
    g->seen = reply->seen;
    g->pages = reply->pages;
    g->log_is_long = reply->log_is_long;
    if (g->on_landing != NULL)
        g->on_landing(g);
    if (reply->lease_count > 0) { /* still what it was, whatever on_landing() did */
        g->leased = reply->leases[0].url_id;
        (void)snprintf(g->url, sizeof g->url, STR_FMT, STR_ARG(reply->leases[0].url));
    }
    for (size_t i = 0; i < MIN(reply->lease_count, ARRAY_LEN(g->leases)); i++) {
        g->leases[i].id = reply->leases[i].url_id;
        (void)snprintf(g->leases[i].url, sizeof g->leases[i].url, STR_FMT,
                       STR_ARG(reply->leases[i].url));
    }
}

static void on_failed(void *arg, enum cw_err err, const char *message)
{
    struct gathering *g = arg;
    assert_int_not_equal(err, CW_OK);
    assert_true(strlen(message) > 0);
    g->failed++;
    g->has_failed = true;
}

static void on_closed(void *arg)
{
    struct gathering *g = arg;
    assert_false(g->is_closed);
    g->is_closed = true;
}

/* At the most so many outcomes with one batch, if others may wait; 0: any number. */
static void open_sink_of(struct gathering *g, size_t most)
{
    struct errmsg message;
    *g = (struct gathering){.is_closed = false};
    (void)snprintf(g->folder, sizeof g->folder, "%s", "/tmp/crawld-sink.XXXXXX");
    assert_non_null(mkdtemp(g->folder));
    (void)snprintf(g->path, sizeof g->path, "%s/a.db", g->folder);
    looptest_begin(&g->loop);
    assert_int_equal(executor_new(&g->executor, &g->loop.loop, PARSE_SEATS, STORE_SEATS), CW_OK);
    const struct store_options store = {.path = g->path, .command = "test", .version = "test"};
    if (store_open(&g->store, &store, &message) != CW_OK)
        fail_msg("%s", message.text);
    const struct sink_options options = {.loop = &g->loop.loop,
                                         .executor = g->executor,
                                         .store = g->store,
                                         .most = most,
                                         .arg = g,
                                         .may_wait = may_wait,
                                         .on_prepare = on_prepare,
                                         .on_stored = on_stored,
                                         .on_landed = on_landed,
                                         .on_failed = on_failed,
                                         .on_closed = on_closed};
    assert_int_equal(sink_new(&g->sink, &options), CW_OK);
}

static void open_sink(struct gathering *g)
{
    open_sink_of(g, 0);
}

/* The sink has been told to close. */
static void finish(struct gathering *g)
{
    struct errmsg message;
    looptest_run_until(&g->loop, &g->is_closed);
    enum cw_err err = store_close(g->store, "finished", &message);
    assert_true(err == CW_OK || g->failed > 0);
    executor_free(g->executor);
    looptest_end(&g->loop);
    empty_folder(g->folder);
    assert_int_equal(rmdir(g->folder), 0);
}

static void close_sink(struct gathering *g)
{
    sink_close(g->sink);
    finish(g);
}

static void add_seed(struct gathering *g, unsigned number)
{
    char url[64];
    (void)snprintf(url, sizeof url, "http://h%u.test/", number);
    const struct store_seed seed = {.url = str_of(url),
                                    .host = str_first(str_skip(str_of(url), 7), strlen(url) - 8)};
    assert_int_equal(sink_add_seed(g->sink, &seed), CW_OK);
}

static void run_until_landed(struct gathering *g)
{
    g->has_landed = false;
    looptest_run_until(&g->loop, &g->has_landed);
}

/* What was leased last is done, with a body of so many bytes. */
static struct outcome *done_outcome(const struct gathering *g, size_t body_bytes)
{
    struct outcome *o = outcome_new();
    assert_non_null(o);
    o->url_id = g->leased;
    o->url = str_of(g->url);
    o->host = str_of("h0.test");
    assert_true(arena_keep(&o->arena, &o->url) && arena_keep(&o->arena, &o->host));
    o->state = URL_DONE;
    o->has_attempt = o->has_page = true;
    o->attempt = (struct attempt){
        .url = o->url, .host = o->host, .attempt = 1, .status = 200, .time.started_unix_ms = 1};
    o->page.status = 200;
    if (body_bytes > 0)
        assert_int_equal(buf_reserve(&o->page.body, body_bytes), CW_OK);
    return o;
}

static void what_is_gathered__lands_in_one_transaction(void **state)
{
    (void)state;
    struct gathering g;
    open_sink(&g);
    assert_true(sink_is_idle(g.sink));
    for (unsigned i = 0; i < 100; i++)
        add_seed(&g, i);
    assert_true(sink_has_gathered(g.sink) && !sink_is_idle(g.sink));
    g.new_hosts = 1;
    run_until_landed(&g);
    assert_int_equal(g.landed, 1);
    assert_int_equal(g.seen, 100);
    assert_true(sink_is_idle(g.sink));
    assert_int_equal(sink_behind_ms(g.sink), 0);
    g.new_hosts = 0;
    assert_int_equal(sink_push(g.sink, done_outcome(&g, 0)), CW_OK);
    assert_int_equal(sink_unlanded(g.sink), 1);
    run_until_landed(&g);
    assert_int_equal(g.stored, 1);
    assert_int_equal(g.pages, 1);
    assert_int_equal(sink_unlanded(g.sink), 0);
    close_sink(&g);
}

static void a_flush__sends_even_an_empty_batch_and_nothing_else_does(void **state)
{
    (void)state;
    struct gathering g;
    open_sink(&g);
    for (int i = 0; i < 5; i++)
        looptest_run_once(&g.loop);
    assert_int_equal(g.prepared, 0);
    sink_flush(g.sink);
    sink_flush(g.sink);
    assert_int_equal(g.prepared, 0); /* never inline */
    run_until_landed(&g);
    for (int i = 0; i < 5; i++)
        looptest_run_once(&g.loop);
    assert_int_equal(g.landed, 1);
    close_sink(&g);
}

static void flush_while_read(struct gathering *g)
{
    if (g->landed > 3)
        return;
    sink_flush(g->sink);
    add_seed(g, 1000 + g->landed);
    assert_int_equal(g->prepared, g->landed); /* the reply's room is not used for the next */
}

static void a_reply__is_not_overwritten_while_it_is_read(void **state)
{
    (void)state;
    struct gathering g;
    open_sink(&g);
    g.on_landing = flush_while_read;
    g.new_hosts = 1;
    add_seed(&g, 0);
    while (g.landed < 4)
        run_until_landed(&g);
    assert_int_equal(g.seen, 4);
    close_sink(&g);
}

static void at_its_ceilings__the_sink_is_full_until_the_batch_goes(void **state)
{
    (void)state;
    struct gathering g;
    open_sink(&g);
    for (unsigned i = 0; i < SINK_MAX_ITEMS; i++) {
        assert_false(sink_is_full(g.sink));
        add_seed(&g, i);
    }
    assert_true(sink_is_full(g.sink));
    g.new_hosts = 1;
    run_until_landed(&g);
    assert_false(sink_is_full(g.sink));
    assert_int_equal(g.seen, SINK_MAX_ITEMS);
    assert_int_equal(sink_push(g.sink, done_outcome(&g, SINK_MAX_BYTES)), CW_OK);
    assert_true(sink_is_full(g.sink));                     /* by bytes */
    while (sink_behind_ms(g.sink) == 0 && g.stored == 0) { /* written: still in memory */
        assert_true(sink_is_full(g.sink));
        looptest_run_once(&g.loop);
    }
    while (g.stored == 0)
        run_until_landed(&g);
    assert_false(sink_is_full(g.sink));
    close_sink(&g);
}

static void beyond_the_most__those_that_may_wait_go_with_the_next_batch(void **state)
{
    enum { URLS = 8, MOST = 3 };
    (void)state;
    struct gathering g;
    open_sink_of(&g, MOST);
    g.new_hosts = URLS;
    for (unsigned i = 0; i < URLS; i++)
        add_seed(&g, i);
    run_until_landed(&g);
    g.new_hosts = 0;
    for (unsigned i = 0; i < URLS; i++) {
        g.leased = g.leases[i].id;
        (void)snprintf(g.url, sizeof g.url, "%s", g.leases[i].url);
        assert_int_equal(sink_push(g.sink, done_outcome(&g, 0)), CW_OK);
    }
    g.may_wait = 4; /* of 5; then 1 of them is one too many again, and may not */
    sink_flush(g.sink);
    run_until_landed(&g);
    assert_int_equal(g.stored, MOST + 1);
    assert_int_equal(sink_unlanded(g.sink), 4);
    run_until_landed(&g); /* nobody asks for it */
    assert_int_equal(g.stored, URLS);
    assert_int_equal(g.pages, URLS);
    assert_true(sink_is_idle(g.sink));
    close_sink(&g);
}

static int64_t size_of(const char *path)
{
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    return (int64_t)st.st_size;
}

enum { LONG_BYTES = 40 << 20 }; /* of a body that makes the log long */

/* It brings one page of LONG_BYTES into the log. */
static void make_the_log_long(struct gathering *g)
{
    g->new_hosts = 1;
    add_seed(g, 0);
    run_until_landed(g);
    g->new_hosts = 0;
    struct outcome *o = done_outcome(g, LONG_BYTES);
    memset(o->page.body.ptr, 'x', LONG_BYTES);
    o->page.body.len = LONG_BYTES;
    assert_int_equal(sink_push(g->sink, o), CW_OK);
    run_until_landed(g);
}

static void a_long_log__is_folded_beside_the_batches_and_begins_anew(void **state)
{
    (void)state;
    struct gathering g;
    open_sink(&g);
    make_the_log_long(&g);
    assert_true(g.log_is_long);
    for (unsigned i = 1; g.log_is_long; i++) { /* for ever, if it does not */
        add_seed(&g, i);
        run_until_landed(&g);
    }
    assert_true(size_of(g.path) > LONG_BYTES); /* it stood in the log before */
    close_sink(&g);
}

static void closed_while_the_log_is_folded__it_ends_after_that(void **state)
{
    (void)state;
    struct gathering g;
    open_sink(&g);
    make_the_log_long(&g);
    close_sink(&g);
    assert_int_equal(g.landed, 2);
    open_sink(&g);
    make_the_log_long(&g);
    add_seed(&g, 1);
    for (unsigned prepared = g.prepared; g.prepared == prepared;)
        looptest_run_once(&g.loop);
    close_sink(&g); /* while a batch is written beside, which still lands */
    assert_int_equal(g.landed, 3);
}

static void closed_while_it_writes__the_batch_still_lands(void **state)
{
    (void)state;
    struct gathering g;
    open_sink(&g);
    add_seed(&g, 0);
    while (g.prepared == 0)
        looptest_run_once(&g.loop);
    add_seed(&g, 1); /* too late: never happens */
    close_sink(&g);
    assert_int_equal(g.landed, 1);
    assert_int_equal(g.seen, 1);
    open_sink(&g);
    add_seed(&g, 0); /* and before it was sent */
    close_sink(&g);
    assert_int_equal(g.prepared, 0);
}

static void close_while_read(struct gathering *g)
{
    sink_close(g->sink);
}

static void closed_while_its_reply_is_read__it_ends_after_that(void **state)
{
    (void)state;
    struct gathering g;
    open_sink(&g);
    g.on_landing = close_while_read;
    g.new_hosts = 1;
    add_seed(&g, 0);
    finish(&g);
    assert_int_equal(g.landed, 1);
    assert_string_equal(g.url, "http://h0.test/");
}

/* No file may grow from now on. Restore with the old limit. */
static struct rlimit stop_files_from_growing(void)
{
    struct rlimit old, none;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    none = (struct rlimit){.rlim_cur = 1, .rlim_max = old.rlim_max};
    (void)signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
    return old;
}

static void a_store_that_fails__is_told_once_and_nothing_is_written_any_more(void **state)
{
    (void)state;
    struct gathering g;
    open_sink(&g);
    struct rlimit old = stop_files_from_growing();
    for (unsigned i = 0; i < 2000; i++)
        add_seed(&g, i);
    looptest_run_until(&g.loop, &g.has_failed);
    add_seed(&g, 5000);
    sink_flush(g.sink);
    for (int i = 0; i < 5; i++)
        looptest_run_once(&g.loop);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    assert_int_equal(g.failed, 1);
    assert_int_equal(g.landed, 0);
    assert_int_equal(g.prepared, 1);
    close_sink(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_gathered__lands_in_one_transaction),
        cmocka_unit_test(a_flush__sends_even_an_empty_batch_and_nothing_else_does),
        cmocka_unit_test(a_reply__is_not_overwritten_while_it_is_read),
        cmocka_unit_test(at_its_ceilings__the_sink_is_full_until_the_batch_goes),
        cmocka_unit_test(beyond_the_most__those_that_may_wait_go_with_the_next_batch),
        cmocka_unit_test(a_long_log__is_folded_beside_the_batches_and_begins_anew),
        cmocka_unit_test(closed_while_the_log_is_folded__it_ends_after_that),
        cmocka_unit_test(closed_while_it_writes__the_batch_still_lands),
        cmocka_unit_test(closed_while_its_reply_is_read__it_ends_after_that),
        cmocka_unit_test(a_store_that_fails__is_told_once_and_nothing_is_written_any_more),
    };
    executor_prepare_pool(PARSE_SEATS, STORE_SEATS);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
