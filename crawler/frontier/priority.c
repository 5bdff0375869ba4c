#include "crawler/frontier/priority.h"

int32_t priority_of_link(const struct page_link *link)
{
    return link->depth;
}
