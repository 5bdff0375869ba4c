/* head: reads the lines of an answer as they come: status lines, 1xx answers, header fields and
 * trailers, all counted against one limit. It finds the faults that libcurl lets pass (two
 * different lengths, an unasked 101, 206 or 304, a flood of trailers) and keeps the fields that
 * crawld reads. Pure.   Standards: RFC 9110, RFC 9112. */
#ifndef CRAWLER_FETCH_HEAD_H
#define CRAWLER_FETCH_HEAD_H

#include <stdbool.h>
#include <stdint.h>

#include "crawler/base/buf.h"
#include "crawler/base/err.h"
#include "crawler/fetch/fetch.h"

enum { HEAD_FIELDS = 10 }; /* of struct fetch_headers */

/* Make it with HEAD_INIT, give it every line, release it. */
struct head {
    uint64_t max_bytes; /* lines in all, their ends included */
    bool may_304;       /* a validator was sent */
    bool may_206;       /* a range was asked for */

    uint64_t bytes;
    int32_t status;         /* of the last status line; 0: none yet */
    bool is_complete;       /* its empty line was seen: what follows are trailers */
    bool is_chunked;        /* it has a Transfer-Encoding: the length does not count */
    int64_t content_length; /* -1: not said */
    bool length_is_ours;    /* written so (white space before the colon) that libcurl overlooks it:
                               somebody else must end the body */
    const char *problem;    /* static text on the last failure; "" when there is nothing to say */
    int last_field;         /* that a folded line continues; -1: one that is not kept */
    struct buf fields[HEAD_FIELDS];
};
#define HEAD_INIT(limit_bytes)                                                                     \
    ((struct head){                                                                                \
        .max_bytes = (limit_bytes), .content_length = -1, .last_field = -1, .problem = ""})
void head_release(struct head *h);

/* Takes one line, as it came, its end (CR LF or LF) included. CW_EHEADERS: over the limit.
 * CW_EPROTOCOL: breaks HTTP, or answers what was not asked. CW_EHTTPOTHER: a status outside 100 to
 * 599. CW_ENOMEM. After a failure the answer is of no use. */
enum cw_err head_add_line(struct head *h, struct str line) MUST_CHECK;

/* The fields of the last answer, borrowed from `h` until its next call. */
void head_fields(const struct head *h, struct fetch_headers *ret);

#endif
