/* charset_multi: the legacy encodings of Chinese, Japanese and Korean (WHATWG Encoding Standard,
 * sections 10 to 13), both ways. How bytes form characters, and what happens to those that do not,
 * is written here after the standard; what a well-formed sequence means is looked up in ICU's
 * tables, but for the few that differ (charset_index.h). Pure, linear. */
#ifndef CRAWLER_PARSE_CHARSET_MULTI_H
#define CRAWLER_PARSE_CHARSET_MULTI_H

#include <stdbool.h>

#include "crawler/base/buf.h"
#include "crawler/base/err.h"
#include "crawler/base/str.h"

/* Big5, EUC-JP, EUC-KR, GBK, gb18030, ISO-2022-JP, Shift_JIS? */
bool charset_is_multi(struct str encoding);

/* Adds `bytes` as UTF-8; each error becomes U+FFFD. CW_ENOMEM; CW_ETOOBIG: *ret holds the head. */
enum cw_err charset_multi_decode(struct buf *ret, struct str bytes, struct str encoding) MUST_CHECK;

#endif
