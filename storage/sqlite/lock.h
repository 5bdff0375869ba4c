/* lock: at most one process writes a database. A file beside it, `<path>-lock`, is locked for as
 * long as the store is open and holds the writer's process id. The kernel lets go of the lock when
 * the process dies, so a file that stays behind after a crash blocks nobody.
 *
 * It is an open-file-description lock (fcntl F_OFD_SETLK), not a process lock: it also keeps out a
 * second store in the same process, and no close() elsewhere can lose it. */
#ifndef STORAGE_SQLITE_LOCK_H
#define STORAGE_SQLITE_LOCK_H

#include <stdbool.h>

#include "crawler/base/err.h"

struct lock {
    char *path; /* owned */
    int fd;
};

#define LOCK_INIT ((struct lock){.fd = -1})

/* CW_ELOCKED names the holder's process; CW_EDISKFULL, CW_ESTORAGE, CW_ENOMEM. On error, too,
 * lock_release() is to follow. */
enum cw_err lock_take(struct lock *lock, const char *database,
                      struct errmsg *reterr_msg) MUST_CHECK;

/* Does somebody write the database now? *ret_pid is who, 0 when that cannot be read. Looks only;
 * what cannot be looked at is not held. */
bool lock_is_held(const char *database, int *ret_pid);

/* Removes the file and lets go. A lock that was never taken is fine. */
void lock_release(struct lock *lock);

#endif
