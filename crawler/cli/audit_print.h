/* audit_print: an audit as tables for people, fit to be sent to a webmaster, or as one JSON object.
 * Violations come as they are found; the tables of hosts and addresses after them. */
#ifndef CRAWLER_CLI_AUDIT_PRINT_H
#define CRAWLER_CLI_AUDIT_PRINT_H

#include <stdbool.h>
#include <stdio.h>

#include "storage/audit.h"

struct audit_print;

/* `path` and `out` are borrowed. */
enum cw_err audit_print_new(struct audit_print **ret, bool as_json, const char *path,
                            FILE *out) MUST_CHECK;
void audit_print_free(struct audit_print *print);

/* What store_audit() calls; `arg` is the print. */
bool audit_print_host(void *arg, const struct audit_host *host);
bool audit_print_address(void *arg, const struct audit_address *address);

/* The verdict. CW_ENOMEM or CW_ESTORAGE (cannot write) when the output is not whole. */
enum cw_err audit_print_end(struct audit_print *print,
                            const struct audit_totals *totals) MUST_CHECK;

#endif
