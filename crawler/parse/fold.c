#include "crawler/parse/fold.h"

#include "crawler/base/utf8.h"

/* What a byte may begin. U+00A0 is C2 A0. */
enum { WORD, SPACE, NBSP };
static const unsigned char kinds[256] = {
    [' '] = SPACE, ['\t'] = SPACE, ['\n'] = SPACE, ['\f'] = SPACE, ['\r'] = SPACE, [0xC2] = NBSP,
};

/* Bytes of the white space at `at`; 0 when a word goes on there. */
static inline size_t space_size(struct str s, size_t at)
{
    switch (kinds[(unsigned char)s.ptr[at]]) {
    case WORD: return 0;
    case SPACE: return 1;
    default: return at + 1 < s.len && s.ptr[at + 1] == '\xA0' ? 2 : 0;
    }
}

static struct str take_space(struct str *rest)
{
    size_t i = 0;
    for (size_t size; i < rest->len && (size = space_size(*rest, i)) > 0;)
        i += size;
    struct str space = str_first(*rest, i);
    *rest = str_skip(*rest, i);
    return space;
}

static struct str take_word(struct str *rest)
{
    size_t i = 0;
    while (i < rest->len && space_size(*rest, i) == 0)
        i++;
    struct str word = str_first(*rest, i);
    *rest = str_skip(*rest, i);
    return word;
}

/* Most text is only counted. Without a jump for each word: nobody could predict those. */
static void count_words(struct fold *f, struct str text)
{
    size_t starts = 0;
    unsigned before = f->in_word ? WORD : SPACE, kind;
    for (size_t i = 0; i < text.len; i++) {
        kind = kinds[(unsigned char)text.ptr[i]];
        if (kind == NBSP) {
            kind = space_size(text, i) > 0 ? SPACE : WORD;
            i += kind == SPACE;
        }
        starts += kind < before;
        before = kind;
    }
    f->word_count += starts;
    f->in_word = before == WORD;
}

struct fold fold_to(struct buf *to)
{
    return (struct fold){.to = to, .needs_space = to != NULL && to->len > 0};
}

static enum cw_err add_word(struct fold *f, struct str word)
{
    if (f->is_full)
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
    if (f->to == NULL || f->is_full) {
        count_words(f, text);
        return CW_OK;
    }
    while (text.len > 0 && err == CW_OK) {
        if (take_space(&text).len > 0) {
            f->in_word = false;
            f->needs_space = f->to->len > 0;
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
