/* sieve: passes of an HTML text only what html.c reads (link-bearing tags with the attributes that
 * matter, the title, visible text), written out regularly, so that libxml2 works in linear time
 * whatever the text was. Tokens are told apart as in HTML's tokenizer (comments, raw text, quotes).
 *
 * What libxml2 2.9 does with the raw text instead (measured): it stops at the first NUL, searches
 * its whole stack for every stray end tag and all earlier attributes for every attribute (both
 * quadratic), and takes markup within title, textarea, iframe and the like for real. Here no tag
 * stays open but one <a>, and no tag has more attributes than html.c has names for. */
#ifndef CRAWLER_PARSE_SIEVE_H
#define CRAWLER_PARSE_SIEVE_H

#include "crawler/base/buf.h"
#include "crawler/base/err.h"
#include "crawler/base/str.h"

/* Adds the sieved markup of `html` (valid UTF-8) to *ret_markup, but the <base> tags to *ret_bases,
 * since they rule links before them too. Neither holds more than SIEVE_MAX_BYTES. CW_ENOMEM;
 * CW_ETOOBIG when a ceiling is met. */
enum cw_err sieve_html(struct buf *ret_bases, struct buf *ret_markup, struct str html,
                       bool is_xhtml) MUST_CHECK;

/* No text grows by more than this ("&" becomes "&amp;"). */
#define SIEVE_MAX_BYTES(html_bytes) ((html_bytes)*5 + 64)

#endif
