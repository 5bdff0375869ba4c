/* schema: the tables (private, versioned) and the views (public, design.md section 2.2) of a
 * crawl's database, and how an older file becomes a newer one. */
#ifndef STORAGE_SQLITE_SCHEMA_H
#define STORAGE_SQLITE_SCHEMA_H

#include "storage/sqlite/db.h"

enum { SCHEMA_VERSION = 4 };

/* Is there a file at `path`? CW_ESTORAGE for a symbolic link or what cannot be looked at, CW_ENOTDB
 * for what is no plain file (opening a named pipe would wait for ever). */
enum cw_err schema_find_file(const char *path, bool *ret_exists,
                             struct errmsg *reterr_msg) MUST_CHECK;

/* Fails with CW_ENOTDB unless the file that was just opened is empty or ours, judged by its first
 * 100 bytes, before any statement could touch it. True: ours.
 * Nothing here opens the file by itself: POSIX drops all locks that a process has on a file when it
 * closes any descriptor of it, those of its other SQLite connections included. */
bool schema_peek(struct db *db);

/* CW_ENOTDB and CW_ENEWER for what this program must not touch; the words name the way out. */
void schema_check(struct db *db);

/* Brings the open database to SCHEMA_VERSION, one transaction a version. */
void schema_migrate(struct db *db);

/* Makes what schema_migrate() would make of the empty file that was just opened, in one transaction
 * and twenty times as fast. */
void schema_create(struct db *db);

/* An empty database of SCHEMA_VERSION as a zstd frame, from make_schema/. */
extern const size_t schema_image_bytes, schema_packed_bytes;
extern const unsigned char schema_packed[];

/* The step from version i to i + 1: SQL in several parts, NULL behind the last. */
extern const char *const *const schema_migrations[SCHEMA_VERSION];
extern const char *const schema_version_3[]; /* each in a file of its own */
extern const char *const schema_version_4[];

/* Milliseconds as the text that the views show. Exact by construction: whole seconds by strftime,
 * the milliseconds beside them. */
#define SCHEMA_UTC(ms)                                                                             \
    "strftime('%Y-%m-%dT%H:%M:%S'," ms "/1000,'unixepoch')||printf('.%03dZ'," ms "%1000)"

#endif
