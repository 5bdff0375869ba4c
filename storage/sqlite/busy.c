/* Waiting for another program's lock, so that others can see it. */
#include "crawler/base/clock.h"
#include "storage/sqlite/db.h"
#include "storage/sqlite/holder.h"

enum {
    LOOK_MS = 1000,  /* between two looks at who holds the lock */
    LONGEST_MS = 50, /* between two tries */
    QUIET_MS = 1000, /* a wait of which nothing was heard for so long is over */
};

/* The wait that goes on, or a new one. */
static int64_t note_wait(struct db_wait *wait, int count, int64_t now_ms)
{
    if (count == 0) {
        wait->since_ms = now_ms;
        wait->looked_ms = INT64_MIN;
        wait->holder = 0;
    }
    wait->tried_ms = now_ms;
    return now_ms - wait->since_ms;
}

static void look(struct db *db, int64_t now_ms)
{
    if (db->wait->looked_ms > now_ms - LOOK_MS)
        return;
    db->wait->looked_ms = now_ms;
    db->wait->holder = holder_find(db->path, HOLDER_WRITES);
}

/* From SQLite, on the thread of the call that waits. 0: give up. */
static int on_busy(void *arg, int count)
{
    struct db *db = arg;
    int64_t now_ms = clock_mono_ms();
    if (note_wait(db->wait, count, now_ms) >= db->busy_timeout_ms)
        return 0;
    look(db, now_ms);
    (void)sqlite3_sleep(MIN(1 + count, LONGEST_MS));
    return 1;
}

void db_tell_waits(struct db *db, struct db_wait *wait)
{
    if (db->handle == NULL)
        return;
    db->wait = wait;
    sqlite3_busy_handler(db->handle, on_busy, db);
}

int64_t db_wait_since_ms(const struct db_wait *wait, int64_t now_ms)
{
    return wait->tried_ms > now_ms - QUIET_MS ? wait->since_ms : 0;
}
