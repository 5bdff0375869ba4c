/* Keeping the log short. The log begins anew when a commit finds all of it folded into the file;
 * while commits follow each other that never happens by itself. So the bulk is folded beside them,
 * and what has come meanwhile between two of them. Ignoring errors: the log keeps everything, and a
 * disk that is full or broken fails the next commit. */
#include <sys/stat.h>

#include "storage/sqlite/store_p.h"

/* Of store_fold(): the second finds only what was committed during the first. */
enum { PASSES = 2 };

bool fold_log(struct db *db)
{
    int pages = 0, folded = 0;
    int code =
        sqlite3_wal_checkpoint_v2(db->handle, NULL, SQLITE_CHECKPOINT_PASSIVE, &pages, &folded);
    return code == SQLITE_OK && folded == pages;
}

void fold_sync(struct db *db)
{
    sqlite3_file *file = NULL;
    (void)sqlite3_file_control(db->handle, "main", SQLITE_FCNTL_FILE_POINTER, &file);
    if (file != NULL && file->pMethods != NULL)
        (void)file->pMethods->xSync(file, SQLITE_SYNC_NORMAL);
}

/* Does the name still lead to the file that the store has opened? */
static bool is_same_file(const struct store *store)
{
    struct stat st;
    return stat(store->path, &st) == 0 && st.st_dev == store->device && st.st_ino == store->inode;
}

/* The connection of store_fold(). It comes late, because a short crawl does without it. Where there
 * is none, store_checkpoint() does it all. */
static void open_folder(struct store *store)
{
    struct db *db = &store->folder;
    db_open(db, store->path, SQLITE_OPEN_READWRITE, 0);
    (void)db_int(db, "PRAGMA schema_version"); /* opens the log, too */
    if (db->err != CW_OK || !is_same_file(store))
        db_close(db);
}

bool fold_is_due(struct store *store, int64_t now_unix_ms)
{
    if (store->first_commit_unix_ms == 0)
        store->first_commit_unix_ms = now_unix_ms;
    int64_t age_ms = now_unix_ms - store->first_commit_unix_ms;
    bool is_grown = age_ms < 0 || age_ms >= STORE_YOUNG_MS; /* below 0: the clock was set */
    return (store->is_young && is_grown) || store->log_bytes >= LOG_LONG_BYTES;
}

/* A checkpoint waits for the disk only where it has reached the end of the log, hence fold_sync():
 * else the next one would have to wait for all that this one has written. */
void store_fold(struct store *store)
{
    if (store->folder.handle == NULL)
        open_folder(store);
    for (int pass = 0; store->folder.handle != NULL && pass < PASSES; pass++) {
        (void)fold_log(&store->folder);
        fold_sync(&store->folder);
    }
}

void store_checkpoint(struct store *store)
{
    if (store->is_young) {
        (void)sqlite3_exec(store->db.handle, "PRAGMA synchronous = NORMAL", NULL, NULL, NULL);
        fold_sync(&store->db);
        store->is_young = false;
    }
    if (fold_log(&store->db))
        store->log_bytes = 0;
}
