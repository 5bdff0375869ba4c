/* robotcache: one crawl's view of every origin's robots.txt, fetched once and kept for at most a
 * day (RFC 9309, 2.4). Whoever asks while it is being fetched joins. The request goes through an
 * errand, ahead of the host's other requests. What came of it decides (RFC 9309, 2.3.1): 2xx: its
 * rules.  4xx but 429, more than 5 redirects, or a redirect to nowhere: all is allowed. 5xx, 429,
 * no answer: all is denied, and it is asked again after an hour. Memory: at most ROBOTCACHE_MAX
 * origins that nobody waits for, and no new one beyond ROBOTCACHE_MAX_BYTES of rules: the oldest
 * leave, and are asked for again. Thread: the loop's. */
#ifndef CRAWLER_ENGINE_ROBOTCACHE_H
#define CRAWLER_ENGINE_ROBOTCACHE_H

#include <stdbool.h>

#include "crawler/engine/credentials.h"
#include "crawler/engine/engine.h"
#include "crawler/fetch/fetch.h"
#include "crawler/frontier/hosts.h"
#include "crawler/parse/url.h"

enum {
    ROBOTCACHE_MAX = 10000,
    ROBOTCACHE_MAX_BYTES = 32 * 1024 * 1024, /* usual ones take 1 KB, hostile ones 20 MB */
    ROBOTS_REDIRECTS_MAX = 5,
};

struct robotcache;
struct robots;
struct robots_entry;

enum robots_verdict {
    ROBOTS_ALLOWED,
    ROBOTS_DENIED,      /* by a rule */
    ROBOTS_UNREACHABLE, /* robots.txt cannot be had, so nothing may be fetched */
    ROBOTS_PENDING,     /* being fetched: the waiter will be called */
};

/* Borrowed for the call it comes with. */
struct robots_answer {
    enum robots_verdict verdict;
    uint32_t line;      /* DENIED: of the rule, 1-based */
    struct str rule;    /* DENIED: "Disallow: /private/" */
    enum cw_err err;    /* UNREACHABLE: CW_EROBOTS after an HTTP answer, else why none came */
    const char *detail; /* UNREACHABLE: for people */
    const struct robots *rules; /* ALLOWED, DENIED: all of them; NULL when there are none */
};

struct robots_waiter;
typedef void robots_ready_fn(struct robots_waiter *waiter);
/* Embed it; on `ready`, ask again: the answer is there. */
struct robots_waiter {
    struct robots_waiter *next, *prev;
    struct robots_entry *entry; /* NULL while it waits for nothing */
    robots_ready_fn *ready;
};

/* What came of one origin's robots.txt; borrowed for the call. */
struct robots_known {
    struct str origin, host; /* the origin's own politeness host */
    int32_t status;          /* HTTP status; 0: no answer */
    enum cw_err err;         /* not CW_OK: it cannot be had, and nothing may be fetched */
    const char *detail;      /* when err: for people */
    struct str body;         /* decoded; absent where it holds no rules */
};

/* How the crawl makes requests, and who wants to know of them. All borrowed for the cache's life.
 */
struct robotcache_options {
    struct engine *engine;
    const struct fetch_request *request; /* all but url, addresses and headers */
    const struct credentials *credentials;
    const struct host_policy *policy;
    unsigned retries;
    void *arg;
    void (*on_attempt)(void *arg, const struct attempt *attempt); /* a row for view `fetch` */
    void (*on_known)(void *arg, const struct robots_known *known);
    void (*on_closed)(void *arg); /* after robotcache_close(); the cache is gone by then */
};

enum cw_err robotcache_new(struct robotcache **ret,
                           const struct robotcache_options *options) MUST_CHECK;
/* Cancels what is under way; waiters must have left. on_closed is called once, perhaps inline. */
void robotcache_close(struct robotcache *cache);

/* The verdict on `url` (canonical). PENDING: `waiter` was taken in. CW_ENOMEM: nothing happened. */
enum cw_err robotcache_ask(struct robotcache *cache, const struct url *url,
                           struct robots_waiter *waiter, struct robots_answer *ret) MUST_CHECK;
/* The request that the waiter waits for; NULL when it does not. Borrowed until it is called. */
struct errand;
const struct errand *robotcache_errand(const struct robots_waiter *waiter);
void robotcache_leave(struct robots_waiter *waiter); /* nothing happens when it does not wait */

#endif
