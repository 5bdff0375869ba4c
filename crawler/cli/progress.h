/* progress: one line on a terminal that says how the crawl goes: pages, pages/s, queue, active,
 * errors, bytes, time left where it can be known; while the crawl is stalled, why. In a pipe:
 * nothing. NO_COLOR is honoured (no-color.org). Thread: the loop's. */
#ifndef CRAWLER_CLI_PROGRESS_H
#define CRAWLER_CLI_PROGRESS_H

#include <stdbool.h>
#include <stdio.h>
#include <uv.h>

#include "crawler/engine/crawl.h"

struct progress {
    uv_timer_t timer;
    FILE *out;                 /* NULL: not shown */
    const struct crawl *crawl; /* borrowed; NULL once it has ended */
    struct engine *engine;     /* borrowed */
    int64_t max_pages, max_time_ms;
    int64_t started_ms;
    bool color;
};

/* Shows the line when `out` is a terminal. */
void progress_open(struct progress *p, uv_loop_t *loop, FILE *out);
void progress_watch(struct progress *p, const struct crawl *crawl, struct engine *engine);
void progress_close(struct progress *p); /* takes the line away; the timer is closing afterwards */
bool progress_is_shown(const struct progress *p);

/* What takes the line away before something else is printed; "" when none is shown. Static. */
const char *progress_eraser(const struct progress *p);

/* The text of the line for a status, without terminal controls: for tests and for the service. */
enum { PROGRESS_TEXT_MAX = 768 };
void progress_format(const struct progress *p, const struct crawl_status *status,
                     const struct engine_status *engine, int64_t elapsed_ms,
                     char ret_text[PROGRESS_TEXT_MAX]);

#endif
