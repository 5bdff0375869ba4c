/* sitemap: the URLs that a site announces (sitemaps.org protocol 0.9): urlset and sitemapindex,
 * text with a URL a line, RSS 1.0 and 2.0, Atom 1.0 (RFC 4287), each gzipped or not. Pure.
 * libxml2's SAX interface, mended where the file is not well-formed; nothing is ever loaded, and no
 * entity of a DTD is ever expanded. Time and memory are linear in the input: at most three times
 * SITEMAP_MAX_BYTES at once.
 *   Absolute URLs only, as the protocol wants; feeds' links are resolved against the feed's URL.
 *   Another host's URLs are left out, but those of `also_host` (cross submission).
 *   Extensions (image, video, news) are passed over; hreflang alternates are entries of their own.
 */
#ifndef CRAWLER_PARSE_SITEMAP_H
#define CRAWLER_PARSE_SITEMAP_H

#include <stdbool.h>
#include <stdint.h>

#include "crawler/base/err.h"
#include "crawler/base/str.h"
#include "crawler/parse/url.h"

enum {
    SITEMAP_MAX_BYTES = 50 * 1024 * 1024, /* of a file, decoded (the protocol's limit) */
    SITEMAP_ENTRIES_MAX = 50000,          /* of a file (the protocol's limit) */
};

enum sitemap_kind {
    SITEMAP_NONE, /* something else: an HTML page that answers for everything, an empty body */
    SITEMAP_URLSET,
    SITEMAP_INDEX,
    SITEMAP_FEED,
};

enum sitemap_role {
    SITEMAP_PAGE,
    SITEMAP_ALTERNATE, /* the same page in another language */
    SITEMAP_FILE,      /* of an index: another sitemap */
};

enum sitemap_changefreq {
    CHANGEFREQ_UNKNOWN,
    CHANGEFREQ_ALWAYS,
    CHANGEFREQ_HOURLY,
    CHANGEFREQ_DAILY,
    CHANGEFREQ_WEEKLY,
    CHANGEFREQ_MONTHLY,
    CHANGEFREQ_YEARLY,
    CHANGEFREQ_NEVER,
};

enum { SITEMAP_PRIORITY_DEFAULT = 500 };

/* Borrowed for the call it comes with. */
struct sitemap_entry {
    enum sitemap_role role;
    struct str url;          /* canonical, at most URL_MAX_BYTES: the head of it when is_cut */
    struct str host;         /* its politeness host */
    bool is_cut;             /* the URL is longer than page.h allows */
    int64_t lastmod_unix_ms; /* -1: none, or no date */
    enum sitemap_changefreq changefreq;
    int32_t priority_per_mille; /* 0 to 1000, SITEMAP_PRIORITY_DEFAULT when none is given */
};

/* CW_OK goes on; anything else ends the reading and is what sitemap_read() returns. */
typedef enum cw_err sitemap_entry_fn(void *arg, const struct sitemap_entry *entry);

/* To be called before two threads may read at once: libxml2 makes its mutexes on first use, and
 * two threads that both do so wait for each other's ever after. Any number of times. */
void sitemap_prepare(void);

struct sitemap_input {
    struct str body;         /* without content coding; gzip is found by its magic number */
    struct str content_type; /* the header's value, or absent */
    const struct url *url;   /* where it was served from */
    struct str also_host;    /* the politeness host whose robots.txt names it, or absent */
    int64_t now_unix_ms;
};

struct sitemap_summary {
    enum sitemap_kind kind;
    uint32_t entries; /* handed out */
    uint32_t foreign; /* left out: another host's */
    uint32_t invalid; /* left out: no absolute http(s) URL */
    bool cut;         /* a limit was reached, or the file ends early: there was more */
};

/* Hands out the entries in the order of the file, what is complete of a broken one included.
 * CW_EBOMB: a gzip bomb, or entities made of entities. CW_EENCODING: not gzip within, or an
 * unknown charset. CW_ENOMEM. Entries may have been handed out before an error. */
enum cw_err sitemap_read(struct sitemap_summary *ret, const struct sitemap_input *input,
                         sitemap_entry_fn *on_entry, void *arg) MUST_CHECK;

#endif
