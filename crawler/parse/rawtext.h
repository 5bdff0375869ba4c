/* rawtext: where the content of an element ends whose tags are text (HTML, "RAWTEXT", "RCDATA" and
 * "script data" states). Pure, linear. */
#ifndef CRAWLER_PARSE_RAWTEXT_H
#define CRAWLER_PARSE_RAWTEXT_H

#include <stdbool.h>

#include "crawler/base/str.h"

/* The place of the end tag of `name` (lower case), for content that starts at `at`; html.len when
 * there is none. */
size_t rawtext_end(struct str html, size_t at, struct str name);

static inline bool rawtext_ends_tag_name(char c)
{
    return ascii_is_space(c) || c == '/' || c == '>';
}

#endif
