/* One whole crawl for the tests of crawls: what it told, how it ended, what its database holds. */
#ifndef TESTS_LOOP_CRAWL_FIXTURE_H
#define TESTS_LOOP_CRAWL_FIXTURE_H

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

UNUSED static void on_opened(void *arg)
{
    struct run *run = arg;
    assert_false(run->is_opened);
    run->is_opened = true;
    if (run->opened != NULL)
        run->opened(run);
}

UNUSED static void on_page(void *arg, const struct outcome *outcome)
{
    struct run *run = arg;
    assert_true(outcome->has_page);
    run->pages++;
}

UNUSED static void on_room(void *arg)
{
    struct run *run = arg;
    run->rooms++;
    if (run->room != NULL)
        run->room(run);
}

UNUSED static void on_ended(void *arg, const struct crawl_result *result)
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
UNUSED static void run_init(struct run *run, struct fixture *f, const char *path)
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

UNUSED static enum cw_err run_try(struct run *run, struct errmsg *message)
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

UNUSED static void run_start(struct run *run)
{
    struct errmsg message = {""};
    if (run_try(run, &message) != CW_OK)
        fail_msg("%s", message.text);
    assert_false(run->is_opened || run->is_ended);
}

UNUSED static void run_finish(struct run *run)
{
    looptest_run_until(&run->f->loop, &run->is_ended);
    crawl_config_release(&run->config);
}

/* A whole crawl from "/" that must end as said. */
UNUSED static void crawl_whole(struct fixture *f, struct run *run, const char *reason)
{
    run_start(run);
    run_finish(run);
    assert_string_equal(run->message, "");
    assert_int_equal(run->err, CW_OK);
    assert_string_equal(run->reason, reason);
    (void)f;
}

/* Six pages: a redirect, a 404, links back and forth. */
UNUSED static const char *const site[] = {"/", "/a", "/b", "/c", "/d", "/e"};

UNUSED static void script_site(struct httpserver *server)
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

/* A page that names `count` others; each third of them answers 500. */
UNUSED static void script_many(struct httpserver *server, unsigned count)
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

#endif
