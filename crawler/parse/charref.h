/* charref: character references (HTML, "character reference state") brought into the form that
 * libxml2 reads right: it knows HTML 4's names, but only with their semicolon, and drops numbers
 * that HTML replaces. */
#ifndef CRAWLER_PARSE_CHARREF_H
#define CRAWLER_PARSE_CHARREF_H

#include "crawler/base/buf.h"
#include "crawler/base/err.h"
#include "crawler/base/str.h"

/* Takes one reference, or a lone ampersand, off the front of *rest (which starts with '&') and adds
 * it to `out`. */
enum cw_err charref_normalize(struct buf *out, struct str *rest, bool in_attribute) MUST_CHECK;

#endif
