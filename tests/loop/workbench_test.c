/* Which hosts a crawl holds, for how long, and what it hands back: whole crawls of names that all
 * lead to one server. */
#include "crawler/engine/crawl_p.h"
#include "tests/loop/engine_fixture.h"

enum { CONNECTIONS = 4, USUAL_HOSTS = 2 * CONNECTIONS + 64, LONG_MS = 3600 * 1000 };

struct run {
    struct fixture f;
    struct crawl_config config;
    struct crawl *crawl; /* NULL once it has ended */
    bool is_opened, is_ended, has_landed;
    int64_t queued, done;
};

static void on_opened(void *arg)
{
    struct run *run = arg;
    run->is_opened = true;
}

static void on_ended(void *arg, const struct crawl_result *result)
{
    struct run *run = arg;
    run->is_ended = true;
    run->crawl = NULL;
    run->queued = result->summary->queued;
    run->done = result->summary->done;
}

/* A crawl without seeds that asks each host once in `delay_ms`. */
static void run_begin(struct run *run, int64_t delay_ms)
{
    struct errmsg message;
    *run = (struct run){.is_opened = false};
    begin_with(&run->f, CONNECTIONS, CONNECTIONS);
    crawl_config_init(&run->config);
    run->config.allow_private = true;
    run->config.robots = false;
    run->config.delay_ms = delay_ms;
    run->config.retries = 0;
    const struct crawl_options options = {.config = &run->config,
                                          .db_path = run->f.path,
                                          .command = "crawld crawl",
                                          .version = "test",
                                          .input_open = true,
                                          .arg = run,
                                          .on_opened = on_opened,
                                          .on_ended = on_ended};
    if (crawl_start(&run->crawl, run->f.engine, &options, &message) != CW_OK)
        fail_msg("%s", message.text);
    looptest_run_until(&run->f.loop, &run->is_opened);
}

static void run_end(struct run *run)
{
    crawl_stop(run->crawl, "interrupted");
    looptest_run_until(&run->f.loop, &run->is_ended);
    crawl_config_release(&run->config);
    end(&run->f);
}

/* `count` URLs of host number `host`. */
static void add_urls(struct run *run, unsigned host, unsigned count)
{
    char name[32], path[32], url[HTTPSERVER_URL_SIZE];
    struct errmsg why;
    (void)snprintf(name, sizeof name, "h%u.test", host);
    dnsserver_set(run->f.names, name, "127.0.0.1", 3600);
    for (unsigned i = 0; i < count; i++) {
        (void)snprintf(path, sizeof path, "/%u", i);
        httpserver_url(run->f.server, name, path, url);
        assert_int_equal(crawl_add_seed(run->crawl, str_of(url), &why), CW_OK);
    }
}

/* NULL: not held. */
static struct bench_host *held(const struct run *run, unsigned host)
{
    char key[64];
    (void)snprintf(key, sizeof key, "h%u.test:%u", host, httpserver_port(run->f.server));
    return workbench_find(&run->crawl->bench, str_of(key));
}

static unsigned request_count(const struct run *run)
{
    struct httpserver_counts counts;
    httpserver_counts(run->f.server, &counts);
    return counts.requests;
}

static void turn_loop(struct run *run)
{
    (void)uv_run(&run->f.loop.loop, UV_RUN_ONCE);
}

/* While each waits for its clock, the connections are free for others. */
static void hosts_that_wait_for_their_clocks__are_held_beyond_the_usual_number(void **state)
{
    enum { HOSTS = 4 * USUAL_HOSTS, URLS = 20 };
    (void)state;
    struct run run;
    run_begin(&run, LONG_MS);
    for (unsigned i = 0; i < HOSTS; i++)
        add_urls(&run, i, URLS);
    while (request_count(&run) < HOSTS)
        turn_loop(&run);
    assert_int_equal(HASH_COUNT(run.crawl->bench.table), HOSTS);
    assert_true(run.crawl->visit_count <= 4 * CONNECTIONS + 1024 + BENCH_FEW_VISITS * HOSTS);
    run_end(&run);
    assert_int_equal(run.queued + run.done, HOSTS * URLS);
}

static void while_the_connections_are_taken__no_more_than_the_usual_number_is_held(void **state)
{
    enum { HOSTS = 2 * USUAL_HOSTS };
    (void)state;
    struct run run;
    const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
    run_begin(&run, 0);
    httpserver_script(
        run.f.server, "/0",
        &(struct httpserver_script){.bytes = answer, .len = sizeof answer - 1, .is_held = true});
    for (unsigned i = 0; i < HOSTS; i++)
        add_urls(&run, i, 1);
    while (request_count(&run) < CONNECTIONS || !sink_is_idle(run.crawl->sink))
        turn_loop(&run);
    sink_flush(run.crawl->sink);
    while (!run.crawl->bench.others_wait || !sink_is_idle(run.crawl->sink))
        turn_loop(&run);
    assert_int_equal(HASH_COUNT(run.crawl->bench.table), USUAL_HOSTS);
    httpserver_release(run.f.server, "/0");
    run_end(&run);
}

/* What it holds waits in the database, and its place is free. */
static void host_that_rests__goes_back_with_its_urls(void **state)
{
    enum { URLS = 20 };
    (void)state;
    struct run run;
    run_begin(&run, 0);
    for (unsigned i = 0; i < URLS; i++) {
        char path[32];
        (void)snprintf(path, sizeof path, "/%u", i);
        httpserver_raw(run.f.server, path,
                       "HTTP/1.1 503 U\r\nRetry-After: 3600\r\nContent-Length: 0\r\n\r\n",
                       HTTPSERVER_KEEP);
    }
    add_urls(&run, 0, URLS);
    while (held(&run, 0) == NULL)
        turn_loop(&run);
    while (held(&run, 0) != NULL)
        turn_loop(&run);
    assert_int_equal(run.crawl->visit_count, 0);
    unsigned asked = request_count(&run);
    assert_true(asked > 0 && asked < URLS);
    assert_int_equal(run.crawl->db_queued, URLS - asked);
    run_end(&run);
    assert_int_equal(run.queued, URLS - asked);
    assert_int_equal(run.done, asked); /* no retries: the 503 is the answer */
}

/* Makes it look as if it had had so many. */
static void pretend_long(struct workbench *bench, struct bench_host *bh)
{
    while (bh->taken < BENCH_LONG_URLS) {
        workbench_visit_began(bench, bh);
        workbench_visit_ended(bench, bh);
    }
}

static unsigned yielding(const struct workbench *bench)
{
    unsigned count = 0;
    for (const struct bench_host *bh = bench->table; bh != NULL; bh = bh->hh.next)
        count += bh->yields;
    return count;
}

/* Every place is held by a host with a long queue, and others wait. */
static void hosts_with_long_queues__leave_a_quarter_of_the_places_to_others(void **state)
{
    enum { HOSTS = USUAL_HOSTS + 10, URLS = 10 };
    (void)state;
    struct run run;
    struct bench_host *bh;
    const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
    run_begin(&run, 0);
    struct workbench *bench = &run.crawl->bench;
    for (unsigned i = 0; i < URLS; i++) {
        char path[32];
        (void)snprintf(path, sizeof path, "/%u", i);
        httpserver_script(run.f.server, path,
                          &(struct httpserver_script){
                              .bytes = answer, .len = sizeof answer - 1, .is_held = true});
    }
    for (unsigned i = 0; i < HOSTS; i++)
        add_urls(&run, i, URLS);
    while (request_count(&run) < CONNECTIONS || !bench->others_wait ||
           !sink_is_idle(run.crawl->sink))
        turn_loop(&run);
    assert_int_equal(yielding(bench), 0);
    for (bh = bench->table; bh != NULL; bh = bh->hh.next)
        pretend_long(bench, bh);
    assert_int_equal(bench->long_count, USUAL_HOSTS);
    sink_flush(run.crawl->sink);
    do
        turn_loop(&run);
    while (bench->noted != NULL || !sink_is_idle(run.crawl->sink));
    assert_int_equal(bench->long_count, USUAL_HOSTS / 4 * 3);
    assert_int_equal(yielding(bench), USUAL_HOSTS - USUAL_HOSTS / 4 * 3);
    for (unsigned i = 0; i < URLS; i++) {
        char path[32];
        (void)snprintf(path, sizeof path, "/%u", i);
        httpserver_release(run.f.server, path);
    }
    run_end(&run);
    assert_int_equal(run.queued + run.done, HOSTS * URLS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hosts_that_wait_for_their_clocks__are_held_beyond_the_usual_number),
        cmocka_unit_test(while_the_connections_are_taken__no_more_than_the_usual_number_is_held),
        cmocka_unit_test(host_that_rests__goes_back_with_its_urls),
        cmocka_unit_test(hosts_with_long_queues__leave_a_quarter_of_the_places_to_others),
    };
    executor_prepare_pool(PARSE_SEATS, STORE_SEATS);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
