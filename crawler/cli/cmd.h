/* cmd: one command a file, each exporting one `struct command`; main.c finds it by name. */
#ifndef CRAWLER_CLI_CMD_H
#define CRAWLER_CLI_CMD_H

#include "crawler/base/err.h"
#include "crawler/base/log.h"

/* Exit statuses (design, section 2.1). */
enum {
    EXIT_DONE = 0,
    EXIT_NOT_FETCHED = 1, /* the crawl finished, but no start URL could be fetched; nothing was
                           * found, or the audit found a violation */
    EXIT_USAGE = 2,       /* usage or configuration */
    EXIT_STORAGE = 3,
    EXIT_INTERRUPTED = 4, /* state saved */
};

struct command {
    const char *name, *summary;
    int (*run)(int argc, char **argv); /* argv[0] is the command's name */
};

extern const struct command command_crawl, command_serve, command_query, command_cat,
    command_explain, command_audit, command_check;

/* Prints "crawld COMMAND: sentence" and, for usage, where help is to be had. Returns the exit
 * status. */
int cmd_fail(const char *command, int status, const char *format, ...) PRINTF_LIKE(3, 4);

/* The exit status that an error class stands for. */
int cmd_status_of(enum cw_err err);

#endif
