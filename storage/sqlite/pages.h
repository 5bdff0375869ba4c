/* pages: the rows of one answer: page, body, links, redirect. */
#ifndef STORAGE_SQLITE_PAGES_H
#define STORAGE_SQLITE_PAGES_H

#include "storage/sqlite/visits.h"

/* Stores the page of a resolved visit, in place of an earlier answer of the same URL. `err` is what
 * was wrong with it, CW_OK when nothing. */
void pages_store(struct work *w, const struct visit *visit, enum cw_err err);

#endif
