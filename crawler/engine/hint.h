/* hint: what a person can do about a URL that failed. Pure. */
#ifndef CRAWLER_ENGINE_HINT_H
#define CRAWLER_ENGINE_HINT_H

#include "crawler/base/err.h"

/* "--max-size (max_size) allows more"; a question where nothing better is known. */
const char *hint_about(enum cw_err err);

#endif
