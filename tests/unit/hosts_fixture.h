/* hosts_fixture: hosts in virtual time: `now` is an argument, nothing waits. */
#ifndef TESTS_UNIT_HOSTS_FIXTURE_H
#define TESTS_UNIT_HOSTS_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "crawler/frontier/hosts.h"

UNUSED static const struct hosts_limits LIMITS = {
    .connections = 8, .per_address = 4, .max_crawl_delay_ms = 60000, .max_backoff_ms = 10000};
UNUSED static const struct turn_result FINE = {
    .status = 200, .elapsed_ms = 100, .retry_after_ms = -1, .sent = true};

UNUSED static struct hosts *new_hosts(const struct hosts_limits *limits)
{
    struct hosts *hosts = NULL;
    assert_int_equal(hosts_new(&hosts, limits), CW_OK);
    return hosts;
}

UNUSED static struct host *get(struct hosts *hosts, const char *name, unsigned per_host,
                               int64_t delay_ms)
{
    struct host_policy policy = {.per_host = per_host, .delay_ms = delay_ms};
    struct host *host = hosts_get(hosts, str_of(name), &policy);
    assert_non_null(host);
    return host;
}

UNUSED static void ask(struct hosts *hosts, struct host *host, struct turn *turn)
{
    hosts_ask(hosts, host, turn, TURN_LAST, 0);
}

UNUSED static void ask_all(struct hosts *hosts, struct host *host, struct turn *turns, size_t count)
{
    for (size_t i = 0; i < count; i++)
        ask(hosts, host, &turns[i]);
}

UNUSED static void expect_start(struct hosts *hosts, const struct turn *turn, const char *address,
                                int64_t now_ms)
{
    int64_t wake_ms;
    struct turn *next = hosts_next(hosts, now_ms, &wake_ms);
    assert_ptr_equal(next, turn);
    assert_true(hosts_locate(hosts, next, str_of(address), now_ms));
}

UNUSED static void expect_wait(struct hosts *hosts, int64_t wake_ms, int64_t now_ms)
{
    int64_t got_ms = 0;
    assert_null(hosts_next(hosts, now_ms, &got_ms));
    assert_int_equal(got_ms, wake_ms);
}

UNUSED static int64_t delay_of(const struct host *host)
{
    struct host_status status;
    host_status(host, &status);
    return status.delay_ms;
}

/* One request of a host that has nothing else to do, answered with `result` at `now_ms`. */
UNUSED static void visit(struct hosts *hosts, struct host *host, const struct turn_result *result,
                         int64_t now_ms)
{
    struct turn turn;
    ask(hosts, host, &turn);
    expect_start(hosts, &turn, "192.0.2.1", now_ms);
    hosts_done(hosts, &turn, result, now_ms);
}

UNUSED static int64_t rest_after(struct hosts *hosts, struct host *host,
                                 const struct turn_result *result, int64_t now_ms)
{
    struct host_status status;
    visit(hosts, host, result, now_ms);
    host_status(host, &status);
    return status.backoff_until_ms == INT64_MIN ? 0 : MAX(status.backoff_until_ms - now_ms, 0);
}

#endif
