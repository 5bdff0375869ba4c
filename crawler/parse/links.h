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

/* What is done with a URL: crawled, loaded with the page that names it, or nothing (a form's
 * target). */
enum link_use { LINK_PAGE, LINK_PART, LINK_MENTION };

struct link_attribute {
    struct str element, attribute;
    enum link_value value;
    enum link_use use; /* of <link> its rel may say more: see links_use_of_rel() */
};
/* The entry for an element and attribute (lower case), NULL when it holds no URL. */
const struct link_attribute *link_attribute_find(struct str element, struct str attribute);

/* What a <link> with this rel (lower case) names. */
enum link_use links_use_of_rel(struct str rel);

/* Takes the next candidate URL off a srcset value (HTML, "parse a srcset attribute"). False at the
 * end. */
bool links_next_srcset(struct str *rest, struct str *ret_url);

/* Takes the next word off a list that white space parts. False at the end. */
bool links_next_word(struct str *rest, struct str *ret_word);

/* Does such a list hold `word`, in any case? */
bool links_has_word(struct str list, struct str word);

/* A meta refresh value (HTML, "shared declarative refresh steps"). False: it does not refresh.
 * *ret_url is empty when the page itself is meant. */
bool links_parse_refresh(struct str content, uint64_t *ret_seconds, struct str *ret_url);

#endif
