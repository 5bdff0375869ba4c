/* priority: which URL of a host comes first. Smaller comes first; equal ones in the order in which
 * they were found. Seeds, then redirect targets of what was fetched, then links by depth. Pure. */
#ifndef CRAWLER_FRONTIER_PRIORITY_H
#define CRAWLER_FRONTIER_PRIORITY_H

#include "crawler/page.h"

enum { PRIORITY_SEED = 0 };

/* A link's priority from its depth. A crawl in breadth finds the short ways first, so depths are
 * right. */
int32_t priority_of_link(const struct page_link *link);

#endif
