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

enum { CHUNK = 31 * LANES }; /* each lane counts up to 31, so that 8 fit a byte */

/* All bits where there is white space. NBSP has no place here. */
static inline lanes space_in(lanes v)
{
    return (lanes)(v == ' ') | ((lanes)(v - '\t' <= '\r' - '\t') & (lanes)(v != '\v'));
}

static inline size_t sum_of(lanes v)
{
    uint64_t halves[2];
    memcpy(halves, &v, sizeof halves);
    return (halves[0] * 0x0101010101010101 >> 56) + (halves[1] * 0x0101010101010101 >> 56);
}

/* Puts down where there is white space, CHUNK bytes at most, up to a whole number of lanes with
 * space that is not there. Returns how many bytes those lanes are. */
static size_t mark_spaces(char *marks, struct str text)
{
    size_t done = 0;
    lanes spaces;
    for (; done + LANES <= text.len; done += LANES) {
        spaces = space_in(lanes_at(text.ptr + done));
        memcpy(marks + done, &spaces, sizeof spaces);
    }
    if (done == text.len)
        return done;
    char tail[] = "                ";
    static_assert(sizeof tail > LANES, "room for what is left");
    memcpy(tail, text.ptr + done, text.len - done);
    spaces = space_in(lanes_at(tail));
    memcpy(marks + done, &spaces, sizeof spaces);
    return done + LANES;
}

/* How many words begin in text without NBSP: where white space ends. */
static size_t starts_in_lanes(struct str text, bool in_word)
{
    char marks[1 + CHUNK];
    size_t starts = 0;
    marks[0] = in_word ? '\0' : '\xFF';
    while (text.len > 0) {
        size_t end = mark_spaces(marks + 1, str_first(text, CHUNK));
        lanes sums = {0};
        for (size_t at = 0; at < end; at += LANES)
            sums -= lanes_at(marks + at) & ~lanes_at(marks + 1 + at); /* all bits: -1 */
        starts += sum_of(sums);
        marks[0] = marks[end];
        text = str_skip(text, CHUNK);
    }
    return starts;
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
    if (text.len < LANES / 2 || str_find_char(text, '\xC2') < text.len) {
        f->word_count += starts_in(text, &f->in_word);
        return;
    }
    f->word_count += starts_in_lanes(text, f->in_word);
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
