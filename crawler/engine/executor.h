/* executor: work that blocks or computes, off the loop and back on it. Lanes over libuv's pool, so
 * that a database write never waits behind parsing. Each lane runs at most as many jobs at once
 * as it has seats; further ones wait in order of arrival (the callers bound their number: see
 * sink.h, visit.h). Thread: the loop's, but for `work`, which runs on a worker and touches only
 * what the job carries. */
#ifndef CRAWLER_ENGINE_EXECUTOR_H
#define CRAWLER_ENGINE_EXECUTOR_H

#include <uv.h>

#include "crawler/base/err.h"

enum lane {
    LANE_PARSE, /* computes: one seat a core */
    LANE_STORE, /* blocks on the disk; each store has one job at a time */
    LANE_FOLD,  /* store_fold(), beside the store's job; half as many seats, for it is seldom due */
    LANE_COUNT
};

struct executor;
struct job;
typedef void job_fn(struct job *job);

/* Embed it. The owner keeps it in place until `done` is called. */
struct job {
    uv_work_t req;
    struct executor *executor;
    struct job *next; /* in the queue, then of those that run together */
    job_fn *work;     /* on a worker thread */
    job_fn *done;     /* on the loop, exactly once, never before executor_run() returns */
    enum lane lane;
    unsigned seat; /* below the lane's seats; no two running jobs of a lane share one */
};

/* Says how many threads libuv's pool shall have. Call once in a process, before any loop runs. */
void executor_prepare_pool(unsigned parse_seats, unsigned store_seats);

enum cw_err executor_new(struct executor **ret, uv_loop_t *loop, unsigned parse_seats,
                         unsigned store_seats) MUST_CHECK;
void executor_free(struct executor *executor); /* no job may be left */

void executor_run(struct executor *executor, enum lane lane, struct job *job, job_fn *work,
                  job_fn *done);

unsigned executor_waiting(const struct executor *executor,
                          enum lane lane); /* not yet on a thread */

#endif
