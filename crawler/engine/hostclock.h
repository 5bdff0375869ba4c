/* hostclock: between the clocks of hosts, which are monotonic and the process's, and what each
 * crawl's database keeps of them. Thread: the loop's. */
#ifndef CRAWLER_ENGINE_HOSTCLOCK_H
#define CRAWLER_ENGINE_HOSTCLOCK_H

#include "crawler/base/err.h"
#include "crawler/engine/engine.h"
#include "crawler/frontier/hosts.h"
#include "storage/store.h"

/* What is worth storing of it now; `name` is borrowed. robots.txt is the caller's to add. */
struct store_host hostclock_read(const struct host *host, struct str name);

/* A stored clock still counts: the host is not asked before its pause and its rest are over. Where
 * the delay has grown since, the pause grows with it. Of several databases the longest wait counts.
 * No wait is longer than a day. */
void hostclock_restore(struct engine *engine, struct host *host, const struct host_policy *policy,
                       const struct store_host *stored);

/* The same for all that a database lists, whether its crawl needs the host now or another one
 * does. After a kill no host at all is asked before its delay is over: requests to it may have been
 * under way. CW_ENOMEM: some are missing, so nothing may be asked. */
enum cw_err hostclock_restore_all(struct engine *engine, const struct host_policy *policy,
                                  const struct store_clocks *stored) MUST_CHECK;

#endif
