#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "crawler/base/util.h"
#include "crawler/engine/forecast.h"

enum { HOSTS_MAX = 3 };

static const struct prediction {
    const char *name;
    struct {
        const char *host;
        int64_t queued, interval_ms, rest_ms;
    } hosts[HOSTS_MAX];
    int64_t queued, ended, window_ms; /* of all */
    int64_t left_ms;
    const char *text;
} predictions[] = {
    {.name = "nothing is known", .left_ms = -1, .text = ""},
    {.name = "the slowest host decides",
     .hosts = {{"fast.test", 10000, 10, 0},
               {"example.org", 7800, 1000, 0},
               {"few.test", 5, 60000, 0}},
     .queued = 17805,
     .ended = 6000,
     .window_ms = 60000,
     .left_ms = 7800000,
     .text = "about 2h 10m left: example.org has 7,800 queued at one each 1.0s"},
    {.name = "many hosts together may take longer than any of them",
     .hosts = {{"example.org", 100, 1000, 0}},
     .queued = 1234567,
     .ended = 6000,
     .window_ms = 60000,
     .left_ms = 12345670,
     .text = "about 3h 25m left: 1,234,567 queued at 6000 a minute"},
    {.name = "a host that rests first begins later",
     .hosts = {{"a.test", 10, 1000, 0}, {"b.test", 5, 1000, 60000}},
     .left_ms = 65000,
     .text = "about 1m 05s left: b.test has 5 queued at one each 1.0s"},
    {.name = "a minute that has only begun is counted as it is",
     .queued = 100,
     .ended = 10,
     .window_ms = 2000,
     .left_ms = 20000,
     .text = "about 20.0s left: 100 queued at 300 a minute"},
    {.name = "while nothing ends, speed says nothing",
     .hosts = {{"a.test", 10, 1000, 0}},
     .queued = 1000000,
     .ended = 0,
     .window_ms = 60000,
     .left_ms = 10000,
     .text = "about 10.0s left: a.test has 10 queued at one each 1.0s"},
    {.name = "a host without an interval says nothing",
     .hosts = {{"a.test", 10, 0, 5000}},
     .left_ms = -1,
     .text = ""},
};

static void a_forecast__is_the_longer_of_both_and_says_why(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(predictions); i++) {
        const struct prediction *p = &predictions[i];
        struct forecast f = FORECAST_INIT;
        char text[FORECAST_TEXT_SIZE];
        for (size_t h = 0; h < HOSTS_MAX && p->hosts[h].host != NULL; h++)
            forecast_add_host(&f, p->hosts[h].host, p->hosts[h].queued, p->hosts[h].interval_ms,
                              p->hosts[h].rest_ms);
        forecast_add_all(&f, p->queued, p->ended, p->window_ms);
        forecast_text(&f, text);
        if (f.left_ms != p->left_ms || strcmp(text, p->text) != 0)
            fail_msg("%s: %lld ms: %s", p->name, (long long)f.left_ms, text);
    }
}

static void numbers_beyond_reason__do_not_overflow(void **state)
{
    struct forecast f = FORECAST_INIT;
    char text[FORECAST_TEXT_SIZE];
    (void)state;
    forecast_add_host(&f, "a.test", INT64_MAX, INT64_MAX, INT64_MAX);
    assert_true(f.left_ms > 0);
    forecast_add_all(&f, INT64_MAX, 1, INT64_MAX);
    assert_true(f.left_ms > 0);
    forecast_text(&f, text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_forecast__is_the_longer_of_both_and_says_why),
        cmocka_unit_test(numbers_beyond_reason__do_not_overflow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
