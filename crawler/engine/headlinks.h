/* headlinks: the links of an answer's Link header (RFC 8288) join those of its page. Only what
 * leads on is taken: canonical, next, prev, alternate. Pure; runs on a worker as a part of the
 * digest. */
#ifndef CRAWLER_ENGINE_HEADLINKS_H
#define CRAWLER_ENGINE_HEADLINKS_H

#include "crawler/page.h"
#include "crawler/parse/url.h"

enum { HEADLINKS_MAX = 16 }; /* of one answer; further ones set links_cut */

/* `value`: the header's values, joined by commas; `base`: the answer's URL; `scratch` is
 * overwritten. What is no http(s) URL is passed over; a canonical URL in the page itself comes
 * first. CW_ENOMEM. */
enum cw_err headlinks_add(struct page *page, struct arena *arena, struct str value,
                          const struct url *base, struct url *scratch) MUST_CHECK;

#endif
