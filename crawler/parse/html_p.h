/* html_p: one run over a page, shared by html.c (what the page says of itself) and html_links.c
 * (where it links to). Private to them. */
#ifndef CRAWLER_PARSE_HTML_P_H
#define CRAWLER_PARSE_HTML_P_H

#include "crawler/parse/fold.h"
#include "crawler/parse/html.h"
#include "crawler/parse/linkset.h"
#include "crawler/parse/pagerules.h"
#include "crawler/parse/sieve.h"

enum { RAW_URL_MAX = 64 * 1024 }; /* what is beyond could not make a URL short enough to keep */

/* The <a> whose text is being gathered. Its link waits in buffers of its own for the end tag. */
struct open_a {
    bool is_open;
    bool is_link; /* it has a link to keep */
    size_t order; /* its place in the page */
    struct page_link link;
    struct buf url, rel, text;
    struct fold fold; /* to `text` */
};

/* What one run over a page knows. Borrowed by the callbacks. */
struct html_reader {
    const struct html_input *input;
    const struct url *document; /* whose host is internal: the page's, also in a srcdoc */
    struct page *page;
    struct arena *arena;
    enum cw_err err; /* the first; the run stops at it */

    struct url base; /* of relative links, once has_base */
    bool has_base;
    struct url url; /* the one being read; reused */

    struct linkset *links; /* shared with the documents inside */
    struct pagerules rules;
    struct str content_language; /* of a meta; <html lang> wins */

    bool in_title;
    struct buf title;
    struct fold title_fold;

    struct fold visible;

    struct open_a a;
    struct buf rel; /* of the link being read; reused */
    size_t order;   /* of the next link */

    bool is_inner; /* this is an iframe's srcdoc */
};

/* The value, "" when it has none; absent when the tag has no such attribute. */
struct str html_attribute(const struct sieve_tag *tag, struct str name);

/* The first error stays, and ends the run. */
void html_note_error(struct html_reader *r, enum cw_err err);

/* ---- html_links.c */

/* Of relative links. */
const struct url *html_base_url(const struct html_reader *r);

/* Resolves `raw` into r->url. False: not an http(s) URL. */
bool html_resolve(struct html_reader *r, struct str raw);

/* All links that the tag's attributes hold, but the href of an <a>. */
void html_read_links(struct html_reader *r, const struct sieve_tag *tag);
void html_read_refresh(struct html_reader *r, struct str content);
/* Those of a style sheet, or of the value of a style attribute. */
void html_read_sheet(struct html_reader *r, struct str css);

/* An <a> begins; one that was open ends. */
void html_start_a(struct html_reader *r, const struct sieve_tag *tag);
void html_end_a(struct html_reader *r);

#endif
