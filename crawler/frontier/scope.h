/* scope: which discovered URLs belong to the crawl. Pure and immutable after scope_new(), so worker
 * threads may ask without a lock; a seed's redirect to a new host makes a new scope (scope_new
 * again). */
#ifndef CRAWLER_FRONTIER_SCOPE_H
#define CRAWLER_FRONTIER_SCOPE_H

#include <stdbool.h>
#include <stdint.h>

#include "crawler/base/err.h"
#include "crawler/base/str.h"
#include "crawler/page.h"

enum scope_kind {
    SCOPE_HOST,   /* the politeness hosts (name and port) of the seeds */
    SCOPE_DOMAIN, /* their registrable domains (public suffix list) */
    SCOPE_PREFIX, /* URLs that start with a seed's URL up to its last slash */
    SCOPE_ANY,
};

struct scope_options {
    enum scope_kind kind;
    const struct str *seeds; /* canonical URLs; borrowed for the call */
    size_t seed_count;
    const struct str *include,
        *exclude; /* globs over the whole URL (`*` any run, `?` one), or re:PCRE2 */
    size_t include_count, exclude_count;
    int32_t max_depth; /* -1: unlimited */
    bool no_follow;    /* exclude whatever is not a seed */
    bool traps;        /* exclude what shapes_refuse() does */
};

struct scope;

/* CW_EINVAL: a pattern does not compile, *reterr_msg names it and the place in it; or a seed is not
 * a canonical URL. CW_ENOMEM also when all strings together pass 1 GiB. */
enum cw_err scope_new(struct scope **ret, const struct scope_options *options,
                      struct errmsg *reterr_msg) MUST_CHECK;
struct scope *
scope_hold(struct scope *scope); /* counted; atomic, as workers hold one while they parse */
void scope_drop(struct scope *scope);

/* The verdict on a canonical URL found at `depth`; `host` is its politeness host. The first rule
 * that excludes it counts: no-follow, scope, depth, trap, exclude, include. A seed itself is
 * excluded by exclude patterns only, since a person named it. Patterns take at most a fixed number
 * of steps: an exclude pattern that needs more excludes the URL, an include pattern that does lets
 * nothing in, and the detail says so. The detail is the pattern, or the setting at fault; it lives
 * as long as the scope. The number of seeds costs nothing. Thread: any. */
struct verdict scope_judge(const struct scope *scope, struct str url, struct str host,
                           int32_t depth);

/* The verdict on a URL that a person named, or that such a URL redirects to: only exclude patterns
 * keep it out. */
struct verdict scope_judge_seed(const struct scope *scope, struct str url);

#endif
