/* linkheader: the Link header (RFC 8288, 3 and appendix B). Pure. Linear in the value. Broken parts
 * are passed over to the next comma, as the appendix has it. */
#ifndef CRAWLER_PARSE_LINKHEADER_H
#define CRAWLER_PARSE_LINKHEADER_H

#include <stdbool.h>

#include "crawler/base/str.h"

/* What a link says about its target, as far as a crawler minds; or'ed, since one rel holds many. */
enum linkheader_rel {
    LINKHEADER_CANONICAL = 1,
    LINKHEADER_NEXT = 2,
    LINKHEADER_PREV = 4, /* "previous", too */
    LINKHEADER_ALTERNATE = 8,
    LINKHEADER_NOFOLLOW = 16, /* nofollow, ugc, sponsored */
};

/* Borrowed from the value; parameters that are quoted with backslashes stay as written, for no
 * relation and no language has one. */
struct linkheader_link {
    struct str target;   /* a URL reference, to be resolved against the answer's URL */
    struct str rel;      /* the first rel parameter; absent when there is none */
    unsigned rels;       /* the linkheader_rel bits that it names */
    struct str hreflang; /* the first one; absent when none */
    struct str type;     /* media type; absent when none */
    bool is_about_other; /* an anchor parameter: it is another document's link */
};

/* Takes the next link off *rest (a value, or several joined by commas). False at the end. */
bool linkheader_next(struct str *rest, struct linkheader_link *ret);

#endif
