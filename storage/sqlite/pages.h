/* pages: the rows of one answer: page, body, links, redirect. */
#ifndef STORAGE_SQLITE_PAGES_H
#define STORAGE_SQLITE_PAGES_H

#include "storage/sqlite/visits.h"

/* Stores the page of a resolved visit, in place of an earlier answer of the same URL. `err` is what
 * was wrong with it, CW_OK when nothing. An answer that says the same as the one on record (status,
 * body, redirect) leaves its links and its version as they are; another one adds a version. */
void pages_store(struct work *w, const struct visit *visit, enum cw_err err);

/* Keeps a content once, however often it comes. `frame` is its zstd frame, `dict` what that needs,
 * which is kept as well; NULL: nothing. `url_id` is the page that has it, 0 when no page does. */
void pages_store_body(struct work *w, int64_t url_id, const uint8_t hash[16], int64_t size,
                      struct str frame, const struct zdict *dict);

/* The answer was 304: the page on record still holds. */
void pages_refresh(struct work *w, const struct visit *visit);

#endif
