/* options: one table a command gives its parser, its help text and its checks. Long options take
 * `--name VALUE` or `--name=VALUE`, short ones `-n VALUE`; `--` ends them. */
#ifndef CRAWLER_CLI_OPTIONS_H
#define CRAWLER_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "crawler/base/err.h"
#include "crawler/base/log.h"

struct option_spec {
    const char *name;  /* long name without dashes */
    char letter;       /* short name, or 0 */
    const char *value; /* name of its value in the help text; NULL: it takes none */
    const char *help;  /* one line, with default and unit */
};

/* The options that every command has; taken care of by options_parse(). */
struct common_options {
    bool quiet, verbose;
    enum log_format log_format;
};

struct options {
    const char *command;
    const char *usage;   /* "[options] URL..." */
    const char *about;   /* a paragraph */
    const char *closing; /* after the options; may be NULL */
    const struct option_spec *specs;
    size_t spec_count;
    /* Takes one option; `value` is NULL where it has none. Not CW_OK: *reterr_msg says what is
     * wrong. */
    enum cw_err (*take)(void *arg, const struct option_spec *spec, const char *value,
                        struct errmsg *reterr_msg);
    void *arg;
};

enum options_verdict { OPTIONS_GO, OPTIONS_ENDED /* help or version was printed */, OPTIONS_WRONG };

/* Reads argv; *ret_common is set, and argv[*ret_first ...] are the operands (they may stand between
 * options, too). WRONG: the message has been printed. */
enum options_verdict options_parse(const struct options *options, int argc, char **argv,
                                   struct common_options *ret_common, int *ret_first);

#endif
