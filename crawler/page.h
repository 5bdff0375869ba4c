/* page: the central noun. The plain data of one answered URL and of what came of one visit to it.
 * parse fills it, engine carries it, storage writes it, everyone may read it. No functions live
 * here but those that name and free. All strings are valid UTF-8 and live in the page's
 * arena. Thread: handed from one to the next, never shared. */
#ifndef CRAWLER_PAGE_H
#define CRAWLER_PAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "crawler/base/arena.h"
#include "crawler/base/buf.h"
#include "crawler/base/err.h"
#include "crawler/base/str.h"
#include "crawler/base/zdict.h"

/* Where a URL stands. Every URL ever seen is in exactly one of these (the conservation law). The
 * numbers are stored in databases: never renumber. */
enum url_state {
    URL_QUEUED = 0,   /* waits for its turn, on disk */
    URL_ACTIVE = 1,   /* leased to a running crawl; queued again when that dies */
    URL_DONE = 2,     /* answered and stored, whatever the status */
    URL_FAILED = 3,   /* no usable answer; the reason is an error class */
    URL_EXCLUDED = 4, /* not to be fetched; the reason says by which rule */
};

/* Why a URL is excluded. Stored in databases: never renumber. NAME is the stable word in
 * url.reason. */
#define EXCLUDE_REASONS(X)                                                                         \
    X(NONE, 0, "")                                                                                 \
    X(ROBOTS, 1, "robots")        /* robots.txt; the detail holds line and rule */                 \
    X(SCOPE, 2, "scope")          /* outside --scope */                                            \
    X(INCLUDE, 3, "include")      /* matches no --include pattern */                               \
    X(PATTERN, 4, "exclude")      /* matches an --exclude pattern; the detail holds it */          \
    X(DEPTH, 5, "depth")          /* deeper than --depth */                                        \
    X(BUDGET, 6, "budget")        /* more than a host or domain may have */                        \
    X(TRAP, 7, "trap")            /* looks like endless generated pages */                         \
    X(TOO_LONG, 8, "too-long")    /* URL over 2,048 bytes; only its head is kept */                \
    X(SCHEME, 9, "scheme")        /* not http or https */                                          \
    X(PORT, 10, "port")           /* a port that the Fetch standard forbids */                     \
    X(HOPS, 11, "redirect")       /* behind too many redirects */                                  \
    X(FOLLOW, 12, "no-follow")    /* found on a page, while --no-follow holds */                   \
    X(NOFOLLOW, 13, "nofollow")   /* only ever linked with nofollow */                             \
    X(REQUISITE, 14, "requisite") /* part of a page (image, script ...), see --requisites */       \
    X(MENTION, 15, "mention")     /* no page and no part of one: a form's target, a citation */

enum exclude_reason {
#define X(symbol, number, name) EXCLUDE_##symbol = number,
    EXCLUDE_REASONS(X)
#undef X
        EXCLUDE_REASON_COUNT /* of an array that has a place for each */
};
const char *exclude_reason_name(enum exclude_reason reason);

enum fetch_kind {
    FETCH_PAGE = 0,
    FETCH_ROBOTS = 1,
    FETCH_SITEMAP = 2
}; /* stored: never renumber */

/* What the crawl decided about a URL it discovered. Pure: computed from scope, depth and patterns.
 */
struct verdict {
    enum exclude_reason reason; /* EXCLUDE_NONE: to be fetched */
    struct str detail;          /* the rule at fault, or absent */
};

/* A URL found in an answer. One page names each edge once for each (element, url, text) it holds.
 */
struct page_link {
    struct str url; /* canonical, absolute, without fragment; http(s) only */
    struct str
        host; /* "example.org" or "example.org:8080": its politeness host, see url_host_key() */
    struct str element; /* "a", "img", "link", "meta", "form", ... (static) */
    struct str rel;     /* lower case, or absent */
    struct str text; /* anchor text or alt, white space folded, at most LINK_TEXT_MAX bytes; may be
                        absent */
    bool nofollow;   /* rel=nofollow|ugc|sponsored, or the page's own robots rule */
    bool internal;   /* same politeness host as the page */
    bool follow;     /* names a page to crawl (a, area, frame ...) */
    bool requisite;  /* names a part of this page (img, script ...); neither: a mere mention */
    struct verdict verdict;
    int32_t depth;    /* of the target, seen from this page */
    int32_t priority; /* of the target; smaller comes first */
};

/* A priority from which on a URL waits until its host has nothing better: see frontier/traps.h. */
enum { PRIORITY_LATE = 1 << 24 };

enum {
    URL_MAX_BYTES = 2048,
    LINK_TEXT_MAX = 256,
    TITLE_MAX = 1024,
    DESCRIPTION_MAX = 1024,
    LINKS_MAX = 10000, /* links kept of one page; more set links_cut */
};

/* Milliseconds; -1: did not happen. Each counts from the start of the request. */
struct timings {
    int64_t started_unix_ms, ended_unix_ms;
    int32_t dns_ms, connect_ms, tls_ms, first_byte_ms, total_ms;
};

/* One request that was made, or tried: a row of view `fetch`. */
struct attempt {
    enum fetch_kind kind;
    struct str url;
    struct str host; /* politeness host */
    struct timings time;
    int32_t attempt; /* 1-based count of requests for this URL */
    int32_t status;  /* HTTP status; 0 when there was no answer */
    enum cw_err err;
    struct str detail;    /* what the library said, for people; may be absent */
    int32_t limit_ms;     /* the delay that was in force for the host */
    int64_t size;         /* body bytes as received, before decoding */
    int32_t http_version; /* 10, 11, 20; 0 unknown */
    struct str remote_ip;
    int64_t retry_after_ms; /* as the server asked, at most the longest rest; -1: it did not */
    /* The limits in force when it started: requests at once to the host, and to the address.
     * 0: none, or it never reached for a host. */
    int32_t host_slots, address_slots;
    /* When it started, when it had ended, and until when its host is left alone after it; on the
     * boot clock (clock.h), that nobody can set. 0: not known. */
    int64_t started_boot_ms, ended_boot_ms, quiet_until_boot_ms;
};

enum { SHINGLES_MAX = 128 }; /* of one page */

/* What a page says, in a form that can be compared: see parse/shingles.h. */
struct print {
    const uint32_t *items; /* a set; none is 0 */
    unsigned count;
    uint32_t each;  /* how many of the page's shingles one stands for; a power of two */
    uint32_t title; /* 0: it has none */
    uint32_t sum;   /* over the whole set: equal for equal text, whatever the order of its runs */
    bool is_lost;   /* it says that there is no such page */
};

/* The latest answer of a URL: a row of view `page`. */
struct page {
    int32_t status;
    struct str content_type; /* essence: "text/html"; absent when none was sent */
    struct str charset;      /* WHATWG name of the encoding used; absent for what is not text */
    struct str language, title, description, canonical_url, etag, last_modified;
    bool noindex, nofollow;  /* meta robots and X-Robots-Tag, for our agent */
    bool links_cut;          /* more than LINKS_MAX links: the rest was not kept */
    bool body_cut;           /* the body passed the size limit; only its head was kept */
    int64_t size;            /* decoded bytes */
    int32_t words;           /* of visible text */
    uint8_t body_hash[16];   /* XXH3-128 of the decoded body, canonical (big-endian) form */
    struct buf body;         /* zstd frame of the decoded body; empty when none is to be stored */
    struct zdict *body_dict; /* held; what the frame needs to be decoded; NULL: nothing */
    struct page_link *links; /* in the arena */
    size_t link_count;
    struct page_link *redirect; /* the target of a 3xx, in the arena; NULL when none */
    struct print print;         /* items in the arena */
};

/* What is known of how a page changes, small enough to be kept for each: what frontier/revisit.h
 * learns from and engine and storage carry. Times are unix milliseconds. */
struct page_history {
    double changes, exposure_ms; /* its rate of change is Gamma(changes, exposure_ms) */
    int64_t checked_ms;          /* its changes until then are accounted for; 0: never asked */
    int64_t interval_ms;         /* that it was given, and that counts in the budget; 0: none */
    int64_t announced_ms;        /* when it changed, as a sitemap says of it since; 0: none does */
    int32_t traits;              /* enum page_trait */
};
enum page_trait {                       /* stored in databases: never renumber */
                  PAGE_MISDATES = 1,    /* its Last-Modified was seen to be wrong */
                  PAGE_MISANNOUNCED = 2 /* a sitemap said that it had changed, and it had not */
};

/* What came of one visit to one leased URL; all of it lands in one transaction.
 * Owned by whoever holds it: engine until it is pushed to the sink, then storage's batch. */
struct outcome {
    struct arena arena; /* every string below lives here */
    int64_t url_id;     /* the store's name of the leased URL */
    struct str url, host;
    int32_t depth;
    enum url_state state; /* DONE, FAILED, EXCLUDED, or QUEUED: to be tried again at due_unix_ms */
    enum cw_err err;      /* why FAILED, or why it must wait */
    enum exclude_reason reason; /* why EXCLUDED */
    struct str detail;          /* the words after the reason */
    int64_t due_unix_ms;        /* when QUEUED */
    int32_t late_priority;      /* when QUEUED to wait for better ones: PRIORITY_LATE or more */
    bool is_seed;
    bool has_attempt; /* false: decided without a request (robots, drained) */
    struct attempt attempt;
    bool has_page; /* an answer was received */
    /* 304: what is on record of the page still holds. Of `page` only etag and last_modified count,
     * where the answer had them. */
    bool is_unchanged;
    int64_t revisit_unix_ms; /* when a URL that is settled now is asked for again; 0: never */
    bool has_history;
    struct page_history history;
    struct page page;
};

/* What budgets count of a host: its pages, and those of its registrable domain. */
struct budget_stored {
    int64_t pages;
    struct str domain;                  /* absent: nobody counts domains */
    int64_t domain_pages, domain_hosts; /* hosts: those with pages */
};

enum trap_kind { /* stored: never renumber */
                 TRAP_HOST = 0,
                 TRAP_CLASS = 1,
                 TRAP_ALIAS = 2,
                 TRAP_URL =
                     3, /* a URL that was fetched, of a host with aliases; not stored as a lesson */
};

/* One thing that was learned of a host's pages without end: see frontier/traps.h. Yields are in
 * eighths of a page. */
struct trap_lesson {
    struct str host;
    enum trap_kind kind;
    uint64_t key;
    struct str name; /* the class, the identifier or the URL; absent for the host itself */
    int64_t count;   /* TRAP_HOST: eighths wasted; TRAP_CLASS: pages; TRAP_ALIAS: different pairs */
    int64_t gain;    /* eighths that were new; TRAP_ALIAS: equal pairs */
    int64_t refused; /* URLs; not counted for TRAP_HOST */
};

struct outcome *outcome_new(void) MUST_CHECK; /* NULL when memory is out */
void outcome_free(struct outcome *o);         /* with its arena, body and links; NULL is fine */

#endif
