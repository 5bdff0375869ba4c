/* rawtext: where the content of an element ends whose tags are text (HTML, "RAWTEXT", "RCDATA" and
 * "script data" states). Pure, linear. */
#ifndef CRAWLER_PARSE_RAWTEXT_H
#define CRAWLER_PARSE_RAWTEXT_H

#include <stdbool.h>

#include "crawler/base/str.h"

/* The place of the end tag of `name` (lower case), for content that starts at `at`; html.len when
 * there is none. */
size_t rawtext_end(struct str html, size_t at, struct str name);

/* White space, '/' or '>': all below 64, as few bytes of a name are. */
static inline bool rawtext_ends_tag_name(char c)
{
    const uint64_t enders = UINT64_C(1) << ' ' | UINT64_C(1) << '\t' | UINT64_C(1) << '\n' |
                            UINT64_C(1) << '\f' | UINT64_C(1) << '\r' | UINT64_C(1) << '/' |
                            UINT64_C(1) << '>';
    return (unsigned char)c < 64 && (enders >> c & 1) != 0;
}

#endif
