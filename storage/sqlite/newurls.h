/* newurls: URLs of a batch that are new. Most of the time that a row takes is the statement's,
 * which opens seven indexes, so their rows are inserted NEWURLS_MAX a statement. Thread: the
 * store's. */
#ifndef STORAGE_SQLITE_NEWURLS_H
#define STORAGE_SQLITE_NEWURLS_H

#include "storage/sqlite/urls.h"

enum { NEWURLS_MAX = 8 };

/* Those that have their ids, and are counted, but have no rows yet. */
struct newurls {
    struct sighting *items[NEWURLS_MAX]; /* borrowed */
    size_t count;
    int64_t last_id; /* the largest that any of the batch was given; -1: none came yet */
};

/* `s` has its id. Its row is there after newurls_insert() at the latest. */
void newurls_add(struct work *w, struct newurls *new, struct sighting *s);
void newurls_insert(struct work *w, struct newurls *new);

#endif
