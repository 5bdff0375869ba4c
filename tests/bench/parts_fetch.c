#include "tests/bench/parts.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <uv.h>

#include "crawler/base/util.h"

static const size_t BODIES_MAX_BYTES = (size_t)1 << 30;

struct fetcher {
    uv_loop_t loop;
    uv_timer_t timer;
    CURLM *multi;
    struct pages *pages;
    bool is_page;
    enum connecting connecting;
    size_t started, done, kept_bytes;
};

struct watch { /* of one socket; freed by its close callback */
    uv_poll_t poll;
    struct fetcher *fetcher;
    curl_socket_t socket;
};

static size_t on_body(char *bytes, size_t size, size_t count, void *arg)
{
    struct buf *body = arg;
    return buf_add_bytes(body, bytes, size * count) == CW_OK ? count : 0;
}

static void start_next(struct fetcher *f, CURL *easy)
{
    size_t i = f->started++;
    (void)curl_easy_setopt(easy, CURLOPT_URL, f->pages->urls[i]);
    (void)curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    (void)curl_easy_setopt(easy, CURLOPT_WRITEDATA, &f->pages->bodies[i].bytes);
    (void)curl_easy_setopt(easy, CURLOPT_PRIVATE, &f->pages->bodies[i]);
    (void)curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, (long)(f->connecting == CONNECT_ANEW));
    (void)curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, (long)(f->connecting == CONNECT_ANEW));
    must(curl_multi_add_handle(f->multi, easy) == CURLM_OK, "curl_multi_add_handle");
}

/* Only the first bodies are for the parts that follow, as many as memory is set aside for. */
static void keep_or_drop(struct fetcher *f, struct body *body)
{
    f->kept_bytes += body->bytes.len;
    if (f->kept_bytes > BODIES_MAX_BYTES || !f->is_page)
        buf_release(&body->bytes);
}

static void drain(struct fetcher *f)
{
    CURLMsg *message;
    int left;
    while ((message = curl_multi_info_read(f->multi, &left)) != NULL) {
        CURL *easy = message->easy_handle;
        struct body *body = NULL;
        long status = 0;
        must(message->data.result == CURLE_OK, curl_easy_strerror(message->data.result));
        (void)curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
        (void)curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&body);
        must(status == 200 || !f->is_page, "a page that is not there");
        keep_or_drop(f, body);
        (void)curl_multi_remove_handle(f->multi, easy);
        f->done++;
        if (f->started < f->pages->count)
            start_next(f, easy);
        else
            curl_easy_cleanup(easy);
    }
}

static void act(struct fetcher *f, curl_socket_t socket, int events)
{
    int running;
    must(curl_multi_socket_action(f->multi, socket, events, &running) == CURLM_OK, "libcurl");
    drain(f);
}

static void on_event(uv_poll_t *poll, int status, int events)
{
    struct watch *w = poll->data;
    int flags = status < 0 ? CURL_CSELECT_ERR : 0;
    flags |= (events & UV_READABLE) != 0 ? CURL_CSELECT_IN : 0;
    flags |= (events & UV_WRITABLE) != 0 ? CURL_CSELECT_OUT : 0;
    act(w->fetcher, w->socket, flags);
}

static void on_timer(uv_timer_t *timer)
{
    act(timer->data, CURL_SOCKET_TIMEOUT, 0);
}

static int on_timeout_wanted(CURLM *multi, long timeout_ms, void *arg)
{
    struct fetcher *f = arg;
    (void)multi;
    if (timeout_ms < 0)
        (void)uv_timer_stop(&f->timer);
    else
        (void)uv_timer_start(&f->timer, on_timer, (uint64_t)timeout_ms, 0);
    return 0;
}

static void on_watch_closed(uv_handle_t *handle)
{
    free(handle->data);
}

static int on_socket(CURL *easy, curl_socket_t socket, int what, void *arg, void *of_socket)
{
    struct fetcher *f = arg;
    struct watch *w = of_socket;
    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        if (w != NULL)
            uv_close((uv_handle_t *)&w->poll, on_watch_closed);
        return 0;
    }
    if (w == NULL) {
        w = calloc(1, sizeof *w);
        must(w != NULL && uv_poll_init_socket(&f->loop, &w->poll, socket) == 0, "uv_poll_init");
        w->fetcher = f;
        w->socket = socket;
        w->poll.data = w;
        (void)curl_multi_assign(f->multi, socket, w);
    }
    int events = ((what & CURL_POLL_IN) != 0 ? UV_READABLE : 0) |
                 ((what & CURL_POLL_OUT) != 0 ? UV_WRITABLE : 0);
    return uv_poll_start(&w->poll, events, on_event);
}

static void set_up_multi(struct fetcher *f)
{
    f->multi = curl_multi_init();
    must(f->multi != NULL, "curl_multi_init");
    (void)curl_multi_setopt(f->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    (void)curl_multi_setopt(f->multi, CURLMOPT_SOCKETDATA, f);
    (void)curl_multi_setopt(f->multi, CURLMOPT_TIMERFUNCTION, on_timeout_wanted);
    (void)curl_multi_setopt(f->multi, CURLMOPT_TIMERDATA, f);
}

void parts_fetch(struct pages *p, bool is_page, size_t connections, enum connecting connecting)
{
    struct fetcher f = {.pages = p, .is_page = is_page, .connecting = connecting};
    must(uv_loop_init(&f.loop) == 0 && uv_timer_init(&f.loop, &f.timer) == 0, "libuv");
    f.timer.data = &f;
    set_up_multi(&f);
    while (f.started < MIN(connections, p->count)) {
        CURL *easy = curl_easy_init();
        must(easy != NULL, "curl_easy_init");
        start_next(&f, easy);
    }
    (void)uv_run(&f.loop,
                 UV_RUN_DEFAULT); /* until nothing is under way: idle sockets are not watched */
    must(f.done == p->count, "not all pages came");
    (void)curl_multi_cleanup(f.multi);
    uv_close((uv_handle_t *)&f.timer, NULL);
    (void)uv_run(&f.loop, UV_RUN_DEFAULT);
    must(uv_loop_close(&f.loop) == 0, "the loop does not close");
    for (p->kept = 0; p->kept < p->count && p->bodies[p->kept].bytes.len > 0;)
        p->kept++;
}
