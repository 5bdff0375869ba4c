/* decode: content codings (gzip, deflate, br, zstd) undone in memory, under a ceiling and a ratio.
 * Pure. Truncation is noticed, which libcurl does not; junk after a gzip stream is ignored. */
#ifndef CRAWLER_PARSE_DECODE_H
#define CRAWLER_PARSE_DECODE_H

#include "crawler/base/buf.h"
#include "crawler/base/err.h"
#include "crawler/base/str.h"

/* What crawld asks for: "gzip, deflate, br, zstd". */
extern const char decode_accept_encoding[];

/* Undoes the codings listed in `content_encoding` (a header value; absent or "identity": none; at
 * most 5) and appends to *ret, whose ceiling is the limit of the decoded size. CW_ETOOBIG: the
 * ceiling was met (*ret holds the head). CW_EBOMB: more than 1,000 times the input, beyond 1 MiB;
 * or a zstd window over 8 MiB. CW_ETRUNCATED: the stream ends early, or its checksum is wrong.
 * CW_EENCODING: unknown, or not what it says. CW_ENOMEM. What was decoded before the last coding
 * failed stays in *ret. An empty body is empty, whatever codings it claims. */
enum cw_err decode_content(struct buf *ret, struct str raw, struct str content_encoding) MUST_CHECK;

#endif
