#include "crawler/fetch/dns_channel.h"

#include <ares.h>
#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <utlist.h>

#include "crawler/fetch/address.h"

enum {
    CHANNEL_MAGIC = 0x646e7363,
    SOCKET_MAGIC = 0x646e7373,
    /* c-ares 1.18 walks all its open questions to say when the next one is due, so it is not asked:
     * while questions are open it is called this often. */
    TICK_MS = 200,
    TRIES = 2,
};

/* A socket that c-ares has open. It leaves the list when c-ares says that it will close it. */
struct dns_socket {
    unsigned magic;
    struct dns_channel *channel; /* borrowed; outlives the socket */
    struct dns_socket *prev, *next;
    ares_socket_t fd;
    uv_poll_t poll;
};

struct dns_channel {
    unsigned magic;
    uv_loop_t *loop; /* borrowed */
    ares_channel ares;
    struct dns_socket *sockets;
    unsigned questions;    /* open */
    unsigned open_handles; /* of this channel in the loop */
    uv_timer_t tick;
    uint64_t heard;
    void (*on_closed)(void *arg);
    void *arg;
};

/* One call of dns_channel_ask(), until its answer. */
struct question {
    struct dns_channel *channel;
    dns_answer_fn *on_answer;
    void *arg;
};

static void on_tick(uv_timer_t *timer);
static void on_socket_state(void *arg, ares_socket_t fd, int is_readable, int is_writable);
static void on_poll(uv_poll_t *poll, int status, int events);
static void on_ares_answer(void *arg, int status, int timeouts, struct ares_addrinfo *info);
static void on_socket_closed(uv_handle_t *handle);
static void on_tick_closed(uv_handle_t *handle);

static struct dns_channel *channel_from(void *arg)
{
    struct dns_channel *channel = arg;
    assert(channel->magic == CHANNEL_MAGIC);
    return channel;
}

static int init_ares(struct dns_channel *channel, const char *servers, int64_t timeout_ms)
{
    char lookups[] = "fb"; /* the hosts file, then the servers */
    struct ares_options options = {
        .flags = ARES_FLAG_NOSEARCH, /* "intranet" is not to become "intranet.example.org" */
        /* the second try takes twice as long as the first */
        .timeout = (int)MAX(MIN(timeout_ms, INT32_MAX) / 3, 1),
        .tries = TRIES,
        .lookups = lookups,
        .sock_state_cb = on_socket_state,
        .sock_state_cb_data = channel,
    };
    int mask = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_LOOKUPS |
               ARES_OPT_SOCK_STATE_CB;
    int status = ares_init_options(&channel->ares, &options, mask);
    if (status != ARES_SUCCESS)
        return status;
    if (servers != NULL)
        status = ares_set_servers_ports_csv(channel->ares, servers);
    if (status != ARES_SUCCESS)
        ares_destroy(channel->ares);
    return status;
}

enum cw_err dns_channel_new(struct dns_channel **ret, uv_loop_t *loop, const char *servers,
                            int64_t timeout_ms)
{
    struct dns_channel *channel = malloc(sizeof *channel);
    if (channel == NULL || ares_library_init(ARES_LIB_INIT_ALL) != ARES_SUCCESS) {
        free(channel);
        return CW_ENOMEM;
    }
    *channel = (struct dns_channel){.magic = CHANNEL_MAGIC, .loop = loop};
    int status = init_ares(channel, servers, timeout_ms);
    if (status != ARES_SUCCESS) {
        ares_library_cleanup();
        free(channel);
        return status == ARES_ENOMEM ? CW_ENOMEM : CW_EINVAL;
    }
    (void)uv_timer_init(loop, &channel->tick); /* cannot fail */
    channel->tick.data = channel;
    channel->open_handles = 1;
    *ret = channel;
    return CW_OK;
}

void dns_channel_ask(struct dns_channel *channel, const char *name, dns_answer_fn *on_answer,
                     void *arg)
{
    const struct ares_addrinfo_hints hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct question *question = malloc(sizeof *question);
    if (question == NULL) {
        on_answer(arg, &(struct dns_answer){.err = CW_ENOMEM, .detail = ""});
        return;
    }
    *question = (struct question){channel, on_answer, arg};
    if (channel->questions++ == 0)
        (void)uv_timer_start(&channel->tick, on_tick, TICK_MS, TICK_MS);
    ares_getaddrinfo(channel->ares, name, NULL, &hints, on_ares_answer, question);
}

static void on_tick(uv_timer_t *timer)
{
    struct dns_channel *channel = channel_from(timer->data);
    ares_process_fd(channel->ares, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
}

static struct dns_socket *socket_open(struct dns_channel *channel, ares_socket_t fd)
{
    struct dns_socket *s = malloc(sizeof *s);
    if (s == NULL)
        return NULL;
    *s = (struct dns_socket){.magic = SOCKET_MAGIC, .channel = channel, .fd = fd};
    if (uv_poll_init_socket(channel->loop, &s->poll, fd) != 0) {
        free(s);
        return NULL;
    }
    s->poll.data = s;
    channel->open_handles++;
    DL_APPEND(channel->sockets, s);
    return s;
}

/* c-ares opens, re-arms, or is about to close (neither readable nor writable) a socket. A socket
 * that cannot be watched for want of memory is left to the time-out. */
static void on_socket_state(void *arg, ares_socket_t fd, int is_readable, int is_writable)
{
    struct dns_channel *channel = channel_from(arg);
    int events = (is_readable ? UV_READABLE : 0) | (is_writable ? UV_WRITABLE : 0);
    struct dns_socket *s;

    DL_SEARCH_SCALAR(channel->sockets, s, fd, fd);
    if (s == NULL && events != 0)
        s = socket_open(channel, fd);
    if (s == NULL)
        return;
    if (events != 0) {
        (void)uv_poll_start(&s->poll, events, on_poll);
        return;
    }
    DL_DELETE(channel->sockets, s);
    uv_close((uv_handle_t *)&s->poll, on_socket_closed);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct dns_socket *s = poll->data;
    assert(s->magic == SOCKET_MAGIC);
    s->channel->heard += status == 0 && (events & UV_READABLE) != 0;
    if (status != 0)                        /* among others: nobody listens there */
        events = UV_READABLE | UV_WRITABLE; /* c-ares reads the error itself */
    ares_process_fd(s->channel->ares, events & UV_READABLE ? s->fd : ARES_SOCKET_BAD,
                    events & UV_WRITABLE ? s->fd : ARES_SOCKET_BAD);
}

uint64_t dns_channel_heard(const struct dns_channel *channel)
{
    return channel->heard;
}

/* c-ares has no status of its own for "out of descriptors": it says that it was refused. */
static enum cw_err err_from_ares(int status)
{
    switch (status) {
    case ARES_SUCCESS: return CW_OK;
    case ARES_ENOTFOUND:
    case ARES_ENODATA:
    case ARES_EBADNAME:
    case ARES_EFORMERR: return CW_EDNS;
    case ARES_ENOMEM: return CW_ENOMEM;
    case ARES_ECANCELLED:
    case ARES_EDESTRUCTION: return CW_ECANCELED;
    case ARES_ECONNREFUSED: return errno == EMFILE || errno == ENFILE ? CW_EFILES : CW_EDNSTEMP;
    default: return CW_EDNSTEMP;
    }
}

static void answer_add(struct dns_answer *answer, const struct ares_addrinfo_node *node)
{
    struct sockaddr_storage *address = &answer->addresses[answer->count];
    if (answer->count == RESOLVED_MAX || (size_t)node->ai_addrlen > sizeof *address)
        return;
    *address = (struct sockaddr_storage){0};
    memcpy(address, node->ai_addr, (size_t)node->ai_addrlen);
    for (size_t i = 0; i < answer->count; i++)
        if (address_equals((struct sockaddr *)&answer->addresses[i], (struct sockaddr *)address))
            return;
    answer->ttl_s = MIN(answer->ttl_s, node->ai_ttl);
    answer->count++;
}

static void answer_fill(struct dns_answer *answer, const struct ares_addrinfo *info)
{
    for (const struct ares_addrinfo_cname *c = info->cnames; c != NULL; c = c->next)
        answer->ttl_s = MIN(answer->ttl_s, c->ttl);
    for (const struct ares_addrinfo_node *n = info->nodes; n != NULL; n = n->ai_next)
        answer_add(answer, n);
    if (answer->count == 0)
        answer->err = CW_EDNS;
}

static void on_ares_answer(void *arg, int status, int timeouts, struct ares_addrinfo *info)
{
    struct question question = *(struct question *)arg;
    struct dns_answer answer = {.detail = "", .ttl_s = INT32_MAX};
    (void)timeouts;

    free(arg);
    if (--question.channel->questions == 0)
        (void)uv_timer_stop(&question.channel->tick);
    answer.err = err_from_ares(status);
    answer.timed_out = status == ARES_ETIMEOUT;
    if (status != ARES_SUCCESS)
        answer.detail = ares_strerror(status);
    else
        answer_fill(&answer, info);
    if (info != NULL)
        ares_freeaddrinfo(info);
    question.on_answer(question.arg, &answer);
}

static void handle_closed(struct dns_channel *channel)
{
    if (--channel->open_handles > 0 || channel->on_closed == NULL)
        return;
    void (*on_closed)(void *) = channel->on_closed;
    void *arg = channel->arg;
    free(channel);
    on_closed(arg);
}

void dns_channel_close(struct dns_channel *channel, void (*on_closed)(void *arg), void *arg)
{
    channel->on_closed = on_closed;
    channel->arg = arg;
    ares_destroy(channel->ares); /* answers every question, and closes every socket */
    ares_library_cleanup();
    uv_close((uv_handle_t *)&channel->tick, on_tick_closed);
}

static void on_socket_closed(uv_handle_t *handle)
{
    struct dns_socket *s = handle->data;
    struct dns_channel *channel = s->channel;
    free(s);
    handle_closed(channel);
}

static void on_tick_closed(uv_handle_t *handle)
{
    handle_closed(channel_from(handle->data));
}
