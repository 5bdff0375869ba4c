/* clocks: how much time passes between two processes on one database, so that what a host was
 * promised outlives both.
 *
 * The wall clock may be set at any time, so nothing is built on it. The steady clock of a database
 * counts the milliseconds of its life, by the machine's boot clock: from commit to commit it
 * advances by what really passed, from one process to the next by no more than that. Within one
 * boot the boot clock tells; after a later boot it is smaller than it was or, if the machine has
 * been up for longer than before, tells less than what has passed. So a promise is kept for its
 * whole time or, after a boot, for longer, never for less. (A database carried to another machine
 * in the middle of a rest is the exception.)   Thread: as store.h. */
#ifndef STORAGE_SQLITE_CLOCKS_H
#define STORAGE_SQLITE_CLOCKS_H

#include "storage/sqlite/work.h"

/* Within the transaction that opens the store, before leases lapse and before its row of crawl_:
 * *ret_base_ms is what to add to the boot clock to have the steady one; *ret_was_killed tells
 * whether the last process ended without a word. What it had under way counts as ended now: of
 * hosts that were leased here; of others, where nothing is known, by the caller. */
void clocks_open(struct db *db, int64_t *ret_base_ms, bool *ret_was_killed);

/* After it: the row of crawl_ notes the steady clock. */
void clocks_begin(struct db *db, int64_t base_ms);

/* With each commit. */
void clocks_tick(struct work *w);

/* Between the boot clock's times in the interface and the steady ones in the tables; 0 is none. */
int64_t clocks_to_steady(int64_t base_ms, int64_t boot_ms);
int64_t clocks_to_boot(int64_t base_ms, int64_t steady_ms);

#endif
