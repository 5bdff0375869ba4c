/* The service manager is a datagram socket of our own, which is all that it is to the daemon. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "crawler/service/notify.h"

/* An address in the abstract namespace: nothing to clean up. */
static int listen_as_manager(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char name[64];
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    int len = snprintf(name, sizeof name, "@crawld-notify-test-%ld", (long)getpid());
    assert_true(fd >= 0 && len > 0 && (size_t)len < sizeof name);
    memcpy(address.sun_path + 1, name + 1, (size_t)len - 1);
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + (size_t)len);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
    assert_int_equal(setenv("NOTIFY_SOCKET", name, 1), 0);
    return fd;
}

static int open_manager(void **state)
{
    static int fd; /* of the test under way */
    fd = listen_as_manager();
    *state = &fd;
    return 0;
}

static int close_manager(void **state)
{
    unsetenv("NOTIFY_SOCKET");
    unsetenv("WATCHDOG_USEC");
    unsetenv("WATCHDOG_PID");
    return close(*(int *)*state);
}

/* A datagram to a socket of the same machine has arrived when the sender returns. */
static const char *receive(int fd, char room[2048])
{
    ssize_t len = recv(fd, room, 2047, MSG_DONTWAIT);
    if (len < 0)
        fail_msg("no message: %s", strerror(errno));
    room[len] = '\0';
    return room;
}

static void expect_silence(int fd)
{
    char byte;
    assert_int_equal(recv(fd, &byte, 1, MSG_DONTWAIT), -1);
    assert_int_equal(errno, EAGAIN);
}

static void each_state__is_the_datagram_of_sd_notify_3(void **state)
{
    int fd = *(int *)*state;
    char room[2048];
    notify_ready();
    assert_string_equal(receive(fd, room), "READY=1");
    notify_stopping();
    assert_string_equal(receive(fd, room), "STOPPING=1");
    notify_watchdog();
    assert_string_equal(receive(fd, room), "WATCHDOG=1");
    notify_status(STR("2 crawls, 17 pages"));
    assert_string_equal(receive(fd, room), "STATUS=2 crawls, 17 pages");
    expect_silence(fd);
}

static int64_t now_usec(void)
{
    struct timespec now;
    assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &now), 0);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* Type=notify-reload (systemd 253 and later) wants the time beside RELOADING=1, see sd_notify(3).
 */
static void a_reload__carries_the_monotonic_time(void **state)
{
    int fd = *(int *)*state;
    char room[2048], *end;
    static const char head[] = "RELOADING=1\nMONOTONIC_USEC=";
    int64_t before = now_usec();
    notify_reloading();
    int64_t after = now_usec();
    assert_int_equal(strncmp(receive(fd, room), head, sizeof head - 1), 0);
    long long usec = strtoll(room + sizeof head - 1, &end, 10);
    assert_string_equal(end, "");
    assert_true(usec >= before && usec <= after);
}

static void a_status__stays_one_line_of_bounded_length(void **state)
{
    int fd = *(int *)*state;
    char room[2048], longest[600];
    notify_status(STR("one\nREADY=1\r\ntwo"));
    assert_string_equal(receive(fd, room), "STATUS=one READY=1  two");
    memset(longest, 'x', sizeof longest);
    memcpy(longest + 511, "\xC3\xA4", 2); /* a character that the limit would split */
    notify_status(str_from(longest, sizeof longest));
    assert_int_equal(strlen(receive(fd, room)), strlen("STATUS=") + 511);
}

static void the_watchdog_interval__is_half_of_what_the_manager_allows(void **state)
{
    char pid[32];
    (void)state;
    assert_int_equal(notify_watchdog_interval_ms(), 0);
    assert_int_equal(setenv("WATCHDOG_USEC", "30000000", 1), 0);
    assert_int_equal(notify_watchdog_interval_ms(), 15000);
    assert_int_equal(setenv("WATCHDOG_USEC", "1", 1), 0);
    assert_int_equal(notify_watchdog_interval_ms(), 1);
    (void)snprintf(pid, sizeof pid, "%ld", (long)getpid() + 1);
    assert_int_equal(setenv("WATCHDOG_PID", pid, 1), 0); /* meant for another process */
    assert_int_equal(notify_watchdog_interval_ms(), 0);
}

static void without_a_manager__nothing_happens(void **state)
{
    int fd = *(int *)*state;
    unsetenv("NOTIFY_SOCKET");
    notify_ready();
    assert_int_equal(setenv("NOTIFY_SOCKET", "/nowhere/notify", 1), 0);
    notify_reloading();
    notify_ready();
    notify_status(STR(""));
    notify_stopping();
    expect_silence(fd);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_manager, close_manager)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_state__is_the_datagram_of_sd_notify_3),
        TEST(a_reload__carries_the_monotonic_time),
        TEST(a_status__stays_one_line_of_bounded_length),
        TEST(the_watchdog_interval__is_half_of_what_the_manager_allows),
        TEST(without_a_manager__nothing_happens),
    };
    if (!notify_is_supported()) {
        printf("skipped: built without libsystemd\n");
        return 77;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
