/* shingles: what a page says, as a set of small hashes, so that two pages can be asked how much one
 * says that the other did not (Broder, "On the resemblance and containment of documents", 1997).
 * Pure; linear in the text; memory is fixed.
 *   A shingle is SHINGLE_WORDS words in a row, or all words of a shorter run. A run is text without
 *   a link's or a block's border in it, so a list in another order has the same shingles. A run of
 *   LONG_RUN_WORDS or more counts as a whole, too: where few words are in use, only that tells.
 *   Words are runs of letters (ASCII ones without case; all else beyond ASCII counts as a letter).
 *   A number says nothing, since times, counters and calendars change while nothing is new; but one
 *   that also stands in the page's URL does ("Article 17" of /articles/17), unless that URL looks
 *   like a date. Words of letters and digits say nothing: they are identifiers.
 * Behind SHINGLES_WHOLE_MAX bytes of text one run in four is read, by its first word. When a page
 * has more than SHINGLES_MAX, only hashes that end in 0, 00, 000 ... bits are kept, so that the
 * samples of two pages can still be compared. */
#ifndef CRAWLER_PARSE_SHINGLES_H
#define CRAWLER_PARSE_SHINGLES_H

#include <stdbool.h>
#include <stdint.h>

#include "crawler/base/str.h"
#include "crawler/page.h"

enum {
    SHINGLE_WORDS = 4,
    LONG_RUN_WORDS = 16,
    SHINGLES_SLOTS = 2 * SHINGLES_MAX,
    SHINGLES_URL_NUMBERS = 8,      /* numbers of the URL that count */
    SHINGLES_TEXT_MAX = 64 * 1024, /* bytes of text that are looked at; what follows is not */
    SHINGLES_WHOLE_MAX = 4 * 1024, /* ... of which every run is read */
};

/* A word as it is being read. */
struct shingle_word {
    uint64_t hash;  /* of its groups of eight bytes so far */
    uint64_t group; /* the bytes since, fewer than eight; the first is the lowest */
    unsigned group_bytes;
};

/* A run as it is being read. */
struct shingle_run {
    uint32_t last[SHINGLE_WORDS - 1]; /* its last words but one, the latest first */
    uint32_t hash;                    /* of all of it */
    unsigned words;
};

struct shingles {
    uint32_t items[SHINGLES_MAX + 1]; /* the set, and one too many before it is thinned out */
    unsigned count;
    uint8_t slots[SHINGLES_SLOTS]; /* open addressing; 1-based places in items, 0: free */
    uint32_t mask;                 /* hashes with any of these bits are left out */
    uint32_t numbers[SHINGLES_URL_NUMBERS];
    unsigned number_count;
    size_t text_left; /* bytes */
    uint32_t not_word, found_word, exist_word;
    /* the word and the run being read */
    struct shingle_word word;
    uint32_t number;
    unsigned letters, digits;
    struct shingle_run run;
    bool skims, is_skipped; /* not all runs are read; this one is not */
    bool after_not, is_lost;
};

/* `url`: the page's own, canonical. */
void shingles_init(struct shingles *s, struct str url);

/* Text in the order of the page, whole characters; a word may go on from one piece to the next. */
void shingles_add(struct shingles *s, struct str text);
void shingles_end_run(struct shingles *s);

/* A picture or the like, by its URL: its file's name counts, and what is short in its query. */
void shingles_add_part(struct shingles *s, struct str url);

/* What was said, in *ret; ret->items are borrowed from `s`. `title` is the page's. */
void shingles_finish(struct shingles *s, struct str title, struct print *ret);

#endif
