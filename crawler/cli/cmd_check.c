/* crawld check: is a configuration valid? Every problem with file:line:column. */
#include "config/config.h"
#include "crawler/cli/cmd.h"
#include "crawler/cli/options.h"
#include "crawler/engine/vet.h"

static void print_problems(FILE *out, const char *path, const struct config_report *report)
{
    for (size_t i = 0; i < report->count; i++) {
        const struct config_problem *p = &report->problems[i];
        if (p->line > 0)
            (void)fprintf(out, "%s:%u:%u: %s\n", path, p->line, p->column, p->text);
        else
            (void)fprintf(out, "%s: %s\n", path, p->text);
    }
}

static int run(int argc, char **argv)
{
    const struct options options = {
        .command = "check",
        .usage = "FILE",
        .about = "Says whether a configuration is valid, and names every problem with its place.",
        .closing = "Exit status: 0 valid; 2 not valid, or it cannot be read.",
    };
    struct common_options common;
    struct config *config = NULL;
    struct config_report report = {0};
    int first;
    enum options_verdict verdict = options_parse(&options, argc, argv, &common, &first);
    if (verdict != OPTIONS_GO)
        return verdict == OPTIONS_ENDED ? EXIT_DONE : EXIT_USAGE;
    if (argc - first != 1)
        return cmd_fail("check", EXIT_USAGE, "needs one file");
    enum cw_err err = config_load(&config, argv[first], engine_vet, &report);
    print_problems(stdout, argv[first], &report);
    if (err != CW_OK && report.count == 0)
        (void)cmd_fail("check", EXIT_DONE, "%s: %s", argv[first], cw_err_text(err));
    if (err == CW_OK && !common.quiet)
        printf("%s: valid, %zu crawl%s\n", argv[first], config->crawl_count,
               config->crawl_count == 1 ? "" : "s");
    config_report_release(&report);
    config_free(config);
    return err == CW_OK ? EXIT_DONE : EXIT_USAGE;
}

const struct command command_check = {"check", "validate a configuration file", run};
