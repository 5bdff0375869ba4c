/* priority: which URL of a host comes first. Smaller comes first; equal ones in no order that means
 * anything. Start URLs, then what is fewer links away from them: a level is PRIORITY_LEVEL wide.
 * What a sitemap announces counts as a link of a start URL, moved by half a level at most by the
 * sitemap's own <priority>: 1.0 comes before all other links, the usual 0.5 among those of a start
 * URL, 0.0 after them. The target of a redirect stands where its source stood, and a part of a page
 * where the page did. Below PRIORITY_LATE (page.h), where what looks like a trap waits. Pure. */
#ifndef CRAWLER_FRONTIER_PRIORITY_H
#define CRAWLER_FRONTIER_PRIORITY_H

#include "crawler/page.h"

enum { PRIORITY_SEED = 0, PRIORITY_LEVEL = 10 };

int32_t priority_of_depth(int32_t depth);

/* Of a URL in a sitemap that counts as so deep; `per_mille`: its <priority>, 0 to 1000. */
int32_t priority_of_announced(int32_t depth, int32_t per_mille);

#endif
