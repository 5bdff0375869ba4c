#include "crawler/base/clock.h"

#include "crawler/base/util.h"

static int64_t read_ms(clockid_t id)
{
    struct timespec now;
    (void)clock_gettime(id, &now); /* cannot fail for these clocks */
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t clock_mono_ms(void)
{
    return read_ms(CLOCK_MONOTONIC);
}

int64_t clock_boot_ms(void)
{
    return read_ms(CLOCK_BOOTTIME);
}

int64_t clock_unix_ms(void)
{
    return read_ms(CLOCK_REALTIME);
}

void clock_format(int64_t unix_ms, char ret_text[CLOCK_TEXT_SIZE])
{
    const int64_t first = -62167219200000, last = 253402300799999; /* years 0 and 9999 */
    unix_ms = MIN(MAX(unix_ms, first), last);
    int64_t ms = ((unix_ms % 1000) + 1000) % 1000;
    time_t seconds = (time_t)((unix_ms - ms) / 1000);
    struct tm tm;
    (void)gmtime_r(&seconds, &tm);
    char date[CLOCK_TEXT_SIZE];
    (void)strftime(date, sizeof date, "%04Y-%m-%dT%H:%M:%S", &tm); /* %Y alone would not pad */
    (void)snprintf(ret_text, CLOCK_TEXT_SIZE, "%.19s.%03dZ", date, (int)ms);
}
