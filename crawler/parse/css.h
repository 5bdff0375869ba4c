/* css: the URLs in a style sheet (CSS Syntax Level 3, section 4): of url(...), quoted or not, and
 * of
 * @import with a string; not those of @namespace, which name nothing to fetch, and not fragments,
 * which point into the page itself. A tokenizer without a parser: what stands in a comment, a
 * string or a longer name is no URL. Pure, linear. */
#ifndef CRAWLER_PARSE_CSS_H
#define CRAWLER_PARSE_CSS_H

#include <stdbool.h>

#include "crawler/base/buf.h"
#include "crawler/base/err.h"
#include "crawler/base/str.h"

struct css_reader {
    struct str rest;                                  /* what is left of the sheet */
    struct buf text;                                  /* owned; of the token being read */
    enum cw_err err;                                  /* CW_ENOMEM: reading stopped there */
    enum { CSS_ANY, CSS_IMPORT, CSS_NAMESPACE } rule; /* the at-rule whose prelude this is */
};

/* Reads `css` (UTF-8), a style sheet or the value of a style attribute. A URL that is longer than
 * `url_max` is left out. */
struct css_reader css_reader_on(struct str css, size_t url_max);
void css_reader_release(struct css_reader *reader);

/* The next URL, as it stands there but for the escapes, borrowed until the next call. False at the
 * end. */
bool css_next_url(struct css_reader *reader, struct str *ret_url);

#endif
