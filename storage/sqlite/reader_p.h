/* reader_p: what reader.c, query.c and body.c share. */
#ifndef STORAGE_SQLITE_READER_P_H
#define STORAGE_SQLITE_READER_P_H

#include "storage/sqlite/db.h"
#include "storage/store.h"

struct store_reader {
    char *path; /* owned */
    struct db db;
};

#endif
