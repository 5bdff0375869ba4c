/* engine_fixture: an engine, a server and a folder for databases, for the loop tests of engine. */
#ifndef TESTS_LOOP_ENGINE_FIXTURE_H
#define TESTS_LOOP_ENGINE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <stdlib.h>
#include <unistd.h>

#include "crawler/engine/engine.h"
#include "crawler/engine/executor.h"
#include "tests/support/dnsserver.h"
#include "tests/support/httpserver.h"
#include "tests/support/looptest.h"

enum { PARSE_SEATS = 2, STORE_SEATS = 2 };

struct fixture {
    struct looptest loop;
    struct httpserver *server;
    struct dnsserver *names;
    struct engine *engine;
    struct log log;
    char folder[40], path[64]; /* of a database that does not exist yet */
};

UNUSED static void begin_with(struct fixture *f, unsigned connections, unsigned per_address)
{
    char names[DNSSERVER_TEXT_SIZE];
    struct errmsg message;
    *f = (struct fixture){.log = {.out = stderr, .threshold = LOG_ERROR}};
    looptest_begin(&f->loop);
    (void)snprintf(f->folder, sizeof f->folder, "%s", "/tmp/crawld-engine.XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    (void)snprintf(f->path, sizeof f->path, "%s/a.db", f->folder);
    f->server = httpserver_open(&f->loop.loop);
    f->names = dnsserver_open(&f->loop.loop);
    dnsserver_text(f->names, names);
    const struct engine_options options = {.loop = &f->loop.loop,
                                           .log = &f->log,
                                           .user_agent = "crawld-test/1",
                                           .dns_servers = names,
                                           .connections = connections,
                                           .per_address = per_address,
                                           .parse_seats = PARSE_SEATS,
                                           .store_seats = STORE_SEATS};
    if (engine_new(&f->engine, &options, &message) != CW_OK)
        fail_msg("%s", message.text);
}

UNUSED static void begin(struct fixture *f)
{
    begin_with(f, 8, 8);
}

UNUSED static void empty_folder(const char *folder)
{
    DIR *dir = opendir(folder);
    assert_non_null(dir);
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;)
        (void)unlinkat(dirfd(dir), entry->d_name, 0);
    (void)closedir(dir);
}

UNUSED static void end(struct fixture *f)
{
    bool is_closed = false;
    engine_close(f->engine, looptest_set_flag, &is_closed);
    assert_false(is_closed);
    looptest_run_until(&f->loop, &is_closed);
    httpserver_close(f->server);
    dnsserver_close(f->names);
    looptest_end(&f->loop);
    empty_folder(f->folder);
    assert_int_equal(rmdir(f->folder), 0);
}

/* Runs rounds of the loop until `count_of(arg)` is at least `count`. */
UNUSED static void run_until_count(struct fixture *f, unsigned (*count_of)(void *arg), void *arg,
                                   unsigned count)
{
    while (count_of(arg) < count)
        assert_true(uv_run(&f->loop.loop, UV_RUN_ONCE) != 0 || count_of(arg) >= count);
}

UNUSED static unsigned requests_under_way(void *server)
{
    struct httpserver_counts counts;
    httpserver_counts(server, &counts);
    return counts.running;
}

#endif
