#include "crawler/engine/crawl.h"

#include <assert.h>

#include "config/settings.h"
#include "crawler/base/clock.h"
#include "crawler/engine/crawl_p.h"
#include "crawler/engine/hostclock.h"
#include "crawler/engine/visit.h"

enum {
    CRAWL_MAGIC = 0x4352574c,
    CONNECT_MS = 10 * 1000,
    FIRST_BYTE_MS = 15 * 1000,
    HEADER_BYTES = 256 * 1024,
    BUSY_TIMEOUT_MS = 60 * 1000,
    SETTINGS_MAX_BYTES = CONFIG_MAX_BYTES, /* what config can read again */
};

/* In order of time; the end is told in crawl_end.c. */
static void on_open(struct job *job);
static void on_clocks(struct job *job);
static void on_read(struct job *job);
static void on_opened(struct job *job);
static bool may_wait(void *arg, const struct outcome *outcome);
static void on_prepare(void *arg, struct store_batch *batch);
static void on_stored(void *arg, const struct outcome *outcome);
static void on_landed(void *arg, const struct store_reply *reply);
static void on_robots_attempt(void *arg, const struct attempt *attempt);
static void on_robots_known(void *arg, const struct robots_known *known);
static void on_deadline(uv_timer_t *timer);

struct crawl *crawl_from(void *arg)
{
    struct crawl *crawl = arg;
    assert(crawl->magic == CRAWL_MAGIC);
    return crawl;
}

/* ---- set up ---- */

static enum cw_err copy_options(struct crawl *crawl, const struct crawl_options *options)
{
    crawl->options = *options;
    crawl->options.db_path = str_dup(str_of(options->db_path));
    crawl->options.command = str_dup(str_of(options->command));
    crawl->options.version = str_dup(str_of(options->version));
    bool copied = crawl->options.db_path != NULL && crawl->options.command != NULL &&
                  crawl->options.version != NULL;
    return copied ? CW_OK : CW_ENOMEM;
}

static void set_request(struct crawl *crawl)
{
    const struct crawl_config *config = crawl->config;
    crawl->guard.allowed = config->allow_private ? (unsigned)GUARD_ALL : (unsigned)GUARD_PUBLIC;
    crawl->policy =
        (struct host_policy){.per_host = (unsigned)config->per_host, .delay_ms = config->delay_ms};
    crawl->request = (struct fetch_request){
        .guard = &crawl->guard,
        .limits = {.connect_ms = MIN(config->timeout_ms, CONNECT_MS),
                   .first_byte_ms = MIN(config->timeout_ms, FIRST_BYTE_MS),
                   .total_ms = config->timeout_ms,
                   .body_bytes = (uint64_t)config->max_size,
                   .header_bytes = HEADER_BYTES},
        .user_agent = crawl->engine->user_agent,
        .headers = credentials_headers(crawl->credentials, NULL),
        .proxy = config->proxy,
        .cookie_file = config->cookies,
        .jar = ++crawl->engine->crawls,
        .insecure = config->insecure,
    };
}

void crawl_free(struct crawl *crawl)
{
    scope_drop(crawl->scope);
    sentry_release(&crawl->sentry);
    roots_release(&crawl->roots);
    store_seeds_release(&crawl->known_seeds);
    store_summary_release(&crawl->summary);
    credentials_free(crawl->credentials);
    free((char *)crawl->options.db_path);
    free((char *)crawl->options.command);
    free((char *)crawl->options.version);
    free(crawl->settings);
    crawl->magic = 0;
    free(crawl);
}

/* For the database. A run whose settings pass all measure goes without: only explain misses them.
 */
static void write_settings(struct crawl *crawl)
{
    struct buf json = BUF_INIT(SETTINGS_MAX_BYTES);
    if (settings_write(&json, crawl->config, crawl->engine->user_agent,
                       crawl->options.seeds_open_guard, credentials_mask) == CW_OK)
        crawl->settings = buf_take(&json, NULL);
    buf_release(&json);
}

/* What can be had, or refused, without the database. */
static enum cw_err prepare(struct crawl *crawl, const struct crawl_options *options,
                           struct errmsg *reterr_msg)
{
    roots_init(&crawl->roots, options->config->scope);
    revisits_init(&crawl->revisits, options->config, options->revisit);
    enum cw_err err = copy_options(crawl, options);
    if (err == CW_OK)
        err = credentials_new(&crawl->credentials, options->config->headers.items,
                              options->config->headers.count);
    if (err != CW_OK)
        return errmsg_set(reterr_msg, err, "%s", cw_err_text(err));
    set_request(crawl);
    err = sentry_init(&crawl->sentry, options->config);
    if (err != CW_OK)
        return errmsg_set(reterr_msg, err, "%s", cw_err_text(err));
    err = seeds_check(options->config, reterr_msg);
    if (err == CW_OK)
        err = rules_build_scope(&crawl->scope, crawl->config, &crawl->roots, reterr_msg);
    if (err == CW_OK)
        write_settings(crawl);
    return err;
}

enum cw_err crawl_start(struct crawl **ret, struct engine *engine,
                        const struct crawl_options *options, struct errmsg *reterr_msg)
{
    struct crawl *crawl = malloc(sizeof *crawl);
    if (crawl == NULL)
        return errmsg_set(reterr_msg, CW_ENOMEM, "out of memory");
    *crawl = (struct crawl){
        .magic = CRAWL_MAGIC,
        .state = CRAWL_OPENING,
        .engine = engine,
        .config = options->config,
        .input_open = options->input_open,
        .end_reason = "finished",
        .started_ms = clock_mono_ms(),
    };
    enum cw_err err = prepare(crawl, options, reterr_msg);
    if (err != CW_OK) {
        crawl_free(crawl);
        return err;
    }
    (void)uv_timer_init(engine->loop, &crawl->due); /* cannot fail */
    (void)uv_timer_init(engine->loop, &crawl->deadline);
    watch_open(&crawl->watch, crawl);
    engine_hold(engine); /* on_clocks() releases it */
    executor_run(engine->executor, LANE_STORE, &crawl->job, on_open, on_clocks);
    *ret = crawl;
    return CW_OK;
}

/* ---- opening ---- */

/* On a worker, alone with the crawl: the loop does not touch it while it opens. */
static void on_open(struct job *job)
{
    struct crawl *crawl = CONTAINER_OF(job, struct crawl, job);
    const struct store_options options = {
        .path = crawl->options.db_path,
        .fresh = crawl->options.fresh,
        .busy_timeout_ms = BUSY_TIMEOUT_MS,
        .command = crawl->options.command,
        .version = crawl->options.version,
        .settings = crawl->settings,
        .revisits = crawl->revisits.kind != REVISITS_NONE,
        .domain_of = sentry_domain_of,
    };
    crawl->err = store_open(&crawl->store, &options, &crawl->message);
    if (crawl->err == CW_OK)
        crawl->err = store_list_clocks(crawl->store, &crawl->known_clocks, &crawl->message);
}

/* Before any crawl of the process may ask for anything: whom this one's database knows to be in
 * need of rest. */
static void on_clocks(struct job *job)
{
    struct crawl *crawl = CONTAINER_OF(job, struct crawl, job);
    struct engine *engine = crawl->engine;
    if (crawl->err == CW_OK) {
        crawl->err = hostclock_restore_all(engine, &crawl->policy, &crawl->known_clocks);
        if (crawl->err != CW_OK)
            (void)errmsg_set(&crawl->message, crawl->err, "%s", cw_err_text(crawl->err));
    }
    store_clocks_release(&crawl->known_clocks);
    engine_release(engine);
    if (crawl->err != CW_OK || crawl->state == CRAWL_DRAINING) /* drained before it began */
        crawl_close(crawl);
    else
        executor_run(engine->executor, LANE_STORE, &crawl->job, on_read, on_opened);
}

/* As on_open(). */
static void on_read(struct job *job)
{
    struct crawl *crawl = CONTAINER_OF(job, struct crawl, job);
    crawl->err = store_retry_seeds(crawl->store, &crawl->message);
    if (crawl->err == CW_OK)
        crawl->err = store_list_seeds(crawl->store, &crawl->known_seeds, &crawl->message);
    if (crawl->err != CW_OK)
        return;
    rules_add_known_roots(crawl);
    crawl->err = rules_judge_again(crawl);
    if (crawl->err == CW_OK)
        crawl->err = revisits_open(&crawl->revisits, crawl->store, &crawl->message);
}

static enum cw_err open_parts(struct crawl *crawl)
{
    const struct sink_options sink = {
        .loop = crawl->engine->loop,
        .executor = crawl->engine->executor,
        .store = crawl->store,
        .enough = (crawl->engine->connections + 1) / 2,
        .most = crawl->engine->connections,
        .arg = crawl,
        .may_wait = may_wait,
        .on_prepare = on_prepare,
        .on_stored = on_stored,
        .on_landed = on_landed,
        .on_failed = crawl_on_storage_failed,
        .on_closed = crawl_on_sink_closed,
    };
    const struct robotcache_options robots = {
        .engine = crawl->engine,
        .request = &crawl->request,
        .credentials = crawl->credentials,
        .policy = &crawl->policy,
        .retries = (unsigned)crawl->config->retries,
        .arg = crawl,
        .on_attempt = on_robots_attempt,
        .on_known = on_robots_known,
        .on_closed = crawl_on_robots_closed,
    };
    enum cw_err err = sink_new(&crawl->sink, &sink);
    if (err == CW_OK)
        err = robotcache_new(&crawl->robots, &robots);
    return err == CW_OK ? sitemaps_new(&crawl->sitemaps, crawl) : err;
}

static void on_opened(struct job *job)
{
    struct crawl *crawl = CONTAINER_OF(job, struct crawl, job);
    enum cw_err err = crawl->err;
    if (err == CW_OK && (err = open_parts(crawl)) != CW_OK)
        (void)errmsg_set(&crawl->message, err, "%s", cw_err_text(err));
    crawl->err = err;
    if (err != CW_OK || crawl->state == CRAWL_DRAINING) { /* drained before it began */
        crawl_close(crawl);
        return;
    }
    crawl->state = CRAWL_RUNNING;
    watch_note_open(&crawl->watch);
    workbench_init(&crawl->bench, crawl, (unsigned)crawl->config->per_host);
    for (size_t i = 0; i < crawl->config->seeds.count; i++) {
        struct errmsg why;
        err = crawl_add_seed(crawl, str_of(crawl->config->seeds.items[i]), &why);
        if (err != CW_OK)
            log_warn(crawl->engine->log, "start URL left out", F_TEXT("error", cw_err_name(err)),
                     F_TEXT("why", why.text));
    }
    if (crawl->config->max_time_ms != CONFIG_UNLIMITED)
        (void)uv_timer_start(&crawl->deadline, on_deadline, (uint64_t)crawl->config->max_time_ms,
                             0);
    if (crawl->options.on_opened != NULL)
        crawl->options.on_opened(crawl->options.arg);
    sink_flush(crawl->sink);
}

/* ---- running ---- */

bool crawl_excuses(const struct crawl *crawl, enum cw_err err)
{
    bool is_outage = err == CW_ERESOLVER || err == CW_ENETDOWN;
    return err == CW_EFILES || (is_outage && (crawl->options.patient || crawl->stored_pages > 0));
}

/* Fewer visits wait than are under way: the next batch, which brings more, should not linger. */
static bool runs_dry(const struct crawl *crawl)
{
    return crawl->visit_count <= 2 * crawl->going;
}

/* The last visits and the last batch end here; from a callback of the sink or of a visit. */
void crawl_visit_ended(struct crawl *crawl)
{
    if (crawl->state == CRAWL_RUNNING) {
        crawl_wake_aside(crawl);
        if (runs_dry(crawl))
            sink_flush(crawl->sink);
    }
    if (crawl->state == CRAWL_DRAINING && crawl->visit_count == 0)
        crawl_look_soon(crawl, 0); /* not inline: a caller may be at work on us */
}

/* Not what ends the work on a host: the host may go back with this very batch. */
static bool may_wait(void *arg, const struct outcome *outcome)
{
    const struct bench_host *bh = workbench_find(&crawl_from(arg)->bench, outcome->host);
    return bh != NULL && bh->visits > 0;
}

static void on_prepare(void *arg, struct store_batch *batch)
{
    struct crawl *crawl = crawl_from(arg);
    bool is_running = crawl->state == CRAWL_RUNNING;
    workbench_prepare(&crawl->bench, batch, is_running);
    sentry_prepare(&crawl->sentry, batch);
    if (is_running)
        batch->want.revisits =
            revisits_want(&crawl->revisits, crawl->db_queued, batch->want.now_unix_ms);
    batch->want.survey = watch_wants_survey(&crawl->watch);
}

static void on_stored(void *arg, const struct outcome *outcome)
{
    struct crawl *crawl = crawl_from(arg);
    watch_note_landed(&crawl->watch, outcome->state);
    crawl->unlanded_pages -= outcome->has_page || outcome->is_unchanged;
    crawl->run_unchanged += outcome->is_unchanged;
    if (!outcome->has_page)
        return;
    crawl->run_pages++;
    if (crawl->options.on_page != NULL)
        crawl->options.on_page(crawl->options.arg, outcome);
}

static bool is_finished(const struct crawl *crawl)
{
    return !crawl->input_open && crawl->visit_count == 0 && crawl->db_queued == 0 &&
           sitemaps_are_done(crawl->sitemaps) && sink_is_idle(crawl->sink) &&
           crawl->revisits.next_unix_ms == 0;
}

/* A crawl that goes on says when it has come to rest. */
static void note_rest(struct crawl *crawl)
{
    struct revisits *r = &crawl->revisits;
    char due[CLOCK_TEXT_SIZE];
    bool rests = crawl->visit_count == 0 && crawl->db_queued == 0 &&
                 sitemaps_are_done(crawl->sitemaps) && sink_is_idle(crawl->sink);
    clock_format(r->next_unix_ms, due);
    if (rests && !r->is_resting && revisits_go_on(r))
        log_info(crawl->engine->log, "all is asked for, until the next page is due",
                 F_TEXT("database", crawl->options.db_path),
                 F_TEXT("due", r->next_unix_ms > 0 ? due : "never"));
    r->is_resting = rests;
}

/* When something that waits in the database may go on; 0: nothing waits. */
static int64_t next_due_unix_ms(const struct crawl *crawl, const struct store_reply *reply)
{
    int64_t revisit = revisits_wake_unix_ms(&crawl->revisits, clock_unix_ms());
    int64_t due = reply->next_due_unix_ms;
    return due == 0 || (revisit != 0 && revisit < due) ? revisit : due;
}

/* What waits in the database and is not due yet wakes us when it is. Those aside are looked after,
 * too: the ones just woken may all wait for slow hosts while others could go. And so is a new file,
 * which is put on the disk when it is old enough. */
static void wait_for_due(struct crawl *crawl, const struct store_reply *reply)
{
    enum { LONGEST_WAIT_MS = 60 * 1000, ASIDE_WAIT_MS = 1000 }; /* the wall clock may jump */
    int64_t shortest_ms = crawl->visit_count > 0 ? 1000 : 10, wait_ms = LONGEST_WAIT_MS;
    int64_t due_unix_ms = next_due_unix_ms(crawl, reply);
    if (due_unix_ms == 0 && crawl->aside == NULL && !reply->is_young)
        return;
    if (due_unix_ms != 0)
        wait_ms = MIN(MAX(due_unix_ms - reply->now_unix_ms, shortest_ms), wait_ms);
    if (reply->is_young)
        wait_ms = MIN(wait_ms, STORE_YOUNG_MS);
    crawl_look_soon(crawl, crawl->aside != NULL ? MIN(wait_ms, ASIDE_WAIT_MS) : wait_ms);
}

static void on_landed(void *arg, const struct store_reply *reply)
{
    struct crawl *crawl = crawl_from(arg);
    crawl->stored_pages = reply->pages;
    crawl->db_queued = reply->queued;
    crawl->seen = reply->seen;
    revisits_landed(&crawl->revisits, reply);
    watch_note_reply(&crawl->watch, reply);
    if (crawl->state == CRAWL_RUNNING) {
        enum cw_err err = workbench_take(&crawl->bench, reply);
        if (err != CW_OK) {
            crawl_fail(crawl, err, cw_err_text(err));
            return;
        }
        if (crawl->aside != NULL && revisits_go_on(&crawl->revisits))
            visits_put_off(crawl);
        crawl_wake_aside(crawl);
        if (crawl->visit_count == 0 && crawl->bench.leaving > 0 && crawl->db_queued > 0)
            sink_flush(crawl->sink); /* hosts that hold nothing make room for others */
        wait_for_due(crawl, reply);
        sitemaps_go_on(crawl->sitemaps);
        if (crawl->options.on_room != NULL && crawl_has_room(crawl))
            crawl->options.on_room(crawl->options.arg);
        note_rest(crawl);
        if (crawl_has_all_pages(crawl) && !revisits_go_on(&crawl->revisits))
            crawl_drain(crawl, "max-pages");
        else if (is_finished(crawl) && !revisits_go_on(&crawl->revisits))
            crawl_drain(crawl, "finished");
    }
    if (crawl->state == CRAWL_DRAINING)
        crawl_look_soon(crawl, 0);
}

void crawl_record_attempt(struct crawl *crawl, const struct attempt *attempt)
{
    crawl->bytes += attempt->size;
    watch_note_end(&crawl->watch, attempt->err);
    struct bench_host *bh = workbench_find(&crawl->bench, attempt->host);
    if (bh != NULL) /* else the attempt itself moves the stored clock */
        workbench_touch(&crawl->bench, bh);
    if (attempt->err != CW_OK)
        crawl->errors++;
    if (sink_add_attempt(crawl->sink, attempt) != CW_OK)
        log_warn(crawl->engine->log, "out of memory: a request is not recorded",
                 F_STR("url", attempt->url));
}

static void on_robots_attempt(void *arg, const struct attempt *attempt)
{
    crawl_record_attempt(crawl_from(arg), attempt);
}

void crawl_note_sitemaps(struct crawl *crawl, const struct url *url, bool is_seed,
                         const struct robots *robots)
{
    const struct crawl_config *config = crawl->config;
    if (config->sitemaps && config->follow && config->depth != 0 &&
        (is_seed || roots_name_host(&crawl->roots, url_host_key(url))))
        sitemaps_note(crawl->sitemaps, url, robots);
}

/* What is kept of it is for crawld explain. */
static void store_robots(struct crawl *crawl, const struct robots_known *known, int64_t now_unix_ms)
{
    const struct store_robots robots = {
        .origin = known->origin,
        .host = known->host,
        .fetched_unix_ms = now_unix_ms,
        .status = known->status,
        .err = known->err,
        .detail = str_of(known->detail),
        .body = known->body,
    };
    if (sink_add_robots(crawl->sink, &robots) != CW_OK)
        log_warn(crawl->engine->log, "out of memory: a robots.txt is not recorded",
                 F_STR("origin", robots.origin));
}

static void on_robots_known(void *arg, const struct robots_known *known)
{
    struct crawl *crawl = crawl_from(arg);
    int64_t now_unix_ms = clock_unix_ms();
    if (known->err != CW_ECANCELED)
        store_robots(crawl, known, now_unix_ms);
    struct bench_host *bh = workbench_find(&crawl->bench, known->host);
    if (bh == NULL)
        return;
    bh->robots_status = known->status > 0 ? known->status : -(int32_t)known->err;
    bh->robots_unix_ms = now_unix_ms;
    workbench_touch(&crawl->bench, bh);
}

static void on_deadline(uv_timer_t *timer)
{
    crawl_drain(CONTAINER_OF(timer, struct crawl, deadline), "max-time");
}

void crawl_status(const struct crawl *crawl, struct crawl_status *ret)
{
    const struct watch *w = &crawl->watch;
    *ret = (struct crawl_status){
        .stall = w->is_stalled ? &w->diagnosis : NULL,
        .forecast = &w->forecast,
        .pages = crawl->stored_pages,
        .run_pages = crawl->run_pages,
        .errors = crawl->errors,
        .queued = crawl->db_queued + crawl->visit_count,
        .seen = crawl->seen,
        .bytes = crawl->bytes,
        .active = crawl->going,
        .revisit_unix_ms = crawl->revisits.next_unix_ms,
        .behind_ms = crawl->sink != NULL ? sink_behind_ms(crawl->sink) : 0,
        .draining = crawl->state >= CRAWL_DRAINING,
    };
}
