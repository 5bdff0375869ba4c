#include "crawler/parse/fold.h"

#include "crawler/base/utf8.h"

/* Bytes of the white space that `s` starts with; 0 when it does not. */
static size_t space_size(struct str s)
{
    if (s.len > 0 && ascii_is_space(s.ptr[0]))
        return 1;
    return s.len > 1 && s.ptr[0] == '\xC2' && s.ptr[1] == '\xA0' ? 2 : 0;
}

static struct str take_space(struct str *rest)
{
    struct str start = *rest;
    for (size_t size; (size = space_size(*rest)) > 0;)
        *rest = str_skip(*rest, size);
    return str_first(start, start.len - rest->len);
}

static struct str take_word(struct str *rest)
{
    size_t i = 0;
    while (i < rest->len && !ascii_is_space(rest->ptr[i]) &&
           !(rest->ptr[i] == '\xC2' && space_size(str_skip(*rest, i)) > 0))
        i++;
    struct str word = str_first(*rest, i);
    *rest = str_skip(*rest, i);
    return word;
}

struct fold fold_to(struct buf *to)
{
    return (struct fold){.to = to, .needs_space = to != NULL && to->len > 0};
}

static enum cw_err add_word(struct fold *f, struct str word)
{
    if (f->to == NULL || f->is_full)
        return CW_OK;
    size_t room = f->to->max - f->to->len;
    struct str fitting = utf8_cut(word, room - MIN(room, (size_t)f->needs_space));
    f->is_full = fitting.len < word.len;
    if (fitting.len == 0)
        return CW_OK;
    enum cw_err err = f->needs_space ? buf_add_char(f->to, ' ') : CW_OK;
    f->needs_space = false;
    return err == CW_OK ? buf_add(f->to, fitting) : err;
}

enum cw_err fold_add(struct fold *f, struct str text)
{
    enum cw_err err = CW_OK;
    while (text.len > 0 && err == CW_OK) {
        if (take_space(&text).len > 0) {
            f->in_word = false;
            f->needs_space = f->to != NULL && f->to->len > 0;
        }
        struct str word = take_word(&text);
        if (word.len == 0)
            continue;
        f->word_count += !f->in_word;
        f->in_word = true;
        err = add_word(f, word);
    }
    return err;
}
