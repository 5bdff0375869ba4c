/* dns_channel: one c-ares channel in a libuv loop. It asks and translates the answers; it keeps
 * nothing. Thread: the loop's. */
#ifndef CRAWLER_FETCH_DNS_CHANNEL_H
#define CRAWLER_FETCH_DNS_CHANNEL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <uv.h>

#include "crawler/base/err.h"
#include "crawler/fetch/resolver.h"

struct dns_channel;

struct dns_answer {
    enum cw_err err;    /* CW_OK, CW_EDNS, CW_EDNSTEMP, CW_ENOMEM, CW_EFILES, CW_ECANCELED */
    const char *detail; /* static text */
    bool timed_out;
    int64_t ttl_s; /* the smallest in the answer, the way to it (CNAME) included */
    size_t count;
    struct sockaddr_storage addresses[RESOLVED_MAX]; /* in the order of RFC 6724 */
};
typedef void dns_answer_fn(void *arg, const struct dns_answer *answer);

/* `servers` as in struct resolver_options. `timeout_ms` is what all tries of a question may take
 * together with one server; with several it may be more, so callers keep a clock of their own.
 * CW_EINVAL: `servers` cannot be read. */
enum cw_err dns_channel_new(struct dns_channel **ret, uv_loop_t *loop, const char *servers,
                            int64_t timeout_ms) MUST_CHECK;

/* Asks for the addresses of `name`, in the hosts file first, then of the servers. `on_answer` comes
 * exactly once, POSSIBLY BEFORE THIS RETURNS, and must not close the channel. */
void dns_channel_ask(struct dns_channel *channel, const char *name, dns_answer_fn *on_answer,
                     void *arg);

/* How often any server has said anything so far, be it that it failed. When this stands still, none
 * is there. */
uint64_t dns_channel_heard(const struct dns_channel *channel);

/* Answers every open question with CW_ECANCELED before it returns, then calls `on_closed` once,
 * from the loop; the channel is freed before that call. Not from inside `on_answer`. */
void dns_channel_close(struct dns_channel *channel, void (*on_closed)(void *arg), void *arg);

#endif
