/* hint: what a person is told about a URL that failed, and can do. */
#ifndef CRAWLER_ENGINE_HINT_H
#define CRAWLER_ENGINE_HINT_H

#include "crawler/base/err.h"
#include "crawler/base/log.h"
#include "crawler/page.h"

/* "--max-size (max_size) allows more"; a question where nothing better is known. */
const char *hint_about(enum cw_err err);

/* A start URL that failed, or was kept back, is news to whoever named it; any other page is one of
 * many. */
void hint_log(const struct log *log, const struct outcome *outcome);

#endif
