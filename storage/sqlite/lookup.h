/* lookup: the row of what a reader asks for by name. */
#ifndef STORAGE_SQLITE_LOOKUP_H
#define STORAGE_SQLITE_LOOKUP_H

#include "storage/sqlite/db.h"

enum { LOOKUP_NONE = -1 };

/* The id of a host, or of a canonical URL; LOOKUP_NONE: never seen. */
int64_t lookup_host(struct db *db, struct str name);
int64_t lookup_url(struct db *db, struct str url);

#endif
