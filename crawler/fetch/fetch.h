/* fetch: one HTTP transfer, bounded in time, bytes and headers, on libcurl's multi socket interface
 * and libuv. It follows no redirect, decodes no content and knows neither robots.txt nor a
 * frontier. Thread: the loop's.   Standards: RFC 9110, 9112, 9113. The callback comes exactly once
 * per successful fetch_start(), never before it returns, and only when nothing of the fetch is left
 * in the loop. */
#ifndef CRAWLER_FETCH_FETCH_H
#define CRAWLER_FETCH_FETCH_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "crawler/base/buf.h"
#include "crawler/base/err.h"
#include "crawler/fetch/guard.h"
#include "crawler/fetch/resolver.h"
#include "crawler/page.h"

struct fetch_pool; /* the multi handle, its connections and their sockets in the loop */
struct fetch;      /* one transfer; owned by the pool until its callback has returned */

struct fetch_pool_options {
    uv_loop_t *loop;      /* borrowed */
    unsigned connections; /* in use at once, about; as many again are kept alive */
    /* Up to so many are kept alive for http: 2 KB each, where https takes many times that. */
    unsigned plain_kept;
};
enum cw_err fetch_pool_new(struct fetch_pool **ret,
                           const struct fetch_pool_options *options) MUST_CHECK;
/* Cancels what runs (their callbacks come), closes every connection, then calls `on_closed` once,
 * from the loop; the pool is freed before that call.
 *
 * Descriptors: connections leave the last few of the process to others (the database, the log, name
 * servers). Where they, or local ports, run out, a transfer ends with CW_EFILES, and for a minute
 * the pool keeps no connection open that it does not need and closes those that idle. */
void fetch_pool_close(struct fetch_pool *pool, void (*on_closed)(void *arg), void *arg);

/* All mandatory; times in milliseconds, sizes in bytes. */
struct fetch_limits {
    int64_t connect_ms;    /* TCP and TLS; 10,000 */
    int64_t first_byte_ms; /* from the request to the answer's first line; 15,000 */
    int64_t total_ms;      /* 30,000 */
    uint64_t body_bytes;   /* as received; 10 MiB */
    uint64_t header_bytes; /* status lines, 1xx, headers and trailers together; 256 KiB, which is
                              also the most it can be */
};

struct fetch_request {
    struct str url; /* canonical and ASCII; copied */
    const struct resolved
        *addresses; /* where to connect; held for the transfer. NULL: the host is an IP literal */
    const struct guard *guard; /* borrowed until the callback. With a proxy it judges the URL's host
                                  and `addresses` beforehand, for the proxy makes the connection */
    struct fetch_limits limits;
    const char *user_agent;     /* the following: borrowed until the callback */
    const char *const *headers; /* "Name: value", NULL-terminated, or NULL. A condition or a Range
                                   here is what makes a 304 or a 206 an answer */
    const char *proxy;          /* NULL: none, whatever the environment says */
    const char *cookie_file;    /* NULL: no cookies; else what the jar begins with */
    uint64_t jar;               /* requests of different jars share no cookie */
    bool insecure;              /* no certificate check */
    bool cut_body; /* at body_bytes: keep the head and set body_cut instead of CW_ETOOBIG */
};

/* The answer's headers that crawld reads; absent when not sent. The last of several equal ones
 * counts, but for location (the first, as in browsers), x_robots_tag and link, whose values are
 * joined by ", ", and content_encoding (joined by ","). */
struct fetch_headers {
    struct str content_type, content_encoding, location, etag, last_modified, retry_after,
        x_robots_tag, link, content_language, date;
};

struct fetch_result {
    enum cw_err err;  /* CW_OK: a complete answer, whatever its status */
    char detail[256]; /* what the library said, for people; "" when nothing */
    int32_t status;   /* of the last answer seen; 0: none */
    struct fetch_headers headers;
    struct buf body; /* raw; still content-encoded. Take it with buf_take() to keep it */
    bool body_cut;
    int64_t size;         /* body bytes received */
    struct timings time;  /* dns_ms is the caller's to fill */
    int32_t http_version; /* 10, 11, 20; 0 unknown */
    char remote_ip[64];   /* "" when no connection was made */
    bool reused;          /* an open connection was used */
};

typedef void fetch_done_fn(void *arg, struct fetch_result *res); /* res is borrowed for the call */

/* Starts the transfer. On error *ret is untouched and `done` never comes: CW_ENOMEM, CW_EURL,
 * CW_EBLOCKED (a port on the Fetch standard's bad-port list; behind a proxy, a forbidden host or
 * address), CW_ECANCELED (the pool is being closed). */
enum cw_err fetch_start(struct fetch **ret, struct fetch_pool *pool,
                        const struct fetch_request *request, fetch_done_fn *done,
                        void *arg) MUST_CHECK;
void fetch_cancel(struct fetch *f); /* asks; `done` still comes, with CW_ECANCELED; frees nothing */

/* Where a transfer stands; whoever waits for it may want to know for what. */
enum fetch_phase {
    FETCH_CONNECTING, /* TCP; with a proxy, to the proxy */
    FETCH_SECURING,   /* connected, but not yet through: TLS, or what the proxy asks for */
    FETCH_ASKED,      /* the request is out, the answer has not begun */
    FETCH_ANSWERING,  /* head or body come in */
};
enum fetch_phase fetch_phase(const struct fetch *f);

struct fetch_pool_status {
    unsigned running;
    uint64_t started, connections_opened, bytes_received;
};
void fetch_pool_status(const struct fetch_pool *pool, struct fetch_pool_status *ret);

#endif
