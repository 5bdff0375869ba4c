/* rules: what a crawl's scope is, from its configuration and its roots. Pure. */
#ifndef CRAWLER_ENGINE_RULES_H
#define CRAWLER_ENGINE_RULES_H

#include "crawler/engine/roots.h"
#include "crawler/frontier/scope.h"

/* CW_EINVAL: a pattern does not compile. CW_ENOMEM. */
enum cw_err rules_build_scope(struct scope **ret, const struct crawl_config *config,
                              const struct roots *roots, struct errmsg *reterr_msg) MUST_CHECK;

#endif
