/* spellings: what people write when they mean the same page, and a crawler must take for another
 * URL: with or without the last slash, https or http, www. or not, an index file, capital letters,
 * another order of the query. Pure; any thread. (What the URL Standard calls the same is the same
 * already: letters of the host, a default port, "..", the fragment.) */
#ifndef CRAWLER_ENGINE_SPELLINGS_H
#define CRAWLER_ENGINE_SPELLINGS_H

#include "crawler/base/arena.h"
#include "crawler/parse/url.h"

enum {
    SPELLING_SCHEME = 1 << 0,
    SPELLING_WWW = 1 << 1,
    SPELLING_SLASH = 1 << 2,
    SPELLING_INDEX = 1 << 3,
    SPELLING_CASE = 1 << 4,
    SPELLING_QUERY = 1 << 5, /* without it */
    SPELLING_ORDER = 1 << 6,
    SPELLINGS_MAX = 64,
    SPELLING_ORDER_MAX = 4, /* parameters of a query that are put in any order */
    SPELLING_TEXT_SIZE = 128,
};

struct spelling {
    struct str url;   /* canonical, in the arena */
    unsigned differs; /* in what */
};

/* Other spellings of a canonical http(s) URL, likely ones first. Fewer when memory is out. */
size_t spellings_list(struct arena *arena, const struct url *url,
                      struct spelling ret[SPELLINGS_MAX]);

/* "scheme and last slash" */
void spelling_describe(unsigned differs, char ret_text[SPELLING_TEXT_SIZE]);

#endif
