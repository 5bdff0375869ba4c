/* fetch_p: what fetch.c (one transfer), fetch_pool.c (all of them) and fetch_options.c (what
 * libcurl is told) share. */
#ifndef CRAWLER_FETCH_FETCH_P_H
#define CRAWLER_FETCH_FETCH_P_H

#include <curl/curl.h>

#include "crawler/base/heap.h"
#include "crawler/fetch/curl_loop.h"
#include "crawler/fetch/fetch.h"
#include "crawler/fetch/head.h"
#include "crawler/fetch/jars.h"
#include "crawler/fetch/pins.h"

enum { FETCH_MAGIC = 0x66746368, POOL_MAGIC = 0x66706f6c };

/* Where a transfer stands: the state is the list. */
struct fetch_list {
    struct fetch *first; /* utlist's doubly linked list */
    unsigned count;
};

struct fetch {
    unsigned magic;
    struct fetch_pool *pool;
    struct fetch *prev, *next;
    struct fetch_list *place; /* pool->running or pool->finished */

    CURL *easy;                  /* owned while running */
    CURLU *url;                  /* owned; libcurl borrows it, and the headers */
    struct curl_slist *headers;  /* owned */
    struct curl_slist *commands; /* owned; for CURLOPT_RESOLVE */
    struct pin *pin;
    struct resolved *addresses; /* held, or NULL */
    const struct guard *guard;  /* NULL: a proxy connects, so the sockets are not judged */
    struct fetch_limits limits;
    bool cut_body;
    fetch_done_fn *done;
    void *arg;

    int64_t started_ms;
    bool is_tls;
    bool leaves_traces; /* libcurl's handle remembers more of it than options: see fetch_finish() */
    bool was_sent;      /* a connection was there and the request went out */
    bool has_socket;    /* at least one socket could be made */
    struct curl_loop_socket socket; /* the last of them */
    struct sockaddr_storage peer;   /* where it leads; AF_UNSPEC: none was made */
    bool was_stopped;               /* by us: `verdict` counts, not libcurl's code */
    enum cw_err verdict;
    struct heap_item first_byte; /* in pool->silent while the answer has not begun */
    struct head head;
    struct fetch_result result;
    char curl_text[CURL_ERROR_SIZE];
};

struct fetch_pool {
    unsigned magic;
    uv_loop_t *loop; /* borrowed */
    struct curl_loop *glue;
    struct fetch_list running;  /* in the multi handle */
    struct fetch_list finished; /* out of it; to be delivered by the loop */
    struct heap silent;         /* those that wait for their first byte, by its deadline */
    uv_timer_t first_byte;      /* of the first in `silent` */
    CURL **spare;               /* easy handles to be used again; an array of max_spare */
    unsigned spare_count;
    unsigned max_spare;  /* the pool's `connections` */
    unsigned plain_kept; /* see fetch_pool_options */
    struct pins *pins;
    struct jar *jars;
    uint64_t started, connections_opened, bytes_received;
    int64_t tight_until_ms; /* descriptors or ports ran out: keep no connection */
    int64_t cut_off_ms;     /* when a transfer last found that no packet leaves this machine */
    bool is_closing;
    unsigned open_parts; /* the glue and the timer */
    void (*on_closed)(void *arg);
    void *closed_arg;
};

/* fetch_pool.c */
struct fetch_pool *fetch_pool_from(void *arg); /* checks magic */
CURL *fetch_pool_take_easy(struct fetch_pool *pool) MUST_CHECK;
/* NULL is fine. With traces: it is made as good as new. */
void fetch_pool_put_easy(struct fetch_pool *pool, CURL *easy, bool has_traces);
bool fetch_pool_is_crowded(const struct fetch_pool *pool, bool is_tls); /* keep no more of them */
bool fetch_pool_is_tight(const struct fetch_pool *pool);    /* ... and close those that idle */
void fetch_move(struct fetch *f, struct fetch_list *place); /* NULL: to no list */
enum cw_err fetch_pool_await_first_byte(struct fetch *f) MUST_CHECK;
void fetch_pool_has_first_byte(struct fetch *f);

/* fetch.c */
struct fetch *fetch_from(void *arg); /* checks magic */
/* libcurl is done with it: fills the result and moves it to `finished`. */
void fetch_finish(struct fetch *f, CURLcode code);
/* Ends a running transfer from outside libcurl. */
void fetch_stop(struct fetch *f, enum cw_err err, const char *detail);
void fetch_free(struct fetch *f); /* in no list; NULL is fine */
size_t fetch_on_head_line(char *line, size_t size, size_t count, void *arg);
size_t fetch_on_body(char *bytes, size_t size, size_t count, void *arg);
curl_socket_t fetch_on_open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address);
int fetch_on_connected(void *arg, char *remote_ip, char *local_ip, int remote_port, int local_port);

/* fetch_options.c: tells a handle that is new or was reset what holds for all requests. */
enum cw_err fetch_set_constants(CURL *easy, struct fetch_pool *pool) MUST_CHECK;
/* Tells f->easy all that differs from one request to the next, whether it has it already or not,
 * and fills f->headers. */
enum cw_err fetch_set_options(struct fetch *f, const struct fetch_request *request,
                              bool is_tls) MUST_CHECK;

#endif
