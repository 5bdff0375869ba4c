/* curl_loop: a curl multi handle in a libuv loop. It knows sockets and timers, not requests.
 * Thread: the loop's. No function here may be called from inside one of libcurl's callbacks but
 * curl_loop_open_socket(), curl_loop_close_socket() and curl_loop_wake(). */
#ifndef CRAWLER_FETCH_CURL_LOOP_H
#define CRAWLER_FETCH_CURL_LOOP_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "crawler/base/err.h"

struct curl_loop;

struct curl_loop_hooks {
    /* `easy` has ended and has left the multi handle. Only take notes here. */
    void (*on_finished)(void *arg, CURL *easy, CURLcode code);
    /* Comes after every turn of libcurl, and after curl_loop_wake(), when nothing of libcurl is on
     * the stack and every finished transfer was reported: the place to act. */
    void (*on_turn)(void *arg);
    void *arg;
};

/* It keeps every connection that may be kept: how many those are is for the owner to say, by
 * CURLOPT_FORBID_REUSE and CURLOPT_MAXAGE_CONN. */
enum cw_err curl_loop_new(struct curl_loop **ret, uv_loop_t *loop,
                          const struct curl_loop_hooks *hooks) MUST_CHECK;
/* Every easy handle must have left. Closes every connection; calls `on_closed` once, from the loop;
 * it is freed before that call. on_turn may come once more before. */
void curl_loop_close(struct curl_loop *glue, void (*on_closed)(void *arg), void *arg);

enum cw_err curl_loop_add(struct curl_loop *glue, CURL *easy) MUST_CHECK;
void curl_loop_remove(struct curl_loop *glue, CURL *easy); /* it is not reported */
void curl_loop_wake(struct curl_loop *glue);               /* asks for on_turn() soon */
unsigned curl_loop_sockets(const struct curl_loop *glue);  /* open now, idle ones included */

/* For CURLOPT_OPENSOCKETFUNCTION and CURLOPT_CLOSESOCKETFUNCTION (whose data is the curl_loop). A
 * socket opened here keeps its place in the loop for life, not for one transfer only. On failure
 * CURL_SOCKET_BAD and *reterr_errno. */
curl_socket_t curl_loop_open_socket(struct curl_loop *glue, const struct curl_sockaddr *address,
                                    int *reterr_errno);
int curl_loop_close_socket(void *glue, curl_socket_t fd);

/* A socket that was just opened, by a name that no later one has. */
struct curl_loop_socket {
    curl_socket_t fd;
    uint64_t serial;
};
struct curl_loop_socket curl_loop_name_socket(struct curl_loop *glue, curl_socket_t fd);
bool curl_loop_is_connected(struct curl_loop *glue, struct curl_loop_socket socket);

#endif
