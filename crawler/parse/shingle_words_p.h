/* shingle_words_p: words as shingles.c takes them from text, eight bytes at a time. Private to it.
 * Inline, since most of the time that a page's text takes goes by here. */
#ifndef CRAWLER_PARSE_SHINGLE_WORDS_P_H
#define CRAWLER_PARSE_SHINGLE_WORDS_P_H

#include <endian.h>

#include "crawler/parse/shingles.h"

/* What a byte is part of. */
enum { BREAK, LETTER, DIGIT };
static const unsigned char kinds[256] = {
    ['0' ... '9'] = DIGIT,
    ['A' ... 'Z'] = LETTER,
    ['a' ... 'z'] = LETTER,
    [0x80 ... 0xFF] = LETTER,
};

enum { SEED = 0x811C9DC5 }; /* FNV-1a's; each word is short, and speed is what counts */

/* Eight bytes of text are looked at in one go, as one number; a word is hashed eight bytes at a
 * time, the last of them filled up with zeros. */
enum { GROUP_BYTES = 8 };
#define ONES     UINT64_C(0x0101010101010101)
#define TOPS     (ONES * 0x80)
#define WORD_MUL UINT64_C(0x9E3779B97F4A7C15)

/* The highest bit of each byte says whether it is ... */
struct marks {
    uint64_t letters, digits;
    uint64_t upper_or_lower; /* an ASCII letter */
};

/* No byte carries into the next: with the highest bit cleared, none gets beyond 0xFF. */
static inline struct marks classify(uint64_t group)
{
    uint64_t low = group & ~TOPS, folded = (group | ONES * 0x20) & ~TOPS;
    uint64_t from_a = folded + ONES * (0x80 - 'a'), after_z = folded + ONES * (0x80 - 'z' - 1);
    uint64_t from_0 = low + ONES * (0x80 - '0'), after_9 = low + ONES * (0x80 - '9' - 1);
    uint64_t ascii = ~group & TOPS, alpha = from_a & ~after_z & ascii;
    return (struct marks){.letters = alpha | (group & TOPS),
                          .digits = from_0 & ~after_9 & ascii,
                          .upper_or_lower = alpha};
}

/* How many bytes there are before the first one that is in no word. */
static inline unsigned bytes_of_word(const struct marks *marks)
{
    uint64_t breaks = ~(marks->letters | marks->digits) & TOPS;
    return breaks != 0 ? (unsigned)__builtin_ctzll(breaks) / 8 : GROUP_BYTES;
}

static inline uint64_t first_bytes(uint64_t group, unsigned count)
{
    return count < GROUP_BYTES ? group & ((UINT64_C(1) << count * 8) - 1) : group;
}

static inline uint64_t group_of_eight(const char *bytes)
{
    uint64_t group;
    memcpy(&group, bytes, sizeof group);
    return le64toh(group);
}

/* `text`, or a copy of it in `room` when it is so short that group_at() could not look at its last
 * eight bytes. */
static inline struct str with_room(struct str text, char room[2 * GROUP_BYTES])
{
    if (text.len >= GROUP_BYTES)
        return text;
    memset(room, 0, GROUP_BYTES);
    memcpy(room + GROUP_BYTES, text.ptr, text.len);
    return str_from(room + GROUP_BYTES, text.len);
}

/* Up to eight bytes of text with_room(); those behind its end are zero. */
static inline uint64_t group_at(struct str text, size_t at)
{
    size_t left = text.len - at;
    if (left >= GROUP_BYTES)
        return group_of_eight(text.ptr + at);
    return group_of_eight(text.ptr + text.len - GROUP_BYTES) >> 8 >> (GROUP_BYTES - 1 - left) * 8;
}

static inline uint64_t hash_group(uint64_t hash, uint64_t group)
{
    hash = (hash ^ group) * WORD_MUL;
    return hash ^ hash >> 32;
}

/* The word goes on with the first `count` bytes of `group`; the others are zero. */
static inline void word_add(struct shingle_word *w, uint64_t group, unsigned count)
{
    unsigned filled = w->group_bytes;
    w->group |= group << filled * 8;
    w->group_bytes += count;
    if (w->group_bytes < GROUP_BYTES)
        return;
    w->hash = hash_group(w->hash, w->group);
    w->group = filled > 0 ? group >> (GROUP_BYTES - filled) * 8 : 0;
    w->group_bytes -= GROUP_BYTES;
}

static inline uint32_t word_hash(const struct shingle_word *w)
{
    uint64_t hash = w->group_bytes > 0 ? hash_group(w->hash, w->group) : w->hash;
    return (uint32_t)(hash * WORD_MUL >> 32);
}

/* Of eight bytes, in lower case: the highest bit of those that are no ASCII letters. The sums are
 * classify()'s, but fewer. */
static inline uint64_t not_letters(uint64_t group, uint64_t lower)
{
    uint64_t low = lower & ~TOPS;
    uint64_t from_a = low + ONES * (0x80 - 'a'), after_z = low + ONES * (0x80 - 'z' - 1);
    return (~from_a | after_z | group) & TOPS;
}

/* The word at *at, as far as it is ASCII letters; *at moves behind them. */
static inline struct shingle_word read_letters(struct str text, size_t *at)
{
    for (struct shingle_word w = {.hash = SEED};; *at += GROUP_BYTES) {
        uint64_t group = group_at(text, *at), lower = group | ONES * 0x20;
        uint64_t others = not_letters(group, lower);
        w.group = lower & (((others & -others) >> 7) - 1); /* of no others: 0 - 1, all bits */
        if (others != 0) {
            w.group_bytes = (unsigned)__builtin_ctzll(others) / 8;
            *at += w.group_bytes;
            return w;
        }
        w.hash = hash_group(w.hash, w.group);
    }
}

static inline bool is_break(char c)
{
    return kinds[(unsigned char)c] == BREAK;
}

static inline size_t skip_breaks(struct str text, size_t at)
{
    while (at < text.len && is_break(text.ptr[at]))
        at++;
    return at;
}

/* Of one word, as the text's words are hashed. */
static inline uint32_t hash_word(struct str word)
{
    char room[2 * GROUP_BYTES];
    struct shingle_word w = {.hash = SEED};
    word = with_room(word, room);
    for (size_t at = 0; at < word.len; at += GROUP_BYTES) {
        uint64_t group = group_at(word, at);
        const struct marks marks = classify(group);
        word_add(&w, group | marks.upper_or_lower >> 2,
                 (unsigned)MIN(word.len - at, (size_t)GROUP_BYTES));
    }
    return word_hash(&w);
}

#endif
