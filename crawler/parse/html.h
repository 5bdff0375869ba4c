/* html: what an HTML page says: links, title, description, language, canonical URL, robots rules,
 * words. Pure. Time and memory are linear in the input, whatever its shape (see sieve.h). */
#ifndef CRAWLER_PARSE_HTML_H
#define CRAWLER_PARSE_HTML_H

#include "crawler/base/arena.h"
#include "crawler/base/buf.h"
#include "crawler/base/err.h"
#include "crawler/base/str.h"
#include "crawler/page.h"
#include "crawler/parse/shingles.h"
#include "crawler/parse/url.h"

struct html_input {
    struct str html;        /* valid UTF-8 */
    bool is_xhtml;          /* application/xhtml+xml: "/>" ends any element, CDATA is text */
    const struct url *base; /* the document's URL */
    struct str charset; /* what it was decoded from, for the queries of its links; absent: UTF-8 */
    struct str agent;   /* product token, for meta robots */
    int64_t now_unix_ms;
    struct buf *ret_text; /* NULL: not wanted; else visible text is added, white space folded */
    struct shingles *ret_shingles; /* NULL: not wanted; else visible text and pictures are added */
};

/* Fills title, description, language, canonical_url, noindex, nofollow (or'ed), words, links,
 * link_count and links_cut of *page; strings and links go into `arena`. Links are resolved,
 * canonical, http(s), those of style sheets and of iframes' srcdoc included, in the
 * order of the page, each (element, url, text) once; of LINKS_MAX places the second half is for an
 * (element, url) not yet named. A URL over URL_MAX_BYTES is cut there and its verdict says
 * EXCLUDE_TOO_LONG; else verdict, depth and priority are left zero. `element` strings are static.
 * internal, nofollow, follow and requisite are set. Text in *ret_text is cut at its ceiling. CW_OK
 * also for the worst tag soup; CW_ENOMEM; CW_ETOOBIG when the arena is full (what was found stays).
 */
enum cw_err html_parse(struct page *page, struct arena *arena,
                       const struct html_input *input) MUST_CHECK;

/* The same for a style sheet (text/css) in input->html: links only, element "style". */
enum cw_err html_parse_style(struct page *page, struct arena *arena,
                             const struct html_input *input) MUST_CHECK;

#endif
