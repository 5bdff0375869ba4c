/* resolver: names to addresses on the loop, by c-ares, with a cache that honours TTLs.
 * Thread: the loop's. Questions for the same name join one look-up. */
#ifndef CRAWLER_FETCH_RESOLVER_H
#define CRAWLER_FETCH_RESOLVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <uv.h>

#include "crawler/base/err.h"
#include "crawler/base/str.h"

struct resolver;
struct resolver_query;

/* The addresses of one name. Counted: hold what you keep. Immutable. */
struct resolved {
    unsigned holders;
    size_t count;
    struct sockaddr_storage *addresses; /* port 0; in the order to be tried; at most RESOLVED_MAX */
    uint64_t serial; /* differs whenever the set of addresses of a name changed; 0: it never does */
};
enum { RESOLVED_MAX = 8 };
struct resolved *resolved_hold(const struct resolved *r);
void resolved_drop(const struct resolved *r); /* NULL is fine */
/* The first address as text ("192.0.2.1", "2001:db8::1"): the key of address slots. */
enum { RESOLVED_TEXT_SIZE = 64 };
void resolved_text(const struct resolved *r, char ret_text[RESOLVED_TEXT_SIZE]);

struct resolver_options {
    uv_loop_t *loop;     /* borrowed */
    const char *servers; /* "192.0.2.1,[2001:db8::1]:5353"; NULL: the system's */
    int64_t timeout_ms;  /* of one look-up in all; 0: 10,000 */
    size_t cache_names;  /* kept at the most, the least recently used leave; 0: 10,000 */
};
enum cw_err resolver_new(struct resolver **ret, const struct resolver_options *options) MUST_CHECK;
/* Ends open questions with CW_ECANCELED, then calls `on_closed` once, from the loop. */
void resolver_close(struct resolver *resolver, void (*on_closed)(void *arg), void *arg);

/* `addresses` is held for the call only; NULL unless err is CW_OK. CW_EDNS: no such name (cached
 * for some minutes); CW_EDNSTEMP: no answer to this question, or SERVFAIL (cached for seconds);
 * CW_ERESOLVER: the servers said nothing at all meanwhile, as when the local resolver is down.
 * Where nobody listens the question is asked again until its time is over: a server that is
 * restarted costs no look-up. */
typedef void resolver_done_fn(void *arg, enum cw_err err, const struct resolved *addresses,
                              const char *detail);

/* Asks for `hostname` (canonical; an IP literal, IPv6 in brackets, and localhost are answered
 * without a question). `done` comes exactly once, never before this returns. On error *ret is
 * untouched and `done` never comes: CW_ENOMEM, CW_ECANCELED (the resolver is being closed). */
enum cw_err resolver_ask(struct resolver_query **ret, struct resolver *resolver,
                         struct str hostname, resolver_done_fn *done, void *arg) MUST_CHECK;
void resolver_cancel(struct resolver_query *query); /* `done` still comes, with CW_ECANCELED */

/* The cached answer, held for the caller, without a question; NULL when there is none that is
 * fresh. */
struct resolved *resolver_cached(struct resolver *resolver, struct str hostname);

/* A connection was made to this one of the name's addresses (the first could not be reached): it
 * comes first from now on. */
void resolver_prefer(struct resolver *resolver, struct str hostname, const char *address);

/* What became of the look-ups of the last minute; what the cache answers is none. O(1). */
struct resolver_status {
    unsigned open;       /* under way */
    unsigned ended;      /* in the last minute, however */
    unsigned unanswered; /* of these: no answer within the limit */
    unsigned failed;     /* ... the server could not say (SERVFAIL) */
};
void resolver_status(const struct resolver *resolver, struct resolver_status *ret);

#endif
