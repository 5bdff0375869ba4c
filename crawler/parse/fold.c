#include "crawler/parse/fold.h"

#include <assert.h>

#include "crawler/base/utf8.h"
#include "crawler/parse/lanes_p.h"

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

/* As many words as follow each other with one plain space between them, so that they can be taken
 * as they are. */
static struct str take_words(struct str *rest, size_t *ret_count)
{
    size_t i = 0, spaces = 0;
    for (; i < rest->len; i++) {
        if (space_size(*rest, i) == 0)
            continue;
        if (rest->ptr[i] != ' ' || i + 1 == rest->len || space_size(*rest, i + 1) > 0)
            break;
        spaces++;
    }
    struct str words = str_first(*rest, i);
    *rest = str_skip(*rest, i);
    *ret_count = spaces + 1;
    return words;
}

/* ---- counting, many bytes at a time ---- */

enum { LANES_MAX = 31 }; /* each lane counts up to 31, so that 8 fit a byte */

/* All bits where there is white space. NBSP has no place here. */
static inline lanes space_in(lanes v)
{
    return (lanes)(v == ' ') | ((lanes)(v - '\t' <= '\r' - '\t') & ~(lanes)(v == '\v'));
}

/* All bits where a word begins, of the LANES bytes behind the first one here. */
static inline lanes starts_behind(const char *bytes)
{
    return space_in(lanes_at(bytes)) & ~space_in(lanes_at(bytes + 1));
}

static inline size_t sum_of(lanes v)
{
    uint64_t halves[2];
    memcpy(halves, &v, sizeof halves);
    return (halves[0] * 0x0101010101010101 >> 56) + (halves[1] * 0x0101010101010101 >> 56);
}

/* How many words begin behind the first byte of text that is longer than LANES and without NBSP. */
static size_t starts_in_lanes(struct str text)
{
    static const unsigned char last[2 * LANES] = {[LANES... 2 * LANES - 1] = 0xFF};
    const char *at = text.ptr, *end = text.ptr + text.len - 1;
    size_t starts = 0;
    for (size_t count; (count = (size_t)(end - at) / LANES) > 0;) {
        lanes sums = {0};
        for (count = MIN(count, (size_t)LANES_MAX); count > 0; count--, at += LANES)
            sums -= starts_behind(at); /* all bits: -1 */
        starts += sum_of(sums);
    }
    lanes uncounted; /* the last lanes reach back */
    memcpy(&uncounted, last + (end - at), sizeof uncounted);
    return starts + sum_of(starts_behind(end - LANES) & uncounted & 1);
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
    if (text.len <= LANES || str_find_char(text, '\xC2') < text.len) {
        f->word_count += starts_in(text, &f->in_word);
        return;
    }
    f->word_count += starts_in_lanes(text) + (!f->in_word && !ascii_is_space(text.ptr[0]));
    f->in_word = !ascii_is_space(text.ptr[text.len - 1]);
}

struct fold fold_to(struct buf *to)
{
    return (struct fold){.to = to, .needs_space = to != NULL && to->len > 0};
}

static size_t room_in(const struct fold *f)
{
    size_t room = f->to->max - f->to->len;
    return room - MIN(room, (size_t)f->needs_space);
}

static enum cw_err add_text(struct fold *f, struct str text)
{
    enum cw_err err = f->needs_space ? buf_add_char(f->to, ' ') : CW_OK;
    f->needs_space = false;
    return err == CW_OK ? buf_add(f->to, text) : err;
}

static enum cw_err add_word(struct fold *f, struct str word)
{
    struct str fitting = utf8_cut(word, room_in(f));
    f->is_full = fitting.len < word.len;
    return fitting.len > 0 ? add_text(f, fitting) : CW_OK;
}

static enum cw_err add_words(struct fold *f, struct str words)
{
    enum cw_err err = CW_OK;
    if (!f->is_full && words.len <= room_in(f))
        return add_text(f, words);
    while (words.len > 0 && err == CW_OK && !f->is_full) {
        err = add_word(f, take_word(&words));
        f->needs_space |= take_space(&words).len > 0;
    }
    return err;
}

/* Out of line, so that counting does not pay for all its registers. */
static __attribute__((noinline)) enum cw_err fold_text(struct fold *f, struct str text)
{
    enum cw_err err = CW_OK;
    while (text.len > 0 && err == CW_OK) {
        size_t count;
        if (take_space(&text).len > 0) {
            f->in_word = false;
            f->needs_space = f->to->len > 0;
        }
        struct str words = take_words(&text, &count);
        if (words.len == 0)
            continue;
        f->word_count += count - f->in_word;
        f->in_word = true;
        err = add_words(f, words);
    }
    return err;
}

enum cw_err fold_add(struct fold *f, struct str text)
{
    if (f->to != NULL && !f->is_full)
        return fold_text(f, text);
    count_words(f, text);
    return CW_OK;
}
