/* notify: tells the service manager how the daemon is (Type=notify). Every call is a no-op when
 * nobody asked to be told ($NOTIFY_SOCKET is not set), and a message that cannot be delivered is
 * ignored: a crawl does not depend on it. Thread: any, but the environment must not change
 * meanwhile. Cost: one datagram. Standard: the protocol of sd_notify(3) and sd_watchdog_enabled(3),
 * which is stable and free to implement. libsystemd would do it too, but each start of crawld would
 * load it and the four libraries that it brings, whatever the command: 3.1 of 28.9 million
 * instructions. */
#ifndef CRAWLER_SERVICE_NOTIFY_H
#define CRAWLER_SERVICE_NOTIFY_H

#include <stdint.h>

#include "crawler/base/str.h"

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
