/* holder: which other process holds a lock on a database, as the kernel tells it (/proc/locks).
 * Nothing is opened but that list: closing a descriptor of a locked file would drop SQLite's own
 * locks on it (fcntl(2)). Thread: any. Cost: a line for each lock of the machine. */
#ifndef STORAGE_SQLITE_HOLDER_H
#define STORAGE_SQLITE_HOLDER_H

#include <stdint.h>

enum holder_of {
    HOLDER_WRITES, /* keeps writers out */
    HOLDER_READS,  /* reads from the WAL, which cannot be folded in meanwhile */
};

/* The process id; 0: nobody, or not known. `path` is the database's. */
int32_t holder_find(const char *path, enum holder_of what);

#endif
