/* crawl_run: `crawld crawl` while it runs: one engine, one crawl, signals, input, progress, output.
 */
#ifndef CRAWLER_CLI_CRAWL_RUN_H
#define CRAWLER_CLI_CRAWL_RUN_H

#include <stdbool.h>

#include "config/config.h"
#include "crawler/cli/options.h"

/* What the command line asked for. */
struct crawl_settings {
    struct crawl_config config; /* owned */
    struct config process;      /* owned; user agent, connections, name servers */
    struct common_options common;
    const char *output; /* NULL: named after the first URL's host */
    const char *input;  /* file of URLs, "-", or NULL */
    bool jsonl, fresh, revisit;
    char *command;      /* owned; the command line, quoted for a shell */
    char *next_command; /* owned; the one that goes on: without --fresh */
};

/* Runs the crawl to its end; returns the exit status. */
int crawl_run(const struct crawl_settings *settings, const char *db_path);

#endif
