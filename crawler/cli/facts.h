/* facts: what is to be said, as lines of a name and a sentence; then printed for people, or as
 * JSON.
 */
#ifndef CRAWLER_CLI_FACTS_H
#define CRAWLER_CLI_FACTS_H

#include <stdio.h>

#include "crawler/base/arena.h"
#include "crawler/base/buf.h"

enum { FACTS_MAX = 128 };

/* How a sentence looks on a terminal that may show colour. */
enum tone { TONE_PLAIN, TONE_GOOD, TONE_BAD, TONE_HINT };

struct fact {
    const char *about; /* static; the same as before, or "", goes on with that */
    struct str says;   /* in the arena */
    enum tone tone;
};

struct facts {
    struct arena *arena; /* borrowed */
    struct fact items[FACTS_MAX];
    size_t count;
    enum cw_err err; /* the first */
};

/* More than FACTS_MAX are left out. */
void facts_add(struct facts *f, const char *about, enum tone tone, const char *format, ...)
    PRINTF_LIKE(4, 5);

/* Under `title`, names in a column. What strangers wrote cannot steer the terminal. CW_ESTORAGE:
 * cannot write. */
enum cw_err facts_print(const struct facts *f, struct str title, bool colour, FILE *out) MUST_CHECK;

/* Appends [{"about": ..., "says": ...}, ...]. */
enum cw_err facts_add_json(const struct facts *f, struct buf *ret) MUST_CHECK;

#endif
