/* links: where URLs hide in attributes. Pure. The element table is HTML's, as listed in the public
 * test data: a, area, link @href; img, source, iframe, frame, script, video, audio, embed, track,
 * input
 * @src; video @poster; object @data; form @action; img, source @srcset; meta refresh; base @href;
 * and, since browsers fetch or name them too, link @imagesrcset; body, table, td, th @background;
 * image, use (SVG) @href and @xlink:href; blockquote, q, ins, del @cite; a, area @ping; img
 * @longdesc. */
#ifndef CRAWLER_PARSE_LINKS_H
#define CRAWLER_PARSE_LINKS_H

#include <stdbool.h>
#include <stdint.h>

#include "crawler/base/str.h"

enum link_value { LINK_URL, LINK_SRCSET, LINK_LIST }; /* how the value reads; a list: by spaces */

struct link_attribute {
    struct str element, attribute;
    enum link_value value;
    bool follow; /* names a page to crawl rather than a part of this one */
};
/* The entry for an element and attribute (lower case), NULL when it holds no URL. */
const struct link_attribute *link_attribute_find(struct str element, struct str attribute);

/* Takes the next candidate URL off a srcset value (HTML, "parse a srcset attribute"). False at the
 * end. */
bool links_next_srcset(struct str *rest, struct str *ret_url);

/* Takes the next word off a list that white space parts. False at the end. */
bool links_next_word(struct str *rest, struct str *ret_word);

/* A meta refresh value (HTML, "shared declarative refresh steps"). False: it does not refresh.
 * *ret_url is empty when the page itself is meant. */
bool links_parse_refresh(struct str content, uint64_t *ret_seconds, struct str *ret_url);

#endif
