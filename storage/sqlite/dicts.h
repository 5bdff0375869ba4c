/* dicts: what the frames of bodies refer to (crawler/base/zdict.h): table zdict_, a row each. */
#ifndef STORAGE_SQLITE_DICTS_H
#define STORAGE_SQLITE_DICTS_H

#include "crawler/base/buf.h"
#include "storage/sqlite/work.h"

/* The id of its row, which is there from now on; 0 only after a failure. Cost: a look-up for each
 * of a transaction's dictionaries. */
int64_t dicts_store(struct work *w, const struct zdict *dict);

/* A frame as its row has it. */
struct stored_frame {
    struct str zstd; /* absent: there is no such row */
    int64_t size;    /* of what it holds */
};

/* Appends what `frame` holds; `dict` is that of its dictionary's row, where it has one. The stored
 * sizes bound what is decoded, the ceiling of `ret` and ZDICT_MAX_BYTES what is allocated: a forged
 * file can lie about any of them without harm. CW_ESTORAGE: it lies, or what it needs is not there.
 * CW_ETOOBIG, CW_ENOMEM. */
enum cw_err dicts_decode(struct buf *ret, const struct stored_frame *frame,
                         const struct stored_frame *dict) MUST_CHECK;

#endif
