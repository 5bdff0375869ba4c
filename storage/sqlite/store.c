#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crawler/base/clock.h"
#include "storage/sqlite/hostids.h"
#include "storage/sqlite/lease.h"
#include "storage/sqlite/logfile.h"
#include "storage/sqlite/schema.h"
#include "storage/sqlite/seenurls.h"
#include "storage/sqlite/store_p.h"

enum { BUSY_TIMEOUT_MS = 60000 };

/* DESIGN.md argues each of these. */
#define SETTINGS                                                                                   \
    "PRAGMA journal_mode = WAL;"                                                                   \
    "PRAGMA foreign_keys = OFF;"                                                                   \
    "PRAGMA cache_size = -16384;"                                                                  \
    "PRAGMA secure_delete = OFF;"                                                                  \
    "PRAGMA temp_store = MEMORY;"                                                                  \
    "PRAGMA journal_size_limit = 67108864"

/* SQLite would count the bytes it has, under a lock that each malloc() and free() takes: 8 % of the
 * instructions of a commit. Nobody asks for that count. */
void store_prepare_process(void)
{
    (void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    logfile_register();
}

/* ---- opening ---- */

static enum cw_err remove_file(const char *path, const char *suffix, struct errmsg *reterr_msg)
{
    char *name = NULL;
    enum cw_err err = CW_OK;
    if (asprintf(&name, "%s%s", path, suffix) < 0)
        return errmsg_set(reterr_msg, CW_ENOMEM, "%s", cw_err_text(CW_ENOMEM));
    if (unlink(name) != 0 && errno != ENOENT)
        err = errmsg_set(reterr_msg, CW_ESTORAGE, "cannot remove %s: %s", name, strerror(errno));
    free(name);
    return err;
}

/* The database goes first: SQLite throws away a journal or WAL that it finds beside an empty file,
 * so a death in between leaves nothing that could be mixed up. */
static enum cw_err remove_content(const char *path, struct errmsg *reterr_msg)
{
    static const char *const suffixes[] = {"", "-wal", "-shm", "-journal"};
    enum cw_err err = CW_OK;
    for (size_t i = 0; err == CW_OK && i < ARRAY_LEN(suffixes); i++)
        err = remove_file(path, suffixes[i], reterr_msg);
    return err;
}

/* Opens the file, whoever may have put it there; refuses it untouched unless it is ours. */
static void open_file(struct store *store, int busy_timeout_ms)
{
    struct db *db = &store->db;
    db_open(db, store->path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, busy_timeout_ms);
    db_tell_waits(db, &store->wait);
    schema_peek(db);
}

static enum cw_err forget_content(struct db *db, struct errmsg *reterr_msg)
{
    const char *path = db->path;
    enum cw_err err = db_error(db, reterr_msg);
    if (err != CW_OK)
        return err;
    db_close(db);
    return remove_content(path, reterr_msg);
}

/* A file is born in rollback mode, so that from its first byte on the header says whose it is; with
 * a WAL it would stay empty until the first checkpoint. */
static void set_up(struct store *store)
{
    struct db *db = &store->db;
    bool is_new = db_int(db, "SELECT count(*) FROM sqlite_schema") == 0 &&
                  db_int(db, "PRAGMA application_id") == 0;
    store->is_young = is_new;
    if (is_new) {
        db_exec(db, "PRAGMA synchronous = OFF");
        schema_create(db);
    } else {
        db_exec(db, "PRAGMA synchronous = NORMAL");
        schema_check(db);
        schema_migrate(db);
    }
    db_exec(db, SETTINGS);
}

static void begin_crawl(struct store *store, const struct store_options *options)
{
    struct db *db = &store->db;
    db_begin(db);
    clocks_open(db, &store->clocks);
    if (!store->is_young)
        lease_lapse(db);
    struct query q = db_query(db, DB_CRAWL_BEGIN,
                              "INSERT INTO crawl_(started_ms, command, version, pages, errors,"
                              " bytes, settings) VALUES(?, ?, ?, 0, 0, 0, ?)");
    put_int(&q, clock_unix_ms());
    put_text(&q, str_of(options->command));
    put_text(&q, str_of(options->version));
    put_text(&q, str_of(options->settings));
    query_run(&q);
    clocks_begin(db, &store->clocks);
    db_end(db);
}

/* Takes the place of SQLite's own checkpoints, which would come inside a commit. */
static int on_log_written(void *arg, sqlite3 *handle, const char *name, int pages)
{
    struct store *store = arg;
    (void)handle;
    (void)name;
    store->log_bytes = pages * store->page_bytes;
    return SQLITE_OK;
}

static void read_totals(struct db *db, struct totals *totals)
{
    struct query q =
        db_query(db, DB_HOST_TOTALS, "SELECT sum(urls), sum(queued), sum(pages) FROM host_");
    if (query_next(&q))
        *totals = (struct totals){
            .seen = query_int(&q, 0), .queued = query_int(&q, 1), .pages = query_int(&q, 2)};
    query_end(&q);
}

static void note_identity(struct store *store)
{
    struct stat st;
    if (stat(store->path, &st) != 0)
        return;
    store->device = st.st_dev;
    store->inode = st.st_ino;
}

static enum cw_err open_database(struct store *store, const struct store_options *options,
                                 struct errmsg *reterr_msg)
{
    struct db *db = &store->db;
    int timeout = options->busy_timeout_ms > 0 ? options->busy_timeout_ms : BUSY_TIMEOUT_MS;
    bool exists = false;
    enum cw_err err = schema_find_file(store->path, &exists, reterr_msg);
    if (err != CW_OK)
        return err;
    open_file(store, timeout);
    if (exists && options->fresh) {
        err = forget_content(db, reterr_msg);
        if (err != CW_OK)
            return err;
        open_file(store, timeout);
    }
    set_up(store);
    sqlite3_wal_hook(db->handle, on_log_written, store);
    begin_crawl(store, options);
    read_totals(db, &store->totals);
    note_identity(store);
    store->page_bytes = db_int(db, "PRAGMA page_size");
    return db_error(db, reterr_msg);
}

static void free_store(struct store *store)
{
    db_close(&store->folder);
    db_close(&store->db);
    lock_release(&store->lock);
    free(store->ids);
    seenurls_free(store->seen);
    free(store->path);
    free(store);
}

enum cw_err store_open(struct store **ret, const struct store_options *options,
                       struct errmsg *reterr_msg)
{
    struct store *store = malloc(sizeof *store);
    if (store == NULL)
        return errmsg_set(reterr_msg, CW_ENOMEM, "%s", cw_err_text(CW_ENOMEM));
    *store = (struct store){
        .lock = LOCK_INIT,
        .domain_of = options->domain_of,
        .revisits = options->revisits,
        .seen = seenurls_new(SEENURLS_SETS),
    };
    store->ids = calloc(1, sizeof *store->ids);
    enum cw_err err = store->ids != NULL
                          ? store_resolve_path(options->path, &store->path, reterr_msg)
                          : errmsg_set(reterr_msg, CW_ENOMEM, "%s", cw_err_text(CW_ENOMEM));
    if (err == CW_ENOTFOUND)
        err = CW_ESTORAGE; /* of the folder; a missing file would be made */
    if (err == CW_OK)
        err = lock_take(&store->lock, store->path, reterr_msg);
    if (err == CW_OK)
        err = open_database(store, options, reterr_msg);
    if (err == CW_OK)
        *ret = STEAL(store);
    else
        free_store(store);
    return err;
}

void store_waits(const struct store *store, struct store_wait *ret)
{
    int64_t since_ms = db_wait_since_ms(&store->wait, clock_mono_ms());
    *ret = (struct store_wait){.since_mono_ms = since_ms,
                               .holder_pid = since_ms != 0 ? store->wait.holder : 0};
}

/* ---- closing ---- */

static void end_crawl(struct db *db, const char *end_reason)
{
    db_clear(db);
    db_begin(db);
    lease_lapse(db);
    if (end_reason != NULL) {
        struct query q = db_query(db, DB_CRAWL_END,
                                  "UPDATE crawl_ SET ended_ms = ?, end_reason = ?"
                                  " WHERE id = (SELECT max(id) FROM crawl_)");
        put_int(&q, clock_unix_ms());
        put_text(&q, str_of(end_reason));
        query_run(&q);
    }
    db_end(db);
}

static int try_to(struct db *db, const char *pragma)
{
    return sqlite3_exec(db->handle, pragma, NULL, NULL, NULL);
}

/* Leaves one plain file, that can be read also from where nothing can be written. While somebody
 * reads it or the disk is full, the WAL stays beside it, which loses nothing: ignoring.
 * The way back to a rollback journal changes one page, and either state of it will do after a power
 * cut; so when all is folded, that is not waited for. What is young is put on the disk at last. */
static void leave_one_file(struct store *store)
{
    struct db *db = &store->db;
    sqlite3_busy_timeout(db->handle, 0);
    if (store->is_young || fold_log(db))
        (void)try_to(db, "PRAGMA synchronous = OFF");
    if (try_to(db, "PRAGMA journal_mode = DELETE") != SQLITE_OK) {
        (void)try_to(db, "PRAGMA synchronous = NORMAL");
        (void)try_to(db, "PRAGMA wal_checkpoint(TRUNCATE)");
    }
    if (store->is_young)
        fold_sync(db);
}

enum cw_err store_close(struct store *store, const char *end_reason, struct errmsg *reterr_msg)
{
    if (store == NULL)
        return CW_OK;
    end_crawl(&store->db, end_reason);
    enum cw_err err = db_error(&store->db, reterr_msg);
    for (size_t i = 0; i < DB_STATEMENT_COUNT; i++)
        sqlite3_finalize(STEAL(store->db.statements[i]));
    db_close(&store->folder); /* else the file could not become a plain one */
    leave_one_file(store);
    free_store(store);
    return err;
}
