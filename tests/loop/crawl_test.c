/* Whole crawls: a real server, a real database, told to end at every moment. */
#include "tests/loop/crawl_fixture.h"

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

/* ---- pages that share a template ---- */

enum { ALIKE = 60, TEMPLATE_WORDS = 400, ALIKE_BYTES = 8000 };

/* Page `i`, as its server sends it, or the text of it. */
static void make_alike(struct buf *page, unsigned i, bool as_text)
{
    buf_clear(page);
    if (!as_text)
        assert_int_equal(buf_add(page, STR("<!doctype html><p>")), CW_OK);
    for (unsigned word = 0; word < TEMPLATE_WORDS; word++)
        assert_int_equal(buf_addf(page, "word%u ", word * word), CW_OK);
    assert_int_equal(buf_addf(page, "page %u", i), CW_OK);
}

static void script_alike(struct httpserver *server)
{
    CLEANUP(buf_release) struct buf page = BUF_INIT(ALIKE_BYTES);
    CLEANUP(buf_release) struct buf links = BUF_INIT(1 << 16);
    char path[16];
    for (unsigned i = 0; i < ALIKE; i++) {
        (void)snprintf(path, sizeof path, "/p%u", i);
        make_alike(&page, i, false);
        httpserver_page(server, path, 200, "text/html", page.ptr);
        assert_int_equal(buf_addf(&links, "<a href=%s>x</a>", path), CW_OK);
    }
    httpserver_page(server, "/", 200, "text/html", links.ptr);
}

static void expect_alike(struct fixture *f, struct store_reader *reader, bool as_text)
{
    char path[16], url[HTTPSERVER_URL_SIZE];
    struct errmsg msg = {""};
    CLEANUP(buf_release) struct buf page = BUF_INIT(ALIKE_BYTES);
    CLEANUP(buf_release) struct buf body = BUF_INIT(ALIKE_BYTES);
    for (unsigned i = 0; i < ALIKE; i++) {
        (void)snprintf(path, sizeof path, "/p%u", i);
        httpserver_url(f->server, NULL, path, url);
        make_alike(&page, i, as_text);
        buf_clear(&body);
        if (store_read_body(reader, str_of(url), &body, &msg) != CW_OK)
            fail_msg("%s", msg.text);
        if (str_find(buf_str(&body), buf_str(&page)) == body.len)
            fail_msg("%s: " STR_FMT, url, STR_ARG(buf_str(&body)));
    }
}

static bool take_columns(void *arg UNUSED, const char *const *names UNUSED, size_t count UNUSED)
{
    return true;
}

static bool keep_counts(void *arg, const struct store_value *values, size_t count)
{
    int64_t *counts = arg;
    for (size_t i = 0; i < count; i++)
        counts[i] = values[i].integer;
    return true;
}

/* A crawl that is broken off and goes on chooses another dictionary, and needs the first no more
 * than to read with. */
static void pages_that_share_a_template__are_kept_beside_one_of_them(void **state)
{
    (void)state;
    for (int as_text = 0; as_text <= 1; as_text++) {
        struct fixture f;
        struct run run;
        struct errmsg msg = {""};
        struct store_reader *reader = NULL;
        int64_t counts[3] = {0};
        const struct store_query_sink sink = {
            .on_columns = take_columns, .on_row = keep_counts, .arg = counts};
        begin(&f);
        script_alike(f.server);
        for (int again = 0; again <= 1; again++) {
            run_init(&run, &f, "/");
            run.config.store = as_text ? CONFIG_STORE_TEXT : CONFIG_STORE_BODIES;
            if (!again)
                run.config.max_pages = ALIKE / 2;
            crawl_whole(&f, &run, again ? "finished" : "max-pages");
        }
        assert_int_equal(store_reader_open(&reader, f.path, &msg), CW_OK);
        expect_alike(&f, reader, as_text);
        assert_int_equal(store_query(reader,
                                     STR("SELECT (SELECT count(*) FROM zdict_), count(zdict),"
                                         " sum(length(zstd)) < sum(size) / 5 FROM body_"),
                                     &sink, &msg),
                         CW_OK);
        store_reader_close(reader);
        assert_int_equal(counts[0], 2);
        assert_in_range(counts[1], ALIKE / 4, ALIKE);
        assert_int_equal(counts[2], 1);
        end(&f);
    }
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
        cmocka_unit_test(pages_that_share_a_template__are_kept_beside_one_of_them),
    };
    executor_prepare_pool(PARSE_SEATS, STORE_SEATS);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
