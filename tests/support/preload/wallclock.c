/* wallclock: a library for LD_PRELOAD that sets the wall clock of one process, and no other clock
 * of it, while it runs: by as many milliseconds as stand in the file that $WALLCLOCK_FILE names
 * (one int64_t, of the machine's byte order), from the moment at which they are written there. */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

/* The process's functions of the same names find these first. */
static int (*real_clock_gettime)(clockid_t id, struct timespec *ret);
static const _Atomic int64_t *shift_ms;

__attribute__((constructor)) static void load(void)
{
    const char *path = getenv("WALLCLOCK_FILE");
    int fd = path != NULL ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    void *page = fd >= 0 ? mmap(NULL, sizeof *shift_ms, PROT_READ, MAP_SHARED, fd, 0) : MAP_FAILED;
    if (page == MAP_FAILED)
        abort(); /* a test that shifts nothing would prove nothing */
    (void)close(fd);
    shift_ms = page;
}

static int read_clock(clockid_t id, struct timespec *ret)
{
    if (real_clock_gettime == NULL) /* also called before load(): by other constructors */
        *(void **)&real_clock_gettime = dlsym(RTLD_NEXT, "clock_gettime");
    return real_clock_gettime(id, ret);
}

int clock_gettime(clockid_t id, struct timespec *ret)
{
    int code = read_clock(id, ret);
    if (code != 0 || shift_ms == NULL || (id != CLOCK_REALTIME && id != CLOCK_REALTIME_COARSE))
        return code;
    int64_t ns = (int64_t)ret->tv_sec * 1000000000 + ret->tv_nsec + *shift_ms * 1000000;
    ret->tv_sec = (time_t)(ns / 1000000000);
    ret->tv_nsec = (long)(ns % 1000000000);
    return 0;
}

int gettimeofday(struct timeval *restrict ret, void *restrict zone)
{
    struct timespec now;
    (void)zone;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    *ret = (struct timeval){.tv_sec = now.tv_sec, .tv_usec = now.tv_nsec / 1000};
    return 0;
}

time_t time(time_t *ret)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    if (ret != NULL)
        *ret = now.tv_sec;
    return now.tv_sec;
}
