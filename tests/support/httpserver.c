#include "tests/support/httpserver.h"

#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <utlist.h>

#include "crawler/base/buf.h"

enum {
    HEAD_MAX = 64 * 1024,
    HEADS_KEPT = 4096,
    BACKLOG = 4096,
};

/* The script of a path. Replaced scripts live on, since answers may still be read from them. */
struct route {
    struct route *next;
    char *path;
    char *bytes;
    struct httpserver_script script;
    bool is_replaced;
    unsigned requests;
};

struct connection {
    struct connection *prev, *next;
    struct httpserver *server;
    uv_tcp_t tcp;
    uv_timer_t drip;
    uv_write_t write; /* one answer at a time */
    unsigned open_handles;
    struct buf input;          /* read, not yet consumed */
    const struct route *route; /* being answered; NULL while waiting for a request */
    size_t sent;
    bool is_held, is_closing;
};

struct httpserver {
    uv_tcp_t tcp;
    uint16_t port;
    struct connection *connections;
    struct route *routes; /* newest first */
    struct route *missing;
    struct httpserver_counts counts;
    char **heads; /* of HEADS_KEPT */
    httpserver_request_fn *on_request;
    void *arg;
    bool is_closed;
};

static void on_connection(uv_stream_t *listener, int status);
static void on_room(uv_handle_t *handle, size_t suggested, uv_buf_t *ret);
static void on_read(uv_stream_t *stream, ssize_t got, const uv_buf_t *buf);
static void on_written(uv_write_t *write, int status);
static void on_drip(uv_timer_t *timer);
static void on_handle_closed(uv_handle_t *handle);
static void on_listener_closed(uv_handle_t *handle);
static void connection_next_request(struct connection *c);

static char *copy_bytes(const void *bytes, size_t len)
{
    char *copy = malloc(len + 1);
    assert_non_null(copy);
    memcpy(copy, bytes, len);
    copy[len] = '\0';
    return copy;
}

static struct route *route_new(const char *path, const struct httpserver_script *script)
{
    struct route *route = malloc(sizeof *route);
    assert_non_null(route);
    *route = (struct route){.path = copy_bytes(path, strlen(path)),
                            .bytes = copy_bytes(script->bytes, script->len),
                            .script = *script};
    route->script.bytes = route->bytes;
    return route;
}

static void route_free(struct route *route)
{
    free(route->path);
    free(route->bytes);
    free(route);
}

struct httpserver *httpserver_open(uv_loop_t *loop)
{
    static const char missing[] = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int size = sizeof address;
    struct httpserver *server = calloc(1, sizeof *server);
    assert_non_null(server);
    server->heads = calloc(HEADS_KEPT, sizeof *server->heads);
    assert_non_null(server->heads);
    server->missing = route_new(
        "", &(struct httpserver_script){missing, sizeof missing - 1, HTTPSERVER_KEEP, 0, 0, false});
    assert_int_equal(uv_tcp_init(loop, &server->tcp), 0);
    server->tcp.data = server;
    assert_int_equal(uv_tcp_bind(&server->tcp, (struct sockaddr *)&address, 0), 0);
    assert_int_equal(uv_listen((uv_stream_t *)&server->tcp, BACKLOG, on_connection), 0);
    assert_int_equal(uv_tcp_getsockname(&server->tcp, (struct sockaddr *)&address, &size), 0);
    server->port = ntohs(address.sin_port);
    return server;
}

uint16_t httpserver_port(const struct httpserver *server)
{
    return server->port;
}

void httpserver_url(const struct httpserver *server, const char *host, const char *path,
                    char ret_url[HTTPSERVER_URL_SIZE])
{
    (void)snprintf(ret_url, HTTPSERVER_URL_SIZE, "http://%s:%u%s",
                   host != NULL ? host : "127.0.0.1", server->port, path);
}

static struct route *route_find(const struct httpserver *server, const char *path)
{
    for (struct route *route = server->routes; route != NULL; route = route->next)
        if (!route->is_replaced && strcmp(route->path, path) == 0)
            return route;
    return NULL;
}

void httpserver_script(struct httpserver *server, const char *path,
                       const struct httpserver_script *script)
{
    struct route *old = route_find(server, path), *route = route_new(path, script);
    if (old != NULL) {
        old->is_replaced = true;
        route->requests = old->requests;
    }
    LL_PREPEND(server->routes, route);
}

void httpserver_raw(struct httpserver *server, const char *path, const char *raw,
                    enum httpserver_then then)
{
    httpserver_script(server, path,
                      &(struct httpserver_script){.bytes = raw, .len = strlen(raw), .then = then});
}

void httpserver_page(struct httpserver *server, const char *path, int status,
                     const char *content_type, const char *body)
{
    struct buf raw = BUF_INIT(64 * 1024 * 1024);
    assert_int_equal(buf_addf(&raw,
                              "HTTP/1.1 %d X\r\nContent-Type: %s\r\nContent-Length: %zu\r\n\r\n%s",
                              status, content_type, strlen(body), body),
                     CW_OK);
    httpserver_raw(server, path, raw.ptr, HTTPSERVER_KEEP);
    buf_release(&raw);
}

void httpserver_on_request(struct httpserver *server, httpserver_request_fn *on_request, void *arg)
{
    server->on_request = on_request;
    server->arg = arg;
}

void httpserver_counts(const struct httpserver *server, struct httpserver_counts *ret)
{
    *ret = server->counts;
}

unsigned httpserver_requests_of(const struct httpserver *server, const char *path)
{
    const struct route *route = route_find(server, path);
    return route != NULL ? route->requests : 0;
}

const char *httpserver_head(const struct httpserver *server, unsigned index)
{
    return index < HEADS_KEPT ? server->heads[index] : NULL;
}

static void on_connection(uv_stream_t *listener, int status)
{
    struct httpserver *server = listener->data;
    struct connection *c = calloc(1, sizeof *c);
    assert_int_equal(status, 0);
    assert_non_null(c);
    c->server = server;
    c->input = BUF_INIT(HEAD_MAX);
    c->open_handles = 2;
    assert_int_equal(uv_tcp_init(listener->loop, &c->tcp), 0);
    assert_int_equal(uv_timer_init(listener->loop, &c->drip), 0);
    c->tcp.data = c->drip.data = c->write.data = c;
    assert_int_equal(uv_accept(listener, (uv_stream_t *)&c->tcp), 0);
    DL_APPEND(server->connections, c);
    server->counts.connections++;
    server->counts.open_connections++;
    assert_int_equal(uv_read_start((uv_stream_t *)&c->tcp, on_room, on_read), 0);
}

static void connection_end_answer(struct connection *c)
{
    if (c->route != NULL)
        c->server->counts.running--;
    c->route = NULL;
    c->is_held = false;
}

static void connection_close(struct connection *c, bool with_reset)
{
    if (c->is_closing)
        return;
    c->is_closing = true;
    connection_end_answer(c);
    c->server->counts.open_connections--;
    uv_close((uv_handle_t *)&c->drip, on_handle_closed);
    if (!with_reset || uv_tcp_close_reset(&c->tcp, on_handle_closed) != 0)
        uv_close((uv_handle_t *)&c->tcp, on_handle_closed);
}

static void on_room(uv_handle_t *handle, size_t suggested, uv_buf_t *ret)
{
    struct connection *c = handle->data;
    (void)suggested;
    /* a client that sends more than a head's worth gets no room, which ends the connection */
    size_t room = MIN((size_t)4096, c->input.max - c->input.len);
    if (room == 0 || buf_reserve(&c->input, room) != CW_OK)
        room = 0;
    *ret = uv_buf_init(room > 0 ? c->input.ptr + c->input.len : NULL, (unsigned)room);
}

static void on_read(uv_stream_t *stream, ssize_t got, const uv_buf_t *buf)
{
    struct connection *c = stream->data;
    (void)buf;
    if (got < 0) {
        connection_close(c, false);
        return;
    }
    c->input.len += (size_t)got;
    connection_next_request(c);
}

/* Sends what is next of the answer: all, or a drip. */
static void connection_send(struct connection *c)
{
    const struct httpserver_script *script = &c->route->script;
    size_t left = script->len - c->sent;
    size_t piece = script->drip_ms > 0 ? MIN(left, script->drip_bytes) : left;
    uv_buf_t buf = uv_buf_init(c->route->bytes + c->sent, (unsigned)piece);
    c->sent += piece;
    if (uv_write(&c->write, (uv_stream_t *)&c->tcp, &buf, 1, on_written) != 0)
        connection_close(c, false);
}

static void connection_answer(struct connection *c)
{
    c->is_held = false;
    c->sent = 0;
    connection_send(c);
}

static void on_drip(uv_timer_t *timer)
{
    connection_send(timer->data);
}

static void on_written(uv_write_t *write, int status)
{
    struct connection *c = write->data;
    if (c->is_closing)
        return;
    if (status != 0) {
        connection_close(c, false);
        return;
    }
    const struct httpserver_script *script = &c->route->script;
    if (c->sent < script->len) {
        (void)uv_timer_start(&c->drip, on_drip, script->drip_ms, 0);
        return;
    }
    enum httpserver_then then = script->then;
    connection_end_answer(c);
    if (then == HTTPSERVER_KEEP)
        connection_next_request(c);
    else
        connection_close(c, then == HTTPSERVER_RESET);
}

/* "GET /path HTTP/1.1": sets `path` to what stands between the spaces. */
static void read_path(const char *head, char *ret_path, size_t size)
{
    const char *start = strchr(head, ' ');
    const char *end = start != NULL ? strchr(start + 1, ' ') : NULL;
    size_t len = end != NULL ? (size_t)(end - start - 1) : 0;
    assert_true(len < size);
    memcpy(ret_path, len > 0 ? start + 1 : "", len);
    ret_path[len] = '\0';
}

static void count_request(struct httpserver *server, const char *head, size_t len)
{
    if (server->counts.requests < HEADS_KEPT)
        server->heads[server->counts.requests] = copy_bytes(head, len);
    server->counts.requests++;
    server->counts.running++;
    server->counts.most_running = MAX(server->counts.most_running, server->counts.running);
}

static void connection_take_request(struct connection *c, size_t head_len)
{
    struct httpserver *server = c->server;
    char *head = copy_bytes(c->input.ptr, head_len);
    char path[HEAD_MAX];

    memmove(c->input.ptr, c->input.ptr + head_len, c->input.len - head_len);
    c->input.len -= head_len;
    read_path(head, path, sizeof path);
    count_request(server, head, head_len);
    if (server->on_request != NULL)
        server->on_request(server->arg, server, path, head);
    free(head);
    struct route *route = route_find(server, path);
    if (route == NULL)
        route = server->missing;
    route->requests++;
    c->route = route;
    c->is_held = route->script.is_held;
    if (!c->is_held)
        connection_answer(c);
}

static void connection_next_request(struct connection *c)
{
    size_t at = str_find(buf_str(&c->input), STR("\r\n\r\n"));
    if (c->route == NULL && !c->is_closing && at < c->input.len)
        connection_take_request(c, at + 4);
}

void httpserver_release(struct httpserver *server, const char *path)
{
    struct route *route = route_find(server, path);
    struct connection *c, *next;
    assert_non_null(route);
    route->script.is_held = false;
    DL_FOREACH_SAFE (server->connections, c, next) {
        if (c->is_held && !c->is_closing && strcmp(c->route->path, path) == 0)
            connection_answer(c);
    }
}

static void server_free_if_done(struct httpserver *server)
{
    if (!server->is_closed || server->connections != NULL)
        return;
    while (server->routes != NULL) {
        struct route *route = server->routes;
        LL_DELETE(server->routes, route);
        route_free(route);
    }
    route_free(server->missing);
    for (unsigned i = 0; i < HEADS_KEPT; i++)
        free(server->heads[i]);
    free(server->heads);
    free(server);
}

static void on_handle_closed(uv_handle_t *handle)
{
    struct connection *c = handle->data;
    struct httpserver *server = c->server;
    if (--c->open_handles > 0)
        return;
    DL_DELETE(server->connections, c);
    buf_release(&c->input);
    free(c);
    server_free_if_done(server);
}

void httpserver_close(struct httpserver *server)
{
    struct connection *c, *next;
    DL_FOREACH_SAFE (server->connections, c, next) {
        connection_close(c, false);
    }
    uv_close((uv_handle_t *)&server->tcp, on_listener_closed);
}

static void on_listener_closed(uv_handle_t *handle)
{
    struct httpserver *server = handle->data;
    server->is_closed = true;
    server_free_if_done(server);
}
