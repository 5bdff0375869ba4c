/* traps: where a site makes pages without end, and what is said of them: go, later, never. Pure
 * policy, learned from what pages say (parse/shingles.h); DESIGN.md has the rule in words.
 *   Each class of URLs (shapes.h) has a yield: which part of its pages said something new. (Where
 * hardly any page says something new, one that names no new URL counts for nothing.) A class that
 * yields less than a fifth waits until the host has nothing better (TRAP_LATER); what it wastes
 * then is paid from a credit that the host earns with new pages; when that is used up, its URLs are
 * refused (TRAP_REFUSE), but for a few, so that it can recover. Bounded: TRAP_CLASSES_MAX classes
 * and 0.7 MB a host, `max_bytes` in all; hosts that were not asked about for the longest
 * time are forgotten first, and come back from the database. Thread: one. */
#ifndef CRAWLER_FRONTIER_TRAPS_H
#define CRAWLER_FRONTIER_TRAPS_H

#include <stdbool.h>
#include <stdint.h>

#include "crawler/base/err.h"
#include "crawler/base/str.h"
#include "crawler/page.h"

enum {
    TRAP_CLASSES_MAX = 256,    /* of a host */
    TRAP_EVIDENCE = 20,        /* pages of a class, before its yield is believed */
    TRAP_CREDIT = 200,         /* pages that a host may waste, */
    TRAP_CREDIT_PART = 5,      /* and one more for each of so many new ones */
    TRAP_FEW_NEW = 10,         /* of a host with fewer new ones what is said tells little: it may */
    TRAP_CREDIT_OF_FEW = 1000, /* waste so many */
    TRAP_DETAIL_MAX = 320,
};

struct traps;
struct trap_host;

enum cw_err traps_new(struct traps **ret, size_t max_bytes) MUST_CHECK;
void traps_free(struct traps *traps); /* NULL is fine */

/* What is known of `host`, made when unknown; valid until the next traps_get() of another host.
 * NULL when memory is out: then everything may go. */
struct trap_host *traps_get(struct traps *traps, struct str host);

bool traps_knows(const struct traps *traps, struct str host);

enum trap_verdict { TRAP_GO, TRAP_LATER, TRAP_REFUSE };
struct trap_answer {
    enum trap_verdict verdict;
    bool is_sample;   /* of TRAP_GO: its like are refused; it shows whether they still should be */
    int32_t priority; /* of TRAP_LATER: PRIORITY_LATE or more */
    char detail[TRAP_DETAIL_MAX]; /* of TRAP_REFUSE: class and figures */
};

/* May `url` be asked for now? `is_late`: it has waited already, and nothing better is left. Each
 * refusal is counted, so the same question may have another answer: a sample is asked about once.
 */
void traps_judge(struct trap_host *host, struct str url, bool is_late, struct trap_answer *ret);

/* It is being asked for; a page came of it, asked for the first time; or nothing did. */
void traps_reserve(struct trap_host *host, struct str url);
void traps_learn(struct trap_host *host, struct str url, const struct page *page);
void traps_forget(struct trap_host *host, struct str url);

/* ---- the part of it that is stored: struct trap_lesson of page.h ---- */

/* Puts back what traps_take_lessons() gave. */
void traps_restore(struct trap_host *host, const struct trap_lesson *lesson);

/* Up to `max` lessons that changed since they were last taken, fewer only when there are no more;
 * their strings live until the next call of any of these functions. */
size_t traps_take_lessons(struct traps *traps, struct trap_lesson *lessons, size_t max);

bool traps_has_lessons(const struct traps *traps);

#endif
