/* report: how a crawl's outcome is shown: a JSON line a page, and the summary at the end. */
#ifndef CRAWLER_CLI_REPORT_H
#define CRAWLER_CLI_REPORT_H

#include <stdio.h>

#include "crawler/base/buf.h"
#include "crawler/engine/crawl.h"
#include "crawler/page.h"

/* Adds one line with the columns of view `page` that are known when a page lands. */
enum cw_err report_add_jsonl(struct buf *line, const struct outcome *outcome) MUST_CHECK;

/* Counts by status and by reason not fetched, as text for people. */
void report_print_summary(FILE *out, const struct crawl_result *result, const char *db_path);

#endif
