#include "crawler/cli/crawl_run.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "crawler/base/log.h"
#include "crawler/cli/cmd.h"
#include "crawler/cli/input.h"
#include "crawler/cli/progress.h"
#include "crawler/cli/report.h"
#include "crawler/engine/crawl.h"
#include "crawler/engine/engine.h"
#include "crawler/engine/executor.h"

enum { JSON_LINE_MAX = 64 * 1024, STORE_SEATS = 2, ADDRESS_SLOTS_PER_HOST_SLOT = 4 };

struct run {
    const struct crawl_settings *settings;
    const char *db_path;
    uv_loop_t loop;
    struct log log;
    struct engine *engine;
    struct crawl *crawl; /* NULL once it has ended */
    struct input *input; /* NULL when there is none */
    struct progress progress;
    uv_signal_t on_int, on_term;
    struct buf line;
    unsigned signals;
    bool output_gone;
    int status;
};

static void on_signal(uv_signal_t *handle, int number);
static void on_opened(void *arg);
static bool on_line(void *arg, struct str line, uint64_t number);
static void on_long_line(void *arg, uint64_t number);
static void on_input_end(void *arg, const char *error);
static void on_page(void *arg, const struct outcome *outcome);
static void on_room(void *arg);
static void on_ended(void *arg, const struct crawl_result *result);

static unsigned parse_seats(void)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    return (unsigned)MIN(MAX(cores, 1), 16);
}

static enum cw_err open_engine(struct run *run, struct errmsg *reterr_msg)
{
    const struct crawl_settings *settings = run->settings;
    const char *agent = settings->process.user_agent;
    const struct engine_options options = {
        .loop = &run->loop,
        .log = &run->log,
        .user_agent = agent != NULL ? agent : config_default_user_agent(),
        .dns_servers = settings->process.dns_servers,
        .connections = (unsigned)settings->process.connections,
        .per_address = ADDRESS_SLOTS_PER_HOST_SLOT * (unsigned)settings->config.per_host,
        .parse_seats = parse_seats(),
        .store_seats = STORE_SEATS,
    };
    return engine_new(&run->engine, &options, reterr_msg);
}

static enum cw_err open_crawl(struct run *run, struct errmsg *reterr_msg)
{
    const struct crawl_settings *settings = run->settings;
    const struct crawl_options options = {
        .config = &settings->config,
        .db_path = run->db_path,
        .command = settings->command,
        .version = CRAWLD_VERSION,
        .fresh = settings->fresh,
        .revisit = settings->revisit,
        .input_open = settings->input != NULL,
        .seeds_open_guard = true,
        .arg = run,
        .on_opened = on_opened,
        .on_page = settings->jsonl ? on_page : NULL,
        .on_room = settings->input != NULL ? on_room : NULL,
        .on_ended = on_ended,
    };
    return crawl_start(&run->crawl, run->engine, &options, reterr_msg);
}

static void catch_signal(struct run *run, uv_signal_t *handle, int number)
{
    (void)uv_signal_init(&run->loop, handle);
    handle->data = run;
    (void)uv_signal_start(handle, on_signal, number);
    uv_unref((uv_handle_t *)handle);
}

static void open_terminal(struct run *run)
{
    const struct common_options *common = &run->settings->common;
    progress_open(&run->progress, &run->loop, common->quiet ? NULL : stderr);
    run->progress.max_pages = run->settings->config.max_pages;
    run->progress.max_time_ms = run->settings->config.max_time_ms;
    run->log = (struct log){
        .out = stderr,
        .threshold = common->quiet     ? LOG_ERROR
                     : common->verbose ? LOG_INFO
                                       : LOG_WARN,
        .format = common->log_format,
        .with_time = common->verbose,
        .clear = progress_eraser(&run->progress),
    };
    catch_signal(run, &run->on_int, SIGINT);
    catch_signal(run, &run->on_term, SIGTERM);
}

static void ignore_closed(void *arg)
{
    (void)arg;
}

static void close_terminal(struct run *run)
{
    if (!uv_is_closing((uv_handle_t *)&run->progress.timer))
        progress_close(&run->progress);
    uv_close((uv_handle_t *)&run->on_int, NULL);
    uv_close((uv_handle_t *)&run->on_term, NULL);
}

int crawl_run(const struct crawl_settings *settings, const char *db_path)
{
    struct errmsg message;
    struct run run = {
        .settings = settings,
        .db_path = db_path,
        .line = BUF_INIT(JSON_LINE_MAX),
    };
    executor_prepare_pool(parse_seats(), STORE_SEATS);
    if (uv_loop_init(&run.loop) != 0)
        return cmd_fail("crawl", EXIT_STORAGE, "cannot make an event loop: out of descriptors");
    open_terminal(&run);
    enum cw_err err = open_engine(&run, &message);
    if (err == CW_OK && (err = open_crawl(&run, &message)) != CW_OK)
        engine_close(run.engine, ignore_closed, NULL);
    if (err != CW_OK) {
        close_terminal(&run);
        run.status = cmd_fail("crawl", cmd_status_of(err), "%s", message.text);
    } else {
        progress_watch(&run.progress, run.crawl, run.engine);
    }
    (void)uv_run(&run.loop, UV_RUN_DEFAULT);
    (void)uv_loop_close(&run.loop);
    buf_release(&run.line);
    return run.status;
}

static void on_signal(uv_signal_t *handle, int number)
{
    struct run *run = handle->data;
    (void)number;
    if (run->crawl == NULL)
        return;
    if (run->signals++ == 0) {
        if (!run->settings->common.quiet)
            (void)fprintf(stderr, "%sfinishing what is under way; once more stops at once\n",
                          progress_eraser(&run->progress));
        crawl_drain(run->crawl, "interrupted");
    } else {
        crawl_stop(run->crawl, "interrupted");
    }
}

/* ---- URLs from a file or standard input ---- */

static void on_opened(void *arg)
{
    struct run *run = arg;
    struct errmsg message;
    const struct input_options options = {
        .loop = &run->loop,
        .path = run->settings->input,
        .arg = run,
        .on_line = on_line,
        .on_long_line = on_long_line,
        .on_end = on_input_end,
    };
    if (run->settings->input == NULL)
        return;
    if (input_open(&run->input, &options, &message) != CW_OK) {
        run->status = cmd_fail("crawl", EXIT_USAGE, "%s%s", run->log.clear, message.text);
        crawl_close_input(run->crawl);
        crawl_drain(run->crawl, "interrupted");
    }
}

static bool on_line(void *arg, struct str line, uint64_t number)
{
    struct run *run = arg;
    struct errmsg message;
    if (run->crawl == NULL)
        return false;
    enum cw_err err = crawl_add_seed(run->crawl, line, &message);
    if (err != CW_OK && err != CW_ECANCELED)
        log_warn(&run->log, "input line left out", F_TEXT("file", run->settings->input),
                 F_INT("line", (int64_t)number), F_TEXT("why", message.text));
    return crawl_has_room(run->crawl);
}

static void on_long_line(void *arg, uint64_t number)
{
    struct run *run = arg;
    log_warn(&run->log, "input line left out", F_TEXT("file", run->settings->input),
             F_INT("line", (int64_t)number), F_TEXT("why", "too long"));
}

static void on_room(void *arg)
{
    struct run *run = arg;
    if (run->input != NULL)
        input_resume(run->input);
}

static void on_input_end(void *arg, const char *error)
{
    struct run *run = arg;
    if (error != NULL)
        log_error(&run->log, "cannot read the URLs", F_TEXT("file", run->settings->input),
                  F_TEXT("error", error));
    if (run->crawl != NULL)
        crawl_close_input(run->crawl);
}

/* ---- results ---- */

static void on_page(void *arg, const struct outcome *outcome)
{
    struct run *run = arg;
    if (run->output_gone)
        return;
    buf_clear(&run->line);
    if (report_add_jsonl(&run->line, outcome) != CW_OK)
        return; /* cannot happen below the ceilings of page.h */
    struct str line = buf_str(&run->line);
    if (fwrite(line.ptr, 1, line.len, stdout) == line.len && fflush(stdout) == 0)
        return;
    run->output_gone = true;
    log_error(&run->log, "standard output is closed, stopping", F_TEXT("error", strerror(errno)));
    crawl_drain(run->crawl, "interrupted");
}

/* What the end of the crawl means to whoever called us. */
static int status_of_result(const struct crawl_result *result)
{
    if (strcmp(result->end_reason, "interrupted") == 0)
        return EXIT_INTERRUPTED;
    if (result->has_summary && result->summary->seeds > 0 && result->summary->seeds_fetched == 0)
        return EXIT_NOT_FETCHED;
    return EXIT_DONE;
}

static void print_end(struct run *run, const struct crawl_result *result, int status)
{
    const struct crawl_settings *settings = run->settings;
    struct engine_status engine;
    if (settings->common.quiet)
        return;
    report_print_summary(stderr, result, run->db_path);
    engine_status(run->engine, &engine);
    if (settings->common.verbose)
        (void)fprintf(stderr, "  loop lag     p99.9 %.1f ms, max %.1f ms\n",
                      (double)engine.loop_lag_p999_us / 1e3, (double)engine.loop_lag_max_us / 1e3);
    if (status == EXIT_NOT_FETCHED)
        (void)fprintf(stderr, "no start URL could be fetched\n");
    bool unfinished = result->has_summary && result->summary->queued > 0;
    if (status == EXIT_INTERRUPTED || unfinished)
        (void)fprintf(stderr, "to go on: %s\n", settings->next_command);
}

static void on_ended(void *arg, const struct crawl_result *result)
{
    struct run *run = arg;
    run->crawl = NULL;
    input_close(STEAL(run->input));
    close_terminal(run);
    if (result->err != CW_OK) {
        run->status = cmd_fail("crawl", cmd_status_of(result->err), "%s", result->message);
    } else if (run->status == EXIT_DONE) {
        run->status = status_of_result(result);
        print_end(run, result, run->status);
    }
    engine_close(run->engine, ignore_closed, NULL);
}
