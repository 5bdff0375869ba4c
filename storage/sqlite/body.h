/* body: stored contents, by their hash. */
#ifndef STORAGE_SQLITE_BODY_H
#define STORAGE_SQLITE_BODY_H

#include "crawler/base/buf.h"
#include "storage/sqlite/db.h"

/* Appends the content, decoded. CW_ENOTFOUND: it is not stored. CW_ESTORAGE: it is no frame of the
 * stored size. CW_ETOOBIG, CW_ENOMEM. What the database says is left in `db`. */
enum cw_err body_read(struct db *db, const uint8_t hash[16], struct buf *ret) MUST_CHECK;

#endif
