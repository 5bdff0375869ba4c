/* httpserver: an HTTP/1.1 server on 127.0.0.1 for tests, in the loop of what it serves. Every path
 * has a script: the very bytes to be sent, whole or in drips, and what becomes of the connection.
 * It reads requests without bodies, one after the other on each connection. What it counts is there
 * to be asserted. Failures of its own are cmocka's. */
#ifndef TESTS_SUPPORT_HTTPSERVER_H
#define TESTS_SUPPORT_HTTPSERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

enum httpserver_then {
    HTTPSERVER_KEEP,  /* wait for the next request */
    HTTPSERVER_CLOSE, /* close: the client sees an end */
    HTTPSERVER_RESET, /* close with RST: the client sees an error */
};

/* How a path is answered. */
struct httpserver_script {
    const void *bytes; /* status line, headers and body, as they are; copied */
    size_t len;
    enum httpserver_then then;
    uint64_t drip_ms;  /* 0: all at once; else a piece each so many ms */
    size_t drip_bytes; /* of a piece */
    bool is_held;      /* answered when httpserver_release() says so */
};

struct httpserver;
struct httpserver *httpserver_open(uv_loop_t *loop); /* on a port of the system's choice */
void httpserver_close(struct httpserver *server);    /* frees it; it leaves the loop by itself */

uint16_t httpserver_port(const struct httpserver *server);
enum { HTTPSERVER_URL_SIZE = 512 };
/* "http://127.0.0.1:PORT" and the path; `host` instead of 127.0.0.1 when it is not NULL. */
void httpserver_url(const struct httpserver *server, const char *host, const char *path,
                    char ret_url[HTTPSERVER_URL_SIZE]);

/* What is sent to a request for `path` (with its query) from now on. Other paths get a 404. */
void httpserver_script(struct httpserver *server, const char *path,
                       const struct httpserver_script *script);
/* The same for an ordinary answer, whose head is written for you. */
void httpserver_page(struct httpserver *server, const char *path, int status,
                     const char *content_type, const char *body);
/* The same for raw text. */
void httpserver_raw(struct httpserver *server, const char *path, const char *raw,
                    enum httpserver_then then);

/* Answers the requests for `path` that are held, and holds no more of them. */
void httpserver_release(struct httpserver *server, const char *path);

/* For code that decides by itself: called for each request after it was counted and before its
 * script is looked up; it may change scripts. `head` is the request's, NUL-terminated. */
typedef void httpserver_request_fn(void *arg, struct httpserver *server, const char *path,
                                   const char *head);
void httpserver_on_request(struct httpserver *server, httpserver_request_fn *on_request, void *arg);

struct httpserver_counts {
    unsigned requests;         /* heads read */
    unsigned connections;      /* ever accepted */
    unsigned open_connections; /* now */
    unsigned running;          /* requests whose answer has not been sent whole */
    unsigned most_running;     /* at any time */
};
void httpserver_counts(const struct httpserver *server, struct httpserver_counts *ret);
unsigned httpserver_requests_of(const struct httpserver *server, const char *path);
/* The head of the `index`-th request (from 0), NULL when there was none; borrowed. The first 4,096
 * are kept. */
const char *httpserver_head(const struct httpserver *server, unsigned index);

#endif
