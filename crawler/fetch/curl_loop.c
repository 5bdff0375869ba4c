#include "crawler/fetch/curl_loop.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
    GLUE_MAGIC = 0x63757276,
    WATCH_MAGIC = 0x77617463,
    WATCHES_FIRST = 64,
    SPARE_DESCRIPTORS = 16, /* not for connections; of a small limit a quarter */
};

/* A descriptor in the loop; watches[fd] is its place. libcurl 7.88 closes a socket that never got
 * connected without calling us. Its watch is stale then and does no harm (the kernel forgot the
 * descriptor); it goes when libcurl loses interest in the number, or when the number is used again.
 *
 * One of ours (is_ours) stays until libcurl closes the socket, so that a
 * connection that serves many requests is registered once; one that libcurl made by itself (the
 * wake-up pair of its resolver thread) only while libcurl looks at it.
 *
 * Between two requests libcurl wants nothing of a socket, and its peer is silent. The loop goes on
 * looking for input all the same, for libuv takes a descriptor out of epoll and back in, two system
 * calls a page; when something does come (usually the end) the looking ends (see on_poll). */
struct watch {
    unsigned magic;
    struct curl_loop *glue; /* borrowed; outlives the watch */
    uv_poll_t poll;
    curl_socket_t fd;
    int events;      /* of enum uv_poll_event, that libcurl wants now */
    int looked_for;  /* ... that the loop looks for: these, or input that nobody wants now */
    bool was_read;   /* libcurl wanted input: it is connected, so we hear of its closing */
    uint64_t serial; /* no other watch has had it */
    bool is_ours;
};

struct curl_loop {
    unsigned magic;
    uv_loop_t *loop; /* borrowed */
    CURLM *multi;
    struct curl_loop_hooks hooks;
    uv_timer_t timer;
    uv_idle_t soon;         /* for a timeout of 0, and for curl_loop_wake() */
    bool timeout_is_now;    /* libcurl asked for a timeout of 0 */
    struct watch **watches; /* by descriptor */
    size_t watch_slots;
    unsigned socket_count; /* watches that are ours */
    uint64_t watch_count;  /* ever made */
    unsigned open_handles;
    void (*on_closed)(void *arg);
    void *closed_arg;
};

static int on_curl_timer(CURLM *multi, long timeout_ms, void *arg);
static int on_curl_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *socket_arg);
static void on_timer(uv_timer_t *timer);
static void on_soon(uv_idle_t *idle);
static void on_poll(uv_poll_t *poll, int status, int events);
static void look_for(struct watch *watch, int events);
static void on_watch_closed(uv_handle_t *handle);
static void on_handle_closed(uv_handle_t *handle);

static struct curl_loop *glue_from(void *arg)
{
    struct curl_loop *glue = arg;
    assert(glue->magic == GLUE_MAGIC);
    return glue;
}

enum cw_err curl_loop_new(struct curl_loop **ret, uv_loop_t *loop,
                          const struct curl_loop_hooks *hooks)
{
    struct curl_loop *glue = malloc(sizeof *glue);
    CURLM *multi = curl_multi_init();
    if (glue == NULL || multi == NULL) {
        (void)curl_multi_cleanup(multi);
        free(glue);
        return CW_ENOMEM;
    }
    *glue = (struct curl_loop){.magic = GLUE_MAGIC, .loop = loop, .multi = multi, .hooks = *hooks};
    (void)curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_curl_socket);
    (void)curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, glue);
    (void)curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_curl_timer);
    (void)curl_multi_setopt(multi, CURLMOPT_TIMERDATA, glue);
    /* Never: 7.88 makes room by a walk over every host it ever had a connection to, and forgets
     * none of them. Whoever adds transfers forbids their connections to be kept instead. */
    (void)curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, (long)INT32_MAX);
    (void)uv_timer_init(loop, &glue->timer);
    (void)uv_idle_init(loop, &glue->soon);
    glue->timer.data = glue->soon.data = glue;
    glue->open_handles = 2;
    *ret = glue;
    return CW_OK;
}

enum cw_err curl_loop_add(struct curl_loop *glue, CURL *easy)
{
    return curl_multi_add_handle(glue->multi, easy) == CURLM_OK ? CW_OK : CW_ENOMEM;
}

void curl_loop_remove(struct curl_loop *glue, CURL *easy)
{
    CURLMcode code = curl_multi_remove_handle(glue->multi, easy);
    assert(code == CURLM_OK);
    (void)code;
}

unsigned curl_loop_sockets(const struct curl_loop *glue)
{
    return glue->socket_count;
}

void curl_loop_wake(struct curl_loop *glue)
{
    (void)uv_idle_start(&glue->soon, on_soon);
}

/* 0 means soon, not now, and -1 means never. A uv timer of 0 ms that is set again from its own
 * callback would run before the loop looks at any socket; the idle handle runs once a round. */
static int on_curl_timer(CURLM *multi, long timeout_ms, void *arg)
{
    struct curl_loop *glue = glue_from(arg);
    (void)multi;
    glue->timeout_is_now = timeout_ms == 0;
    (void)uv_timer_stop(&glue->timer);
    if (timeout_ms == 0)
        curl_loop_wake(glue);
    else if (timeout_ms > 0)
        (void)uv_timer_start(&glue->timer, on_timer, (uint64_t)timeout_ms, 0);
    return 0;
}

/* Reads every message: one that stays would be reported only when libcurl next has reason to call,
 * which after the last transfer is never. */
static void take_turn(struct curl_loop *glue)
{
    CURLMsg *message;
    int left;
    while ((message = curl_multi_info_read(glue->multi, &left)) != NULL) {
        CURL *easy = message->easy_handle; /* the message dies with the removal */
        CURLcode code = message->data.result;
        if (message->msg != CURLMSG_DONE)
            continue;
        curl_loop_remove(glue, easy);
        glue->hooks.on_finished(glue->hooks.arg, easy, code);
    }
    glue->hooks.on_turn(glue->hooks.arg);
}

static void act(struct curl_loop *glue, curl_socket_t fd, int events)
{
    int running;
    (void)curl_multi_socket_action(glue->multi, fd, events, &running);
    take_turn(glue);
}

static void on_timer(uv_timer_t *timer)
{
    act(glue_from(timer->data), CURL_SOCKET_TIMEOUT, 0);
}

static void on_soon(uv_idle_t *idle)
{
    struct curl_loop *glue = glue_from(idle->data);
    bool has_timeout = glue->timeout_is_now;
    (void)uv_idle_stop(idle);
    glue->timeout_is_now = false;
    if (has_timeout)
        act(glue, CURL_SOCKET_TIMEOUT, 0);
    else
        take_turn(glue);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct watch *watch = poll->data;
    assert(watch->magic == WATCH_MAGIC);
    if (watch->events == 0) {
        look_for(watch, 0); /* libcurl will see for itself what has become of the connection */
        return;
    }
    int flags = (events & UV_READABLE ? CURL_CSELECT_IN : 0) |
                (events & UV_WRITABLE ? CURL_CSELECT_OUT : 0);
    act(watch->glue, watch->fd, status != 0 ? CURL_CSELECT_ERR : flags);
}

static struct watch *watch_find(struct curl_loop *glue, curl_socket_t fd)
{
    return (size_t)fd < glue->watch_slots ? glue->watches[fd] : NULL;
}

static bool watch_slot_make(struct curl_loop *glue, curl_socket_t fd)
{
    size_t slots = MAX(glue->watch_slots, (size_t)WATCHES_FIRST);
    while (slots <= (size_t)fd)
        slots *= 2;
    if (slots == glue->watch_slots)
        return true;
    struct watch **watches = realloc(glue->watches, slots * sizeof(struct watch *));
    if (watches == NULL)
        return false;
    for (size_t i = glue->watch_slots; i < slots; i++)
        watches[i] = NULL;
    glue->watches = watches;
    glue->watch_slots = slots;
    return true;
}

/* The descriptor is out of the loop when this returns, and may be closed. */
static void watch_close(struct watch *watch)
{
    watch->glue->watches[watch->fd] = NULL;
    watch->glue->socket_count -= watch->is_ours;
    uv_close((uv_handle_t *)&watch->poll, on_watch_closed);
}

static void look_for(struct watch *watch, int events)
{
    if (events == watch->looked_for)
        return;
    watch->looked_for = events;
    if (events != 0)
        (void)uv_poll_start(&watch->poll, events, on_poll);
    else
        (void)uv_poll_stop(&watch->poll);
}

static void watch_set(struct watch *watch, int events)
{
    watch->events = events;
    if (events != 0 || watch->looked_for != UV_READABLE)
        look_for(watch, events);
}

static struct watch *watch_open(struct curl_loop *glue, curl_socket_t fd, bool is_ours)
{
    struct watch *watch = watch_slot_make(glue, fd) ? malloc(sizeof *watch) : NULL;
    if (watch == NULL)
        return NULL;
    *watch = (struct watch){.magic = WATCH_MAGIC,
                            .glue = glue,
                            .fd = fd,
                            .serial = ++glue->watch_count,
                            .is_ours = is_ours};
    if (uv_poll_init_socket(glue->loop, &watch->poll, fd) != 0) {
        free(watch);
        return NULL;
    }
    watch->poll.data = watch;
    glue->watches[fd] = watch;
    glue->socket_count += is_ours;
    glue->open_handles++;
    return watch;
}

/* Whatever had this number is gone. libcurl may not know that it is another socket now (it compares
 * numbers and events), so what it wanted of the old one is watched on the new one. */
static struct watch *watch_open_fresh(struct curl_loop *glue, curl_socket_t fd)
{
    struct watch *stale = watch_find(glue, fd);
    int events = stale != NULL ? stale->events : 0;
    if (stale != NULL)
        watch_close(stale);
    struct watch *watch = watch_open(glue, fd, true);
    if (watch != NULL)
        watch_set(watch, events);
    return watch;
}

static int on_curl_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *socket_arg)
{
    struct curl_loop *glue = glue_from(arg);
    struct watch *watch = watch_find(glue, fd);
    (void)easy, (void)socket_arg;

    if (what == CURL_POLL_REMOVE) {
        if (watch != NULL && watch->is_ours && (watch->was_read || fcntl(fd, F_GETFD) >= 0))
            watch_set(watch, 0);
        else if (watch != NULL)
            watch_close(watch); /* stale, or libcurl's own */
        return 0;
    }
    if (watch == NULL)
        watch = watch_open(glue, fd, false);
    int events = (what & CURL_POLL_IN ? UV_READABLE : 0) | (what & CURL_POLL_OUT ? UV_WRITABLE : 0);
    if (watch != NULL) {
        watch->was_read |= (events & UV_READABLE) != 0;
        watch_set(watch, events);
    }
    /* Never a failure: libcurl would end every transfer there is. A socket that could not be
     * watched, for want of memory, ends at its time limit. */
    return 0;
}

/* The kernel gives the lowest number that is free: one of the last few says that nearly all are
 * taken. They are left to the database, the log and the name servers. */
static bool is_spare(curl_socket_t fd)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
        return false;
    rlim_t spare = MIN(limit.rlim_cur / 4, (rlim_t)SPARE_DESCRIPTORS);
    return (rlim_t)fd >= limit.rlim_cur - spare;
}

curl_socket_t curl_loop_open_socket(struct curl_loop *glue, const struct curl_sockaddr *address,
                                    int *reterr_errno)
{
    int type = address->socktype | SOCK_CLOEXEC | SOCK_NONBLOCK;
    curl_socket_t fd = socket(address->family, type, address->protocol);
    if (fd < 0) {
        *reterr_errno = errno;
        return CURL_SOCKET_BAD;
    }
    int problem = is_spare(fd) ? EMFILE : watch_open_fresh(glue, fd) == NULL ? ENOMEM : 0;
    if (problem == 0)
        return fd;
    (void)close(fd);
    *reterr_errno = problem;
    return CURL_SOCKET_BAD;
}

struct curl_loop_socket curl_loop_name_socket(struct curl_loop *glue, curl_socket_t fd)
{
    const struct watch *watch = watch_find(glue, fd);
    return (struct curl_loop_socket){.fd = fd, .serial = watch != NULL ? watch->serial : 0};
}

bool curl_loop_is_connected(struct curl_loop *glue, struct curl_loop_socket socket)
{
    struct sockaddr_storage peer;
    socklen_t size = sizeof peer;
    const struct watch *watch = watch_find(glue, socket.fd);
    return watch != NULL && watch->serial == socket.serial &&
           getpeername(socket.fd, (struct sockaddr *)&peer, &size) == 0;
}

int curl_loop_close_socket(void *arg, curl_socket_t fd)
{
    struct watch *watch = watch_find(glue_from(arg), fd);
    if (watch != NULL)
        watch_close(watch);
    return close(fd);
}

/* curl_multi_cleanup() still calls back for every socket; then the handles go, in any order. */
void curl_loop_close(struct curl_loop *glue, void (*on_closed)(void *arg), void *arg)
{
    glue->on_closed = on_closed;
    glue->closed_arg = arg;
    (void)curl_multi_cleanup(glue->multi);
    for (size_t fd = 0; fd < glue->watch_slots; fd++)
        if (glue->watches[fd] != NULL)
            watch_close(glue->watches[fd]); /* stale */
    uv_close((uv_handle_t *)&glue->timer, on_handle_closed);
    uv_close((uv_handle_t *)&glue->soon, on_handle_closed);
}

static void handle_closed(struct curl_loop *glue)
{
    if (--glue->open_handles > 0 || glue->on_closed == NULL)
        return;
    void (*on_closed)(void *) = glue->on_closed;
    void *arg = glue->closed_arg;
    free(glue->watches);
    free(glue);
    on_closed(arg);
}

static void on_watch_closed(uv_handle_t *handle)
{
    struct watch *watch = handle->data;
    struct curl_loop *glue = watch->glue;
    free(watch);
    handle_closed(glue);
}

static void on_handle_closed(uv_handle_t *handle)
{
    handle_closed(glue_from(handle->data));
}
