#include "crawler/cli/cmd.h"

#include <stdarg.h>
#include <stdio.h>

int cmd_fail(const char *command, int status, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)fprintf(stderr, "crawld %s: ", command);
    (void)vfprintf(stderr, format, args);
    va_end(args);
    (void)fprintf(stderr, "\n");
    if (status == EXIT_USAGE)
        (void)fprintf(stderr, "Try 'crawld %s --help'.\n", command);
    return status;
}

int cmd_status_of(enum cw_err err)
{
    switch (err) {
    case CW_OK: return EXIT_DONE;
    case CW_EINVAL:
    case CW_EURL:
    case CW_ECONFIG: return EXIT_USAGE;
    case CW_ENOTFOUND: return EXIT_NOT_FETCHED;
    default: return EXIT_STORAGE;
    }
}
