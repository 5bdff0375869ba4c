/* foresight: what a crawl would make of a URL, from what its database keeps of it: the settings of
 * its latest run, its start URLs, the robots.txt that was read. The same functions decide as in a
 * crawl (rules, admit, robots), so there is no second opinion. Pure. */
#ifndef CRAWLER_ENGINE_FORESIGHT_H
#define CRAWLER_ENGINE_FORESIGHT_H

#include "config/settings.h"
#include "crawler/engine/roots.h"
#include "crawler/engine/sentry.h"
#include "crawler/fetch/guard.h"
#include "crawler/page.h"
#include "crawler/parse/url.h"
#include "storage/explain.h"

struct foresight {
    bool has_settings; /* false: older run; all else is as the defaults are */
    struct settings settings;
    struct roots roots;
    unsigned reachable; /* of enum guard_class */
    enum cw_err err;    /* the first; CW_ENOMEM */
};

/* `settings_json` absent, or not understood: has_settings stays false. */
void foresight_init(struct foresight *f, struct str settings_json);
void foresight_release(struct foresight *f);

/* A start URL; `is_named`: by a person. */
void foresight_add_seed(struct foresight *f, struct str url, bool is_named);

/* Were a page of the crawl to link to it now, `depth` links from a start URL: scope, patterns,
 * depth, port. The detail is copied into `arena`. CW_ENOMEM; CW_EINVAL: a pattern does not compile.
 */
enum cw_err foresight_judge(const struct foresight *f, const struct url *url, int32_t depth,
                            struct arena *arena, struct verdict *ret,
                            struct errmsg *reterr_msg) MUST_CHECK;

/* What budgets and traps would say of it now (sentry.h), by what is stored of its host and domain
 * and was learned of the host. `priority`: as it is queued. late_priority not 0: it goes, but comes
 * late. CW_ENOMEM. */
enum cw_err foresight_ask_sentry(const struct foresight *f, const struct url *url,
                                 const struct store_explanation *known, int32_t priority,
                                 struct sentry_answer *ret) MUST_CHECK;

struct foreseen_robots {
    bool allowed;
    uint32_t line;   /* 0: no rule is about it */
    struct str rule; /* in the arena; absent when line is 0 */
};

/* What the text of a robots.txt says. CW_ENOMEM. */
enum cw_err foresight_ask_robots(const struct foresight *f, struct str body, const struct url *url,
                                 struct arena *arena, struct foreseen_robots *ret) MUST_CHECK;

/* The class of addresses that the URL's host names by itself, and whether it may be reached. */
enum guard_class foresight_class(const struct foresight *f, const struct url *url,
                                 bool *ret_reachable);

#endif
