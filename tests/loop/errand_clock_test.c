/* An errand on a machine so busy that the processor is taken away between any two readings of the
 * clock. Everybody in this process finds ours in place of the C library's. */
#include <sys/syscall.h>
#include <time.h>

#include "crawler/base/clock.h"
#include "crawler/engine/engine_p.h"
#include "crawler/engine/errand.h"
#include "tests/loop/engine_fixture.h"

enum { AWAY_MS = 5 };

static int64_t away_ms; /* so far */

int clock_gettime(clockid_t id, struct timespec *ret)
{
    int result = (int)syscall(SYS_clock_gettime, id, ret);
    int64_t added_ms = __atomic_add_fetch(&away_ms, AWAY_MS, __ATOMIC_RELAXED);
    int64_t ns = ret->tv_nsec + added_ms % 1000 * 1000000;
    ret->tv_sec += added_ms / 1000 + ns / 1000000000;
    ret->tv_nsec = ns % 1000000000;
    return result;
}

static bool is_done;
static struct errand_terms terms;

static void on_done(struct errand *errand, struct fetch_result *res,
                    const struct errand_terms *found)
{
    (void)errand;
    assert_int_equal(res->err, CW_OK);
    terms = *found;
    is_done = true;
}

/* Or an audit of what was stored would find the pause too short. */
static void its_end_is_stored__no_later_than_the_pause_after_it_begins(void **state)
{
    (void)state;
    struct fixture f;
    struct host_status status;
    char url[HTTPSERVER_URL_SIZE], key[64];
    const struct host_policy policy = {.per_host = 1, .delay_ms = 1000};
    const struct guard loopback = {.allowed = GUARD_ALL};
    begin(&f);
    httpserver_page(f.server, "/", 200, "text/plain", "hi");
    httpserver_url(f.server, "127.0.0.1", "/", url);
    (void)snprintf(key, sizeof key, "127.0.0.1:%u", httpserver_port(f.server));
    struct errand errand = {
        .engine = f.engine,
        .host = hosts_get(f.engine->hosts, str_of(key), &policy),
        .request = {.url = str_of(url),
                    .guard = &loopback,
                    .limits = {.connect_ms = 60000,
                               .first_byte_ms = 60000,
                               .total_ms = 60000,
                               .body_bytes = 1 << 20,
                               .header_bytes = 65536},
                    .user_agent = "crawld-test/1"},
        .hostname = STR("127.0.0.1"),
        .done = on_done,
    };
    assert_non_null(errand.host);
    errand_start(&errand);
    looptest_run_until(&f.loop, &is_done);
    host_status(errand.host, &status);
    int64_t boot_less_mono_ms = clock_boot_ms() - clock_mono_ms() + AWAY_MS;
    assert_int_equal(terms.limit_ms, 1000);
    assert_true(status.quiet_until_ms + boot_less_mono_ms >= terms.ended_ms + terms.limit_ms - 1);
    hosts_drop(f.engine->hosts, errand.host);
    end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(its_end_is_stored__no_later_than_the_pause_after_it_begins),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
