/* fetch_err: the wall through which libcurl's codes come. Pure. */
#ifndef CRAWLER_FETCH_FETCH_ERR_H
#define CRAWLER_FETCH_FETCH_ERR_H

#include <curl/curl.h>
#include <stdbool.h>

#include "crawler/base/err.h"

/* How far a transfer had come when it failed, and what the system said. */
struct fetch_failure {
    CURLcode code;
    int os_errno;           /* 0: the system had no part in it */
    bool was_sent;          /* a connection was there and the request went out */
    bool head_was_complete; /* the answer's head had been read */
    const char *text;       /* libcurl's error buffer */
};

enum cw_err fetch_err_from_curl(const struct fetch_failure *failure);

/* A socket that could not be made, bound or connected. */
enum cw_err fetch_err_from_errno(int os_errno);

#endif
