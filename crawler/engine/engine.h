/* engine: what all crawls of a process share: the loop, the executor, connections, names, the
 * hosts' slots and clocks, robots.txt. Crawls hang on it (crawl.h); several engines may share a
 * process. Thread: the loop's. */
#ifndef CRAWLER_ENGINE_ENGINE_H
#define CRAWLER_ENGINE_ENGINE_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "crawler/base/err.h"
#include "crawler/base/log.h"

struct engine;

struct engine_options {
    uv_loop_t *loop;         /* borrowed */
    const struct log *log;   /* borrowed */
    const char *user_agent;  /* copied */
    const char *dns_servers; /* NULL: the system's */
    unsigned connections;    /* requests under way in all */
    unsigned per_address;    /* ... to one address */
    unsigned parse_seats;    /* worker threads that parse; as given to executor_prepare_pool() */
    unsigned store_seats;    /* ... that write databases */
};

enum cw_err engine_new(struct engine **ret, const struct engine_options *options,
                       struct errmsg *reterr_msg) MUST_CHECK;

/* Every crawl must have ended. Closes all it has in the loop, frees itself, then calls `on_closed`.
 */
void engine_close(struct engine *engine, void (*on_closed)(void *arg), void *arg);

/* New limits hold for whatever starts from now on. */
void engine_set_limits(struct engine *engine, unsigned connections, unsigned per_address);

struct engine_status {
    unsigned running;     /* requests under way */
    unsigned waiting;     /* requests that wait for a slot or a clock */
    unsigned backing_off; /* hosts that rest after errors */
    uint64_t bytes;       /* received since the start */
    /* how long turns of the loop kept others waiting: the longest, and all but one of a thousand */
    int64_t loop_lag_max_us, loop_lag_p999_us;
};
void engine_status(struct engine *engine, struct engine_status *ret);

#endif
