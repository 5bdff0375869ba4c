#include "crawler/service/notify.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "crawler/base/utf8.h"

enum { STATUS_BYTES = 512 };

/* Where the manager listens: a path, or '@' and a name in the abstract namespace. The length of the
 * address; 0: nobody wants to be told. */
static socklen_t find_manager(struct sockaddr_un *ret)
{
    struct str name = str_of(getenv("NOTIFY_SOCKET"));
    if (name.len < 2 || name.len >= sizeof ret->sun_path)
        return 0;
    if (name.ptr[0] != '/' && name.ptr[0] != '@')
        return 0;
    *ret = (struct sockaddr_un){.sun_family = AF_UNIX};
    memcpy(ret->sun_path, name.ptr, name.len);
    if (name.ptr[0] == '@')
        ret->sun_path[0] = '\0';
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + name.len);
}

/* Not delivered: ignored, as the header says. */
static void send_state(const char *state)
{
    struct sockaddr_un manager;
    socklen_t size = find_manager(&manager);
    int fd = size > 0 ? socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0) : -1;
    if (fd < 0)
        return;
    (void)!sendto(fd, state, strlen(state), MSG_NOSIGNAL, (struct sockaddr *)&manager, size);
    close(fd);
}

static bool number_of(const char *variable, uint64_t *ret)
{
    const char *text = getenv(variable);
    return text != NULL && str_to_u64(str_of(text), INT64_MAX, ret);
}

int64_t notify_watchdog_interval_ms(void)
{
    uint64_t limit_us, pid;
    if (!number_of("WATCHDOG_USEC", &limit_us) || limit_us == 0)
        return 0;
    if (getenv("WATCHDOG_PID") != NULL &&
        (!number_of("WATCHDOG_PID", &pid) || pid != (uint64_t)getpid()))
        return 0; /* meant for a process that started us */
    return MAX((int64_t)(limit_us / 2000), 1);
}

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
