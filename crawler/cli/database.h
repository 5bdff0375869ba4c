/* database: which file a DB operand means: a path, or the name of a crawl of the service. */
#ifndef CRAWLER_CLI_DATABASE_H
#define CRAWLER_CLI_DATABASE_H

#include <stddef.h>

#define DATABASE_DEFAULT_CONFIG "/etc/crawld/crawld.yaml"
enum { DATABASE_PATH_MAX = 4096 };

/* A file of this name, if there is one; else, for a plain NAME, NAME.db in the state directory of
 * the service's configuration, if that is there; else the operand itself. */
void database_find(const char *operand, const char *config_path, char ret_path[DATABASE_PATH_MAX]);

#endif
