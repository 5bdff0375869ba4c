/* schema: the tables (private, versioned) and the views (public, design.md section 2.2) of a
 * crawl's database, and how an older file becomes a newer one. */
#ifndef STORAGE_SQLITE_SCHEMA_H
#define STORAGE_SQLITE_SCHEMA_H

#include "storage/sqlite/db.h"

enum { SCHEMA_VERSION = 1 };

/* What lies at a path, judged by its first 100 bytes, without touching anything. */
enum schema_kind {
    SCHEMA_ABSENT, /* no such file */
    SCHEMA_EMPTY,  /* a file of no bytes */
    SCHEMA_OURS,   /* a crawld database */
};
/* Anything else is an error: CW_ENOTDB, or CW_ESTORAGE for what cannot be read. */
enum cw_err schema_peek(const char *path, enum schema_kind *ret,
                        struct errmsg *reterr_msg) MUST_CHECK;

/* CW_ENOTDB and CW_ENEWER for what this program must not touch; the words name the way out. */
void schema_check(struct db *db);

/* Brings the open database to SCHEMA_VERSION, one transaction a version. */
void schema_migrate(struct db *db);

/* The step from version i to i + 1. */
extern const char *const schema_migrations[SCHEMA_VERSION];

#endif
