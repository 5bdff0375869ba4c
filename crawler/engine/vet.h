/* vet: what a configuration says, in the eyes of the rooms that will use it. Pure; any thread. */
#ifndef CRAWLER_ENGINE_VET_H
#define CRAWLER_ENGINE_VET_H

#include "config/config.h"

/* A config_vet_fn: seeds must be URLs that can be crawled, patterns must compile. */
enum cw_err engine_vet(const char *key, struct str text, struct errmsg *reterr_msg);

/* CW_EURL, with a sentence about `text` in which no password shows. */
enum cw_err engine_refuse_url(struct str text, struct errmsg *reterr_msg) MUST_CHECK;

#endif
