/* zdict: a dictionary for zstd frames: the body of a page, beside which the other pages of its host
 * are kept. They share its template, so most of each is a copy of what stands there.
 * Immutable and counted, as workers pack with it while batches wait to be written. Thread: any. */
#ifndef CRAWLER_BASE_ZDICT_H
#define CRAWLER_BASE_ZDICT_H

#include <stddef.h>

#include "crawler/base/err.h"
#include "crawler/base/str.h"

enum { ZDICT_MAX_BYTES = 32 * 1024 }; /* stored databases hold none that is larger */

struct zdict;

/* `content` is what frames refer to: at most ZDICT_MAX_BYTES; `frame` the same as a frame that
 * needs no dictionary: how the store keeps it. Both are copied. */
enum cw_err zdict_new(struct zdict **ret, struct str content, struct str frame) MUST_CHECK;
struct zdict *zdict_hold(struct zdict *dict); /* NULL is fine, as it is for zdict_drop() */
void zdict_drop(struct zdict *dict);

struct str zdict_content(const struct zdict *dict);
struct str zdict_frame(const struct zdict *dict);

#endif
