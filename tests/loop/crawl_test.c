/* Whole crawls: a real server, a real database, told to end at every moment. */
#include <pthread.h>

#include "crawler/engine/crawl_p.h"
#include "tests/loop/engine_fixture.h"

struct run {
    struct fixture *f;
    struct crawl *crawl; /* NULL once it has ended */
    struct crawl_config config;
    bool is_opened, is_ended, input_open;
    unsigned pages, rooms;
    int64_t result_pages, queued, done, failed, excluded;
    enum cw_err err;
    char reason[32], message[512];
    void (*opened)(struct run *run);
    void (*room)(struct run *run);
    unsigned fed;
};

static void on_opened(void *arg)
{
    struct run *run = arg;
    assert_false(run->is_opened);
    run->is_opened = true;
    if (run->opened != NULL)
        run->opened(run);
}

static void on_page(void *arg, const struct outcome *outcome)
{
    struct run *run = arg;
    assert_true(outcome->has_page);
    run->pages++;
}

static void on_room(void *arg)
{
    struct run *run = arg;
    run->rooms++;
    if (run->room != NULL)
        run->room(run);
}

static void on_ended(void *arg, const struct crawl_result *result)
{
    struct run *run = arg;
    assert_false(run->is_ended);
    run->is_ended = true;
    run->crawl = NULL;
    run->err = result->err;
    run->result_pages = result->pages;
    (void)snprintf(run->reason, sizeof run->reason, "%s", result->end_reason);
    (void)snprintf(run->message, sizeof run->message, "%s", result->message);
    if (!result->has_summary)
        return;
    run->queued = result->summary->queued;
    run->done = result->summary->done;
    run->failed = result->summary->failed;
    run->excluded = result->summary->excluded;
}

/* A crawl of loopback without pauses, from `path` of the server (NULL: no seed). */
static void run_init(struct run *run, struct fixture *f, const char *path)
{
    char url[HTTPSERVER_URL_SIZE];
    *run = (struct run){.f = f};
    crawl_config_init(&run->config);
    run->config.allow_private = true;
    run->config.delay_ms = 0;
    run->config.retries = 0;
    if (path == NULL)
        return;
    httpserver_url(f->server, NULL, path, url);
    assert_int_equal(config_list_add(&run->config.seeds, url), CW_OK);
}

static enum cw_err run_try(struct run *run, struct errmsg *message)
{
    const struct crawl_options options = {.config = &run->config,
                                          .db_path = run->f->path,
                                          .command = "crawld crawl",
                                          .version = "test",
                                          .input_open = run->input_open,
                                          .arg = run,
                                          .on_opened = on_opened,
                                          .on_page = on_page,
                                          .on_room = on_room,
                                          .on_ended = on_ended};
    return crawl_start(&run->crawl, run->f->engine, &options, message);
}

static void run_start(struct run *run)
{
    struct errmsg message = {""};
    if (run_try(run, &message) != CW_OK)
        fail_msg("%s", message.text);
    assert_false(run->is_opened || run->is_ended);
}

static void run_finish(struct run *run)
{
    looptest_run_until(&run->f->loop, &run->is_ended);
    crawl_config_release(&run->config);
}

/* A whole crawl from "/" that must end as said. */
static void crawl_whole(struct fixture *f, struct run *run, const char *reason)
{
    run_start(run);
    run_finish(run);
    assert_string_equal(run->message, "");
    assert_int_equal(run->err, CW_OK);
    assert_string_equal(run->reason, reason);
    (void)f;
}

/* Six pages: a redirect, a 404, links back and forth. */
static const char *const site[] = {"/", "/a", "/b", "/c", "/d", "/e"};

static void script_site(struct httpserver *server)
{
    httpserver_page(server, "/robots.txt", 200, "text/plain", "user-agent: *\ndisallow: /no\n");
    httpserver_page(server, "/", 200, "text/html",
                    "<title>t</title><a href=/a>a</a><a href=/b>b</a><a href=/no>no</a>");
    httpserver_page(server, "/a", 200, "text/html", "<a href=/>up</a><a href=/c>c</a>");
    httpserver_page(server, "/b", 404, "text/html", "<a href=/never>gone</a>");
    httpserver_raw(server, "/c", "HTTP/1.1 302 F\r\nLocation: /d\r\nContent-Length: 0\r\n\r\n",
                   HTTPSERVER_KEEP);
    httpserver_page(server, "/d", 200, "text/html", "<a href=/e>e</a>");
    httpserver_page(server, "/e", 200, "text/plain", "the end");
}

static void a_small_site__is_crawled_once_and_whole(void **state)
{
    (void)state;
    struct fixture f;
    struct run run;
    begin(&f);
    script_site(f.server);
    run_init(&run, &f, "/");
    crawl_whole(&f, &run, "finished");
    for (size_t i = 0; i < ARRAY_LEN(site); i++)
        assert_int_equal(httpserver_requests_of(f.server, site[i]), 1);
    assert_int_equal(httpserver_requests_of(f.server, "/robots.txt"), 1);
    assert_int_equal(httpserver_requests_of(f.server, "/no"), 0);
    assert_int_equal(httpserver_requests_of(f.server, "/never"), 0);
    assert_int_equal(run.pages, ARRAY_LEN(site));
    assert_int_equal(run.result_pages, ARRAY_LEN(site));
    assert_int_equal(run.done, ARRAY_LEN(site));
    assert_int_equal(run.queued, 0);
    assert_int_equal(run.excluded, 1); /* robots */
    run_init(&run, &f, "/");
    crawl_whole(&f, &run, "finished"); /* nothing is left */
    assert_int_equal(run.pages, 0);
    end(&f);
}

/* Ends a crawl after `rounds` rounds of the loop, then lets a second one finish. True when there
 * was something to end. */
static bool end_after(unsigned rounds, void (*tell)(struct crawl *crawl, const char *reason),
                      bool twice, bool each_once)
{
    struct fixture f;
    struct run run;
    begin(&f);
    script_site(f.server);
    run_init(&run, &f, "/");
    run_start(&run);
    for (unsigned i = 0; i < rounds && !run.is_ended; i++)
        (void)uv_run(&f.loop.loop, UV_RUN_ONCE);
    bool was_running = !run.is_ended;
    if (was_running)
        tell(run.crawl, "interrupted");
    if (was_running && twice)
        tell(run.crawl, "again");
    run_finish(&run);
    assert_int_equal(run.err, CW_OK);
    if (strcmp(run.reason, "finished") != 0) /* or it was about to end by itself */
        assert_string_equal(run.reason, "interrupted");
    run_init(&run, &f, "/");
    crawl_whole(&f, &run, "finished");
    assert_int_equal(run.done, ARRAY_LEN(site));
    assert_int_equal(run.queued + run.failed, 0);
    for (size_t i = 0; each_once && i < ARRAY_LEN(site); i++)
        assert_int_equal(httpserver_requests_of(f.server, site[i]), 1);
    end(&f);
    return was_running;
}

static void drained_at_any_moment__nothing_is_lost_nor_asked_twice(void **state)
{
    (void)state;
    unsigned rounds = 0;
    while (end_after(rounds, crawl_drain, rounds % 2 == 1, true))
        rounds++;
    assert_in_range(rounds, 10, 1000); /* there were moments */
}

static void stopped_at_any_moment__nothing_is_lost(void **state)
{
    (void)state;
    unsigned rounds = 0;
    while (end_after(rounds, crawl_stop, rounds % 2 == 1, false))
        rounds++;
    assert_in_range(rounds, 10, 1000);
}

static void drain_then_stop(struct crawl *crawl, const char *reason)
{
    crawl_drain(crawl, reason);
    crawl_stop(crawl, reason);
}

static void drained_and_then_stopped__nothing_is_lost(void **state)
{
    (void)state;
    for (unsigned rounds = 0; end_after(rounds, drain_then_stop, false, false); rounds += 3)
        ;
}

/* What waits for an answer is finished by a drain, and put back by a stop. */
static void a_request_under_way__is_finished_by_drain_and_put_back_by_stop(void **state)
{
    (void)state;
    for (int stops = 0; stops <= 1; stops++) {
        struct fixture f;
        struct run run;
        begin(&f);
        const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
        httpserver_script(f.server, "/",
                          &(struct httpserver_script){
                              .bytes = answer, .len = sizeof answer - 1, .is_held = true});
        run_init(&run, &f, "/");
        run.config.robots = false;
        run_start(&run);
        run_until_count(&f, requests_under_way, f.server, 1);
        crawl_drain(run.crawl, "interrupted");
        for (int i = 0; i < 3; i++)
            looptest_run_once(&f.loop);
        assert_false(run.is_ended);
        if (stops)
            crawl_stop(run.crawl, "interrupted");
        else
            httpserver_release(f.server, "/");
        run_finish(&run);
        assert_int_equal(run.done, !stops);
        assert_int_equal(run.queued, stops);
        assert_int_equal(run.pages, !stops);
        end(&f);
    }
}

/* Between the closing of the sink and the end a line may still come from standard input. */
static void a_crawl_that_ends__takes_no_seeds(void **state)
{
    (void)state;
    struct fixture f;
    struct run run;
    begin(&f);
    script_site(f.server);
    run_init(&run, &f, "/");
    run.input_open = true;
    run_start(&run);
    assert_int_equal(crawl_add_seed(run.crawl, STR("http://127.0.0.1/"), NULL), CW_ECANCELED);
    looptest_run_until(&f.loop, &run.is_opened);
    crawl_drain(run.crawl, "interrupted");
    while (!run.is_ended) {
        assert_false(crawl_has_room(run.crawl));
        assert_int_equal(crawl_add_seed(run.crawl, STR("http://127.0.0.1/"), NULL), CW_ECANCELED);
        crawl_close_input(run.crawl);
        (void)uv_run(&f.loop.loop, UV_RUN_ONCE);
    }
    crawl_config_release(&run.config);
    end(&f);
}

static void script_many(struct httpserver *server, unsigned count)
{
    struct buf page = BUF_INIT(1 << 20);
    char path[16];
    for (unsigned i = 0; i < count; i++) {
        (void)snprintf(path, sizeof path, "/p%u", i);
        httpserver_page(server, path, i % 3 == 0 ? 500 : 200, "text/html", "x");
        assert_int_equal(buf_addf(&page, "<a href=%s>x</a>", path), CW_OK);
    }
    httpserver_page(server, "/", 200, "text/html", page.ptr);
    buf_release(&page);
}

static void max_pages__is_exact(void **state)
{
    (void)state;
    for (int64_t max = 1; max <= 9; max += 4) {
        struct fixture f;
        struct run run;
        struct httpserver_counts counts;
        begin(&f);
        script_many(f.server, 30);
        for (int again = 0; again <= 1; again++) {
            run_init(&run, &f, "/");
            run.config.robots = false;
            run.config.max_pages = max;
            run.config.per_host = 8;
            crawl_whole(&f, &run, "max-pages");
            assert_int_equal(run.done, max);
            assert_int_equal(run.pages, again ? 0 : max);
            httpserver_counts(f.server, &counts);
            assert_int_equal(counts.requests, max); /* with no retries each answer is a page */
        }
        end(&f);
    }
}

/* A page that fails makes room for another: the limit counts pages, not tries. */
static void max_pages__is_reached_when_some_fail(void **state)
{
    (void)state;
    struct fixture f;
    struct run run;
    begin(&f);
    script_many(f.server, 20);
    for (int i = 1; i < 15; i++) {
        char path[16];
        (void)snprintf(path, sizeof path, "/p%d", i);
        httpserver_raw(f.server, path, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab",
                       HTTPSERVER_CLOSE);
    }
    run_init(&run, &f, "/");
    run.config.robots = false;
    run.config.max_pages = 5;
    crawl_whole(&f, &run, "max-pages");
    assert_int_equal(run.done, 5);
    assert_int_equal(run.pages, 5);
    end(&f);
}

static void max_time__drains(void **state)
{
    (void)state;
    struct fixture f;
    struct run run;
    struct crawl_status status = {0};
    const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
    begin(&f);
    httpserver_script(
        f.server, "/",
        &(struct httpserver_script){.bytes = answer, .len = sizeof answer - 1, .is_held = true});
    run_init(&run, &f, "/");
    run.config.robots = false;
    run.config.max_time_ms = 1;
    run_start(&run);
    while (!status.draining) {
        (void)uv_run(&f.loop.loop, UV_RUN_ONCE);
        assert_false(run.is_ended && !run.is_opened);
        if (run.is_ended)
            break;
        crawl_status(run.crawl, &status);
    }
    httpserver_release(f.server, "/");
    run_finish(&run);
    assert_string_equal(run.reason, "max-time");
    assert_int_equal(run.done + run.queued, 1);
    end(&f);
}

static void a_database_that_cannot_be_opened__ends_the_crawl(void **state)
{
    (void)state;
    struct fixture f;
    struct run run;
    begin(&f);
    run_init(&run, &f, "/");
    (void)snprintf(f.path, sizeof f.path, "%s/no/such/folder.db", f.folder);
    run_start(&run);
    run_finish(&run);
    assert_false(run.is_opened);
    assert_int_not_equal(run.err, CW_OK);
    if (strstr(run.message, "no/such") == NULL)
        fail_msg("%s", run.message);
    /* and also when it was told to end meanwhile */
    run_init(&run, &f, "/");
    run_start(&run);
    crawl_stop(run.crawl, "interrupted");
    crawl_drain(run.crawl, "interrupted");
    run_finish(&run);
    assert_int_not_equal(run.err, CW_OK);
    end(&f);
}

static void one_database__serves_one_crawl(void **state)
{
    (void)state;
    struct fixture f;
    struct run first, second;
    begin(&f);
    script_site(f.server);
    run_init(&first, &f, NULL);
    first.input_open = true;
    run_start(&first);
    looptest_run_until(&f.loop, &first.is_opened);
    run_init(&second, &f, "/");
    run_start(&second);
    run_finish(&second);
    assert_int_equal(second.err, CW_ELOCKED);
    crawl_close_input(first.crawl);
    run_finish(&first);
    assert_int_equal(first.err, CW_OK);
    assert_string_equal(first.reason, "finished");
    end(&f);
}

static void what_can_be_refused_without_the_database__is(void **state)
{
    (void)state;
    struct fixture f;
    struct run run;
    struct errmsg message;
    begin(&f);
    run_init(&run, &f, "/");
    assert_int_equal(config_list_add(&run.config.include, "re:("), CW_OK);
    assert_int_equal(run_try(&run, &message), CW_EINVAL);
    assert_non_null(strstr(message.text, "("));
    crawl_config_release(&run.config);
    run_init(&run, &f, NULL);
    assert_int_equal(config_list_add(&run.config.seeds, "ftp://a/"), CW_OK);
    assert_int_equal(run_try(&run, &message), CW_EURL);
    assert_non_null(strstr(message.text, "ftp://a/"));
    crawl_config_release(&run.config);
    end(&f);
}

static void two_crawls_of_one_host__share_its_slots(void **state)
{
    (void)state;
    struct fixture f;
    struct run a, b;
    struct httpserver_counts counts;
    begin(&f);
    script_site(f.server);
    run_init(&a, &f, "/");
    run_init(&b, &f, "/");
    a.config.per_host = b.config.per_host = 1; /* of the process, not of each */
    run_start(&a);
    (void)snprintf(f.path, sizeof f.path, "%s/b.db", f.folder);
    run_start(&b);
    run_finish(&a);
    run_finish(&b);
    assert_int_equal(a.done, ARRAY_LEN(site));
    assert_int_equal(b.done, ARRAY_LEN(site));
    httpserver_counts(f.server, &counts);
    assert_int_equal(counts.most_running, 1);
    end(&f);
}

enum { FED = 20000 };

/* As much as there is room for, of URLs that an exclude pattern keeps from being fetched. */
static void feed(struct run *run)
{
    char url[64];
    for (unsigned burst = 0; run->fed < FED && crawl_has_room(run->crawl); burst++) {
        assert_true(burst < 5000); /* there is a ceiling */
        (void)snprintf(url, sizeof url, "http://h%u.test/%u", run->fed % 100, run->fed);
        assert_int_equal(crawl_add_seed(run->crawl, str_of(url), NULL), CW_OK);
        run->fed++;
    }
    if (run->fed == FED)
        crawl_close_input(run->crawl);
}

static void many_seeds__come_as_there_is_room(void **state)
{
    (void)state;
    struct fixture f;
    struct run run;
    begin(&f);
    run_init(&run, &f, NULL);
    run.input_open = true;
    run.opened = run.room = feed;
    assert_int_equal(config_list_add(&run.config.exclude, "*"), CW_OK);
    crawl_whole(&f, &run, "finished");
    assert_int_equal(run.excluded, FED);
    assert_true(run.rooms >= FED / 5000);
    end(&f);
}

/* Keeps the store lane busy: a disk that does not answer. */
struct gate {
    pthread_mutex_t lock;
    pthread_cond_t opened;
    bool is_shut;
    struct gate_job {
        struct job job;
        struct gate *gate;
    } jobs[STORE_SEATS];
    unsigned waiting; /* jobs that have not ended; the loop's */
};

static void wait_at_gate(struct job *job)
{
    struct gate *gate = CONTAINER_OF(job, struct gate_job, job)->gate;
    (void)pthread_mutex_lock(&gate->lock);
    while (gate->is_shut)
        (void)pthread_cond_wait(&gate->opened, &gate->lock);
    (void)pthread_mutex_unlock(&gate->lock);
}

static void on_through(struct job *job)
{
    CONTAINER_OF(job, struct gate_job, job)->gate->waiting--;
}

static void gate_shut(struct gate *gate, struct executor *executor)
{
    *gate = (struct gate){.lock = PTHREAD_MUTEX_INITIALIZER,
                          .opened = PTHREAD_COND_INITIALIZER,
                          .is_shut = true,
                          .waiting = STORE_SEATS};
    for (size_t i = 0; i < STORE_SEATS; i++) {
        gate->jobs[i].gate = gate;
        executor_run(executor, LANE_STORE, &gate->jobs[i].job, wait_at_gate, on_through);
    }
}

static void gate_open(struct gate *gate)
{
    (void)pthread_mutex_lock(&gate->lock);
    gate->is_shut = false;
    (void)pthread_cond_broadcast(&gate->opened);
    (void)pthread_mutex_unlock(&gate->lock);
}

/* The workbench of one connection holds 66 hosts: all of them fail while a batch is written, and
 * the next one can neither lease more of them nor take others in. */
static void more_dead_hosts_than_the_workbench_holds__all_fail(void **state)
{
    (void)state;
    enum { HOSTS = 300 };
    struct fixture f;
    struct run run;
    struct gate gate;
    char url[64];
    begin_with(&f, 1, 1);
    run_init(&run, &f, NULL);
    for (int i = 0; i < HOSTS; i++) {
        (void)snprintf(url, sizeof url, "http://h%d.test/", i);
        assert_int_equal(config_list_add(&run.config.seeds, url), CW_OK);
    }
    f.log.out = fopen("/dev/null", "w"); /* each is worth a warning */
    run_start(&run);
    while (run.crawl->seen < HOSTS)
        (void)uv_run(&f.loop.loop, UV_RUN_ONCE);
    gate_shut(&gate, f.engine->executor);
    while (run.crawl->visit_count > 0)
        (void)uv_run(&f.loop.loop, UV_RUN_ONCE);
    gate_open(&gate);
    run_finish(&run);
    assert_int_equal(gate.waiting, 0);
    assert_int_equal(fclose(f.log.out), 0);
    assert_string_equal(run.reason, "finished");
    assert_int_equal(run.failed, HOSTS);
    end(&f);
}

/* While the disk does not answer no more than twice the connections are asked. */
static void a_disk_that_does_not_answer__stops_the_requests(void **state)
{
    (void)state;
    struct fixture f;
    struct run run;
    struct gate gate;
    struct httpserver_counts counts;
    begin_with(&f, 4, 8);
    script_many(f.server, 60);
    run_init(&run, &f, "/");
    run.config.robots = false;
    run.config.per_host = 4;
    run_start(&run);
    while (run.crawl->visit_count < 60)
        (void)uv_run(&f.loop.loop, UV_RUN_ONCE);
    gate_shut(&gate, f.engine->executor);
    while (sink_unlanded(run.crawl->sink) < 8)
        (void)uv_run(&f.loop.loop, UV_RUN_ONCE);
    for (int i = 0; i < 20; i++)
        looptest_run_once(&f.loop);
    httpserver_counts(f.server, &counts);
    assert_int_equal(sink_unlanded(run.crawl->sink), 8);
    assert_true(counts.requests <= (unsigned)run.crawl->stored_pages + 8);
    assert_false(crawl_may_fetch(run.crawl, false));
    gate_open(&gate);
    run_finish(&run);
    assert_int_equal(run.done, 61);
    end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_small_site__is_crawled_once_and_whole),
        cmocka_unit_test(drained_at_any_moment__nothing_is_lost_nor_asked_twice),
        cmocka_unit_test(stopped_at_any_moment__nothing_is_lost),
        cmocka_unit_test(drained_and_then_stopped__nothing_is_lost),
        cmocka_unit_test(a_request_under_way__is_finished_by_drain_and_put_back_by_stop),
        cmocka_unit_test(a_crawl_that_ends__takes_no_seeds),
        cmocka_unit_test(max_pages__is_exact),
        cmocka_unit_test(max_pages__is_reached_when_some_fail),
        cmocka_unit_test(max_time__drains),
        cmocka_unit_test(a_database_that_cannot_be_opened__ends_the_crawl),
        cmocka_unit_test(one_database__serves_one_crawl),
        cmocka_unit_test(what_can_be_refused_without_the_database__is),
        cmocka_unit_test(two_crawls_of_one_host__share_its_slots),
        cmocka_unit_test(many_seeds__come_as_there_is_room),
        cmocka_unit_test(more_dead_hosts_than_the_workbench_holds__all_fail),
        cmocka_unit_test(a_disk_that_does_not_answer__stops_the_requests),
    };
    executor_prepare_pool(PARSE_SEATS, STORE_SEATS);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
