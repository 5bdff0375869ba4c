#include "crawler/engine/executor.h"

#include <assert.h>
#include <stdint.h>
#include <utlist.h>

#include "crawler/base/util.h"

enum { SEATS_MAX = 64, TOGETHER_MAX = 16 };

struct seats {
    uint64_t taken; /* bit n: seat n */
    unsigned count, running, waiting;
    struct job *queue; /* borrowed, FIFO */
};

struct executor {
    uv_loop_t *loop;
    struct seats lanes[LANE_COUNT];
};

static void on_work(uv_work_t *req);
static void on_done(uv_work_t *req, int status);

static unsigned fold_seats(unsigned store_seats)
{
    return (store_seats + 1) / 2;
}

void executor_prepare_pool(unsigned parse_seats, unsigned store_seats)
{
    char size[16];
    (void)snprintf(size, sizeof size, "%u", parse_seats + store_seats + fold_seats(store_seats));
    (void)setenv("UV_THREADPOOL_SIZE", size, 1);
}

enum cw_err executor_new(struct executor **ret, uv_loop_t *loop, unsigned parse_seats,
                         unsigned store_seats)
{
    assert(parse_seats > 0 && parse_seats <= SEATS_MAX);
    assert(store_seats > 0 && store_seats <= SEATS_MAX);
    struct executor *executor = malloc(sizeof *executor);
    if (executor == NULL)
        return CW_ENOMEM;
    *executor = (struct executor){
        .loop = loop,
        .lanes[LANE_PARSE].count = parse_seats,
        .lanes[LANE_STORE].count = store_seats,
        .lanes[LANE_FOLD].count = fold_seats(store_seats),
    };
    *ret = executor;
    return CW_OK;
}

void executor_free(struct executor *executor)
{
    if (executor == NULL)
        return;
    for (int i = 0; i < LANE_COUNT; i++)
        assert(executor->lanes[i].running == 0 && executor->lanes[i].waiting == 0);
    free(executor);
}

/* Gives a free seat to a list of jobs that run one behind the other. */
static void seat(struct seats *seats, struct job *first)
{
    unsigned number = (unsigned)__builtin_ctzll(~seats->taken);
    seats->taken |= 1ULL << number;
    seats->running++;
    for (struct job *job = first; job != NULL; job = job->next)
        job->seat = number;
    int r = uv_queue_work(first->executor->loop, &first->req, on_work, on_done);
    assert(r == 0); /* fails only without a work callback */
}

/* What a seat that came free takes of the queue: its share where jobs are short, since a turn of a
 * thread costs as much as a small page; one where they may block. NULL: nothing waits. */
static struct job *take_waiting(struct seats *seats, enum lane lane)
{
    unsigned share = lane == LANE_PARSE ? (seats->waiting + seats->count - 1) / seats->count : 1;
    struct job *first = seats->queue, *last = first;
    if (first == NULL)
        return NULL;
    seats->waiting--;
    for (unsigned i = 1; i < MIN(share, TOGETHER_MAX); i++, seats->waiting--)
        last = last->next;
    seats->queue = last->next;
    last->next = NULL;
    return first;
}

void executor_run(struct executor *executor, enum lane lane, struct job *job, job_fn *work,
                  job_fn *done)
{
    struct seats *seats = &executor->lanes[lane];
    *job = (struct job){.executor = executor, .work = work, .done = done, .lane = lane};
    job->req.data = job;
    if (seats->running < seats->count) {
        seat(seats, job);
    } else {
        LL_APPEND(seats->queue, job);
        seats->waiting++;
    }
}

static void on_work(uv_work_t *req)
{
    for (struct job *job = req->data; job != NULL; job = job->next)
        job->work(job);
}

static void on_done(uv_work_t *req, int status)
{
    struct job *job = req->data;
    struct seats *seats = &job->executor->lanes[job->lane];
    assert(status == 0); /* we never cancel */
    seats->taken &= ~(1ULL << job->seat);
    seats->running--;
    struct job *waiting = take_waiting(seats, job->lane);
    if (waiting != NULL)
        seat(seats, waiting);
    for (struct job *next; job != NULL; job = next) {
        next = job->next;
        job->done(job); /* may free the job */
    }
}

unsigned executor_waiting(const struct executor *executor, enum lane lane)
{
    return executor->lanes[lane].waiting;
}
