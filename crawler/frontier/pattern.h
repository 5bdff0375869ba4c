/* pattern: one --include or --exclude pattern. A glob is matched against the whole URL: `*` stands
 * for any run of bytes, slashes and none included, `?` for exactly one; all else for itself, and
 * nothing quotes. (A `?` in a URL is matched by the `?` of the glob as well.) `re:` begins a PCRE2
 * expression, found anywhere in the URL unless anchored. Both mind the case of letters.
 * Immutable after pattern_init(). Thread: any. */
#ifndef CRAWLER_FRONTIER_PATTERN_H
#define CRAWLER_FRONTIER_PATTERN_H

#include <stdbool.h>

#include "crawler/base/arena.h"
#include "crawler/base/err.h"
#include "crawler/base/str.h"

enum {
    PATTERN_MAX_BYTES = 4096,
    PATTERN_MAX_STEPS = 100000, /* PCRE2's match limit; some milliseconds at the worst */
    PATTERN_MAX_HEAP_KIB = 1024,
};

struct pattern {
    struct str text;    /* as written; in the arena */
    struct str gave_up; /* "TEXT (gave up ...)"; in the arena */
    struct str *parts;  /* of a glob: what stands between the `*`; in the arena */
    size_t part_count;
    struct pcre2_real_code_8 *code;            /* owned; NULL: a glob */
    struct pcre2_real_match_context_8 *limits; /* owned; never changed once set */
};

/* CW_EINVAL: empty, too long, or not an expression; *reterr_msg names it and the place in it. */
enum cw_err pattern_init(struct pattern *p, struct arena *arena, struct str text,
                         struct errmsg *reterr_msg) MUST_CHECK;
void pattern_release(struct pattern *p); /* an all-zero one is fine */

/* GAVE_UP: it needs more steps or memory than the limits allow. A glob never does: it takes time
 * linear in the URL for each part, and only parts with a `?` cost URL times part. */
enum pattern_answer { PATTERN_NO, PATTERN_YES, PATTERN_GAVE_UP };
enum pattern_answer pattern_match(const struct pattern *p, struct str url);

#endif
