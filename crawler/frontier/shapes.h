/* shapes: which URLs look alike. A URL belongs to a few classes, from the narrowest to the widest,
 * each named by a text that people can read, and what is learned of a class (traps.h) is believed
 * of its URLs. Pure; linear in the URL.
 *   "/cal?m=5&y=2031" is of "/cal?m&y", "/cal?*", "/%?m&y" and "/..."
 *   "/a/b/some-page" is of "/a/b/%", "/a/b/...", "/a/..." and "/..."
 * In a segment each run of digits reads `#`, and what looks like an identifier of a session `~`;
 * the last one reads `%`, unless it is made of such parts, or a query follows it. A query's names
 * are sorted, its values left out. */
#ifndef CRAWLER_FRONTIER_SHAPES_H
#define CRAWLER_FRONTIER_SHAPES_H

#include <stdbool.h>
#include <stdint.h>

#include "crawler/base/str.h"

enum {
    SHAPES_MAX = 8,
    SHAPE_TEXT_MAX = 160,
    SHAPE_SEGMENTS_MAX = 32, /* a longer path is a trap, whatever it holds */
    SHAPE_REPEATS_MAX = 4,   /* so often in a row, a group of segments is one */
};

struct shapes {
    uint64_t keys[SHAPES_MAX]; /* of the classes, the narrowest first */
    unsigned count;
    unsigned query_names;
    bool is_listing; /* short of folders, and no query but for a page's number */
};

/* `url` is canonical. */
void shapes_of(struct str url, struct shapes *ret);

/* The text of class `which` of those that shapes_of() found; in `room`. */
struct str shapes_text(struct str url, unsigned which, char room[SHAPE_TEXT_MAX]);

/* What the path alone gives away: more than SHAPE_SEGMENTS_MAX segments, or a group of up to eight
 * of them SHAPE_REPEATS_MAX times in a row. A sentence, static; absent: nothing. */
struct str shapes_refuse(struct str url);

/* Does it look like the identifier of a session: 16 or more letters and digits, 8 or more
 * hexadecimal ones, a UUID? */
bool shapes_is_token(struct str s);

#endif
