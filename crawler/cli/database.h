/* database: what the commands that read a database have in common: options, DB as their first
 * operand, a fixed number of operands behind it. DB is a file of this name, if there is one; else,
 * for a plain NAME, NAME.db in the state directory of the service's configuration, if that is
 * there; else the file that could not be found. */
#ifndef CRAWLER_CLI_DATABASE_H
#define CRAWLER_CLI_DATABASE_H

#include "crawler/cli/options.h"

#define DATABASE_DEFAULT_CONFIG "/etc/crawld/crawld.yaml"
enum { DATABASE_PATH_MAX = 4096 };

/* A row for the command's table of options; its `take` gives database_take() the first look. */
#define DATABASE_OPTION                                                                            \
    {                                                                                              \
        "config", 'c', "FILE", "where DB may be the NAME of a crawl [" DATABASE_DEFAULT_CONFIG "]" \
    }

struct database_call {
    const char *config; /* as given; NULL: DATABASE_DEFAULT_CONFIG */
    char **operands;    /* behind DB; borrowed from argv */
    char path[DATABASE_PATH_MAX];
};

/* False: the option is not --config. */
bool database_take(struct database_call *call, const struct option_spec *spec, const char *value);

/* Reads the words of a command whose operands are DB and `count` more, "needs ..." being told to
 * whoever gives another number. False: the command is over, with *ret_status (help was printed, or
 * what is wrong). */
bool database_begin(struct database_call *call, const struct options *options, int argc,
                    char **argv, int count, const char *needs, int *ret_status);

#endif
