#include "crawler/cli/progress.h"

#include <inttypes.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "crawler/base/clock.h"
#include "crawler/base/units.h"
#include "crawler/base/util.h"
#include "crawler/cli/terminal.h"

enum {
    INTERVAL_MS = 200,
    TAIL_MAX = FORECAST_TEXT_SIZE + 8,
    TOLD_FROM_MS = 10 * 1000, /* a forecast of less is not worth its room */
};

static void on_tick(uv_timer_t *timer);

void progress_open(struct progress *p, uv_loop_t *loop, FILE *out)
{
    *p = (struct progress){
        .out = out != NULL && terminal_is(out) ? out : NULL,
        .color = terminal_may_colour(),
        .max_pages = CONFIG_UNLIMITED,
        .max_time_ms = CONFIG_UNLIMITED,
        .started_ms = clock_mono_ms(),
    };
    (void)uv_timer_init(loop, &p->timer); /* cannot fail */
    uv_unref((uv_handle_t *)&p->timer);
}

void progress_watch(struct progress *p, const struct crawl *crawl, struct engine *engine)
{
    p->crawl = crawl;
    p->engine = engine;
    if (p->out != NULL)
        (void)uv_timer_start(&p->timer, on_tick, INTERVAL_MS, INTERVAL_MS);
}

bool progress_is_shown(const struct progress *p)
{
    return p->out != NULL;
}

const char *progress_eraser(const struct progress *p)
{
    return p->out != NULL ? "\r\033[K" : "";
}

void progress_close(struct progress *p)
{
    if (p->out != NULL) {
        (void)fputs(progress_eraser(p), p->out);
        (void)fflush(p->out);
    }
    p->out = NULL;
    p->crawl = NULL;
    uv_close((uv_handle_t *)&p->timer, NULL);
}

/* By --max-pages, at the speed so far; -1: not known. */
static int64_t left_by_pages_ms(const struct progress *p, const struct crawl_status *status,
                                int64_t elapsed_ms)
{
    if (p->max_pages == CONFIG_UNLIMITED || status->run_pages == 0)
        return -1;
    return MAX(p->max_pages - status->pages, 0) * elapsed_ms / status->run_pages;
}

/* What is queued decides, unless a limit ends the crawl before. */
static void say_time_left(const struct progress *p, const struct crawl_status *status,
                          int64_t elapsed_ms, char ret_tail[TAIL_MAX])
{
    char left[UNITS_TEXT_SIZE], basis[FORECAST_TEXT_SIZE] = "";
    int64_t left_ms = left_by_pages_ms(p, status, elapsed_ms);
    bool pages_end_it =
        p->max_pages != CONFIG_UNLIMITED && p->max_pages - status->pages < status->queued;
    if (status->forecast != NULL && !pages_end_it && status->forecast->left_ms >= TOLD_FROM_MS) {
        left_ms = status->forecast->left_ms;
        forecast_text(status->forecast, basis);
    }
    int64_t by_time_ms =
        p->max_time_ms == CONFIG_UNLIMITED ? -1 : MAX(p->max_time_ms - elapsed_ms, 0);
    if (by_time_ms >= 0 && (left_ms < 0 || by_time_ms < left_ms)) {
        left_ms = by_time_ms;
        basis[0] = '\0';
    }
    units_format_duration(MAX(left_ms, 0), left);
    if (basis[0] != '\0')
        (void)snprintf(ret_tail, TAIL_MAX, ", %s", basis);
    else if (left_ms >= 0)
        (void)snprintf(ret_tail, TAIL_MAX, ", %s left", left);
}

/* A line has little room: while nothing moves its speed gives way to the reason. */
static void format_stall(const struct crawl_status *status, const struct engine_status *engine,
                         char ret_text[PROGRESS_TEXT_MAX])
{
    char why[DIAGNOSIS_TEXT_SIZE];
    diagnosis_text(status->stall, why);
    (void)snprintf(ret_text, PROGRESS_TEXT_MAX,
                   "%" PRId64 " pages, %" PRId64 " queued, %u active, %s: %s", status->pages,
                   status->queued, engine->running, status->draining ? "finishing" : "stalled",
                   why);
}

void progress_format(const struct progress *p, const struct crawl_status *status,
                     const struct engine_status *engine, int64_t elapsed_ms,
                     char ret_text[PROGRESS_TEXT_MAX])
{
    char bytes[UNITS_TEXT_SIZE], tail[TAIL_MAX] = "";
    int64_t rate = elapsed_ms > 0 ? status->run_pages * 1000 / elapsed_ms : 0;
    if (status->stall != NULL) {
        format_stall(status, engine, ret_text);
        return;
    }
    units_format_size((uint64_t)status->bytes, bytes);
    if (status->draining)
        (void)snprintf(tail, sizeof tail, ", finishing what is under way");
    else
        say_time_left(p, status, elapsed_ms, tail);
    (void)snprintf(
        ret_text, PROGRESS_TEXT_MAX,
        "%" PRId64 " pages, %" PRId64 "/s, %" PRId64 " queued, %u active, %" PRId64 " errors, %s%s",
        status->pages, rate, status->queued, engine->running, status->errors, bytes, tail);
}

static size_t terminal_width(FILE *out)
{
    struct winsize size;
    if (ioctl(fileno(out), TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
        return 80;
    return size.ws_col;
}

static void on_tick(uv_timer_t *timer)
{
    struct progress *p = CONTAINER_OF(timer, struct progress, timer);
    struct crawl_status status;
    struct engine_status engine;
    char text[PROGRESS_TEXT_MAX];
    if (p->crawl == NULL || p->out == NULL)
        return;
    crawl_status(p->crawl, &status);
    engine_status(p->engine, &engine);
    progress_format(p, &status, &engine, clock_mono_ms() - p->started_ms, text);
    int width = (int)MIN(terminal_width(p->out) - 1, sizeof text - 1);
    const char *color = !p->color ? "" : status.errors > 0 ? "\033[33m" : "\033[36m";
    (void)fprintf(p->out, "\r\033[K%s%.*s%s", color, width, text, p->color ? "\033[0m" : "");
    (void)fflush(p->out);
}
