#include "crawler/engine/forecast.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "crawler/base/units.h"

enum { MINUTE_MS = 60 * 1000 };
#define LONGEST_MS (INT64_C(1000) * 365 * 24 * 3600 * 1000) /* a thousand years are for ever */

static int64_t multiply(int64_t count, int64_t each_ms)
{
    int64_t product_ms;
    return __builtin_mul_overflow(count, each_ms, &product_ms) ? LONGEST_MS
                                                               : MIN(product_ms, LONGEST_MS);
}

void forecast_add_host(struct forecast *f, const char *host, int64_t queued, int64_t interval_ms,
                       int64_t rest_ms)
{
    int64_t left_ms = multiply(queued, interval_ms) + MIN(rest_ms, LONGEST_MS);
    if (queued <= 0 || interval_ms <= 0 || left_ms <= f->left_ms)
        return;
    f->left_ms = left_ms;
    f->by_host = true;
    f->queued = queued;
    f->interval_ms = interval_ms;
    (void)snprintf(f->host, sizeof f->host, "%s", host);
}

void forecast_add_all(struct forecast *f, int64_t queued, int64_t ended, int64_t window_ms)
{
    if (ended <= 0 || window_ms <= 0)
        return;
    f->per_minute = multiply(ended, MINUTE_MS) / window_ms;
    int64_t left_ms = multiply(queued, window_ms) / ended;
    if (left_ms <= f->left_ms)
        return;
    f->left_ms = left_ms;
    f->by_host = false;
    f->queued = queued;
}

/* 7,800: digits in groups of three. */
static const char *group(int64_t number, char room[UNITS_TEXT_SIZE])
{
    char digits[UNITS_TEXT_SIZE];
    int len = snprintf(digits, sizeof digits, "%" PRId64, number);
    char *out = room;
    for (int i = 0; i < len; i++) {
        if (i > 0 && (len - i) % 3 == 0)
            *out++ = ',';
        *out++ = digits[i];
    }
    *out = '\0';
    return room;
}

void forecast_text(const struct forecast *f, char ret_text[FORECAST_TEXT_SIZE])
{
    char left[UNITS_TEXT_SIZE], each[UNITS_TEXT_SIZE], queued[UNITS_TEXT_SIZE];
    ret_text[0] = '\0';
    if (f->left_ms < 0)
        return;
    units_format_duration(f->left_ms, left);
    units_format_duration(f->interval_ms, each);
    group(f->queued, queued);
    if (f->by_host)
        (void)snprintf(ret_text, FORECAST_TEXT_SIZE,
                       "about %s left: %s has %s queued at one each %s", left, f->host, queued,
                       each);
    else
        (void)snprintf(ret_text, FORECAST_TEXT_SIZE,
                       "about %s left: %s queued at %" PRId64 " a minute", left, queued,
                       f->per_minute);
}
