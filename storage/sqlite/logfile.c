#include "storage/sqlite/logfile.h"

#include <sqlite3.h>
#include <stdalign.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "crawler/base/util.h"

/* Of a frame; and where it says how many pages the database has after it: 0 unless it is the last
 * of a transaction. */
enum { FRAME_HEADER_SIZE = 24, PAGES_OFFSET = 4, PAGES_SIZE = 4 };

/* SQLite's VFS of this system, but for the opening of logs. */
struct logvfs {
    sqlite3_vfs vfs;
    sqlite3_vfs *system;
};

/* Behind the system's own sqlite3_file, whose methods it takes the place of. */
struct logfile {
    sqlite3_io_methods methods; /* the file's; where it points to */
    const sqlite3_io_methods *system;
    char *bytes;         /* owned; gathered, to be written at `begin`. NULL until first needed */
    int count;           /* of whole frames, and the header of one whose page comes next */
    bool is_last;        /* the frame that came last ends a transaction */
    sqlite3_int64 begin; /* where they go */
    sqlite3_int64 end;   /* behind all that was written or gathered since the log began */
};

static struct logfile *logfile_of(sqlite3_file *file)
{
    return CONTAINER_OF(file->pMethods, struct logfile, methods);
}

/* What cannot be written is forgotten: its transaction fails. */
static int write_gathered(sqlite3_file *file)
{
    struct logfile *log = logfile_of(file);
    int count = log->count;
    log->count = 0;
    return count > 0 ? log->system->xWrite(file, log->bytes, count, log->begin) : SQLITE_OK;
}

/* It begins with a header and goes on with what comes behind that. */
static bool may_gather(struct logfile *log, int count, sqlite3_int64 offset)
{
    if (log->count > 0)
        return offset == log->begin + log->count && count <= LOGFILE_BUFFER_SIZE - log->count;
    if (count != FRAME_HEADER_SIZE || offset < log->end)
        return false;
    if (log->bytes == NULL)
        log->bytes = malloc(LOGFILE_BUFFER_SIZE);
    log->begin = offset;
    return log->bytes != NULL;
}

static int gather(sqlite3_file *file, const char *bytes, int count)
{
    static const char none[PAGES_SIZE];
    struct logfile *log = logfile_of(file);
    memcpy(log->bytes + log->count, bytes, (size_t)count);
    log->count += count;
    if (count == FRAME_HEADER_SIZE) {
        log->is_last = memcmp(bytes + PAGES_OFFSET, none, sizeof none) != 0;
        return SQLITE_OK;
    }
    return log->is_last || log->count >= LOGFILE_GATHER ? write_gathered(file) : SQLITE_OK;
}

static int write_log(sqlite3_file *file, const void *bytes, int count, sqlite3_int64 offset)
{
    struct logfile *log = logfile_of(file);
    if (offset == 0)
        log->end = 0; /* the log begins anew */
    bool gathers = may_gather(log, count, offset);
    log->end = MAX(log->end, offset + count);
    if (gathers)
        return gather(file, bytes, count);
    int code = write_gathered(file);
    return code == SQLITE_OK ? log->system->xWrite(file, bytes, count, offset) : code;
}

static int read_log(sqlite3_file *file, void *bytes, int count, sqlite3_int64 offset)
{
    int code = write_gathered(file);
    return code == SQLITE_OK ? logfile_of(file)->system->xRead(file, bytes, count, offset) : code;
}

static int truncate_log(sqlite3_file *file, sqlite3_int64 size)
{
    int code = write_gathered(file);
    return code == SQLITE_OK ? logfile_of(file)->system->xTruncate(file, size) : code;
}

static int sync_log(sqlite3_file *file, int flags)
{
    int code = write_gathered(file);
    return code == SQLITE_OK ? logfile_of(file)->system->xSync(file, flags) : code;
}

static int measure_log(sqlite3_file *file, sqlite3_int64 *ret)
{
    int code = write_gathered(file);
    return code == SQLITE_OK ? logfile_of(file)->system->xFileSize(file, ret) : code;
}

/* What is still gathered belongs to a transaction that was not committed. */
static int close_log(sqlite3_file *file)
{
    struct logfile *log = logfile_of(file);
    free(log->bytes);
    file->pMethods = log->system;
    return file->pMethods->xClose(file);
}

static int open_file(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
                     int *ret_flags)
{
    sqlite3_vfs *system = CONTAINER_OF(vfs, struct logvfs, vfs)->system;
    int code = system->xOpen(system, name, file, flags, ret_flags);
    if (code != SQLITE_OK || (flags & SQLITE_OPEN_WAL) == 0)
        return code;
    void *behind = (char *)file + vfs->szOsFile - sizeof(struct logfile);
    struct logfile *log = behind;
    *log = (struct logfile){.methods = *file->pMethods, .system = file->pMethods};
    log->methods.iVersion = 1;
    log->methods.xClose = close_log;
    log->methods.xRead = read_log;
    log->methods.xWrite = write_log;
    log->methods.xTruncate = truncate_log;
    log->methods.xSync = sync_log;
    log->methods.xFileSize = measure_log;
    file->pMethods = &log->methods;
    return SQLITE_OK;
}

void logfile_register(void)
{
    sqlite3_vfs *system = sqlite3_vfs_find(NULL);
    if (system == NULL || sqlite3_vfs_find(LOGFILE_VFS) != NULL)
        return;
    struct logvfs *own = malloc(sizeof *own);
    if (own == NULL)
        return;
    *own = (struct logvfs){.vfs = *system, .system = system};
    int align = (int)alignof(struct logfile);
    own->vfs.szOsFile =
        (system->szOsFile + align - 1) / align * align + (int)sizeof(struct logfile);
    own->vfs.pNext = NULL;
    own->vfs.zName = LOGFILE_VFS;
    own->vfs.xOpen = open_file;
    if (sqlite3_vfs_register(&own->vfs, 0) != SQLITE_OK)
        free(own);
}
