/* explain: all that the database knows of one URL: who named it, what was asked, what it answered,
 * and what it waits for. For readers (store.h), from any process, also while a crawl writes. */
#ifndef STORAGE_EXPLAIN_H
#define STORAGE_EXPLAIN_H

#include "storage/store.h"

enum {
    EXPLAIN_LISTED_MAX = 20,     /* attempts, pages that link to it */
    EXPLAIN_HOPS_MAX = 12,       /* redirects shown in a row, to it and from it */
    EXPLAIN_COUNT_MAX = 100000,  /* what is counted up to here only: "or more" */
    EXPLAIN_MAX_BYTES = 8 << 20, /* of all texts together */
};

/* The latest run. */
struct store_run {
    int64_t started_unix_ms, ended_unix_ms;            /* ended 0: it runs, or died */
    struct str command, version, end_reason, settings; /* settings absent: not kept */
    bool is_running;
    int pid; /* of the running one; 0: not known */
};

struct store_explain_want {
    struct str url;           /* canonical */
    const struct str *others; /* other spellings, canonical: which of them are known? */
    size_t other_count;
    struct str domain; /* its registrable domain, for `stored`; absent: not asked */
    bool walk;         /* go through all links and pages for what no index answers */
    /* When `url` was never seen: the latest run, then each start URL, the targets of their
     * redirects included (`is_named`: not found by the crawl itself). NULL: neither. */
    void (*on_run)(void *arg, const struct store_run *run);
    void (*on_seed)(void *arg, struct str url, bool is_named);
    void *arg;
};

/* A page that names the URL, and how. */
struct store_mention {
    struct str url, element, rel, text; /* as in view `link`; element absent: a redirect, or gone */
    bool nofollow;
    int32_t redirect_status; /* 0: no redirect */
};

/* `url` answered `status` and led to the next one. */
struct store_hop {
    struct str url;
    int32_t status;
    bool followed; /* false: it closed a loop, or was one too many */
};

/* The answer on record. */
struct store_answer {
    int32_t status;
    struct str error, content_type, canonical_url, same_as; /* same_as: had the content before it */
    int32_t same_status;                                    /* of same_as; 0: none now */
    int64_t fetched_unix_ms, size, links;
    int64_t same_count; /* other pages with this content now; -1: not asked */
    int64_t versions;   /* contents that it once had, this one included */
    int64_t interval_ms,
        checked_unix_ms; /* learned by every: auto; when it was asked for last; 0 */
    bool noindex, nofollow, links_cut, body_cut, has_body;
};

/* Its host as of the last commit, and what stands before the URL while that is queued. */
struct store_place {
    bool is_known; /* else nothing below is */
    struct str host;
    int64_t urls, queued, active, pages, errors;
    int32_t delay_ms;
    int64_t last_fetch_unix_ms, backoff_until_unix_ms, ready_unix_ms; /* 0: none */
    bool leased;         /* a running crawl works on it */
    int64_t urls_ahead;  /* queued ones of the host; of an active one those in hand before it */
    int64_t hosts_ahead; /* that wait longer for their turn, up to EXPLAIN_COUNT_MAX */
};

/* robots.txt of its origin as it was read last. */
struct store_robots_known {
    bool is_known;
    int64_t fetched_unix_ms;
    int32_t status;           /* 0: no answer */
    struct str error, detail; /* absent: it could be had */
    struct str body;          /* absent: none, or not readable any more */
};

/* Owned by the caller; store_explanation_release() frees it. Absent texts: nothing is known. */
struct store_explanation {
    struct arena arena;
    bool is_known; /* false: run, place, robots and others are all that is set */
    enum url_state state;
    enum exclude_reason excluded; /* by what, when it is EXCLUDED */
    enum cw_err failed;           /* why, when it is FAILED */
    struct str reason, detail;    /* as in view `url` */
    int32_t depth, priority, attempts;
    int64_t due_unix_ms; /* QUEUED: not before; settled: when it comes back; 0: none */
    int64_t first_seen_unix_ms;
    bool is_seed;
    struct store_mention found; /* url absent: named by a person, or by a sitemap */
    struct attempt *tries;      /* the latest ones, oldest first */
    size_t try_count;
    bool has_answer;
    struct store_answer answer;
    struct store_hop *to, *from; /* the way that leads here; the way on, its last url the end */
    size_t to_count, from_count;
    int64_t redirects_here;            /* URLs that redirect here, up to EXPLAIN_COUNT_MAX */
    int32_t end_status;                /* of the end of `from`; 0: not fetched */
    int64_t link_count, linking_pages; /* -1: not asked */
    struct store_mention *links;       /* the first ones */
    size_t links_listed;
    struct store_place place;
    struct budget_stored stored; /* what counts for budgets */
    struct trap_lesson *lessons; /* what was learned of its host */
    size_t lesson_count;
    struct store_robots_known robots;
    struct store_run run;
    struct str *others; /* those of want->others that are known */
    size_t other_count;
};
void store_explanation_release(struct store_explanation *explanation);

/* One snapshot, also while a crawl writes. Cost: a few look-ups, and counting up to
 * EXPLAIN_COUNT_MAX; with `walk` all links and pages; with on_seed all start URLs. */
enum cw_err store_explain(struct store_reader *reader, const struct store_explain_want *want,
                          struct store_explanation *ret, struct errmsg *reterr_msg) MUST_CHECK;

#endif
