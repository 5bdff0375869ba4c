/* reader_p: what reader.c, query.c, body.c and audit.c share. */
#ifndef STORAGE_SQLITE_READER_P_H
#define STORAGE_SQLITE_READER_P_H

#include "storage/sqlite/db.h"
#include "storage/store.h"

struct store_reader {
    char *path; /* owned */
    struct db db;
};

/* Lets no statement through that writes or reaches for another file (`guarded`: from now on). */
void reader_guard(struct store_reader *reader, bool guarded);

#endif
