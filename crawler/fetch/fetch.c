/* One transfer, in the order of its time: start, socket, request, head, body, end. */
#include "crawler/fetch/fetch.h"

#include <assert.h>
#include <utlist.h>

#include "crawler/base/clock.h"
#include "crawler/fetch/address.h"
#include "crawler/fetch/fetch_err.h"
#include "crawler/fetch/fetch_p.h"
#include "crawler/fetch/route.h"

enum {
    /* A promised length is believed so far; a body that really is longer grows as it comes. */
    BODY_FIRST_MAX = 1024 * 1024,
    /* libcurl's own ceiling is 300 KiB; ours must come first, for its class to be known. */
    HEADER_BYTES_MAX = 256 * 1024,
    TIGHT_MS = 60 * 1000,
};

struct fetch *fetch_from(void *arg)
{
    struct fetch *f = arg;
    assert(f->magic == FETCH_MAGIC);
    return f;
}

/* What the URL says about the connection. */
struct target {
    bool is_tls;
    struct str hostname; /* borrowed from the URL */
    uint16_t port;
};

/* Reads a canonical http(s) URL; it has no user name, and a port only when it is not the scheme's.
 */
static enum cw_err read_target(struct target *ret, struct str url)
{
    struct target target = {.is_tls = str_starts(url, STR("https://"))};
    if (!target.is_tls && !str_starts(url, STR("http://")))
        return CW_EURL;
    struct str rest = str_skip(url, target.is_tls ? 8 : 7);
    struct str authority = str_first(rest, str_find_char(rest, '/'));
    size_t host_len = str_starts(authority, STR("["))
                          ? MIN(str_find_char(authority, ']') + 1, authority.len)
                          : str_find_char(authority, ':');
    struct str port_text = str_skip(authority, host_len);
    uint64_t port = target.is_tls ? 443 : 80;

    target.hostname = str_first(authority, host_len);
    if (str_starts(authority, STR("[")) && !str_ends(target.hostname, STR("]")))
        return CW_EURL;
    if (str_eq(target.hostname, STR("*"))) /* CURLOPT_RESOLVE would take it for every host */
        return CW_EURL;
    if (host_len == 0 || str_find_char(url, '\0') < url.len ||
        str_find_char(authority, '@') < authority.len)
        return CW_EURL;
    if (port_text.len > 0 &&
        (port_text.ptr[0] != ':' || !str_to_u64(str_skip(port_text, 1), UINT16_MAX, &port)))
        return CW_EURL;
    target.port = (uint16_t)port;
    *ret = target;
    return CW_OK;
}

/* Behind a proxy no socket of ours shows where the request goes: all that is known of the target
 * is judged beforehand. */
static bool proxied_target_is_allowed(const struct fetch_request *request,
                                      const struct target *target)
{
    const struct resolved *addresses = request->addresses;
    if ((request->guard->allowed & guard_class_of_name(target->hostname)) == 0)
        return false;
    for (size_t i = 0; addresses != NULL && i < addresses->count; i++)
        if (!guard_allows(request->guard, (const struct sockaddr *)&addresses->addresses[i]))
            return false;
    return true;
}

static struct fetch *fetch_new(struct fetch_pool *pool, const struct fetch_request *request,
                               fetch_done_fn *done, void *arg)
{
    struct fetch *f = malloc(sizeof *f);
    if (f == NULL)
        return NULL;
    *f = (struct fetch){
        .magic = FETCH_MAGIC,
        .pool = pool,
        .addresses = request->addresses != NULL ? resolved_hold(request->addresses) : NULL,
        .guard = request->proxy == NULL ? request->guard : NULL,
        .limits = request->limits,
        .leaves_traces = request->proxy != NULL || request->cookie_file != NULL,
        .cut_body = request->cut_body,
        .done = done,
        .arg = arg,
        .started_ms = clock_mono_ms(),
        .head = HEAD_INIT(MIN(request->limits.header_bytes, (uint64_t)HEADER_BYTES_MAX)),
        .result = {.body = BUF_INIT(request->limits.body_bytes)},
    };
    f->result.time = (struct timings){clock_unix_ms(), 0, -1, -1, -1, -1, -1};
    for (const char *const *h = request->headers; h != NULL && *h != NULL; h++) {
        struct str rest = str_of(*h);
        struct str name = str_trim(str_cut(&rest, ':'));
        f->head.may_206 |= str_eq_nocase(name, STR("range"));
        f->head.may_304 |= str_eq_nocase(name, STR("if-none-match")) ||
                           str_eq_nocase(name, STR("if-modified-since"));
    }
    return f;
}

void fetch_free(struct fetch *f)
{
    if (f == NULL)
        return;
    fetch_pool_put_easy(f->pool, f->easy, true);
    curl_url_cleanup(f->url);
    curl_slist_free_all(f->headers);
    curl_slist_free_all(f->commands);
    pins_put(f->pool->pins, f->pin);
    resolved_drop(f->addresses);
    head_release(&f->head);
    buf_release(&f->result.body);
    free(f);
}

/* Prepares what libcurl must be told of the addresses. Nothing behind a proxy, and nothing of an
 * IPv6 literal: libcurl reads it by itself, and 7.88 has no way to name it in CURLOPT_RESOLVE. */
static enum cw_err pin_addresses(struct fetch *f, const struct fetch_request *request,
                                 const struct target *target)
{
    CLEANUP(buf_release) struct buf host_port = BUF_INIT(URL_MAX_BYTES + 16);
    if (request->proxy != NULL || str_starts(target->hostname, STR("[")))
        return CW_OK;
    enum cw_err err = buf_add(&host_port, target->hostname);
    if (err == CW_OK)
        err = buf_add_char(&host_port, ':');
    if (err == CW_OK)
        err = buf_add_u64(&host_port, target->port);
    if (err == CW_ETOOBIG)
        return CW_EURL;
    if (err != CW_OK)
        return err;
    return pins_take(&f->pin, f->pool->pins, buf_str(&host_port), f->addresses, &f->commands);
}

/* Makes a handle ready and gives it to libcurl. */
static enum cw_err begin(struct fetch *f, const struct fetch_request *request,
                         const struct target *target)
{
    enum cw_err err = pin_addresses(f, request, target);
    if (err != CW_OK)
        return err;
    f->is_tls = target->is_tls;
    f->easy = fetch_pool_take_easy(f->pool);
    if (f->easy == NULL)
        return CW_ENOMEM;
    err = fetch_set_options(f, request, target->is_tls);
    return err != CW_OK ? err : curl_loop_add(f->pool->glue, f->easy);
}

enum cw_err fetch_start(struct fetch **ret, struct fetch_pool *pool,
                        const struct fetch_request *request, fetch_done_fn *done, void *arg)
{
    struct target target;
    enum cw_err err = read_target(&target, request->url);
    if (err != CW_OK)
        return err;
    if (pool->is_closing)
        return CW_ECANCELED;
    if (guard_port_is_bad(target.port))
        return CW_EBLOCKED;
    if (request->proxy != NULL && !proxied_target_is_allowed(request, &target))
        return CW_EBLOCKED;
    struct fetch *f = fetch_new(pool, request, done, arg);
    if (f == NULL)
        return CW_ENOMEM;
    err = begin(f, request, &target);
    if (err != CW_OK) {
        fetch_free(f);
        return err;
    }
    fetch_move(f, &pool->running);
    pool->started++;
    *ret = f;
    return CW_OK;
}

/* Notes why libcurl is about to be told to give up. */
static void stop_with(struct fetch *f, enum cw_err verdict, const char *detail)
{
    f->was_stopped = true;
    f->verdict = verdict;
    if (detail != NULL)
        (void)snprintf(f->result.detail, sizeof f->result.detail, "%s", detail);
}

static void block(struct fetch *f, const struct sockaddr *address)
{
    char text[ADDRESS_TEXT_SIZE];
    address_format(address, text);
    stop_with(f, CW_EBLOCKED, NULL);
    (void)snprintf(f->result.detail, sizeof f->result.detail, "%s is a %s address",
                   text[0] != '\0' ? text : "it", guard_class_name(guard_classify(address)));
}

/* libcurl is about to connect to `address`: the moment the guard decides. A refused address is
 * skipped; the fetch is blocked when none is left (see has_socket). */
curl_socket_t fetch_on_open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct fetch *f = fetch_from(arg);
    int os_errno;
    (void)purpose;
    memcpy(&f->peer, &address->addr, MIN((size_t)address->addrlen, sizeof f->peer));
    if (f->addresses != NULL && f->pin != NULL)
        pin_set_loaded(f->pin, f->addresses);
    if (f->guard != NULL && !guard_allows(f->guard, &address->addr)) {
        block(f, &address->addr);
        return CURL_SOCKET_BAD;
    }
    curl_socket_t fd = curl_loop_open_socket(f->pool->glue, address, &os_errno);
    if (fd == CURL_SOCKET_BAD)
        stop_with(f, fetch_err_from_errno(os_errno), strerror(os_errno));
    else
        f->has_socket = true;
    f->socket = curl_loop_name_socket(f->pool->glue, fd);
    return fd;
}

/* A connection is there, new or used before, and the request is about to go out. A used one may
 * have been opened under another request's guard, so the guard decides here too. */
int fetch_on_connected(void *arg, char *remote_ip, char *local_ip, int remote_port, int local_port)
{
    struct fetch *f = fetch_from(arg);
    (void)local_ip, (void)remote_port, (void)local_port;

    f->leaves_traces |= f->was_sent; /* it goes out again: libcurl counts that */
    f->was_stopped = false; /* an address that was skipped is forgotten: another one was reached */
    f->result.detail[0] = '\0';
    f->was_sent = true;
    bool is_known = address_read(remote_ip, &f->peer);
    if (f->guard != NULL &&
        (!is_known || !guard_allows(f->guard, (const struct sockaddr *)&f->peer))) {
        block(f, (const struct sockaddr *)&f->peer);
        return CURL_PREREQFUNC_ABORT;
    }
    if (f->has_socket && fetch_pool_is_crowded(f->pool, f->is_tls))
        (void)curl_easy_setopt(f->easy, CURLOPT_FORBID_REUSE, 1L);
    if (fetch_pool_await_first_byte(f) != CW_OK) {
        stop_with(f, CW_ENOMEM, NULL);
        return CURL_PREREQFUNC_ABORT;
    }
    return CURL_PREREQFUNC_OK;
}

size_t fetch_on_head_line(char *line, size_t size, size_t count, void *arg)
{
    struct fetch *f = fetch_from(arg);
    fetch_pool_has_first_byte(f);
    enum cw_err err = head_add_line(&f->head, str_from(line, size * count));
    if (err == CW_OK)
        return size * count;
    stop_with(f, err, f->head.problem);
    return 0;
}

/* Room for what the head promises, as far as that is believed, so that most bodies are allocated
 * once. */
static enum cw_err reserve_body(struct fetch *f)
{
    struct buf *body = &f->result.body;
    int64_t promised = f->head.is_chunked ? -1 : f->head.content_length;
    if (promised > 0 && (uint64_t)promised > body->max && !f->cut_body)
        return CW_ETOOBIG;
    if (promised <= 0)
        return CW_OK;
    return buf_reserve(body, MIN(MIN((uint64_t)promised, body->max), (uint64_t)BODY_FIRST_MAX));
}

static enum cw_err keep_body(struct fetch *f, struct str bytes)
{
    struct buf *body = &f->result.body;
    size_t room = body->max - body->len;
    enum cw_err err = body->ptr == NULL ? reserve_body(f) : CW_OK;
    if (err == CW_OK && bytes.len > room && !f->cut_body)
        err = CW_ETOOBIG;
    if (err == CW_OK)
        err = buf_add(body, str_first(bytes, room));
    f->result.body_cut = err == CW_OK && bytes.len > room;
    return err;
}

/* The body is over though libcurl does not know it. */
static bool body_has_ended(const struct fetch *f)
{
    return f->head.length_is_ours && !f->head.is_chunked &&
           f->result.size >= f->head.content_length;
}

size_t fetch_on_body(char *bytes, size_t size, size_t count, void *arg)
{
    struct fetch *f = fetch_from(arg);
    struct str got = str_from(bytes, size * count);
    if (f->head.length_is_ours && !f->head.is_chunked)
        got = str_first(got, (size_t)(f->head.content_length - f->result.size));

    f->result.size += (int64_t)got.len;
    f->pool->bytes_received += got.len;
    enum cw_err err = keep_body(f, got);
    if (err == CW_OK && !f->result.body_cut && !body_has_ended(f))
        return size * count;
    stop_with(f, err, NULL);
    return 0;
}

enum fetch_phase fetch_phase(const struct fetch *f)
{
    if (f->was_sent)
        return f->head.status != 0 ? FETCH_ANSWERING : FETCH_ASKED;
    bool is_connected = f->has_socket && curl_loop_is_connected(f->pool->glue, f->socket);
    return is_connected ? FETCH_SECURING : FETCH_CONNECTING;
}

static int32_t info_ms(CURL *easy, CURLINFO info)
{
    curl_off_t us = 0;
    (void)curl_easy_getinfo(easy, info, &us);
    return (int32_t)MIN(us / 1000, (curl_off_t)INT32_MAX);
}

static int32_t info_http_version(CURL *easy)
{
    long version = 0;
    (void)curl_easy_getinfo(easy, CURLINFO_HTTP_VERSION, &version);
    switch (version) {
    case CURL_HTTP_VERSION_1_0: return 10;
    case CURL_HTTP_VERSION_1_1: return 11;
    case CURL_HTTP_VERSION_2_0: return 20;
    default: return 0;
    }
}

static void note_connection(struct fetch *f)
{
    struct fetch_result *result = &f->result;
    const char *remote_ip = NULL;
    long opened = 0;

    (void)curl_easy_getinfo(f->easy, CURLINFO_NUM_CONNECTS, &opened);
    (void)curl_easy_getinfo(f->easy, CURLINFO_PRIMARY_IP, &remote_ip);
    f->pool->connections_opened += (uint64_t)opened;
    result->reused = f->was_sent && opened == 0;
    if (remote_ip != NULL)
        (void)snprintf(result->remote_ip, sizeof result->remote_ip, "%s", remote_ip);
    if (!f->was_sent || result->reused)
        return;
    int32_t tls_ms = info_ms(f->easy, CURLINFO_APPCONNECT_TIME_T);
    result->time.connect_ms = info_ms(f->easy, CURLINFO_CONNECT_TIME_T);
    result->time.tls_ms = tls_ms > 0 ? tls_ms : -1;
}

static enum cw_err judge(const struct fetch *f, CURLcode code)
{
    long os_errno = 0;
    (void)curl_easy_getinfo(f->easy, CURLINFO_OS_ERRNO, &os_errno);
    return fetch_err_from_curl(&(struct fetch_failure){
        .code = code,
        .os_errno = (int)os_errno,
        .was_sent = f->was_sent,
        .head_was_complete = f->head.is_complete,
        .text = f->curl_text,
    });
}

/* What ends like this may do so because no packet passed any more. */
static bool may_be_the_network(enum cw_err err)
{
    return err == CW_ECONNECT || err == CW_ECONNTIMEO || err == CW_EFIRSTBYTE ||
           err == CW_ETIMEOUT || err == CW_ERESET;
}

/* CW_ENETDOWN is said of this machine: no packet leaves it, or none did at some time since the
 * request began, and that is why it ended however it did. When others can be reached, one that has
 * no route (IPv6 where there is none) is at fault itself; and so is one that has, when there is no
 * way to anywhere else. */
static enum cw_err blame(struct fetch *f, enum cw_err err)
{
    bool has_no_route = err == CW_ENETDOWN;
    if (!has_no_route && !may_be_the_network(err))
        return err;
    if (!route_leads_out() && (has_no_route || !route_leads_to((struct sockaddr *)&f->peer)))
        f->pool->cut_off_ms = clock_mono_ms();
    if (f->started_ms <= f->pool->cut_off_ms)
        return CW_ENETDOWN;
    return has_no_route ? CW_ECONNECT : err;
}

/* What ended it, and the words for it. A socket that was refused is the end only when none could
 * be made. */
static void note_end(struct fetch *f, CURLcode code)
{
    struct fetch_result *result = &f->result;
    bool is_ours = f->was_stopped && (f->was_sent || !f->has_socket || f->verdict == CW_ECANCELED);
    if (!is_ours)
        result->detail[0] = '\0';
    result->err = blame(f, is_ours ? f->verdict : judge(f, code));
    if (result->err == CW_EFILES)
        f->pool->tight_until_ms = clock_mono_ms() + TIGHT_MS;
    if (result->err != CW_OK && result->detail[0] == '\0')
        (void)snprintf(result->detail, sizeof result->detail, "%s",
                       f->curl_text[0] != '\0' ? f->curl_text : cw_err_text(result->err));
}

/* Handles are used again as they are, for a reset costs as much as all options of a request. But
 * libcurl keeps some things that no option replaces: how often a request had to be sent again (the
 * sixth time ever it would give up), what it learned of a proxy, the switch of cookies. */
void fetch_finish(struct fetch *f, CURLcode code)
{
    struct fetch_result *result = &f->result;
    int64_t total_ms = clock_mono_ms() - f->started_ms;
    fetch_pool_has_first_byte(f);
    note_end(f, code);
    result->status = f->head.status;
    result->http_version = info_http_version(f->easy);
    note_connection(f);
    result->time.ended_unix_ms = clock_unix_ms();
    result->time.total_ms = (int32_t)MIN(total_ms, (int64_t)INT32_MAX);
    if (result->status != 0)
        result->time.first_byte_ms = info_ms(f->easy, CURLINFO_STARTTRANSFER_TIME_T);
    head_fields(&f->head, &result->headers);
    jars_after_answer(f->easy, result->status);
    fetch_pool_put_easy(f->pool, STEAL(f->easy), f->leaves_traces || result->err != CW_OK);
    fetch_move(f, &f->pool->finished);
}

void fetch_stop(struct fetch *f, enum cw_err err, const char *detail)
{
    f->result.detail[0] = '\0';
    stop_with(f, err, detail);
    curl_loop_remove(f->pool->glue, f->easy);
    fetch_finish(f, CURLE_ABORTED_BY_CALLBACK);
    curl_loop_wake(f->pool->glue);
}

void fetch_cancel(struct fetch *f)
{
    if (fetch_from(f)->place == &f->pool->running)
        fetch_stop(f, CW_ECANCELED, NULL);
    else
        f->result.err = CW_ECANCELED; /* its answer was not delivered yet */
}
