/* mime: Content-Type values (MIME Sniffing Standard, 4.4) and the sniffing of what claims nothing
 * or lies (section 7). Pure. */
#ifndef CRAWLER_PARSE_MIME_H
#define CRAWLER_PARSE_MIME_H

#include <stdbool.h>

#include "crawler/base/buf.h"
#include "crawler/base/str.h"

/* Parses a Content-Type value. *ret_essence ("text/html", lower case; initialised by the caller,
 * appended to) and *ret_charset (the charset parameter, unquoted, or left as it was; so it is when
 * it does not fit). False, and both as they were: no valid MIME type, or it does not fit. */
bool mime_parse(struct str value, struct buf *ret_essence, struct buf *ret_charset) MUST_CHECK;

/* The type that `body` really is, for a claimed `essence` (absent: none was sent). Static, or the
 * claim itself. What is HTML is found whatever its label says; what is binary never counts as HTML
 * or text. Without a claim: the rules of section 7.1. */
struct str mime_sniff(struct str essence, struct str body);

bool mime_is_html(struct str essence); /* text/html, application/xhtml+xml */
bool mime_is_text(struct str essence); /* what has a charset: text, JSON, XML, JavaScript */

#endif
