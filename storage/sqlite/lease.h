/* lease: the hosts and URLs that are handed out, and how they come back. */
#ifndef STORAGE_SQLITE_LEASE_H
#define STORAGE_SQLITE_LEASE_H

#include "storage/sqlite/work.h"

/* Takes back the leases of hosts that ran dry. */
void lease_return_hosts(struct work *w, const struct str *hosts, size_t count);

/* Fills the reply's hosts and leases (in its arena). After work_save_line(). */
void lease_grant(struct work *w, const struct store_want *want, struct store_reply *reply);

/* Fills the reply's fed hosts, after lease_grant(). */
void lease_list_fed(struct work *w, struct store_reply *reply);

/* The earliest future time at which something that waits for a time may go on; 0: nothing waits. */
int64_t lease_next_due(struct work *w);

/* Ends all leases: of a process that died, or of this one when it closes. */
void lease_lapse(struct db *db);

#endif
