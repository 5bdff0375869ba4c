/* crawld serve: the configured crawls as a service, until told to stop. */
#include <unistd.h>

#include "crawler/cli/cmd.h"
#include "crawler/cli/database.h"
#include "crawler/cli/options.h"
#include "crawler/engine/executor.h"
#include "crawler/service/service.h"

enum { STORE_SEATS = 8 };

static const struct option_spec specs[] = {
    {"config", 'c', "FILE", "the configuration [" DATABASE_DEFAULT_CONFIG "]"},
};

static enum cw_err take(void *arg, const struct option_spec *spec, const char *value,
                        struct errmsg *reterr_msg)
{
    (void)spec;
    (void)reterr_msg;
    *(const char **)arg = value;
    return CW_OK;
}

static void on_ended(void *arg)
{
    (void)arg;
}

static int serve(const char *config, const struct common_options *common)
{
    uv_loop_t loop;
    struct service *service;
    struct errmsg message;
    const struct log log = {
        .out = stderr,
        .threshold = common->quiet     ? LOG_ERROR
                     : common->verbose ? LOG_DEBUG
                                       : LOG_INFO,
        .format = common->log_format,
        .with_time = getenv("JOURNAL_STREAM") == NULL,
    };
    unsigned seats = (unsigned)MIN(MAX(sysconf(_SC_NPROCESSORS_ONLN), 1), 16);
    executor_prepare_pool(seats, STORE_SEATS);
    if (uv_loop_init(&loop) != 0)
        return cmd_fail("serve", EXIT_STORAGE, "cannot make an event loop: out of descriptors");
    const struct service_options options = {
        .loop = &loop,
        .log = &log,
        .config_path = config,
        .version = CRAWLD_VERSION,
        .parse_seats = seats,
        .store_seats = STORE_SEATS,
        .on_ended = on_ended,
    };
    enum cw_err err = service_start(&service, &options, &message);
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    (void)uv_loop_close(&loop);
    if (err == CW_OK)
        return EXIT_DONE;
    return cmd_fail("serve", err == CW_ENOTFOUND ? EXIT_USAGE : cmd_status_of(err), "%s",
                    message.text);
}

static int run(int argc, char **argv)
{
    const char *config = DATABASE_DEFAULT_CONFIG;
    const struct options options = {
        .command = "serve",
        .usage = "[--config FILE]",
        .about =
            "Runs the configured crawls, each in its own database, until told to stop.\n"
            "SIGTERM finishes what is under way and ends; SIGHUP reads the configuration again.",
        .closing = "Exit status: 0 stopped as told; 2 usage or configuration; 3 storage.",
        .specs = specs,
        .spec_count = ARRAY_LEN(specs),
        .take = take,
        .arg = &config,
    };
    struct common_options common;
    int first;
    enum options_verdict verdict = options_parse(&options, argc, argv, &common, &first);
    if (verdict != OPTIONS_GO)
        return verdict == OPTIONS_ENDED ? EXIT_DONE : EXIT_USAGE;
    if (first < argc)
        return cmd_fail("serve", EXIT_USAGE, "unexpected \"%s\"", argv[first]);
    return serve(config, &common);
}

const struct command command_serve = {"serve", "run the configured crawls until told to stop", run};
