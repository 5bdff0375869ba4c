/* explain: what is known of a URL, and what would become of it, in words and as JSON. */
#ifndef CRAWLER_CLI_EXPLAIN_H
#define CRAWLER_CLI_EXPLAIN_H

#include "crawler/cli/facts.h"
#include "crawler/engine/foresight.h"
#include "crawler/engine/spellings.h"
#include "storage/explain.h"

/* All that there is to say something about. */
struct explained {
    struct str typed; /* the URL as typed, without a password */
    struct url url;   /* canonical; as it was parsed when its scheme is no http(s) */
    int64_t now_unix_ms;
    struct arena arena;
    struct store_explanation known;
    struct foresight foresight;
    struct spelling spellings[SPELLINGS_MAX];
    size_t spelling_count;
    struct verdict verdict; /* for a URL never seen: were it linked now */
    bool reachable;
    enum guard_class address_class;
    struct sentry_answer sentry; /* for one that is queued or was never seen */
    bool has_robots;             /* the text of a robots.txt was asked */
    struct foreseen_robots robots;
};

/* What became of it, or would: "Not fetched: robots.txt line 12 ...". In the arena; absent when
 * memory is out. */
struct str explain_verdict(struct explained *e, enum tone *ret_tone);

/* The words for an exclusion: "outside --scope host". In the arena. */
struct str explain_exclusion(struct explained *e, enum exclude_reason reason, struct str detail);

/* What a person can do about it; NULL: nothing. */
const char *explain_hint(const struct explained *e);

/* All of it. */
void explain_facts(struct explained *e, struct facts *ret);
/* Its parts: explain_place.c. */
void explain_rules_facts(struct explained *e, struct facts *ret);
void explain_place_facts(struct explained *e, struct facts *ret);
void explain_robots_facts(struct explained *e, struct facts *ret);

/* One JSON object. */
enum cw_err explain_add_json(struct explained *e, const struct facts *facts,
                             struct buf *ret) MUST_CHECK;

/* A text made for the arena; absent when memory is out. */
struct str explain_format(struct explained *e, const char *format, ...) PRINTF_LIKE(2, 3);

/* "2026-01-02T03:04:05.678Z"; in the arena. */
const char *explain_time(struct explained *e, int64_t unix_ms);

#endif
