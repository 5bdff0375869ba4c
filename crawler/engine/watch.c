#include "crawler/engine/watch.h"

#include "crawler/base/clock.h"
#include "crawler/engine/crawl_p.h"

enum {
    SHORTEST_PULSE_MS = 100,
    LONGEST_PULSE_MS = 1000,
    SURVEY_MS = 1000,
    TELL_AGAIN_MS = 60 * 1000,
};

static void on_pulse(uv_timer_t *timer);
static void end_stall(struct watch *w, int64_t now_ms);

void watch_open(struct watch *w, struct crawl *crawl)
{
    int64_t now_ms = clock_mono_ms();
    uint64_t pulse_ms =
        (uint64_t)MIN(MAX(crawl->config->stall_after_ms / 4, SHORTEST_PULSE_MS), LONGEST_PULSE_MS);
    *w = (struct watch){
        .crawl = crawl,
        .began_ms = now_ms,
        .looked_ms = now_ms,
        .moved_ms = now_ms,
        .whole_ms = now_ms,
        .forecast = FORECAST_INIT,
        .told = CAUSE_COUNT,
    };
    for (int i = 0; i < CAUSE_COUNT; i++)
        w->told_ms[i] = now_ms - TELL_AGAIN_MS;
    (void)uv_timer_init(crawl->engine->loop, &w->pulse); /* these two cannot fail */
    (void)uv_timer_start(&w->pulse, on_pulse, pulse_ms, pulse_ms);
    uv_unref((uv_handle_t *)&w->pulse);
}

void watch_close(struct watch *w, uv_close_cb on_closed)
{
    if (w->is_stalled && w->moved_ms > w->since_ms) /* it came to its end before the next pulse */
        end_stall(w, clock_mono_ms());
    w->pulse.data = w->crawl;
    uv_close((uv_handle_t *)&w->pulse, on_closed);
}

/* ---- what is noted ---- */

void watch_note_open(struct watch *w)
{
    w->began_ms = w->moved_ms = w->whole_ms = clock_mono_ms();
}

void watch_note_end(struct watch *w, enum cw_err err)
{
    int64_t now_ms = clock_mono_ms();
    if (err == CW_ECANCELED)
        return;
    window_add(&w->ended, now_ms, 1);
    if (err != CW_OK)
        window_add(&w->failed[err], now_ms, 1);
}

void watch_note_landed(struct watch *w, enum url_state to)
{
    if (to == URL_QUEUED)
        return;
    w->moved_ms = clock_mono_ms();
    window_add(&w->landed, w->moved_ms, 1);
}

bool watch_wants_survey(const struct watch *w)
{
    return w->is_stalled || clock_mono_ms() - w->surveyed_ms >= SURVEY_MS;
}

/* A long query keeps what is committed from going into the file; nothing is wrong but the disk. */
static void tell_log(struct watch *w, const struct store_survey *survey)
{
    bool is_long = survey->wal_bytes >= STORE_WAL_BYTES;
    if (is_long && !w->told_log)
        log_warn(w->crawl->engine->log, "the database's write-ahead log grows",
                 F_TEXT("file", w->crawl->options.db_path), F_INT("bytes", survey->wal_bytes),
                 F_INT("reader_pid", survey->reader_pid),
                 F_TEXT("hint", "a query that runs long keeps it; end the query"));
    w->told_log = is_long;
}

void watch_note_reply(struct watch *w, const struct store_reply *reply)
{
    const struct store_survey *survey = &reply->survey;
    w->next_due_unix_ms = reply->next_due_unix_ms;
    if (!survey->is_there)
        return;
    w->surveyed_ms = clock_mono_ms();
    w->later_hosts = survey->later_hosts;
    w->later_rests = survey->resting_hosts;
    w->longest_count = survey->longest_count;
    for (size_t i = 0; i < survey->longest_count; i++) {
        const struct store_queue *from = &survey->longest[i];
        struct watch_queue *to = &w->longest[i];
        to->queued = from->queued;
        to->delay_ms = from->delay_ms;
        (void)snprintf(to->host, sizeof to->host, STR_FMT, STR_ARG(from->host));
    }
    tell_log(w, survey);
}

/* ---- how long it will take ---- */

/* What of a leased host's queue is not in memory; 0 when that is short. */
static int64_t queued_in_database(const struct watch *w, const char *host)
{
    for (size_t i = 0; i < w->longest_count; i++)
        if (strncmp(w->longest[i].host, host, HOST_TEXT_SIZE - 1) == 0)
            return w->longest[i].queued;
    return 0;
}

static void forecast_crawl(struct watch *w, int64_t now_ms)
{
    struct crawl *crawl = w->crawl;
    struct forecast *f = &w->forecast;
    *f = FORECAST_INIT;
    for (struct bench_host *bh = crawl->bench.table; bh != NULL; bh = bh->hh.next) {
        struct host_status status;
        host_status(bh->host, &status);
        forecast_add_host(f, bh->name, bh->visits + queued_in_database(w, bh->name),
                          status.interval_ms, MAX(status.backoff_until_ms, now_ms) - now_ms);
    }
    for (size_t i = 0; i < w->longest_count; i++) {
        const struct watch_queue *q = &w->longest[i];
        if (workbench_find(&crawl->bench, str_of(q->host)) == NULL)
            forecast_add_host(f, q->host, q->queued, MAX(q->delay_ms, crawl->policy.delay_ms), 0);
    }
    forecast_add_all(f, crawl->db_queued + crawl->visit_count,
                     (int64_t)window_sum(&w->landed, now_ms),
                     MIN(now_ms - w->began_ms, (int64_t)WINDOW_MS));
}

/* ---- does it move? ---- */

static void tell_stall(struct watch *w, int64_t now_ms)
{
    const struct diagnosis *d = &w->diagnosis;
    const struct stall_reason *first = &d->reasons[0];
    enum stall_cause cause = first->cause;
    char why[DIAGNOSIS_TEXT_SIZE], shares[DIAGNOSIS_TEXT_SIZE], until[CLOCK_TEXT_SIZE];
    if (cause == w->told || now_ms - w->told_ms[cause] < TELL_AGAIN_MS)
        return;
    w->told = cause;
    w->told_ms[cause] = now_ms;
    diagnosis_text(d, why);
    diagnosis_shares(d, shares);
    clock_format(first->until_unix_ms, until);
    const struct log_field fields[] = {
        F_TEXT("crawl", w->crawl->config->name),
        F_TEXT("cause", stall_cause_word(cause)),
        F_INT("share", first->percent),
        F_INT("hosts", first->hosts),
        F_TEXT("until", first->until_unix_ms > 0 ? until : NULL),
        F_TEXT("causes", shares),
        F_TEXT("why", why),
        F_INT("still_ms", now_ms - w->since_ms),
        F_INT("queued", w->crawl->db_queued + w->crawl->visit_count),
    };
    log_emit(w->crawl->engine->log, stall_cause_is_fault(cause) ? LOG_WARN : LOG_INFO, "stalled",
             fields, ARRAY_LEN(fields));
}

static void begin_stall(struct watch *w, int64_t now_ms)
{
    enum stall_cause cause = diagnosis_cause(&w->diagnosis);
    w->is_stalled = true;
    w->held_ms[cause] += now_ms - w->since_ms;
    if (w->crawl->state == CRAWL_RUNNING)
        sink_flush(w->crawl->sink); /* brings a survey */
}

static void end_stall(struct watch *w, int64_t now_ms)
{
    w->is_stalled = false;
    if (w->told != CAUSE_COUNT)
        log_info(w->crawl->engine->log, "moving again", F_TEXT("crawl", w->crawl->config->name),
                 F_TEXT("cause", stall_cause_word(w->told)),
                 F_INT("lasted_ms", now_ms - w->since_ms));
    w->told = CAUSE_COUNT;
}

static void judge(struct watch *w, int64_t now_ms)
{
    int64_t since_ms = MIN(w->moved_ms, w->whole_ms);
    bool stalls = w->diagnosis.count > 0 && now_ms - since_ms >= w->crawl->config->stall_after_ms;
    if (!stalls) {
        if (w->is_stalled)
            end_stall(w, now_ms);
        return;
    }
    if (w->is_stalled) {
        w->held_ms[diagnosis_cause(&w->diagnosis)] += now_ms - w->looked_ms;
        tell_stall(w, now_ms); /* one pulse later, by when the survey has come */
    } else {
        w->since_ms = since_ms;
        begin_stall(w, now_ms);
    }
}

/* May there be something to say? A crawl that moves, and of which no host rests and no look-up
 * fails, is not walked over. */
static bool is_suspicious(const struct watch *w, int64_t now_ms)
{
    const struct crawl *crawl = w->crawl;
    struct hosts_status hosts;
    struct resolver_status names;
    if (w->is_stalled || 2 * (now_ms - w->moved_ms) >= crawl->config->stall_after_ms)
        return true;
    hosts_status(crawl->engine->hosts, &hosts);
    resolver_status(crawl->engine->resolver, &names);
    return hosts.backing_off > 0 || w->later_rests > 0 || names.unanswered + names.failed > 0;
}

static void look(struct watch *w, int64_t now_ms)
{
    struct vitals vitals;
    vitals_take(w->crawl, now_ms, &vitals);
    diagnose(&vitals, &w->diagnosis);
}

static void on_pulse(uv_timer_t *timer)
{
    struct watch *w = CONTAINER_OF(timer, struct watch, pulse);
    int64_t now_ms = clock_mono_ms();
    bool looks = is_suspicious(w, now_ms);
    w->diagnosis = (struct diagnosis){0};
    if (looks)
        look(w, now_ms);
    if (looks && w->diagnosis.count == 0)
        w->moved_ms = now_ms; /* nothing to do: it rests until pages are due again */
    if (!w->diagnosis.is_crippled)
        w->whole_ms = now_ms;
    if (w->crawl->state == CRAWL_RUNNING)
        forecast_crawl(w, now_ms);
    judge(w, now_ms);
    w->looked_ms = now_ms;
}

void watch_note_failure(struct watch *w)
{
    int64_t now_ms = clock_mono_ms();
    look(w, now_ms);
    if (w->diagnosis.count == 0)
        return;
    w->since_ms = w->is_stalled ? w->since_ms : now_ms;
    tell_stall(w, now_ms);
}
