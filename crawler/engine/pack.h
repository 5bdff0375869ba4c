/* pack: a body becomes a zstd frame, as the store keeps it. Pure but for the memory it is given.
 * Thread: any, one at a time. */
#ifndef CRAWLER_ENGINE_PACK_H
#define CRAWLER_ENGINE_PACK_H

#include "crawler/base/buf.h"
#include "crawler/base/zdict.h"

struct packer; /* what is worth keeping from one body to the next */
enum cw_err packer_new(struct packer **ret) MUST_CHECK;
void packer_free(struct packer *packer);

/* Sets *ret, an empty buffer, to the frame; it takes no more memory than it needs. `dict` is what
 * the frame may refer to; NULL: nothing. CW_ENOMEM, or CW_ETOOBIG when its ceiling is below
 * ZSTD_compressBound(). */
enum cw_err pack(struct packer *packer, struct buf *ret, struct str body,
                 struct zdict *dict) MUST_CHECK;

/* Makes a dictionary of a body. CW_EINVAL: it is too long, too short to be of use, or looks like
 * what zstd takes for another kind of dictionary. CW_ENOMEM. */
enum cw_err pack_dict(struct packer *packer, struct zdict **ret, struct str body) MUST_CHECK;

#endif
