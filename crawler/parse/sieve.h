/* sieve: tells the tokens of an HTML text apart as HTML's tokenizer does (comments, raw text,
 * quotes, character references), and passes on only what html.c reads: link-bearing tags with the
 * attributes that matter, the title, styles, visible text. One pass, in linear time whatever the
 * text is.
 *
 * No parser stands behind it. A tree would say nothing that html.c asks for, and libxml2 2.9, which
 * read the sieved tokens until it was measured, took three times as long as the sieve; raw text it
 * reads wrong (measured: it stops at the first NUL, searches its whole stack for every stray end
 * tag and all earlier attributes for every attribute, both quadratic, and takes markup within
 * title, textarea, iframe and the like for real). */
#ifndef CRAWLER_PARSE_SIEVE_H
#define CRAWLER_PARSE_SIEVE_H

#include "crawler/base/err.h"
#include "crawler/base/str.h"

enum { SIEVE_ATTRIBUTES_MAX = 20 }; /* as many names as html.c knows */

struct sieve_attribute {
    struct str name, value; /* lower case; decoded, "" when it has none */
};

struct sieve_tag {
    struct str name;                                         /* in lower case */
    struct sieve_attribute attributes[SIEVE_ATTRIBUTES_MAX]; /* in the order of the text; the first
                                                                of each name */
    size_t attribute_count;
};

/* Who reads what passes, in the order of the text; NULL: nobody. Strings are borrowed for the call.
 * An error ends the run. */
struct sieve_reader {
    void *arg;
    enum cw_err (*on_start)(void *arg, const struct sieve_tag *tag);
    enum cw_err (*on_end)(void *arg, struct str name);  /* of "a" and "title" only; never nested */
    enum cw_err (*on_text)(void *arg, struct str text); /* whole characters; a space parts blocks */
    enum cw_err (*on_style)(void *arg, struct str css); /* a style sheet, or a style attribute that
                                                           may hold a URL */
};

/* `html` is valid UTF-8. CW_ENOMEM, or what a callback returned. */
enum cw_err sieve_html(struct str html, bool is_xhtml,
                       const struct sieve_reader *reader) MUST_CHECK;

#endif
