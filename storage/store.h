/* store: one crawl's database, frontier included. Blocking; never hears of the loop.
 * Thread: any, but one call at a time on one store, store_fold() excepted; engine runs each call as
 * one executor job.
 * Every call is complete in itself (no cursor and no "last id" is held across calls), so that
 * another implementation may answer from another machine. Frontier work is handed out as leases: a
 * leased host and its leased URLs belong to this process until they come back in a batch or the
 * store is closed. Crash story: what is not in a committed batch never happened; at the next open
 * all leases lapse. */
#ifndef STORAGE_STORE_H
#define STORAGE_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "crawler/base/err.h"
#include "crawler/base/str.h"
#include "crawler/page.h"

/* What the database engine takes from the process as a whole. Call it once, while there is one
 * thread and no store or reader yet (again: does nothing); without it all works the same, only
 * slower. */
void store_prepare_process(void);

struct store;

struct store_options {
    const char *path;    /* of the database file; created when absent */
    bool fresh;          /* forget what is in it first */
    int busy_timeout_ms; /* how long to wait for another process's lock; 0: 60,000 */
    const char *command; /* what the person typed, for view `crawl` */
    const char *version;
    const char *settings; /* of this run, one JSON object (config/settings.h); NULL: not kept */
    bool revisits; /* settled URLs come back when they are due, and leases carry what is known */
    struct str (*domain_of)(struct str host); /* the registrable domain, borrowed; may be NULL */
};

/* Opens, creates or migrates the database, takes the writer's lock for this process, lets old
 * leases lapse and begins a row of view `crawl`. Errors, with a sentence in *reterr_msg that names
 * the file and the way out: CW_ELOCKED (names the other's pid), CW_ENOTDB, CW_ENEWER, CW_EDISKFULL,
 * CW_ESTORAGE. */
enum cw_err store_open(struct store **ret, const struct store_options *options,
                       struct errmsg *reterr_msg) MUST_CHECK;

/* Ends the row of view `crawl` with `end_reason` ("finished", "interrupted", "max-pages", ...; NULL
 * leaves it open, as after a crash), gives leases back, checkpoints, unlocks, frees. `store` is
 * gone also on error. NULL is fine. */
enum cw_err store_close(struct store *store, const char *end_reason,
                        struct errmsg *reterr_msg) MUST_CHECK;

/* A URL that a person named: on the command line, on standard input or in the configuration. */
struct store_seed {
    struct str url, host; /* canonical; politeness host */
    struct verdict verdict;
    int32_t priority;
};

/* A URL that was found elsewhere than on a page of the crawl: in a sitemap. It is judged like a
 * link, and found_on stays empty. */
struct store_found {
    struct str url, host; /* canonical; politeness host */
    struct verdict verdict;
    int32_t depth, priority;
    int64_t modified_unix_ms; /* since when its content is as it is, as announced; 0: not said. A
                               * page whose answer is older becomes due, where revisits are on */
};

/* The clock of a host, kept so that politeness survives a restart. */
struct store_host {
    struct str host;
    int32_t delay_ms;              /* in force now */
    int64_t quiet_until_boot_ms;   /* no request before, by delay or rest; on the boot clock of now
                                      (clock.h), whichever boot it was stored in. 0: none, and what
                                      is past may be negative */
    int64_t last_fetch_unix_ms;    /* end of the last request; 0: never */
    int64_t backoff_until_unix_ms; /* 0: none */
    int32_t robots_status;  /* HTTP status of robots.txt; 0 unknown, negative: -(enum cw_err) */
    int64_t robots_unix_ms; /* when it was fetched */
    struct budget_stored stored; /* in a reply, of a host that was not leased before */
};

/* What became of an origin's robots.txt: what crawld explain tells. */
struct store_robots {
    struct str origin, host; /* "https://example.org:8443"; its politeness host */
    int64_t fetched_unix_ms;
    int32_t status;    /* HTTP status; 0: no answer */
    enum cw_err err;   /* not CW_OK: it cannot be had */
    struct str detail; /* for people; may be absent */
    struct str body;   /* as it was read, decoded; absent: none */
};

/* Who must still be left alone, and what was learned of that by earlier processes: of all crawls
 * that share a process this must be known before any of them asks for anything. Memory and cost:
 * those of the hosts whose delay or rest still runs, which the earlier process held as well. */
struct store_clocks {
    struct arena arena;
    struct store_host *hosts; /* owned; only host, delay_ms and quiet_until_boot_ms are set */
    size_t count;
    bool was_killed; /* the last process did not end its crawl: requests may have been under way, to
                        any host, until now */
};
enum cw_err store_list_clocks(struct store *store, struct store_clocks *ret,
                              struct errmsg *reterr_msg) MUST_CHECK;
void store_clocks_release(struct store_clocks *clocks);

enum { STORE_LEAST_URLS = 2 };

/* How much work the caller wants back. */
struct store_want {
    const struct str
        *hosts; /* hosts leased already that run dry: up to urls_per_host more of each */
    size_t host_count;
    size_t new_hosts; /* hosts not leased yet, the longest waiting first */
    size_t urls_per_host;
    size_t
        urls; /* about so many in all, evenly, but STORE_LEAST_URLS of each host; 0: any number */
    int64_t now_unix_ms; /* URLs due later stay where they are */
    bool survey;         /* fill store_reply.survey, too; about once a second is meant */
    size_t revisits;     /* settled URLs that are due, to be queued again at the most; needs
                          * store_options.revisits */
};

/* One transaction. Everything is borrowed for the call. */
struct store_batch {
    struct outcome *const *outcomes;
    size_t outcome_count;
    const struct store_seed *seeds;
    size_t seed_count;
    const struct store_found *found;
    size_t found_count;
    const struct attempt *attempts; /* requests that belong to no URL: robots.txt, sitemaps */
    size_t attempt_count;
    const struct store_host *hosts;
    size_t host_count;
    const struct store_robots *robots;
    size_t robots_count;
    const struct trap_lesson *lessons;
    size_t lesson_count;
    const struct str *idle_hosts; /* leases given back: nothing of them is queued here any more */
    size_t idle_host_count;
    struct store_want want;
};

/* Where the work lies that is not in memory. */
struct store_queue {
    struct str host;
    int64_t queued;   /* in the database, what is leased not counted */
    int64_t delay_ms; /* its clock as last stored; 0: not known */
};
enum { STORE_LONGEST_MAX = 8, STORE_WAL_BYTES = 100 * 1024 * 1024 };
struct store_survey {
    bool is_there;         /* it was asked for */
    int64_t later_hosts;   /* hosts with work that all waits for a time; counted up to 10,000 */
    int64_t resting_hosts; /* ... of these: for the end of the host's rest */
    struct store_queue longest[STORE_LONGEST_MAX]; /* the longest queues of 64 URLs or more */
    size_t longest_count;
    int64_t wal_bytes;  /* of the write-ahead log: it grows while somebody reads */
    int32_t reader_pid; /* who does, once it has STORE_WAL_BYTES; 0: not known */
};

/* What is on record of a URL that was answered before; strings in the reply's arena. */
struct store_known {
    int32_t status; /* 0: it was never answered */
    uint8_t body_hash[16];
    bool has_body; /* it is stored, in the form that the run kept which received it; or is empty */
    bool is_cut;   /* only its head was received */
    int64_t fetched_unix_ms;
    struct str etag, last_modified;
    bool has_history;
    struct page_history history;
};

struct store_lease {
    int64_t url_id;
    struct str url;
    size_t host; /* index into store_reply.hosts */
    int32_t depth;
    int32_t attempts; /* requests made for it so far */
    int32_t hops;     /* redirects that led to it, in a row */
    int32_t priority;
    bool is_seed;
    struct store_known known; /* where store_options.revisits */
};

/* Owned by the caller; store_reply_release() frees it. */
struct store_reply {
    struct arena arena;
    struct store_host *hosts; /* every host with a lease below; the new ones first seen here */
    size_t host_count;
    struct store_lease *leases; /* grouped by host, in the order to be fetched */
    size_t lease_count;
    struct str *fed; /* leased hosts that the batch has to do with and that have more queued */
    size_t fed_count;
    struct trap_lesson *lessons; /* of hosts that were not leased before */
    size_t lesson_count, lesson_cap;
    int64_t queued; /* URLs that wait in the database after this batch, leased ones not counted */
    int64_t active; /* leased */
    int64_t
        next_due_unix_ms;    /* the earliest due time of a URL or host that waits for it; 0: none */
    bool hosts_wait;         /* hosts beyond those asked for could be worked on now */
    bool log_is_long;        /* store_fold() is due, and a store_checkpoint() after it */
    bool log_is_full;        /* ... and should end before the next commit begins */
    bool is_young;           /* a commit is wanted within STORE_YOUNG_MS, if only an empty one */
    int64_t pages;           /* answers stored in all: what --max-pages counts */
    int64_t seen;            /* URLs ever seen */
    size_t revisits;         /* settled URLs that were queued again */
    int64_t revisit_unix_ms; /* when the next of the others is due, be it in the past; 0: none */
    struct store_survey survey;
    int64_t now_unix_ms; /* the time that next_due_unix_ms is to be compared with: the wall clock
                            may have been set since */
};
void store_reply_release(struct store_reply *reply);

/* Applies the batch and leases work, in one transaction. On error nothing of it has happened and
 * *ret is untouched: CW_EDISKFULL, CW_ESTORAGE, CW_ENOMEM, CW_EINVAL (an outcome for a URL that is
 * not leased). Cost: O(n log n) in the batch's URLs.
 * For each outcome: the state change, the attempt, the page with body and links, and every
 * discovered URL with its verdict. A URL seen before keeps its row; a shorter way to it lowers its
 * depth, and one that an earlier verdict excluded (for its depth, nofollow, the scope as it was
 * then) is queued when the new verdict allows it. What robots.txt, a budget or a trap excluded
 * stays so, unless it comes as a seed. The redirect target of a seed becomes a seed. A redirect
 * that closes a loop, and the eleventh in a row, fails its source as CW_EREDIRECT. */
enum cw_err store_commit(struct store *store, const struct store_batch *batch,
                         struct store_reply *ret, struct errmsg *reterr_msg) MUST_CHECK;

/* How long a new file may be such that a power cut leaves nothing of use: nothing is waited for
 * until it is closed, or this old. Most crawls of a few pages are over by then. */
enum { STORE_YOUNG_MS = 1000 };

/* Both fold the log of transactions into the file, when a reply has said that it is long. What was
 * folded to its end begins anew with the next commit.
 * store_fold() does most of it, waits included, beside other calls: it alone may run on another
 * thread while one of them is under way. Not twice at a time, nor during store_close().
 * store_checkpoint() does all of it, or what store_fold() has left, which is little; between
 * commits, where nobody waits for an answer. While store_fold() runs it does nothing.
 * A commit that finds the log twice as long does the same itself. While someone reads the
 * database only what was written before that can be folded. Neither fails: what cannot be folded
 * stays in the log, and a disk that is full or broken fails the next commit. */
void store_fold(struct store *store);
void store_checkpoint(struct store *store);

/* Is another program holding the database's lock while a call of this store waits for it?
 * Thread: any, at any time, without waiting. */
struct store_wait {
    int64_t since_mono_ms; /* 0: it does not wait */
    int32_t holder_pid;    /* of the other program; 0: not known */
};
void store_waits(const struct store *store, struct store_wait *ret);
/* What of the settled URLs comes back. */
struct store_revisits {
    bool all;         /* each that is done or failed is due once, now */
    int64_t every_ms; /* so long after its last answer; 0: when its history says. Not with `all` */
};

/* Before the first commit of a run with store_options.revisits: gives a due time to the settled
 * URLs that need one. With `all` that is every one, unless the last run was one of that kind and
 * did not end as "finished": then it goes on where that one stopped. Cost: one walk over all URLs,
 * in one transaction; none when the last run asked for the same. */
enum cw_err store_begin_revisits(struct store *store, const struct store_revisits *revisits,
                                 struct errmsg *reterr_msg) MUST_CHECK;

/* The histories of all pages that have one. Cost: one walk over them. */
typedef void store_history_fn(void *arg, int64_t url_id, const struct page_history *history);
enum cw_err store_list_histories(struct store *store, store_history_fn *on_history, void *arg,
                                 struct errmsg *reterr_msg) MUST_CHECK;

/* Requeues seeds that failed or answered 5xx, for a run that repeats the command. */
enum cw_err store_retry_seeds(struct store *store, struct errmsg *reterr_msg) MUST_CHECK;

/* Asks `judge` again about every URL that the crawl's rules excluded (scope, include, exclude,
 * depth, no-follow, requisite, budget, trap), and queues those it now allows: for a run with a
 * wider scope or a larger depth. `rules` stands for the rules; when it equals that of the last run,
 * nobody is asked. Cost: one walk over all URLs, in transactions of 1,000 at the most. */
struct store_excluded {
    struct str url, host;
    int32_t depth;
    enum exclude_reason reason;
};
typedef struct verdict store_judge_fn(void *arg, const struct store_excluded *excluded);
enum cw_err store_rejudge(struct store *store, int64_t rules, store_judge_fn *judge, void *arg,
                          struct errmsg *reterr_msg) MUST_CHECK;

/* The seeds in the database, the redirect targets of seeds included: what scope is built from. */
struct store_seeds {
    struct arena arena;
    struct str *urls;
    size_t count;
};
void store_seeds_release(struct store_seeds *seeds);
enum cw_err store_list_seeds(struct store *store, struct store_seeds *ret,
                             struct errmsg *reterr_msg) MUST_CHECK;

/* What came of the crawl, by kind: the summary at the end. */
struct store_count {
    struct str name; /* "200", "404"; or "excluded: robots", "failed: dns" */
    int64_t count;
};
struct store_summary {
    struct arena arena;
    struct store_count *statuses, *reasons; /* largest first */
    size_t status_count, reason_count;
    int64_t queued, done, failed, excluded; /* leased ones count as queued */
    /* Seeds in all; those answered with a status below 400. A seed that redirects counts through
     * its target, which is a seed as well. */
    int64_t seeds, seeds_fetched;
};
void store_summary_release(struct store_summary *summary);
enum cw_err store_summarise(struct store *store, struct store_summary *ret,
                            struct errmsg *reterr_msg) MUST_CHECK;

/* ---- Reading, from any process, also while a crawl writes. Read-only by construction. ---- */

struct store_reader;

/* Errors: CW_ENOTFOUND (no such file), CW_ENOTDB, CW_ENEWER, CW_ESTORAGE. */
enum cw_err store_reader_open(struct store_reader **ret, const char *path,
                              struct errmsg *reterr_msg) MUST_CHECK;
void store_reader_close(struct store_reader *reader);

enum store_type { STORE_NULL, STORE_INTEGER, STORE_REAL, STORE_TEXT, STORE_BLOB };
struct store_value {
    enum store_type type;
    int64_t integer;
    double real;
    struct str text; /* of TEXT and BLOB; borrowed for the callback */
};

/* `on_columns` comes once for each statement that has columns, before its first row; `on_row` for
 * each row. Either returns false to stop the query (that is no error). */
struct store_query_sink {
    bool (*on_columns)(void *arg, const char *const *names, size_t count);
    bool (*on_row)(void *arg, const struct store_value *values, size_t count);
    void *arg;
};

/* Runs one or more SQL statements. Anything that would write anywhere is refused: CW_EINVAL, with
 * SQLite's own words and, where known, the place in the text. */
enum cw_err store_query(struct store_reader *reader, struct str sql,
                        const struct store_query_sink *sink, struct errmsg *reterr_msg) MUST_CHECK;

/* The stored body of `url` (canonical form), decoded; *ret (initialised) receives it. CW_ENOTFOUND
 * says in *reterr_msg whether the URL was never seen, is queued, failed, or has no stored body. */
enum cw_err store_read_body(struct store_reader *reader, struct str url, struct buf *ret,
                            struct errmsg *reterr_msg) MUST_CHECK;

/* The same of a content that the URL once had, as view page_version names it. */
enum cw_err store_read_version(struct store_reader *reader, struct str url, const uint8_t hash[16],
                               struct buf *ret, struct errmsg *reterr_msg) MUST_CHECK;

#endif
