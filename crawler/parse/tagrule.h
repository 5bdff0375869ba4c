/* tagrule: how the sieve treats an HTML element. Static data. */
#ifndef CRAWLER_PARSE_TAGRULE_H
#define CRAWLER_PARSE_TAGRULE_H

#include "crawler/base/str.h"

enum {
    TAG_KEPT = 1 << 0,   /* handed on with its attributes */
    TAG_INLINE = 1 << 1, /* parts no words */
    TAG_RAW = 1 << 2,    /* its content is text that nobody sees (scripting is off: not noscript) */
    TAG_BREAKOUT = 1 << 3, /* ends <svg> (HTML, "parsing rules for tokens in foreign content") */
    TAG_SPARSE = 1 << 4,   /* when kept, then only with an attribute that is */
    TAG_SVG = 1 << 5,      /* kept inside <svg>, as what SVG calls so */
};

/* The flags of an element (lower case); 0 for what is not known. */
unsigned tagrule_flags(struct str name);

#endif
