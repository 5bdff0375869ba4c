/* settings: the configuration of one run as one JSON object, kept with what came of the run. The
 * keys are those of the file, each value the text that the file would hold; so any key that is
 * added to the table is kept as well, and what a later version no longer knows is passed over.
 * Pure.
 */
#ifndef CONFIG_SETTINGS_H
#define CONFIG_SETTINGS_H

#include "config/config.h"
#include "crawler/base/buf.h"

struct settings {
    struct crawl_config crawl; /* without seeds: the database has them */
    char *user_agent;          /* owned */
    bool seeds_open_guard;     /* a private start URL makes its class of addresses reachable */
};

/* Appends `text` without what is secret in it. */
typedef enum cw_err settings_mask_fn(struct buf *ret, struct str text);

/* Appends the object; every text goes through `mask`. CW_ETOOBIG, CW_ENOMEM. */
enum cw_err settings_write(struct buf *ret, const struct crawl_config *crawl,
                           const char *user_agent, bool seeds_open_guard,
                           settings_mask_fn *mask) MUST_CHECK;

/* What is missing or not understood has its default. CW_EINVAL: not such an object; CW_ENOMEM; then
 * *ret is untouched. */
enum cw_err settings_read(struct settings *ret, struct str json) MUST_CHECK;
void settings_release(struct settings *settings);

#endif
