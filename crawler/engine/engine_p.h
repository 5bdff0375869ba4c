/* engine_p: the engine's inside, for the files of this room. */
#ifndef CRAWLER_ENGINE_ENGINE_P_H
#define CRAWLER_ENGINE_ENGINE_P_H

#include "crawler/engine/dicts.h"
#include "crawler/engine/digest.h"
#include "crawler/engine/engine.h"
#include "crawler/engine/executor.h"
#include "crawler/engine/lag.h"
#include "crawler/engine/pressure.h"
#include "crawler/fetch/fetch.h"
#include "crawler/fetch/resolver.h"
#include "crawler/frontier/hosts.h"

enum { MAX_BACKOFF_MS = 10 * 60 * 1000 }; /* the longest rest of a host */

struct engine {
    uv_loop_t *loop;             /* borrowed */
    const struct log *log;       /* borrowed */
    char *user_agent;            /* owned */
    struct str agent;            /* its product token; borrowed from user_agent */
    unsigned connections;        /* the limit in force */
    struct executor *executor;   /* owned, as all that follow */
    struct digester **digesters; /* one a seat of the parse lane */
    unsigned digester_count;
    struct fetch_pool *pool;
    struct resolver *resolver;
    struct hosts *hosts;
    struct pressure pressure; /* how many connections this machine can bear */
    struct lag lag;
    struct dicts dicts;
    unsigned opening;    /* crawls whose stored clocks are not known yet: no turn is handed out */
    unsigned dropped;    /* hosts let go of since the last sweep */
    uint64_t crawls;     /* started so far: their numbers name their cookie jars */
    uv_timer_t pump;     /* hands out turns: at once, or when the next host's clock allows */
    bool pump_is_due;    /* at once: the timer needs no setting */
    unsigned open_parts; /* what engine_close() still waits for */
    void (*on_closed)(void *arg);
    void *on_closed_arg;
};

/* Lets go of a host that hosts_get() held. Now and then sweeps out those that nobody holds and
 * whose clock is past: else the memory of a long crawl would follow the hosts it has ever met. */
void engine_drop_host(struct engine *engine, struct host *host);

/* A request ended so: is this machine at fault, then fewer start, and none for a while. */
void engine_note_end(struct engine *engine, enum cw_err err, int32_t status);

/* Nothing is asked of anybody until each hold was released: a database that opens may know that a
 * host must be left alone. */
void engine_hold(struct engine *engine);
void engine_release(struct engine *engine);

/* Something changed that may let a request start: looks after this turn of the loop. */
void engine_pump_soon(struct engine *engine);

#endif
