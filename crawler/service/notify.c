#include "crawler/service/notify.h"

#include "crawler/base/utf8.h"

enum { STATUS_BYTES = 512 };

#ifdef HAVE_LIBSYSTEMD
#include <systemd/sd-daemon.h>

bool notify_is_supported(void)
{
    return true;
}

static void send_state(const char *state)
{
    (void)sd_notify(0, state); /* not delivered: ignored, as the header says */
}

int64_t notify_watchdog_interval_ms(void)
{
    uint64_t limit_us;
    if (sd_watchdog_enabled(0, &limit_us) <= 0)
        return 0;
    return MAX((int64_t)(limit_us / 2000), 1);
}
#else
bool notify_is_supported(void)
{
    return false;
}

static void send_state(const char *state UNUSED)
{
}

int64_t notify_watchdog_interval_ms(void)
{
    return 0;
}
#endif

void notify_ready(void)
{
    send_state("READY=1");
}

void notify_reloading(void)
{
    struct timespec now;
    char state[64];
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    (void)snprintf(state, sizeof state, "RELOADING=1\nMONOTONIC_USEC=%lld",
                   (long long)now.tv_sec * 1000000 + now.tv_nsec / 1000);
    send_state(state);
}

void notify_stopping(void)
{
    send_state("STOPPING=1");
}

void notify_status(struct str text)
{
    char state[sizeof "STATUS=" + STATUS_BYTES];
    text = utf8_cut(text, STATUS_BYTES);
    (void)snprintf(state, sizeof state, "STATUS=" STR_FMT, STR_ARG(text));
    for (char *c = state; *c != '\0'; c++)
        if (*c == '\n' || *c == '\r')
            *c = ' ';
    send_state(state);
}

void notify_watchdog(void)
{
    send_state("WATCHDOG=1");
}
