/* service: the configured crawls, in one process under one set of limits, each in its own database
 * (STATE_DIRECTORY/NAME.db), until told to stop. Speaks to systemd: READY, STATUS, RELOADING,
 * STOPPING, WATCHDOG. SIGTERM, SIGINT: finishes what is under way (at most SERVICE_DRAIN_MS, then
 * puts it back) and ends; a second one puts it back at once. SIGHUP:          reads the
 * configuration again, whole or not at all: new crawls start, removed ones end, changed ones end
 * and start anew, the others go on untouched. Thread: the loop's. */
#ifndef CRAWLER_SERVICE_SERVICE_H
#define CRAWLER_SERVICE_SERVICE_H

#include <uv.h>

#include "crawler/base/err.h"
#include "crawler/base/log.h"

enum { SERVICE_DRAIN_MS = 5000, SERVICE_STATUS_MS = 1000 };

struct service;
struct service_options {
    uv_loop_t *loop;                   /* borrowed */
    const struct log *log;             /* borrowed */
    const char *config_path;           /* borrowed */
    const char *version;               /* borrowed */
    unsigned parse_seats, store_seats; /* as given to executor_prepare_pool() */
    void *arg;
    void (*on_ended)(void *arg); /* once; the service is gone by then */
};

/* Every problem of the configuration has been logged when this is CW_ECONFIG or CW_ENOTFOUND. */
enum cw_err service_start(struct service **ret, const struct service_options *options,
                          struct errmsg *reterr_msg) MUST_CHECK;

#endif
