#include "crawler/engine/crawl.h"

#include <assert.h>

#include "crawler/base/clock.h"
#include "crawler/engine/admit.h"
#include "crawler/engine/crawl_p.h"
#include "crawler/engine/visit.h"
#include "crawler/frontier/priority.h"

enum {
    CRAWL_MAGIC = 0x4352574c,
    CONNECT_MS = 10 * 1000,
    FIRST_BYTE_MS = 15 * 1000,
    HEADER_BYTES = 256 * 1024,
    DIGESTING_MAX_BYTES = 32 * 1024 * 1024,
    BUSY_TIMEOUT_MS = 60 * 1000,
    IN_FLIGHT_PER_CONNECTION = 2,
};

/* In order of time. */
static void on_open(struct job *job);
static void on_opened(struct job *job);
static void on_prepare(void *arg, struct store_batch *batch);
static void on_stored(void *arg, const struct outcome *outcome);
static void on_landed(void *arg, const struct store_reply *reply);
static void on_storage_failed(void *arg, enum cw_err err, const char *message);
static void on_robots_attempt(void *arg, const struct attempt *attempt);
static void on_robots_known(void *arg, struct str host, int32_t status);
static void on_due(uv_timer_t *timer);
static void on_deadline(uv_timer_t *timer);
static void on_robots_closed(void *arg);
static void on_sink_closed(void *arg);
static void on_close(struct job *job);
static void on_closed(struct job *job);
static void on_timer_closed(uv_handle_t *handle);

static struct crawl *crawl_from(void *arg)
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

static enum cw_err copy_headers(struct crawl *crawl)
{
    const struct config_list *headers = &crawl->config->headers;
    crawl->headers = calloc(headers->count + 1, sizeof(char *));
    if (crawl->headers == NULL)
        return CW_ENOMEM;
    for (size_t i = 0; i < headers->count; i++)
        crawl->headers[i] = headers->items[i];
    return CW_OK;
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
        .headers = crawl->headers,
        .proxy = config->proxy,
        .cookie_file = config->cookies,
        .insecure = config->insecure,
    };
}

static enum cw_err build_scope(const struct crawl *crawl, struct scope **ret,
                               struct errmsg *reterr_msg)
{
    static const enum scope_kind kinds[] = {
        [CONFIG_SCOPE_HOST] = SCOPE_HOST,
        [CONFIG_SCOPE_DOMAIN] = SCOPE_DOMAIN,
        [CONFIG_SCOPE_PREFIX] = SCOPE_PREFIX,
        [CONFIG_SCOPE_ANY] = SCOPE_ANY,
    };
    const struct crawl_config *config = crawl->config;
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(16 * 1024 * 1024);
    size_t count = config->include.count + config->exclude.count;
    struct str *patterns = arena_alloc(&arena, (count + 1) * sizeof *patterns);
    if (patterns == NULL)
        return errmsg_set(reterr_msg, CW_ENOMEM, "too many patterns");
    for (size_t i = 0; i < config->include.count; i++)
        patterns[i] = str_of(config->include.items[i]);
    for (size_t i = 0; i < config->exclude.count; i++)
        patterns[config->include.count + i] = str_of(config->exclude.items[i]);
    const struct scope_options options = {
        .kind = kinds[config->scope],
        .seeds = crawl->roots.urls,
        .seed_count = crawl->roots.count,
        .include = patterns,
        .include_count = config->include.count,
        .exclude = patterns + config->include.count,
        .exclude_count = config->exclude.count,
        .max_depth = config->depth == CONFIG_UNLIMITED ? -1 : (int32_t)config->depth,
        .no_follow = !config->follow,
    };
    return scope_new(ret, &options, reterr_msg);
}

struct scope *crawl_hold_scope(struct crawl *crawl)
{
    if (crawl->scope == NULL && build_scope(crawl, &crawl->scope, NULL) != CW_OK)
        return NULL;
    return scope_hold(crawl->scope);
}

void crawl_add_root(struct crawl *crawl, struct str url, struct str host)
{
    bool widened;
    if (roots_add(&crawl->roots, url, host, &widened) == CW_OK && widened) {
        scope_drop(crawl->scope);
        crawl->scope = NULL;
    }
}

/* Parses and canonicalizes what a person wrote. */
static enum cw_err parse_seed(struct url *ret, struct str text, struct errmsg *reterr_msg)
{
    enum cw_err err = url_parse(ret, str_trim(text), NULL);
    if (err == CW_OK && !url_is_http(ret))
        err = CW_EURL;
    if (err == CW_OK)
        err = url_canonicalize(ret);
    if (err == CW_OK && url_href(ret).len > URL_MAX_BYTES)
        return errmsg_set(reterr_msg, CW_EURL, "\"" STR_FMT "...\": longer than %d bytes",
                          STR_ARG(str_first(url_href(ret), 60)), URL_MAX_BYTES);
    if (err == CW_EURL)
        return errmsg_set(reterr_msg, CW_EURL,
                          "\"" STR_FMT "\" is not an http(s) URL; write it as https://example.com/",
                          STR_ARG(str_first(text, 200)));
    return err == CW_OK ? CW_OK : errmsg_set(reterr_msg, err, "%s", cw_err_text(err));
}

static enum cw_err check_seeds(const struct crawl_config *config, struct errmsg *reterr_msg)
{
    enum cw_err err = CW_OK;
    struct url url = URL_INIT;
    for (size_t i = 0; err == CW_OK && i < config->seeds.count; i++)
        err = parse_seed(&url, str_of(config->seeds.items[i]), reterr_msg);
    url_release(&url);
    return err;
}

static void free_crawl(struct crawl *crawl)
{
    scope_drop(crawl->scope);
    roots_release(&crawl->roots);
    store_seeds_release(&crawl->known_seeds);
    store_summary_release(&crawl->summary);
    free(crawl->headers);
    free((char *)crawl->options.db_path);
    free((char *)crawl->options.command);
    free((char *)crawl->options.version);
    crawl->magic = 0;
    free(crawl);
}

/* What can be had, or refused, without the database. */
static enum cw_err prepare(struct crawl *crawl, const struct crawl_options *options,
                           struct errmsg *reterr_msg)
{
    roots_init(&crawl->roots, options->config->scope);
    enum cw_err err = copy_options(crawl, options);
    if (err == CW_OK)
        err = copy_headers(crawl);
    if (err != CW_OK)
        return errmsg_set(reterr_msg, err, "%s", cw_err_text(err));
    set_request(crawl);
    err = check_seeds(options->config, reterr_msg);
    return err == CW_OK ? build_scope(crawl, &crawl->scope, reterr_msg) : err;
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
        free_crawl(crawl);
        return err;
    }
    (void)uv_timer_init(engine->loop, &crawl->due); /* cannot fail */
    (void)uv_timer_init(engine->loop, &crawl->deadline);
    executor_run(engine->executor, LANE_STORE, &crawl->job, on_open, on_opened);
    *ret = crawl;
    return CW_OK;
}

/* ---- opening ---- */

/* On a worker: the crawl's job fields and its store, which nobody else touches yet. */
static void on_open(struct job *job)
{
    struct crawl *crawl = CONTAINER_OF(job, struct crawl, job);
    const struct store_options options = {
        .path = crawl->options.db_path,
        .fresh = crawl->options.fresh,
        .busy_timeout_ms = BUSY_TIMEOUT_MS,
        .command = crawl->options.command,
        .version = crawl->options.version,
    };
    crawl->err = store_open(&crawl->store, &options, &crawl->message);
    if (crawl->err == CW_OK)
        crawl->err = store_retry_seeds(crawl->store, &crawl->message);
    if (crawl->err == CW_OK)
        crawl->err = store_list_seeds(crawl->store, &crawl->known_seeds, &crawl->message);
}

static enum cw_err open_parts(struct crawl *crawl)
{
    const struct sink_options sink = {
        .loop = crawl->engine->loop,
        .executor = crawl->engine->executor,
        .store = crawl->store,
        .arg = crawl,
        .on_prepare = on_prepare,
        .on_stored = on_stored,
        .on_landed = on_landed,
        .on_failed = on_storage_failed,
        .on_closed = on_sink_closed,
    };
    const struct robotcache_options robots = {
        .engine = crawl->engine,
        .request = &crawl->request,
        .policy = &crawl->policy,
        .retries = (unsigned)crawl->config->retries,
        .arg = crawl,
        .on_attempt = on_robots_attempt,
        .on_known = on_robots_known,
        .on_closed = on_robots_closed,
    };
    enum cw_err err = sink_new(&crawl->sink, &sink);
    return err == CW_OK ? robotcache_new(&crawl->robots, &robots) : err;
}

static void add_known_roots(struct crawl *crawl)
{
    struct url url = URL_INIT;
    for (size_t i = 0; i < crawl->known_seeds.count; i++)
        if (url_parse(&url, crawl->known_seeds.urls[i], NULL) == CW_OK)
            crawl_add_root(crawl, url_href(&url), url_host_key(&url));
    url_release(&url);
    store_seeds_release(&crawl->known_seeds);
}

static void close_down(struct crawl *crawl);

static void fail_crawl(struct crawl *crawl, enum cw_err err, const char *message)
{
    if (crawl->err == CW_OK || crawl->message.text[0] == '\0')
        (void)errmsg_set(&crawl->message, err, "%s", message);
    crawl->err = err;
    crawl_stop(crawl, NULL);
}

static void on_opened(struct job *job)
{
    struct crawl *crawl = CONTAINER_OF(job, struct crawl, job);
    enum cw_err err = crawl->err;
    if (err == CW_OK && (err = open_parts(crawl)) != CW_OK)
        (void)errmsg_set(&crawl->message, err, "%s", cw_err_text(err));
    crawl->err = err;
    if (err != CW_OK || crawl->state == CRAWL_DRAINING) { /* drained before it began */
        close_down(crawl);
        return;
    }
    crawl->state = CRAWL_RUNNING;
    workbench_init(&crawl->bench, crawl, crawl->engine->connections,
                   (unsigned)crawl->config->per_host);
    add_known_roots(crawl);
    for (size_t i = 0; i < crawl->config->seeds.count; i++) {
        err = crawl_add_seed(crawl, str_of(crawl->config->seeds.items[i]), NULL);
        if (err != CW_OK)
            log_warn(crawl->engine->log, "start URL left out",
                     F_TEXT("url", crawl->config->seeds.items[i]),
                     F_TEXT("error", cw_err_name(err)));
    }
    if (crawl->config->max_time_ms != CONFIG_UNLIMITED)
        (void)uv_timer_start(&crawl->deadline, on_deadline, (uint64_t)crawl->config->max_time_ms,
                             0);
    if (crawl->options.on_opened != NULL)
        crawl->options.on_opened(crawl->options.arg);
    sink_flush(crawl->sink);
}

/* ---- seeds ---- */

static void open_guard(struct crawl *crawl, const struct url *url)
{
    if (crawl->options.seeds_open_guard)
        crawl->guard.allowed |= guard_class_of_name(url_hostname(url));
}

enum cw_err crawl_add_seed(struct crawl *crawl, struct str text, struct errmsg *reterr_msg)
{
    struct url url = URL_INIT;
    enum cw_err err = parse_seed(&url, text, reterr_msg);
    if (err == CW_OK) {
        struct store_seed seed = {
            .url = url_href(&url), .host = url_host_key(&url), .priority = PRIORITY_SEED};
        crawl_add_root(crawl, seed.url, seed.host);
        open_guard(crawl, &url);
        struct scope *scope = crawl_hold_scope(crawl);
        if (scope != NULL)
            seed.verdict = admit_seed(scope, seed.url, seed.host);
        err = scope != NULL ? sink_add_seed(crawl->sink, &seed) : CW_ENOMEM;
        scope_drop(scope);
        if (err == CW_OK)
            sink_flush(crawl->sink);
    }
    url_release(&url);
    return err;
}

bool crawl_has_room(const struct crawl *crawl)
{
    return crawl->state == CRAWL_RUNNING && !sink_is_full(crawl->sink);
}

void crawl_close_input(struct crawl *crawl)
{
    crawl->input_open = false;
    if (crawl->state == CRAWL_RUNNING)
        sink_flush(crawl->sink); /* its landing looks whether anything is left */
}

/* ---- running ---- */

/* How many more visits may start their requests now. */
static size_t room_to_fetch(const struct crawl *crawl)
{
    size_t in_flight = crawl->going + sink_unlanded(crawl->sink);
    size_t window = IN_FLIGHT_PER_CONNECTION * (size_t)crawl->engine->connections;
    if (crawl->state != CRAWL_RUNNING || in_flight >= window || sink_is_full(crawl->sink) ||
        crawl->digesting_bytes >= DIGESTING_MAX_BYTES)
        return 0;
    if (crawl->config->max_pages == CONFIG_UNLIMITED)
        return window - in_flight;
    int64_t left =
        crawl->config->max_pages - crawl->stored_pages - crawl->unlanded_pages - crawl->going;
    return MIN(window - in_flight, (size_t)MAX(left, 0));
}

bool crawl_may_fetch(const struct crawl *crawl)
{
    return room_to_fetch(crawl) > 0;
}

static void wake_those_aside(struct crawl *crawl)
{
    visits_resume(crawl, room_to_fetch(crawl));
}

/* Does what the end still asks for, whenever something has come to an end. */
static void go_on_ending(struct crawl *crawl)
{
    if (crawl->state != CRAWL_DRAINING || crawl->visit_count > 0)
        return;
    if (crawl->err != CW_OK || sink_is_idle(crawl->sink))
        close_down(crawl);
    else if (sink_has_gathered(crawl->sink))
        sink_flush(crawl->sink); /* its landing brings us back */
}

/* The last visits and the last batch end here; from a callback of the sink or of a visit. */
void crawl_visit_ended(struct crawl *crawl)
{
    if (crawl->state == CRAWL_RUNNING) {
        wake_those_aside(crawl);
        if (workbench_is_low(&crawl->bench))
            sink_flush(crawl->sink);
    }
    if (crawl->state == CRAWL_DRAINING && crawl->visit_count == 0)
        (void)uv_timer_start(&crawl->due, on_due, 0,
                             0); /* not inline: a caller may be at work on us */
}

static void on_prepare(void *arg, struct store_batch *batch)
{
    struct crawl *crawl = crawl_from(arg);
    workbench_prepare(&crawl->bench, batch, crawl->state == CRAWL_RUNNING);
}

static void on_stored(void *arg, const struct outcome *outcome)
{
    struct crawl *crawl = crawl_from(arg);
    if (!outcome->has_page)
        return;
    crawl->unlanded_pages--;
    crawl->run_pages++;
    if (crawl->options.on_page != NULL)
        crawl->options.on_page(crawl->options.arg, outcome);
}

static bool is_finished(const struct crawl *crawl)
{
    return !crawl->input_open && crawl->visit_count == 0 && crawl->db_queued == 0 &&
           sink_is_idle(crawl->sink);
}

static bool has_all_pages(const struct crawl *crawl)
{
    return crawl->config->max_pages != CONFIG_UNLIMITED &&
           crawl->stored_pages >= crawl->config->max_pages;
}

/* What waits in the database and is not due yet wakes us when it is. */
static void wait_for_due(struct crawl *crawl, const struct store_reply *reply)
{
    enum { LONGEST_WAIT_MS = 60 * 1000 }; /* the wall clock may jump */
    int64_t shortest_ms = crawl->visit_count > 0 ? 1000 : 10;
    if (reply->next_due_unix_ms == 0)
        return;
    int64_t wait_ms = reply->next_due_unix_ms - clock_unix_ms();
    wait_ms = MIN(MAX(wait_ms, shortest_ms), LONGEST_WAIT_MS);
    (void)uv_timer_start(&crawl->due, on_due, (uint64_t)wait_ms, 0);
}

static void on_landed(void *arg, const struct store_reply *reply)
{
    struct crawl *crawl = crawl_from(arg);
    crawl->stored_pages = reply->pages;
    crawl->db_queued = reply->queued;
    crawl->seen = reply->seen;
    if (crawl->state == CRAWL_RUNNING) {
        enum cw_err err = workbench_take(&crawl->bench, reply);
        if (err != CW_OK) {
            fail_crawl(crawl, err, cw_err_text(err));
            return;
        }
        wake_those_aside(crawl);
        wait_for_due(crawl, reply);
        if (crawl->options.on_room != NULL && crawl_has_room(crawl))
            crawl->options.on_room(crawl->options.arg);
        if (has_all_pages(crawl))
            crawl_drain(crawl, "max-pages");
        else if (is_finished(crawl))
            crawl_drain(crawl, "finished");
    }
    if (crawl->state == CRAWL_DRAINING)
        (void)uv_timer_start(&crawl->due, on_due, 0, 0);
}

static void on_due(uv_timer_t *timer)
{
    struct crawl *crawl = CONTAINER_OF(timer, struct crawl, due);
    if (crawl->state == CRAWL_RUNNING)
        sink_flush(crawl->sink);
    else
        go_on_ending(crawl);
}

static void on_robots_attempt(void *arg, const struct attempt *attempt)
{
    struct crawl *crawl = crawl_from(arg);
    crawl->bytes += attempt->size;
    if (attempt->err != CW_OK)
        crawl->errors++;
    if (sink_add_attempt(crawl->sink, attempt) != CW_OK)
        log_warn(crawl->engine->log, "out of memory: a robots.txt request is not recorded",
                 F_STR("url", attempt->url));
}

static void on_robots_known(void *arg, struct str host, int32_t status)
{
    struct crawl *crawl = crawl_from(arg);
    struct bench_host *bh = workbench_find(&crawl->bench, host);
    if (bh == NULL)
        return;
    bh->robots_status = status;
    bh->robots_unix_ms = clock_unix_ms();
    bh->touched = true;
}

/* ---- ending ---- */

static void on_deadline(uv_timer_t *timer)
{
    crawl_drain(CONTAINER_OF(timer, struct crawl, deadline), "max-time");
}

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
    (void)uv_timer_start(&crawl->due, on_due, 0, 0);
}

void crawl_drain(struct crawl *crawl, const char *end_reason)
{
    drain(crawl, end_reason, false);
}

void crawl_stop(struct crawl *crawl, const char *end_reason)
{
    drain(crawl, end_reason, true);
}

static void on_storage_failed(void *arg, enum cw_err err, const char *message)
{
    fail_crawl(crawl_from(arg), err, message);
}

/* Everything has landed, or never will. */
static void close_down(struct crawl *crawl)
{
    crawl->state = CRAWL_CLOSING;
    crawl->open_parts = 2; /* the timers close last, with the store */
    if (crawl->robots != NULL)
        robotcache_close(STEAL(crawl->robots));
    else
        on_robots_closed(crawl);
}

static void on_robots_closed(void *arg)
{
    struct crawl *crawl = crawl_from(arg);
    if (crawl->sink != NULL)
        sink_close(STEAL(crawl->sink));
    else
        on_sink_closed(crawl);
}

static void on_sink_closed(void *arg)
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
        .elapsed_ms = clock_mono_ms() - crawl->started_ms,
    };
    crawl->options.on_ended(crawl->options.arg, &result);
    free_crawl(crawl);
}

void crawl_status(const struct crawl *crawl, struct crawl_status *ret)
{
    *ret = (struct crawl_status){
        .pages = crawl->stored_pages,
        .run_pages = crawl->run_pages,
        .errors = crawl->errors,
        .queued = crawl->db_queued + crawl->visit_count,
        .seen = crawl->seen,
        .bytes = crawl->bytes,
        .active = crawl->going,
        .behind_ms = crawl->sink != NULL ? sink_behind_ms(crawl->sink) : 0,
        .draining = crawl->state >= CRAWL_DRAINING,
    };
}
