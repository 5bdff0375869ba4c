#include "crawler/cli/database.h"

#include <unistd.h>

#include "config/config.h"
#include "crawler/cli/cmd.h"

static void find(const char *operand, const char *config_path, char ret_path[DATABASE_PATH_MAX])
{
    struct config *config = NULL;
    struct config_report report = {0};
    (void)snprintf(ret_path, DATABASE_PATH_MAX, "%s", operand);
    if (access(operand, F_OK) == 0 || strchr(operand, '/') != NULL)
        return;
    if (config_load(&config, config_path, NULL, &report) == CW_OK) {
        (void)snprintf(ret_path, DATABASE_PATH_MAX, "%s/%s.db", config->state_directory, operand);
        if (access(ret_path, F_OK) != 0)
            (void)snprintf(ret_path, DATABASE_PATH_MAX, "%s", operand);
        config_free(config);
    }
    config_report_release(&report);
}

bool database_take(struct database_call *call, const struct option_spec *spec, const char *value)
{
    if (strcmp(spec->name, "config") != 0)
        return false;
    call->config = value;
    return true;
}

bool database_begin(struct database_call *call, const struct options *options, int argc,
                    char **argv, int count, const char *needs, int *ret_status)
{
    struct common_options common;
    int first;
    enum options_verdict verdict = options_parse(options, argc, argv, &common, &first);
    if (verdict != OPTIONS_GO) {
        *ret_status = verdict == OPTIONS_ENDED ? EXIT_DONE : EXIT_USAGE;
        return false;
    }
    if (argc - first != count + 1) {
        *ret_status = cmd_fail(options->command, EXIT_USAGE, "needs %s", needs);
        return false;
    }
    find(argv[first], call->config != NULL ? call->config : DATABASE_DEFAULT_CONFIG, call->path);
    call->operands = argv + first + 1;
    return true;
}
