/* The service told by signals, as an operator tells it. */
#include "crawler/service/service.h"

#include <signal.h>

#include "tests/loop/engine_fixture.h"

struct serving {
    struct looptest loop;
    struct httpserver *server;
    struct service *service;
    char folder[40], config_path[64];
    char *text; /* of the log */
    size_t text_len;
    struct log log;
    bool is_ended;
};

static void on_ended(void *arg)
{
    ((struct serving *)arg)->is_ended = true;
}

/* Every crawl named starts from "/held" of the server; `more` goes into each. Without a pause a
 * host has its two slots at once; `auto` would begin with one. */
static void configure(struct serving *s, const char *names, const char *more)
{
    FILE *file = fopen(s->config_path, "w");
    assert_non_null(file);
    assert_true(fprintf(file, "state_directory: %s\ncrawls:\n", s->folder) > 0);
    for (struct str rest = str_of(names); !str_is_absent(rest);) {
        struct str name = str_cut(&rest, ' ');
        assert_true(fprintf(file,
                            "  - name: " STR_FMT "\n    seeds: [\"http://127.0.0.1:%u/held\"]\n"
                            "    robots: false\n    allow_private: true\n    delay: 0\n%s",
                            STR_ARG(name), httpserver_port(s->server), more) > 0);
    }
    assert_int_equal(fclose(file), 0);
}

static unsigned count_log(const struct serving *s, const char *what)
{
    unsigned count = 0;
    (void)fflush(s->log.out);
    for (const char *at = s->text; (at = strstr(at, what)) != NULL; at += strlen(what))
        count++;
    return count;
}

static void run_until_logged(struct serving *s, const char *what, unsigned count)
{
    while (count_log(s, what) < count)
        if (uv_run(&s->loop.loop, UV_RUN_ONCE) == 0)
            fail_msg("ended before \"%s\": %s", what, s->text);
}

static void hold(struct serving *s)
{
    static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
    httpserver_script(
        s->server, "/held",
        &(struct httpserver_script){.bytes = answer, .len = sizeof answer - 1, .is_held = true});
}

static void serve(struct serving *s, const char *names)
{
    struct errmsg message;
    *s = (struct serving){.is_ended = false};
    (void)snprintf(s->folder, sizeof s->folder, "%s", "/tmp/crawld-serve.XXXXXX");
    assert_non_null(mkdtemp(s->folder));
    (void)snprintf(s->config_path, sizeof s->config_path, "%s/c.yaml", s->folder);
    s->log = (struct log){.out = open_memstream(&s->text, &s->text_len), .threshold = LOG_INFO};
    assert_non_null(s->log.out);
    looptest_begin(&s->loop);
    s->server = httpserver_open(&s->loop.loop);
    hold(s);
    configure(s, names, "");
    const struct service_options options = {.loop = &s->loop.loop,
                                            .log = &s->log,
                                            .config_path = s->config_path,
                                            .version = "test",
                                            .parse_seats = PARSE_SEATS,
                                            .store_seats = STORE_SEATS,
                                            .arg = s,
                                            .on_ended = on_ended};
    if (service_start(&s->service, &options, &message) != CW_OK)
        fail_msg("%s", message.text);
}

static void wait_for_request(struct serving *s, unsigned count)
{
    while (httpserver_requests_of(s->server, "/held") < count)
        assert_true(uv_run(&s->loop.loop, UV_RUN_ONCE) != 0);
}

static void reload(struct serving *s, const char *names, const char *more, unsigned count)
{
    configure(s, names, more);
    assert_int_equal(raise(SIGHUP), 0);
    run_until_logged(s, "configuration reloaded", count);
}

static void end_serving(struct serving *s)
{
    assert_int_equal(raise(SIGTERM), 0);
    looptest_run_until(&s->loop, &s->is_ended);
    httpserver_close(s->server);
    looptest_end(&s->loop);
    assert_int_equal(fclose(s->log.out), 0);
    free(s->text);
    empty_folder(s->folder);
    assert_int_equal(rmdir(s->folder), 0);
}

static void a_crawl_that_did_not_change__goes_on_untouched(void **state)
{
    (void)state;
    struct serving s;
    serve(&s, "a");
    wait_for_request(&s, 1);
    reload(&s, "a b", "", 1);
    run_until_logged(&s, "crawl started", 2);
    httpserver_release(s.server, "/held");
    run_until_logged(&s, "crawl ended", 2);
    assert_int_equal(count_log(&s, "reason=finished"), 2);
    assert_int_equal(count_log(&s, "crawl started"), 2);
    end_serving(&s);
}

static void a_removed_crawl__ends_and_stays_away(void **state)
{
    (void)state;
    struct serving s;
    serve(&s, "a b");
    wait_for_request(&s, 2);
    reload(&s, "b", "", 1);
    httpserver_release(s.server, "/held");
    run_until_logged(&s, "crawl ended", 2);
    assert_int_equal(count_log(&s, "reason=removed"), 1);
    assert_int_equal(count_log(&s, "crawl started"), 2);
    end_serving(&s);
}

/* It comes back, unchanged, while what it has under way is being finished. */
static void a_crawl_that_was_removed_and_is_back__starts_anew(void **state)
{
    (void)state;
    struct serving s;
    serve(&s, "a b");
    wait_for_request(&s, 2);
    reload(&s, "b", "", 1);
    reload(&s, "a b", "", 2);
    httpserver_release(s.server, "/held");
    run_until_logged(&s, "crawl started", 3);
    run_until_logged(&s, "crawl ended", 3);
    assert_int_equal(count_log(&s, "crawl started"), 3);
    end_serving(&s);
}

static void a_crawl_that_changes_twice__starts_anew_once_with_the_last(void **state)
{
    (void)state;
    struct serving s;
    serve(&s, "a");
    wait_for_request(&s, 1);
    reload(&s, "a", "    depth: 1\n", 1);
    reload(&s, "a", "", 2); /* as it was: but its end is under way */
    reload(&s, "a", "    depth: 2\n", 3);
    httpserver_release(s.server, "/held");
    run_until_logged(&s, "crawl ended", 2);
    assert_int_equal(count_log(&s, "crawl started"), 2);
    assert_int_equal(count_log(&s, "reason=reloaded"), 1);
    reload(&s, "a", "    depth: 2\n", 4); /* has ended, did not change: stays as it is */
    assert_int_equal(count_log(&s, "crawl started"), 2);
    end_serving(&s);
}

static void a_configuration_with_problems__changes_nothing(void **state)
{
    (void)state;
    struct serving s;
    serve(&s, "a");
    wait_for_request(&s, 1);
    configure(&s, "a", "    deepness: 1\n");
    assert_int_equal(raise(SIGHUP), 0);
    run_until_logged(&s, "not reloaded", 1);
    assert_int_equal(count_log(&s, "deepness"), 1);
    httpserver_release(s.server, "/held");
    run_until_logged(&s, "reason=finished", 1);
    end_serving(&s);
}

static void told_to_stop_with_requests_under_way__ends(void **state)
{
    (void)state;
    struct serving s;
    serve(&s, "a b c");
    wait_for_request(&s, 2); /* of one host, two at once */
    reload(&s, "a", "    depth: 1\n", 1);
    assert_int_equal(raise(SIGTERM), 0);
    run_until_logged(&s, "stopping", 1);
    end_serving(&s); /* the second signal cancels */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_crawl_that_did_not_change__goes_on_untouched),
        cmocka_unit_test(a_removed_crawl__ends_and_stays_away),
        cmocka_unit_test(a_crawl_that_was_removed_and_is_back__starts_anew),
        cmocka_unit_test(a_crawl_that_changes_twice__starts_anew_once_with_the_last),
        cmocka_unit_test(a_configuration_with_problems__changes_nothing),
        cmocka_unit_test(told_to_stop_with_requests_under_way__ends),
    };
    executor_prepare_pool(PARSE_SEATS, STORE_SEATS);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
