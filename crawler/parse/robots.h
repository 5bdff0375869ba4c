/* robots: robots.txt as RFC 9309 reads it: groups, longest match, `*` and `$`. Pure. Parsing is
 * linear in the body, matching is linear in rule times path (no backtracking). Unknown lines are
 * ignored. A parsed file is immutable: any thread may match against it. */
#ifndef CRAWLER_PARSE_ROBOTS_H
#define CRAWLER_PARSE_ROBOTS_H

#include <stdbool.h>
#include <stdint.h>

#include "crawler/base/err.h"
#include "crawler/base/str.h"

enum {
    ROBOTS_MAX_BYTES = 500 * 1024
}; /* RFC 9309 2.5: what is beyond is cut at the last full line */

struct robots; /* the rules that apply to one agent */

/* Keeps the rules of the groups that name `agent` (a product token, "crawld"; case does not
 * matter), or else those of `*`. The body is UTF-8, or UTF-16 with its byte order mark. CW_ENOMEM
 * is the only error. */
enum cw_err robots_parse(struct robots **ret, struct str body, struct str agent) MUST_CHECK;
void robots_free(struct robots *robots);

struct robots_match {
    bool allowed;
    uint32_t line;   /* 1-based line of the rule that decided; 0: no rule matched */
    struct str rule; /* "Disallow: /private/", borrowed from the robots; absent when line is 0 */
};
/* The verdict on a path with query ("/a?b", percent-encoded as in a canonical URL). When memory is
 * out the answer is no, with line 0. */
struct robots_match robots_match(const struct robots *robots, struct str path_and_query);

int64_t robots_crawl_delay_ms(const struct robots *robots); /* -1: none, or not a number */

/* Sitemap lines, absolute URLs as written; they belong to no group. */
size_t robots_sitemap_count(const struct robots *robots);
struct str robots_sitemap(const struct robots *robots, size_t index);
size_t robots_footprint(const struct robots *robots); /* bytes of memory */

/* The product token of a user agent: "crawld" of "crawld/0.1 (+https://...)". Borrowed. */
struct str robots_product_token(struct str user_agent);

#endif
