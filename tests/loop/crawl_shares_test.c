/* Crawls that share: a database, a host, the room in memory, a disk that does not answer. */
#include <pthread.h>

#include "tests/loop/crawl_fixture.h"

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

/* One page of the host does not come, another one waits for its next try: nothing can be done until
 * then, so the database is left alone. */
static void a_retry_beside_a_held_page__is_waited_for_at_rest(void **state)
{
    (void)state;
    struct fixture f;
    struct run run;
    begin(&f);
    const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
    httpserver_page(f.server, "/", 200, "text/html", "<a href=/bad>b</a><a href=/held>h</a>");
    httpserver_page(f.server, "/bad", 500, "text/html", "x");
    httpserver_script(
        f.server, "/held",
        &(struct httpserver_script){.bytes = answer, .len = sizeof answer - 1, .is_held = true});
    run_init(&run, &f, "/");
    run.config.robots = false;
    run.config.retries = 1;
    run.config.delay_ms = 0;
    run_start(&run);
    while (httpserver_requests_of(f.server, "/held") < 1 ||
           httpserver_requests_of(f.server, "/bad") < 1)
        (void)uv_run(&f.loop.loop, UV_RUN_ONCE);
    unsigned turns = 0;
    for (; httpserver_requests_of(f.server, "/bad") < 2; turns++)
        (void)uv_run(&f.loop.loop, UV_RUN_ONCE);
    assert_true(turns < 200); /* a second of commits in a row makes thousands */
    httpserver_release(f.server, "/held");
    run_finish(&run);
    assert_int_equal(run.done, 3);
    end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_database_that_cannot_be_opened__ends_the_crawl),
        cmocka_unit_test(one_database__serves_one_crawl),
        cmocka_unit_test(what_can_be_refused_without_the_database__is),
        cmocka_unit_test(two_crawls_of_one_host__share_its_slots),
        cmocka_unit_test(many_seeds__come_as_there_is_room),
        cmocka_unit_test(more_dead_hosts_than_the_workbench_holds__all_fail),
        cmocka_unit_test(a_retry_beside_a_held_page__is_waited_for_at_rest),
        cmocka_unit_test(a_disk_that_does_not_answer__stops_the_requests),
    };
    executor_prepare_pool(PARSE_SEATS, STORE_SEATS);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
