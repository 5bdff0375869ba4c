#include "crawler/service/service.h"

#include <inttypes.h>
#include <signal.h>
#include <utlist.h>

#include "config/config.h"
#include "crawler/base/buf.h"
#include "crawler/base/clock.h"
#include "crawler/base/units.h"
#include "crawler/engine/crawl.h"
#include "crawler/engine/engine.h"
#include "crawler/engine/vet.h"
#include "crawler/service/notify.h"

enum { PATH_MAX_BYTES = 4096, STATUS_MAX_BYTES = 1024 /* notify.h cuts it */ };

/* One configuration that was loaded; crawls borrow from it, so it stays until the last has ended.
 */
struct loaded {
    struct config *config; /* owned */
    unsigned holders;
};

/* A crawl by its name. */
struct served {
    struct served *next, *prev;
    struct service *service;
    struct loaded *loaded;             /* held; whose `config` is */
    const struct crawl_config *config; /* borrowed from `loaded` */
    struct crawl *crawl;               /* NULL while it does not run */
    bool start_anew;                   /* its settings changed: when it has ended */
    bool removed;                      /* from the configuration */
};

struct service {
    struct service_options options;
    struct engine *engine;
    struct loaded *loaded; /* held; the one in force */
    struct served *crawls; /* owned */
    uv_signal_t signals[3];
    uv_timer_t status, drain, watchdog;
    unsigned open_handles;
    bool stopping, closing;
};

static void on_signal(uv_signal_t *handle, int number);
static void on_page_count(uv_timer_t *timer);
static void on_watchdog(uv_timer_t *timer);
static void on_drain_over(uv_timer_t *timer);
static void on_crawl_ended(void *arg, const struct crawl_result *result);
static void on_engine_closed(void *arg);
static void on_handle_closed(uv_handle_t *handle);

/* ---- configuration ---- */

static void drop_loaded(struct loaded *loaded)
{
    if (loaded == NULL || --loaded->holders > 0)
        return;
    config_free(loaded->config);
    free(loaded);
}

static const struct crawl_config *find_config(const struct config *config, const char *name)
{
    for (size_t i = 0; i < config->crawl_count; i++)
        if (strcmp(config->crawls[i].name, name) == 0)
            return &config->crawls[i];
    return NULL;
}

static void log_problems(const struct service_options *options, const struct config_report *report)
{
    for (size_t i = 0; i < report->count; i++) {
        const struct config_problem *p = &report->problems[i];
        char place[PATH_MAX_BYTES];
        if (p->line > 0)
            (void)snprintf(place, sizeof place, "%s:%u:%u", options->config_path, p->line,
                           p->column);
        else
            (void)snprintf(place, sizeof place, "%s", options->config_path);
        log_error(options->log, "configuration", F_TEXT("at", place), F_TEXT("problem", p->text));
    }
}

/* Reads the file whole; logs what is wrong with it. */
static enum cw_err load(const struct service_options *options, struct loaded **ret)
{
    struct config_report report = {0};
    struct loaded *loaded = calloc(1, sizeof *loaded);
    if (loaded == NULL)
        return CW_ENOMEM;
    enum cw_err err = config_load(&loaded->config, options->config_path, engine_vet, &report);
    log_problems(options, &report);
    config_report_release(&report);
    if (err != CW_OK) {
        free(loaded);
        return err;
    }
    loaded->holders = 1;
    *ret = loaded;
    return CW_OK;
}

/* ---- crawls ---- */

static struct served *find_served(struct service *service, const char *name)
{
    struct served *served;
    DL_FOREACH (service->crawls, served) {
        if (strcmp(served->config->name, name) == 0)
            return served;
    }
    return NULL;
}

static void start_crawl(struct served *served)
{
    struct service *service = served->service;
    const struct log *log = service->options.log;
    char path[PATH_MAX_BYTES], command[PATH_MAX_BYTES];
    struct errmsg message;
    (void)snprintf(path, sizeof path, "%s/%s.db", served->loaded->config->state_directory,
                   served->config->name);
    (void)snprintf(command, sizeof command, "crawld serve --config %s",
                   service->options.config_path);
    const struct crawl_options options = {
        .config = served->config,
        .db_path = path,
        .command = command,
        .version = service->options.version,
        .patient = true,
        .arg = served,
        .on_ended = on_crawl_ended,
    };
    if (crawl_start(&served->crawl, service->engine, &options, &message) != CW_OK)
        log_error(log, "crawl cannot start", F_TEXT("crawl", served->config->name),
                  F_TEXT("error", message.text));
    else
        log_info(log, "crawl started", F_TEXT("crawl", served->config->name),
                 F_TEXT("database", path));
}

static void point_at(struct served *served, struct loaded *loaded,
                     const struct crawl_config *config)
{
    loaded->holders++;
    drop_loaded(served->loaded);
    served->loaded = loaded;
    served->config = config;
}

static enum cw_err add_served(struct service *service, struct loaded *loaded,
                              const struct crawl_config *config)
{
    struct served *served = calloc(1, sizeof *served);
    if (served == NULL)
        return CW_ENOMEM;
    served->service = service;
    point_at(served, loaded, config);
    DL_APPEND(service->crawls, served);
    start_crawl(served);
    return CW_OK;
}

static void remove_served(struct served *served)
{
    DL_DELETE(served->service->crawls, served);
    drop_loaded(served->loaded);
    free(served);
}

static void log_end(struct served *served, const struct crawl_result *result)
{
    const struct log *log = served->service->options.log;
    if (result->err != CW_OK)
        log_error(log, "crawl failed", F_TEXT("crawl", served->config->name),
                  F_TEXT("error", result->message));
    else
        log_info(log, "crawl ended", F_TEXT("crawl", served->config->name),
                 F_TEXT("reason", result->end_reason), F_INT("pages", result->pages),
                 F_INT("queued", result->has_summary ? result->summary->queued : 0));
}

static void end_if_idle(struct service *service);

static void on_crawl_ended(void *arg, const struct crawl_result *result)
{
    struct served *served = arg;
    struct service *service = served->service;
    served->crawl = NULL;
    log_end(served, result);
    if (served->removed) {
        remove_served(served);
    } else if (served->start_anew && !service->stopping) {
        served->start_anew = false;
        point_at(served, service->loaded,
                 find_config(service->loaded->config, served->config->name));
        start_crawl(served);
    }
    end_if_idle(service);
}

/* ---- reload ---- */

/* A crawl whose settings changed ends, and starts anew with them. */
static void change_served(struct served *served, struct loaded *loaded,
                          const struct crawl_config *config)
{
    if (crawl_config_equal(served->config, config) &&
        strcmp(served->loaded->config->state_directory, loaded->config->state_directory) == 0)
        return;
    if (served->crawl != NULL) {
        served->start_anew = true;
        crawl_drain(served->crawl, "reloaded");
    } else {
        point_at(served, loaded, config);
        start_crawl(served);
    }
}

static void end_removed(struct service *service, const struct config *config)
{
    struct served *served, *next;
    DL_FOREACH_SAFE (service->crawls, served, next) {
        if (find_config(config, served->config->name) != NULL) {
            served->start_anew |= served->removed; /* it is back while its end is under way */
            served->removed = false;
            continue;
        }
        served->removed = true;
        if (served->crawl != NULL)
            crawl_drain(served->crawl, "removed");
        else
            remove_served(served);
    }
}

static bool texts_equal(const char *a, const char *b)
{
    return (a == NULL) == (b == NULL) && (a == NULL || strcmp(a, b) == 0);
}

static void apply(struct service *service, struct loaded *loaded)
{
    const struct config *config = loaded->config;
    if (strcmp(config->user_agent, service->loaded->config->user_agent) != 0)
        log_warn(service->options.log,
                 "the user agent changes with the next start, ignoring for now",
                 F_TEXT("user_agent", config->user_agent));
    if (!texts_equal(config->dns_servers, service->loaded->config->dns_servers))
        log_warn(service->options.log,
                 "the name servers change with the next start, ignoring for now",
                 F_TEXT("dns_servers", config->dns_servers));
    drop_loaded(service->loaded);
    service->loaded = loaded;
    engine_set_limits(service->engine, (unsigned)config->connections,
                      (unsigned)config->per_address);
    end_removed(service, config);
    for (size_t i = 0; i < config->crawl_count; i++) {
        struct served *served = find_served(service, config->crawls[i].name);
        if (served != NULL)
            change_served(served, loaded, &config->crawls[i]);
        else if (add_served(service, loaded, &config->crawls[i]) != CW_OK)
            log_error(service->options.log, "out of memory: crawl left out",
                      F_TEXT("crawl", config->crawls[i].name));
    }
}

static void reload(struct service *service)
{
    struct loaded *loaded;
    notify_reloading();
    if (load(&service->options, &loaded) == CW_OK) {
        apply(service, loaded);
        log_info(service->options.log, "configuration reloaded",
                 F_INT("crawls", (int64_t)loaded->config->crawl_count));
    } else {
        log_error(service->options.log, "configuration not reloaded, the old one stays",
                  F_TEXT("file", service->options.config_path));
    }
    notify_ready();
}

/* ---- stopping ---- */

static void stop(struct service *service)
{
    struct served *served;
    bool again = service->stopping;
    service->stopping = true;
    notify_stopping();
    log_info(service->options.log, again ? "stopping at once" : "stopping",
             F_INT("drain_ms", again ? 0 : SERVICE_DRAIN_MS));
    DL_FOREACH (service->crawls, served) {
        if (served->crawl == NULL)
            continue;
        if (again)
            crawl_stop(served->crawl, "interrupted");
        else
            crawl_drain(served->crawl, "interrupted");
    }
    if (!again)
        (void)uv_timer_start(&service->drain, on_drain_over, SERVICE_DRAIN_MS, 0);
    end_if_idle(service);
}

static void on_drain_over(uv_timer_t *timer)
{
    stop(timer->data);
}

static void on_signal(uv_signal_t *handle, int number)
{
    struct service *service = handle->data;
    if (number != SIGHUP)
        stop(service);
    else if (!service->stopping)
        reload(service);
}

static void close_handle(struct service *service, uv_handle_t *handle)
{
    service->open_handles++;
    uv_close(handle, on_handle_closed);
}

/* The last crawl is over and we were told to stop. */
static void end_if_idle(struct service *service)
{
    struct served *served;
    if (!service->stopping || service->closing)
        return;
    DL_FOREACH (service->crawls, served) {
        if (served->crawl != NULL)
            return;
    }
    service->closing = true;
    for (size_t i = 0; i < ARRAY_LEN(service->signals); i++)
        close_handle(service, (uv_handle_t *)&service->signals[i]);
    close_handle(service, (uv_handle_t *)&service->status);
    close_handle(service, (uv_handle_t *)&service->drain);
    close_handle(service, (uv_handle_t *)&service->watchdog);
}

static void on_handle_closed(uv_handle_t *handle)
{
    struct service *service = handle->data;
    if (--service->open_handles > 0)
        return;
    engine_close(service->engine, on_engine_closed, service);
}

static void on_engine_closed(void *arg)
{
    struct service *service = arg;
    struct service_options options = service->options;
    while (service->crawls != NULL)
        remove_served(service->crawls);
    drop_loaded(service->loaded);
    free(service);
    options.on_ended(options.arg);
}

/* ---- status ---- */

/* While nothing else is to do. */
static void tell_next_revisit(int64_t due_unix_ms, char ret[64])
{
    char wait[UNITS_TEXT_SIZE];
    if (due_unix_ms == 0)
        return;
    units_format_duration(MAX(due_unix_ms - clock_unix_ms(), 0), wait);
    (void)snprintf(ret, 64, ", next page due in %s", wait);
}

static void on_page_count(uv_timer_t *timer)
{
    struct service *service = timer->data;
    struct served *served;
    struct engine_status engine;
    unsigned running = 0, count = 0;
    int64_t pages = 0, queued = 0, revisit_unix_ms = 0;
    char text[STATUS_MAX_BYTES], next[64] = "", why[DIAGNOSIS_TEXT_SIZE] = "";
    const char *stalled = NULL;
    DL_FOREACH (service->crawls, served) {
        struct crawl_status status;
        count++;
        if (served->crawl == NULL)
            continue;
        crawl_status(served->crawl, &status);
        running++;
        pages += status.pages;
        queued += status.queued;
        if (status.revisit_unix_ms > 0 &&
            (revisit_unix_ms == 0 || status.revisit_unix_ms < revisit_unix_ms))
            revisit_unix_ms = status.revisit_unix_ms;
        if (status.stall != NULL && stalled == NULL) {
            stalled = served->config->name;
            diagnosis_text(status.stall, why);
        }
    }
    engine_status(service->engine, &engine);
    if (queued == 0)
        tell_next_revisit(revisit_unix_ms, next);
    (void)snprintf(text, sizeof text,
                   "%u of %u crawls running, %" PRId64 " pages, %" PRId64
                   " queued, %u requests under way%s%s%s%s%s",
                   running, count, pages, queued, engine.running, next, stalled != NULL ? "; " : "",
                   stalled != NULL ? stalled : "", stalled != NULL ? " stalled: " : "", why);
    notify_status(str_of(text));
}

static void on_watchdog(uv_timer_t *timer)
{
    (void)timer;
    notify_watchdog();
}

/* ---- start ---- */

static void open_handles(struct service *service)
{
    static const int numbers[] = {SIGTERM, SIGINT, SIGHUP};
    uv_loop_t *loop = service->options.loop;
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
        (void)uv_signal_init(loop,
                             &service->signals[i]); /* none of these can fail on a fresh handle */
        service->signals[i].data = service;
        (void)uv_signal_start(&service->signals[i], on_signal, numbers[i]);
    }
    (void)uv_timer_init(loop, &service->status);
    (void)uv_timer_init(loop, &service->drain);
    (void)uv_timer_init(loop, &service->watchdog);
    service->status.data = service->drain.data = service->watchdog.data = service;
    (void)uv_timer_start(&service->status, on_page_count, SERVICE_STATUS_MS, SERVICE_STATUS_MS);
    uint64_t watchdog_ms = (uint64_t)notify_watchdog_interval_ms();
    if (watchdog_ms > 0)
        (void)uv_timer_start(&service->watchdog, on_watchdog, watchdog_ms, watchdog_ms);
}

static enum cw_err open_engine(struct service *service, struct errmsg *reterr_msg)
{
    const struct config *config = service->loaded->config;
    const struct engine_options options = {
        .loop = service->options.loop,
        .log = service->options.log,
        .user_agent = config->user_agent,
        .dns_servers = config->dns_servers,
        .connections = (unsigned)config->connections,
        .per_address = (unsigned)config->per_address,
        .parse_seats = service->options.parse_seats,
        .store_seats = service->options.store_seats,
    };
    return engine_new(&service->engine, &options, reterr_msg);
}

enum cw_err service_start(struct service **ret, const struct service_options *options,
                          struct errmsg *reterr_msg)
{
    struct service *service = calloc(1, sizeof *service);
    if (service == NULL)
        return errmsg_set(reterr_msg, CW_ENOMEM, "out of memory");
    service->options = *options;
    enum cw_err err = load(options, &service->loaded);
    if (err != CW_OK) {
        free(service);
        return errmsg_set(reterr_msg, err, "%s: not a valid configuration", options->config_path);
    }
    err = open_engine(service, reterr_msg);
    if (err != CW_OK) {
        drop_loaded(service->loaded);
        free(service);
        return err;
    }
    open_handles(service);
    const struct config *config = service->loaded->config;
    for (size_t i = 0; i < config->crawl_count; i++)
        if (add_served(service, service->loaded, &config->crawls[i]) != CW_OK)
            log_error(options->log, "out of memory: crawl left out",
                      F_TEXT("crawl", config->crawls[i].name));
    notify_ready();
    *ret = service;
    return CW_OK;
}
