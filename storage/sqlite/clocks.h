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

struct clocks {
    int64_t base_ms;      /* what to add to the boot clock to have the steady one */
    int64_t last_unix_ms; /* the wall clock at the last commit; 0: none */
    bool was_killed;      /* the last process ended without a word */
};

/* Within the transaction that opens the store, before leases lapse and before its row of crawl_.
 * What a killed process had under way counts as ended now: of hosts that were leased here; of
 * others, where nothing is known, by the caller. */
void clocks_open(struct db *db, struct clocks *ret);

/* After it: the row of crawl_ notes the steady clock. */
void clocks_begin(struct db *db, const struct clocks *clocks);

/* At the beginning of each commit. A wall clock that was set back since the last one takes with it
 * what waits for a time or stands in line: else nothing would be due until that clock is again
 * where it was. Cost: one look at all that waits, once for each such set-back. */
void clocks_tick(struct work *w, const struct clocks *clocks);

/* Between the boot clock's times in the interface and the steady ones in the tables; 0 is none. */
int64_t clocks_to_steady(int64_t base_ms, int64_t boot_ms);
int64_t clocks_to_boot(int64_t base_ms, int64_t steady_ms);

#endif
