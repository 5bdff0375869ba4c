/* The end of a crawl goes one way: visits and sitemaps, last batch, robots cache, sink, store,
 * timers. */
#include "crawler/base/clock.h"
#include "crawler/engine/crawl_p.h"
#include "crawler/engine/visit.h"

static void on_due(uv_timer_t *timer);
static void on_close(struct job *job);
static void on_closed(struct job *job);
static void on_timer_closed(uv_handle_t *handle);

static void drain(struct crawl *crawl, const char *end_reason, bool cancel_all)
{
    if (crawl->state == CRAWL_CLOSING)
        return;
    if (crawl->state != CRAWL_DRAINING)
        crawl->end_reason = end_reason;
    bool opened = crawl->state != CRAWL_OPENING && crawl->sink != NULL;
    crawl->state = CRAWL_DRAINING;
    if (!opened)
        return; /* on_opened() will see it */
    visits_drop(crawl, cancel_all);
    sitemaps_drop(crawl->sitemaps);
    crawl_look_soon(crawl, 0);
}

void crawl_drain(struct crawl *crawl, const char *end_reason)
{
    drain(crawl, end_reason, false);
}

void crawl_stop(struct crawl *crawl, const char *end_reason)
{
    drain(crawl, end_reason, true);
}

void crawl_fail(struct crawl *crawl, enum cw_err err, const char *message)
{
    if (crawl->err == CW_OK)
        (void)errmsg_set(&crawl->message, err, "%s", message);
    crawl->err = err;
    watch_note_failure(&crawl->watch);
    crawl_stop(crawl, "failed");
}

void crawl_on_storage_failed(void *arg, enum cw_err err, const char *message)
{
    crawl_fail(crawl_from(arg), err, message);
}

/* Does what the end still asks for, whenever something has come to an end. */
static void go_on_ending(struct crawl *crawl)
{
    if (crawl->state != CRAWL_DRAINING || crawl->visit_count > 0 ||
        sitemaps_are_under_way(crawl->sitemaps))
        return;
    if (crawl->err != CW_OK || sink_is_idle(crawl->sink))
        crawl_close(crawl);
    else if (sink_has_gathered(crawl->sink))
        sink_flush(crawl->sink); /* its landing brings us back */
}

void crawl_look_soon(struct crawl *crawl, int64_t wait_ms)
{
    (void)uv_timer_start(&crawl->due, on_due, (uint64_t)wait_ms, 0);
}

static void on_due(uv_timer_t *timer)
{
    struct crawl *crawl = CONTAINER_OF(timer, struct crawl, due);
    if (crawl->state == CRAWL_RUNNING) {
        sitemaps_go_on(crawl->sitemaps);
        workbench_look_again(&crawl->bench);
        sink_flush(crawl->sink);
    } else
        go_on_ending(crawl);
}

/* Everything has landed, or never will. */
void crawl_close(struct crawl *crawl)
{
    crawl->state = CRAWL_CLOSING;
    crawl->open_parts = 3; /* the timers close last, with the store */
    sitemaps_free(STEAL(crawl->sitemaps));
    if (crawl->robots != NULL)
        robotcache_close(STEAL(crawl->robots));
    else
        crawl_on_robots_closed(crawl);
}

void crawl_on_robots_closed(void *arg)
{
    struct crawl *crawl = crawl_from(arg);
    if (crawl->sink != NULL)
        sink_close(STEAL(crawl->sink));
    else
        crawl_on_sink_closed(crawl);
}

void crawl_on_sink_closed(void *arg)
{
    struct crawl *crawl = crawl_from(arg);
    executor_run(crawl->engine->executor, LANE_STORE, &crawl->job, on_close, on_closed);
}

/* On a worker, alone with the store. */
static void on_close(struct job *job)
{
    struct crawl *crawl = CONTAINER_OF(job, struct crawl, job);
    struct errmsg message;
    if (crawl->store != NULL && crawl->err == CW_OK)
        crawl->has_summary = store_summarise(crawl->store, &crawl->summary, &message) == CW_OK;
    enum cw_err err =
        store_close(STEAL(crawl->store), crawl->err == CW_OK ? crawl->end_reason : NULL, &message);
    if (crawl->err == CW_OK && err != CW_OK) {
        crawl->err = err;
        crawl->message = message;
    }
}

static void on_closed(struct job *job)
{
    struct crawl *crawl = CONTAINER_OF(job, struct crawl, job);
    workbench_release(&crawl->bench);
    uv_close((uv_handle_t *)&crawl->due, on_timer_closed);
    uv_close((uv_handle_t *)&crawl->deadline, on_timer_closed);
    watch_close(&crawl->watch, on_timer_closed);
    crawl->due.data = crawl->deadline.data = crawl;
}

static void on_timer_closed(uv_handle_t *handle)
{
    struct crawl *crawl = crawl_from(handle->data);
    if (--crawl->open_parts > 0)
        return;
    const struct crawl_result result = {
        .err = crawl->err,
        .message = crawl->message.text,
        .end_reason = crawl->end_reason,
        .has_summary = crawl->has_summary,
        .summary = &crawl->summary,
        .pages = crawl->run_pages,
        .unchanged = crawl->revisits.unchanged,
        .held_ms = crawl->watch.held_ms,
        .elapsed_ms = clock_mono_ms() - crawl->started_ms,
    };
    crawl->options.on_ended(crawl->options.arg, &result);
    crawl_free(crawl);
}
