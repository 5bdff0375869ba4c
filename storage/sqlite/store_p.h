/* store_p: what the files that implement store.h share. */
#ifndef STORAGE_SQLITE_STORE_P_H
#define STORAGE_SQLITE_STORE_P_H

#include <sys/types.h>

#include "storage/sqlite/clocks.h"
#include "storage/sqlite/lock.h"
#include "storage/sqlite/work.h"

struct store {
    char *path; /* owned; its folder is resolved, its last part is not */
    struct lock lock;
    struct db db;
    struct db folder; /* of store_fold() alone, which may run beside the others; open once needed */
    dev_t device;     /* of the file */
    ino_t inode;
    struct totals totals; /* as of the last commit */
    struct clocks clocks;
    int64_t page_bytes;
    int64_t log_bytes; /* in the WAL, as of the last commit; 0 after a whole checkpoint */
    bool is_young;     /* a new file; nobody has waited yet until it is on the disk */
    int64_t first_commit_unix_ms; /* 0: none yet */
    struct db_wait wait;
    bool revisits;
    struct hostids *ids;   /* owned */
    struct seenurls *seen; /* owned; NULL: there is none */
    struct str (*domain_of)(struct str host);
};

enum {
    LOG_LONG_BYTES = 8 << 20,     /* it is to be folded: store_fold() and store_checkpoint() */
    LOG_LONGEST_BYTES = 64 << 20, /* the next commit waits for that */
};

/* After a commit: is the log to be folded? */
bool fold_is_due(struct store *store, int64_t now_unix_ms);
/* Folds what can be folded without waiting for anybody. True: that was all of the log. */
bool fold_log(struct db *db);
/* Waits until the file itself is on the disk; not the log. */
void fold_sync(struct db *db);

/* `path` with every symbolic link in its folder followed (owned by the caller). SQLite is asked to
 * follow none, so that nobody can put one in place of the file; the folder is the person's choice.
 * CW_ENOTFOUND: no such folder; CW_ESTORAGE; CW_ENOMEM. */
enum cw_err store_resolve_path(const char *path, char **ret, struct errmsg *reterr_msg) MUST_CHECK;

#endif
