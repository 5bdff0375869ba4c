/* sitemap_p: what the files of a sitemap's reading share: what every format hands on. */
#ifndef CRAWLER_PARSE_SITEMAP_P_H
#define CRAWLER_PARSE_SITEMAP_P_H

#include "crawler/parse/sitemap.h"

struct sitemap_reading {
    const struct sitemap_input *input;
    struct sitemap_summary *summary;
    sitemap_entry_fn *on_entry;
    void *arg;
    struct url url; /* the one being read; reused */
};

/* Resolves `text` (against `base`; NULL: it must be absolute) and hands `entry` on with it. True:
 * go on. False: *ret_err says why it ends here (CW_OK: there are enough). */
bool sitemap_offer(struct sitemap_reading *r, struct str text, const struct url *base,
                   struct sitemap_entry *entry, enum cw_err *ret_err);

/* Reads UTF-8 that begins with '<'. */
enum cw_err sitemap_read_xml(struct sitemap_reading *r, struct str xml) MUST_CHECK;

#endif
