/* notify: tells the service manager how the daemon is (sd_notify(3), Type=notify). Every call is a
 * no-op when nobody asked to be told ($NOTIFY_SOCKET is not set) or when built without libsystemd,
 * and a message that cannot be delivered is ignored: a crawl does not depend on it. Thread: any,
 * but the environment must not change meanwhile. Cost: one datagram. */
#ifndef CRAWLER_SERVICE_NOTIFY_H
#define CRAWLER_SERVICE_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>

#include "crawler/base/str.h"

/* False: built without libsystemd, so that all of this does nothing. */
bool notify_is_supported(void);

/* The service is up: configuration accepted, databases open. Also ends notify_reloading(). */
void notify_ready(void);

/* A reload begins; notify_ready() must follow, also when the new configuration was refused. */
void notify_reloading(void);

/* The service shuts down. */
void notify_stopping(void);

/* One line for `systemctl status`: "5 crawls, 1234 pages, 12 pages/s". Line breaks become spaces;
 * what is over 512 bytes is cut. */
void notify_status(struct str text);

/* Still alive. Due at least once in every interval. */
void notify_watchdog(void);

/* How often to call notify_watchdog(): half the time that the manager allows (WatchdogSec=). 0: it
 * does not watch us. */
int64_t notify_watchdog_interval_ms(void);

#endif
