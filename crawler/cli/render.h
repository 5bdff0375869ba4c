/* render: rows of a query as a table (libsmartcols), CSV (RFC 4180), one JSON array, or JSON lines.
 * Rows stream; a table is laid out in runs of RENDER_TABLE_ROWS, so memory is bounded. */
#ifndef CRAWLER_CLI_RENDER_H
#define CRAWLER_CLI_RENDER_H

#include <stdbool.h>
#include <stdio.h>

#include "crawler/base/err.h"
#include "storage/store.h"

enum render_format { RENDER_TABLE, RENDER_CSV, RENDER_JSON, RENDER_JSONL };
enum { RENDER_TABLE_ROWS = 5000, RENDER_ROW_MAX_BYTES = 64 * 1024 * 1024 };

/* False: no such format. */
bool render_format_by_name(const char *name, enum render_format *ret);

struct render;
enum cw_err render_new(struct render **ret, enum render_format format, FILE *out) MUST_CHECK;
void render_free(struct render *render);

/* What store_query() calls; `arg` is the render. */
bool render_columns(void *arg, const char *const *names, size_t count);
bool render_row(void *arg, const struct store_value *values, size_t count);

/* Ends the output. CW_ENOMEM, CW_ETOOBIG (one row over the ceiling) or CW_ESTORAGE (cannot write)
 * when it is not whole. */
enum cw_err render_end(struct render *render) MUST_CHECK;

#endif
