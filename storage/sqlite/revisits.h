/* revisits: settled URLs that come back: which are due, what is known of them, their histories. */
#ifndef STORAGE_SQLITE_REVISITS_H
#define STORAGE_SQLITE_REVISITS_H

#include "storage/sqlite/work.h"

/* Queues at most `max` settled URLs again whose time has come, the longest due first. Returns how
 * many. Their hosts are to be saved afterwards. */
size_t revisits_promote(struct work *w, size_t max);

/* When the next settled URL is due, be it in the past; 0: none is, or revisits are off. */
int64_t revisits_next_due(struct work *w);

/* Fills lease->known; its strings go into `arena`. */
void revisits_read_known(struct work *w, struct store_lease *lease, struct arena *arena);

void revisits_store_history(struct work *w, int64_t url_id, const struct page_history *history);

/* It was announced that the URL's content is as it is since `modified_unix_ms`: if it is done and
 * its answer is older, it is due now, unless such news of it was wrong before. */
void revisits_announce(struct work *w, int64_t url_id, int64_t modified_unix_ms);

#endif
