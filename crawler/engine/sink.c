#include "crawler/engine/sink.h"

#include <assert.h>

#include "crawler/base/clock.h"
#include "crawler/base/grow.h"

enum { SEED_ARENA_MAX = 64 * 1024 * 1024 };

/* Growing arrays of what one transaction shall hold. */
struct gathered {
    struct arena arena;        /* copies of all but outcomes */
    struct outcome **outcomes; /* owned, each owned */
    struct store_seed *seeds;
    struct store_found *found;
    struct attempt *attempts;
    struct store_robots *robots;
    size_t outcome_count, outcome_cap, seed_count, seed_cap, found_count, found_cap;
    size_t attempt_count, attempt_cap, robots_count, robots_cap;
    size_t bytes;
};

struct sink {
    struct sink_options options;
    struct job job;
    uv_timer_t next_turn;
    struct gathered filling, writing;
    struct store_batch batch;    /* for the job */
    struct store_reply reply;    /* from the job */
    struct errmsg message;       /* from the job */
    enum cw_err err;             /* from the job */
    int64_t began_ms, landed_ms; /* the last batch */
    struct job folding_job;
    bool busy;      /* a batch is being written */
    bool reporting; /* its reply is being read: the next job must wait, it would overwrite it */
    bool folding;   /* the log is being folded beside the batches */
    bool folded;    /* ... which has ended: the rest of it is next, before another batch */
    bool finishing; /* the job folds that rest */
    bool log_is_full;
    bool flush; /* the owner wants a batch even if nothing is gathered */
    bool failed, closing;
};

static void on_next_turn(uv_timer_t *timer);
static void on_write(struct job *job);
static void on_written(struct job *job);
static void on_fold(struct job *job);
static void on_folded(struct job *job);
static void on_finish(struct job *job);
static void on_finished(struct job *job);
static void on_timer_closed(uv_handle_t *handle);

enum cw_err sink_new(struct sink **ret, const struct sink_options *options)
{
    struct sink *sink = malloc(sizeof *sink);
    if (sink == NULL)
        return CW_ENOMEM;
    *sink = (struct sink){
        .options = *options,
        .landed_ms = clock_mono_ms() - SINK_PAUSE_MS,
        .filling.arena = ARENA_INIT(SEED_ARENA_MAX),
        .writing.arena = ARENA_INIT(SEED_ARENA_MAX),
    };
    (void)uv_timer_init(options->loop, &sink->next_turn); /* cannot fail */
    *ret = sink;
    return CW_OK;
}

static void gathered_clear(struct gathered *g)
{
    for (size_t i = 0; i < g->outcome_count; i++)
        outcome_free(g->outcomes[i]);
    arena_release(&g->arena);
    g->outcome_count = g->seed_count = g->found_count = g->attempt_count = 0;
    g->robots_count = g->bytes = 0;
}

static void gathered_release(struct gathered *g)
{
    gathered_clear(g);
    free(g->outcomes);
    free(g->seeds);
    free(g->found);
    free(g->attempts);
    free(g->robots);
}

static size_t item_count(const struct gathered *g)
{
    return g->outcome_count + g->seed_count + g->found_count + g->attempt_count + g->robots_count;
}

bool sink_is_full(const struct sink *sink)
{
    return item_count(&sink->filling) >= SINK_MAX_ITEMS ||
           sink->filling.bytes + sink->writing.bytes >= SINK_MAX_BYTES;
}

size_t sink_unlanded(const struct sink *sink)
{
    return sink->filling.outcome_count + sink->writing.outcome_count;
}

bool sink_has_gathered(const struct sink *sink)
{
    return item_count(&sink->filling) > 0;
}

bool sink_is_idle(const struct sink *sink)
{
    return !sink->busy && !sink_has_gathered(sink);
}

/* May the next batch be written? Not until the log has room for it, either. */
static bool is_free(const struct sink *sink)
{
    return !sink->busy && !sink->finishing && !(sink->folding && sink->log_is_full);
}

int64_t sink_behind_ms(const struct sink *sink)
{
    return !is_free(sink) ? clock_mono_ms() - sink->began_ms : 0;
}

static size_t footprint(const struct outcome *outcome)
{
    return outcome->page.body.cap + arena_footprint(&outcome->arena);
}

/* After a stall all that may be in flight has been gathered. In one batch it would bring the next
 * stall about: nothing could be fetched before the whole of it is written. So the youngest wait. */
static void hold_back(struct sink *sink)
{
    struct gathered *now = &sink->writing, *later = &sink->filling;
    size_t kept = sink->options.most;
    if (kept == 0 || now->outcome_count <= kept)
        return;
    for (size_t i = kept; i < now->outcome_count; i++) {
        struct outcome *o = now->outcomes[i];
        if (!sink->options.may_wait(sink->options.arg, o) ||
            grow(&later->outcomes, &later->outcome_cap, later->outcome_count, sizeof o) != CW_OK) {
            now->outcomes[kept++] = o;
            continue;
        }
        later->outcomes[later->outcome_count++] = o;
        now->bytes -= footprint(o);
        later->bytes += footprint(o);
    }
    now->outcome_count = kept;
}

static void write_now(struct sink *sink)
{
    struct gathered empty = sink->writing; /* its arrays are reused */
    assert(!sink->busy && item_count(&empty) == 0);
    sink->writing = sink->filling;
    sink->filling = empty;
    hold_back(sink);
    sink->batch = (struct store_batch){
        .outcomes = sink->writing.outcomes,
        .outcome_count = sink->writing.outcome_count,
        .seeds = sink->writing.seeds,
        .seed_count = sink->writing.seed_count,
        .found = sink->writing.found,
        .found_count = sink->writing.found_count,
        .attempts = sink->writing.attempts,
        .attempt_count = sink->writing.attempt_count,
        .robots = sink->writing.robots,
        .robots_count = sink->writing.robots_count,
        .want.now_unix_ms = clock_unix_ms(),
    };
    sink->options.on_prepare(sink->options.arg, &sink->batch);
    sink->busy = true;
    sink->flush = sink->flush && sink_has_gathered(sink); /* for what was held back, too */
    sink->began_ms = clock_mono_ms();
    executor_run(sink->options.executor, LANE_STORE, &sink->job, on_write, on_written);
}

/* How long what was gathered waits for more of its kind. */
static int64_t pause_ms(const struct sink *sink)
{
    if (sink->flush || sink->filling.outcome_count >= sink->options.enough || sink_is_full(sink))
        return 0;
    return MAX(sink->landed_ms + SINK_PAUSE_MS - clock_mono_ms(), 0);
}

/* Something was gathered: it goes soon, or when the batch under way has landed. */
static void schedule(struct sink *sink)
{
    if (!is_free(sink) || sink->reporting || sink->failed || sink->closing)
        return;
    if (!sink->flush && !sink_has_gathered(sink))
        return;
    int64_t wait_ms = pause_ms(sink);
    if (wait_ms == 0 || !uv_is_active((const uv_handle_t *)&sink->next_turn))
        (void)uv_timer_start(&sink->next_turn, on_next_turn, (uint64_t)wait_ms, 0);
}

static void on_next_turn(uv_timer_t *timer)
{
    struct sink *sink = CONTAINER_OF(timer, struct sink, next_turn);
    if (is_free(sink) && !sink->failed && !sink->closing)
        write_now(sink);
}

void sink_flush(struct sink *sink)
{
    sink->flush = true;
    schedule(sink);
}

enum cw_err sink_push(struct sink *sink, struct outcome *outcome)
{
    struct gathered *g = &sink->filling;
    enum cw_err err =
        grow(&g->outcomes, &g->outcome_cap, g->outcome_count, sizeof(struct outcome *));
    if (err != CW_OK) {
        outcome_free(outcome);
        return err;
    }
    g->outcomes[g->outcome_count++] = outcome;
    g->bytes += footprint(outcome);
    schedule(sink);
    return CW_OK;
}

enum cw_err sink_add_seed(struct sink *sink, const struct store_seed *seed)
{
    struct gathered *g = &sink->filling;
    struct store_seed copy = *seed;
    if (!arena_keep(&g->arena, &copy.url) || !arena_keep(&g->arena, &copy.host) ||
        !arena_keep(&g->arena, &copy.verdict.detail))
        return CW_ENOMEM;
    enum cw_err err = grow(&g->seeds, &g->seed_cap, g->seed_count, sizeof copy);
    if (err != CW_OK)
        return err;
    g->seeds[g->seed_count++] = copy;
    schedule(sink);
    return CW_OK;
}

enum cw_err sink_add_found(struct sink *sink, const struct store_found *found)
{
    struct gathered *g = &sink->filling;
    struct store_found copy = *found;
    if (!arena_keep(&g->arena, &copy.url) || !arena_keep(&g->arena, &copy.host) ||
        !arena_keep(&g->arena, &copy.verdict.detail))
        return CW_ENOMEM;
    enum cw_err err = grow(&g->found, &g->found_cap, g->found_count, sizeof copy);
    if (err != CW_OK)
        return err;
    g->found[g->found_count++] = copy;
    schedule(sink);
    return CW_OK;
}

enum cw_err sink_add_attempt(struct sink *sink, const struct attempt *attempt)
{
    struct gathered *g = &sink->filling;
    struct attempt copy = *attempt;
    if (!arena_keep(&g->arena, &copy.url) || !arena_keep(&g->arena, &copy.host) ||
        !arena_keep(&g->arena, &copy.detail) || !arena_keep(&g->arena, &copy.remote_ip))
        return CW_ENOMEM;
    enum cw_err err = grow(&g->attempts, &g->attempt_cap, g->attempt_count, sizeof copy);
    if (err != CW_OK)
        return err;
    g->attempts[g->attempt_count++] = copy;
    schedule(sink);
    return CW_OK;
}

enum cw_err sink_add_robots(struct sink *sink, const struct store_robots *robots)
{
    struct gathered *g = &sink->filling;
    struct store_robots copy = *robots;
    if (!arena_keep(&g->arena, &copy.origin) || !arena_keep(&g->arena, &copy.host) ||
        !arena_keep(&g->arena, &copy.detail) || !arena_keep(&g->arena, &copy.body))
        return CW_ENOMEM;
    enum cw_err err = grow(&g->robots, &g->robots_cap, g->robots_count, sizeof copy);
    if (err != CW_OK)
        return err;
    g->robots[g->robots_count++] = copy;
    g->bytes += copy.body.len;
    schedule(sink);
    return CW_OK;
}

/* On a worker: touches nothing but what was put aside for this job. */
static void on_write(struct job *job)
{
    struct sink *sink = CONTAINER_OF(job, struct sink, job);
    sink->err = store_commit(sink->options.store, &sink->batch, &sink->reply, &sink->message);
}

static void report_landed(struct sink *sink)
{
    const struct sink_options *options = &sink->options;
    for (size_t i = 0; i < sink->writing.outcome_count; i++)
        options->on_stored(options->arg, sink->writing.outcomes[i]);
    gathered_clear(&sink->writing);
    options->on_landed(options->arg, &sink->reply);
    store_reply_release(&sink->reply);
}

/* The store's job is over: what is next? */
static void go_on(struct sink *sink)
{
    if (sink->closing) {
        if (!sink->folding) /* else on_folded() comes here */
            uv_close((uv_handle_t *)&sink->next_turn, on_timer_closed);
    } else if (sink->folded) {
        sink->folded = false;
        sink->finishing = true;
        sink->began_ms = clock_mono_ms();
        executor_run(sink->options.executor, LANE_STORE, &sink->job, on_finish, on_finished);
    } else {
        schedule(sink);
    }
}

static void fold_log(struct sink *sink)
{
    sink->folding = true;
    executor_run(sink->options.executor, LANE_FOLD, &sink->folding_job, on_fold, on_folded);
}

static void on_written(struct job *job)
{
    struct sink *sink = CONTAINER_OF(job, struct sink, job);
    bool is_long = sink->err == CW_OK && sink->reply.log_is_long;
    sink->log_is_full = sink->err == CW_OK && sink->reply.log_is_full;
    sink->busy = false;
    sink->reporting = true;
    sink->landed_ms = clock_mono_ms();
    if (sink->err == CW_OK) {
        report_landed(sink);
    } else {
        sink->failed = true;
        gathered_clear(&sink->writing);
        sink->options.on_failed(sink->options.arg, sink->err, sink->message.text);
    }
    sink->reporting = false;
    if (is_long && !sink->folding && !sink->folded && !sink->closing)
        fold_log(sink);
    go_on(sink);
}

/* On a worker, beside on_write(). */
static void on_fold(struct job *job)
{
    struct sink *sink = CONTAINER_OF(job, struct sink, folding_job);
    store_fold(sink->options.store);
}

static void on_folded(struct job *job)
{
    struct sink *sink = CONTAINER_OF(job, struct sink, folding_job);
    sink->folding = false;
    sink->folded = true;
    if (!sink->busy && !sink->reporting)
        go_on(sink);
}

/* On a worker: the store is between two calls. */
static void on_finish(struct job *job)
{
    struct sink *sink = CONTAINER_OF(job, struct sink, job);
    store_checkpoint(sink->options.store);
}

static void on_finished(struct job *job)
{
    struct sink *sink = CONTAINER_OF(job, struct sink, job);
    sink->finishing = false;
    go_on(sink);
}

void sink_close(struct sink *sink)
{
    sink->closing = true;
    if (!sink->busy && !sink->finishing && !sink->reporting)
        go_on(sink);
}

static void on_timer_closed(uv_handle_t *handle)
{
    struct sink *sink = CONTAINER_OF((uv_timer_t *)handle, struct sink, next_turn);
    struct sink_options options = sink->options;
    gathered_release(&sink->filling);
    gathered_release(&sink->writing);
    free(sink);
    options.on_closed(options.arg);
}
