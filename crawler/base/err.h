/* err: the one list of what can go wrong. Every foreign code (curl, c-ares, SQLite, errno) is
 * translated into it at the wall it comes through. The short names are stable: they land in the
 * database (page.error, fetch.error, url.reason), in metrics and in scripts. */
#ifndef CRAWLER_BASE_ERR_H
#define CRAWLER_BASE_ERR_H

#include "crawler/base/util.h"

/* Is the same request worth making again? NEVER: the answer would be the same. LATER: after a pause
 * that grows. NOW: it was not the server's fault. */
enum cw_retry { CW_RETRY_NEVER, CW_RETRY_LATER, CW_RETRY_NOW };

/*    symbol          stable name          text                                          retry */
#define CW_ERRORS(X)                                                                               \
    X(CW_OK, "ok", "no error", NEVER)                                                              \
    X(CW_ENOMEM, "memory", "out of memory", LATER)                                                 \
    X(CW_EINVAL, "invalid", "invalid input", NEVER)                                                \
    X(CW_EURL, "url", "not a valid URL", NEVER)                                                    \
    X(CW_EDNS, "dns", "no such host", NEVER)                                                       \
    X(CW_EDNSTEMP, "dns-temp", "the name server did not answer", LATER)                            \
    X(CW_ERESOLVER, "resolver", "no name server answers anything", LATER)                          \
    X(CW_ECONNECT, "connect", "connection refused or host unreachable", LATER)                     \
    X(CW_ECONNTIMEO, "connect-timeout", "no connection within the limit", LATER)                   \
    X(CW_EFIRSTBYTE, "first-byte-timeout", "no answer within the limit", LATER)                    \
    X(CW_ETIMEOUT, "timeout", "the answer took longer than the limit", LATER)                      \
    X(CW_ETLS, "tls", "TLS handshake or certificate failed", NEVER)                                \
    X(CW_EEMPTY, "empty-reply", "connection closed without an answer", LATER)                      \
    X(CW_ERESET, "reset", "connection reset", LATER)                                               \
    X(CW_ETRUNCATED, "truncated", "the answer ended before its end", LATER)                        \
    X(CW_EPROTOCOL, "protocol", "the answer breaks HTTP", NEVER)                                   \
    X(CW_EHTTP2, "http2", "HTTP/2 stream or connection error", LATER)                              \
    X(CW_EHTTPOTHER, "http-other", "unknown HTTP status", NEVER)                                   \
    X(CW_EHEADERS, "headers-too-big", "headers and trailers over the limit", NEVER)                \
    X(CW_ETOOBIG, "too-big", "larger than the limit", NEVER)                                       \
    X(CW_EBOMB, "bomb", "expands beyond any honest ratio", NEVER)                                  \
    X(CW_EENCODING, "encoding", "unknown or broken content encoding", NEVER)                       \
    X(CW_EREDIRECT, "redirect", "redirect loop, too many hops or bad target", NEVER)               \
    X(CW_EBLOCKED, "blocked", "private address or forbidden port", NEVER)                          \
    X(CW_EDENIED, "robots", "denied by robots.txt", NEVER)                                         \
    X(CW_EROBOTS, "robots-unreachable", "robots.txt cannot be had, so all is denied", LATER)       \
    X(CW_ENETDOWN, "network", "this machine has no network", LATER)                                \
    X(CW_EFILES, "descriptors", "out of file descriptors or ports", LATER)                         \
    X(CW_ECANCELED, "canceled", "canceled by us", NOW)                                             \
    X(CW_EPARSE, "parse", "the parser gave up", NEVER)                                             \
    X(CW_ESTORAGE, "storage", "the database failed", NEVER)                                        \
    X(CW_EDISKFULL, "disk-full", "no space left on the disk", LATER)                               \
    X(CW_ELOCKED, "in-use", "the database is in use by another crawl", NEVER)                      \
    X(CW_ENOTDB, "not-a-database", "the file is not a crawld database", NEVER)                     \
    X(CW_ENEWER, "newer-schema", "the database was made by a newer crawld", NEVER)                 \
    X(CW_ENOTFOUND, "not-found", "not found", NEVER)                                               \
    X(CW_ECONFIG, "config", "the configuration is not valid", NEVER)

enum cw_err {
#define X(symbol, name, text, retry) symbol,
    CW_ERRORS(X)
#undef X
        CW_ERR_COUNT
};

const char *cw_err_name(enum cw_err err); /* stable, short: "connect-timeout" */
const char *cw_err_text(enum cw_err err); /* for people: "no connection within the limit" */
enum cw_retry cw_err_retry(enum cw_err err);

/* The class whose stable name is `name`, or CW_ERR_COUNT when there is none. */
enum cw_err cw_err_by_name(const char *name);

/* A sentence for people that says what is at fault and what to do; filled only on failure. */
struct errmsg {
    char text[512];
};

/* Writes the sentence (cut at the end of the room) and returns `err`:
 * `return errmsg_set(msg, CW_ENOTDB, "%s: ...", path);`. `msg` may be NULL. */
enum cw_err errmsg_set(struct errmsg *msg, enum cw_err err, const char *format, ...)
    PRINTF_LIKE(3, 4);

#endif
