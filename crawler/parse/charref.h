/* charref: character references (HTML, "character reference state") as text. Of the names, HTML 4's
 * 253 (libxml2 has the table), in the forms that HTML reads: the older ones without semicolon too.
 */
#ifndef CRAWLER_PARSE_CHARREF_H
#define CRAWLER_PARSE_CHARREF_H

#include "crawler/base/buf.h"
#include "crawler/base/err.h"
#include "crawler/base/str.h"

/* Takes one reference, or a lone ampersand, off the front of *rest (which starts with '&') and adds
 * what it stands for to `out`, in UTF-8: never more bytes than it took. */
enum cw_err charref_decode(struct buf *out, struct str *rest, bool in_attribute) MUST_CHECK;

#endif
