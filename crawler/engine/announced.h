/* announced: what a sitemap's bytes announce to a crawl: URLs with their verdicts, and further
 * sitemaps. Runs on a worker; pure but for the memory it is given. */
#ifndef CRAWLER_ENGINE_ANNOUNCED_H
#define CRAWLER_ENGINE_ANNOUNCED_H

#include "crawler/base/arena.h"
#include "crawler/fetch/fetch.h"
#include "crawler/frontier/scope.h"
#include "crawler/parse/sitemap.h"
#include "storage/store.h"

enum { ANNOUNCED_FILES_MAX = 1000 }; /* of one index; what is beyond is cut */

/* `input` part: fill before; every pointer is owned, or immutable and held, until the end. */
struct announced {
    struct buf raw; /* owned */
    bool raw_cut;
    struct str content_encoding, content_type; /* in the arena */
    const struct url *url;                     /* where it was served from */
    struct str also_host;
    struct scope *scope; /* held: details of verdicts are its strings */
    int64_t now_unix_ms;
    /* filled by announced_read() */
    struct arena arena;
    enum cw_err err; /* what kept it from being read to its end */
    struct sitemap_summary summary;
    struct store_found *found; /* owned; the strings are in the arena */
    size_t found_count, found_cap;
    struct str files[ANNOUNCED_FILES_MAX]; /* of an index; in the arena */
    size_t file_count;
};

struct announced *announced_new(void) MUST_CHECK; /* NULL when memory is out */
void announced_free(struct announced *a);         /* NULL is fine */
void announced_read(struct announced *a);

#endif
