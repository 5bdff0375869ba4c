/* charref: character references (HTML, "character reference state") as text. Of the names, HTML 4's
 * 253 (libxml2 has the table), in the forms that HTML reads: the older ones without semicolon too.
 */
#ifndef CRAWLER_PARSE_CHARREF_H
#define CRAWLER_PARSE_CHARREF_H

#include "crawler/base/buf.h"
#include "crawler/base/err.h"
#include "crawler/base/str.h"

/* Takes one reference, or a lone ampersand, off the front of *rest (which starts with '&') and adds
 * what it stands for to `out`, in UTF-8: never more bytes than it took. */
enum cw_err charref_decode(struct buf *out, struct str *rest, bool in_attribute) MUST_CHECK;

/* Adds `text` with all its references decoded, and each NUL as U+FFFD, by which it may grow. */
enum { CHARREF_GROWTH_MAX = 3 }; /* bytes for one */
enum cw_err charref_decode_text(struct buf *out, struct str text, bool in_attribute) MUST_CHECK;

/* Which pieces of a text must be decoded. What makes them so is looked for once, however many
 * pieces ask: none may begin before the one that asked last. */
struct charref_lookout {
    struct str text;       /* borrowed */
    size_t reference, nul; /* none stands between the piece that asked last and here */
    size_t plain_until;    /* the first of the two */
};
struct charref_lookout charref_lookout_on(struct str text);
bool charref_lookout_moves(struct charref_lookout *l, struct str piece); /* for the next one */

static inline bool charref_lookout_sees(struct charref_lookout *l, struct str piece)
{
    return piece.ptr + piece.len > l->text.ptr + l->plain_until && charref_lookout_moves(l, piece);
}

#endif
