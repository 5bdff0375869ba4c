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

/* Many bytes at a time, in whatever registers the compiler finds for them. */
enum { LANES = 16, BLOCK = 4 * LANES };
typedef uint8_t lanes __attribute__((vector_size(LANES)));

static lanes lanes_at(const char *bytes)
{
    lanes v;
    memcpy(&v, bytes, sizeof v);
    return v;
}

/* 1 where there is white space. NBSP has no place here. */
static lanes space_in(lanes v)
{
    lanes is_space = (lanes)(v == ' ') | (lanes)(v == '\t') | (lanes)(v == '\n') |
                     (lanes)(v == '\f') | (lanes)(v == '\r');
    return is_space & 1;
}

static size_t sum_of(lanes v)
{
    uint64_t halves[2];
    memcpy(halves, &v, sizeof halves);
    return (halves[0] * 0x0101010101010101 >> 56) + (halves[1] * 0x0101010101010101 >> 56);
}

/* How many words begin in a block; the byte before it is there, too. */
static size_t starts_in_block(const char *block)
{
    lanes starts = {0};
    for (size_t i = 0; i < BLOCK; i += LANES)
        starts += space_in(lanes_at(block + i - 1)) & ~space_in(lanes_at(block + i));
    return sum_of(starts);
}

/* Byte by byte, without a jump for each word: nobody could predict those. */
static size_t starts_in(struct str text, bool *in_word)
{
    size_t starts = 0;
    unsigned before = *in_word ? WORD : SPACE, kind;
    for (size_t i = 0; i < text.len; i++) {
        kind = kinds[(unsigned char)text.ptr[i]];
        if (kind == NBSP) {
            kind = space_size(text, i) > 0 ? SPACE : WORD;
            i += kind == SPACE;
        }
        starts += kind < before;
        before = kind;
    }
    *in_word = before == WORD;
    return starts;
}

/* Most text is only counted. */
static void count_words(struct fold *f, struct str text)
{
    if (text.len > BLOCK && str_find_char(text, '\xC2') == text.len) {
        f->word_count += starts_in(str_first(text, 1), &f->in_word);
        for (text = str_skip(text, 1); text.len >= BLOCK; text = str_skip(text, BLOCK))
            f->word_count += starts_in_block(text.ptr);
        f->in_word = !ascii_is_space(text.ptr[-1]);
    }
    f->word_count += starts_in(text, &f->in_word);
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
