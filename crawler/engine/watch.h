/* watch: sees whether a crawl moves, and says why when it does not. It looks once a second, more
 * often where `stall_after` is short; what it counts meanwhile costs an addition a request. A crawl
 * is stalled when no URL has come to an end for `stall_after`, or when it has been crippled for as
 * long (diagnosis.h). Then the log says so once (event "stalled"), again when the leading cause
 * changes, and when it is over ("moving again"); the same cause is not told twice within a minute.
 * Thread: the loop's. */
#ifndef CRAWLER_ENGINE_WATCH_H
#define CRAWLER_ENGINE_WATCH_H

#include <stdbool.h>
#include <uv.h>

#include "crawler/base/window.h"
#include "crawler/engine/diagnosis.h"
#include "crawler/engine/forecast.h"
#include "crawler/page.h"
#include "storage/store.h"

struct crawl;

/* A queue in the database, as of the last survey. */
struct watch_queue {
    char host[HOST_TEXT_SIZE];
    int64_t queued, delay_ms;
};

struct watch {
    struct crawl *crawl;
    uv_timer_t pulse;
    int64_t began_ms;  /* the crawl, once its database was open */
    int64_t looked_ms; /* the last pulse */
    int64_t moved_ms;  /* a URL came to an end */
    int64_t whole_ms;  /* the crawl was not crippled */
    struct window ended, failed[CW_ERR_COUNT], landed;
    struct diagnosis diagnosis; /* as of the last pulse */
    struct forecast forecast;
    bool is_stalled;
    int64_t since_ms;                              /* ... */
    enum stall_cause told;                         /* in the log, of this stall */
    int64_t told_ms[CAUSE_COUNT];                  /* when a stall of that cause was */
    int64_t held_ms[CAUSE_COUNT];                  /* for how long each was the leading one */
    int64_t surveyed_ms, later_hosts, later_rests; /* from the store's replies */
    int64_t next_due_unix_ms;
    struct watch_queue longest[STORE_LONGEST_MAX];
    size_t longest_count;
    bool told_log; /* that the write-ahead log grows */
};

void watch_open(struct watch *w, struct crawl *crawl);
void watch_close(struct watch *w, uv_close_cb on_closed);

void watch_note_open(struct watch *w);                      /* the database is open */
void watch_note_end(struct watch *w, enum cw_err err);      /* a request ended */
void watch_note_landed(struct watch *w, enum url_state to); /* an outcome is in the database */
bool watch_wants_survey(const struct watch *w);             /* with the next batch */
void watch_note_reply(struct watch *w, const struct store_reply *reply);
/* The database failed: the crawl ends, and no pulse may come before it. */
void watch_note_failure(struct watch *w);

/* ---- vitals.c ---- */

/* What the crawl and the machine are at. While the database is being opened or closed only that. */
void vitals_take(struct crawl *crawl, int64_t now_ms, struct vitals *ret);

#endif
