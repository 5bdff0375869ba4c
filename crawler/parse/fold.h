/* fold: text as people see it: runs of white space (U+00A0 too) become one space, none at the
 * ends, cut at a ceiling on the border of a character. Fed in pieces that hold whole characters. */
#ifndef CRAWLER_PARSE_FOLD_H
#define CRAWLER_PARSE_FOLD_H

#include "crawler/base/buf.h"
#include "crawler/base/err.h"
#include "crawler/base/str.h"

struct fold {
    struct buf *to;    /* borrowed; its ceiling is the cut. NULL: words are only counted */
    size_t word_count; /* runs of what is not white space, the cut ones included */
    bool in_word;      /* the last piece ended inside a word */
    bool needs_space;  /* before the next word that is added */
    bool is_full;      /* nothing more is added */
};

/* Begins at the end of what `to` holds: a space parts the two. */
struct fold fold_to(struct buf *to);

/* The same as fold_add() of a space. */
static inline void fold_space(struct fold *f)
{
    f->in_word = false;
    f->needs_space = f->to != NULL && f->to->len > 0;
}

/* CW_ENOMEM only: what does not fit is cut. */
enum cw_err fold_add(struct fold *f, struct str text) MUST_CHECK;

#endif
