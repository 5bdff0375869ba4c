#include "crawler/frontier/scope.h"

#include <stdatomic.h>

#include "crawler/frontier/pattern.h"
#include "crawler/frontier/shapes.h"
#include "crawler/frontier/strset.h"
#include "crawler/parse/url.h"

enum { SCOPE_MAX_BYTES = 1 << 30 };

struct scope {
    atomic_uint holders;
    enum scope_kind kind;
    int32_t max_depth;
    bool no_follow, traps;
    struct strset seeds;               /* their URLs */
    struct strset places;              /* what the kind compares: hosts, domains or prefixes */
    struct pattern *include, *exclude; /* owned */
    size_t include_count, exclude_count;
    struct str depth_detail;
    struct arena arena; /* all strings */
};

/* Of a canonical URL, that has no user name and no default port, this is the politeness host. */
static struct str authority_of(struct str url)
{
    struct str rest = str_skip(url, str_find(url, STR("://")));
    rest = str_skip(rest, 3);
    return str_first(rest, str_find_char(rest, '/'));
}

/* As far as the rules below lean on it: scheme://authority/... */
static bool is_canonical(struct str url)
{
    struct str authority = authority_of(url);
    return authority.len > 0 && authority.ptr + authority.len < url.ptr + url.len;
}

static struct str hostname_of(struct str authority)
{
    if (str_starts(authority, STR("["))) /* IPv6: its colons are its own */
        return str_first(authority, str_find_char(authority, ']') + 1);
    return str_first(authority, str_find_char(authority, ':'));
}

/* Up to the query: a slash within it parts nothing. */
static struct str path_end_of(struct str url)
{
    return str_first(url, str_find_char(url, '?'));
}

static struct str prefix_of(struct str url)
{
    struct str prefix = path_end_of(url);
    while (prefix.len > 0 && prefix.ptr[prefix.len - 1] != '/')
        prefix.len--;
    return prefix;
}

static enum cw_err add_seed(struct scope *scope, struct str seed, struct errmsg *reterr_msg)
{
    if (!is_canonical(seed))
        return errmsg_set(reterr_msg, CW_EINVAL, "the seed " STR_FMT " is not a canonical URL",
                          STR_ARG(seed));
    if (!arena_keep(&scope->arena, &seed))
        return CW_ENOMEM;
    strset_add(&scope->seeds, seed);
    switch (scope->kind) {
    case SCOPE_HOST: strset_add(&scope->places, authority_of(seed)); break;
    case SCOPE_DOMAIN:
        strset_add(&scope->places, url_registrable_domain(hostname_of(authority_of(seed))));
        break;
    case SCOPE_PREFIX: strset_add(&scope->places, prefix_of(seed)); break;
    case SCOPE_ANY: break;
    }
    return CW_OK;
}

static enum cw_err add_seeds(struct scope *scope, const struct scope_options *options,
                             struct errmsg *reterr_msg)
{
    enum cw_err err = strset_init(&scope->seeds, options->seed_count);
    if (err == CW_OK)
        err = strset_init(&scope->places, options->seed_count);
    for (size_t i = 0; err == CW_OK && i < options->seed_count; i++)
        err = add_seed(scope, options->seeds[i], reterr_msg);
    return err;
}

static enum cw_err add_patterns(struct scope *scope, struct pattern **patterns, size_t *count,
                                const struct str *texts, size_t text_count,
                                struct errmsg *reterr_msg)
{
    enum cw_err err = CW_OK;
    *patterns = calloc(MAX(text_count, (size_t)1), sizeof(struct pattern));
    if (*patterns == NULL)
        return CW_ENOMEM;
    for (*count = 0; err == CW_OK && *count < text_count; ++*count)
        err = pattern_init(&(*patterns)[*count], &scope->arena, texts[*count], reterr_msg);
    return err;
}

static enum cw_err describe_depth(struct scope *scope)
{
    char text[32];
    (void)snprintf(text, sizeof text, "deeper than %d", (int)scope->max_depth);
    scope->depth_detail = str_of(text);
    return arena_keep(&scope->arena, &scope->depth_detail) ? CW_OK : CW_ENOMEM;
}

enum cw_err scope_new(struct scope **ret, const struct scope_options *options,
                      struct errmsg *reterr_msg)
{
    struct scope *scope = malloc(sizeof *scope);
    if (scope == NULL)
        return CW_ENOMEM;
    *scope = (struct scope){
        .holders = 1,
        .kind = options->kind,
        .max_depth = options->max_depth,
        .no_follow = options->no_follow,
        .traps = options->traps,
        .seeds = STRSET_INIT,
        .places = STRSET_INIT,
        .arena = ARENA_INIT(SCOPE_MAX_BYTES),
    };
    enum cw_err err = describe_depth(scope);
    if (err == CW_OK)
        err = add_seeds(scope, options, reterr_msg);
    if (err == CW_OK)
        err = add_patterns(scope, &scope->exclude, &scope->exclude_count, options->exclude,
                           options->exclude_count, reterr_msg);
    if (err == CW_OK)
        err = add_patterns(scope, &scope->include, &scope->include_count, options->include,
                           options->include_count, reterr_msg);
    if (err != CW_OK)
        scope_drop(scope);
    else
        *ret = scope;
    return err;
}

struct scope *scope_hold(struct scope *scope)
{
    (void)atomic_fetch_add_explicit(&scope->holders, 1, memory_order_relaxed);
    return scope;
}

static void release_patterns(struct pattern *patterns, size_t count)
{
    for (size_t i = 0; i < count; i++)
        pattern_release(&patterns[i]);
    free(patterns);
}

void scope_drop(struct scope *scope)
{
    if (scope == NULL || atomic_fetch_sub_explicit(&scope->holders, 1, memory_order_acq_rel) > 1)
        return;
    release_patterns(scope->include, scope->include_count);
    release_patterns(scope->exclude, scope->exclude_count);
    strset_release(&scope->places);
    strset_release(&scope->seeds);
    arena_release(&scope->arena);
    free(scope);
}

/* Each slash of the path may end a seed's prefix: one look-up for each, whatever the seeds. */
static bool has_seeds_prefix(const struct scope *scope, struct str url)
{
    struct str path = path_end_of(url);
    for (size_t len = 1; len <= path.len; len++)
        if (path.ptr[len - 1] == '/' && strset_has(&scope->places, str_first(path, len)))
            return true;
    return false;
}

static bool kind_admits(const struct scope *scope, struct str url, struct str host)
{
    switch (scope->kind) {
    case SCOPE_HOST: return strset_has(&scope->places, host);
    case SCOPE_DOMAIN: return strset_has(&scope->places, url_registrable_domain(hostname_of(host)));
    case SCOPE_PREFIX: return has_seeds_prefix(scope, url);
    case SCOPE_ANY: return true;
    }
    return false;
}

static struct str kind_name(enum scope_kind kind)
{
    switch (kind) {
    case SCOPE_HOST: return STR("host");
    case SCOPE_DOMAIN: return STR("domain");
    case SCOPE_PREFIX: return STR("prefix");
    case SCOPE_ANY: return STR("any");
    }
    return STR_NONE;
}

static struct verdict exclude(enum exclude_reason reason, struct str detail)
{
    return (struct verdict){.reason = reason, .detail = detail};
}

static struct verdict judge_excludes(const struct scope *scope, struct str url)
{
    for (size_t i = 0; i < scope->exclude_count; i++) {
        const struct pattern *p = &scope->exclude[i];
        switch (pattern_match(p, url)) {
        case PATTERN_NO: break;
        case PATTERN_YES: return exclude(EXCLUDE_PATTERN, p->text);
        case PATTERN_GAVE_UP: return exclude(EXCLUDE_PATTERN, p->gave_up);
        }
    }
    return exclude(EXCLUDE_NONE, STR_NONE);
}

static struct verdict judge_includes(const struct scope *scope, struct str url)
{
    struct str detail = STR_NONE;
    for (size_t i = 0; i < scope->include_count; i++) {
        const struct pattern *p = &scope->include[i];
        switch (pattern_match(p, url)) {
        case PATTERN_NO: break;
        case PATTERN_YES: return exclude(EXCLUDE_NONE, STR_NONE);
        case PATTERN_GAVE_UP: detail = p->gave_up; break;
        }
    }
    return exclude(scope->include_count > 0 ? EXCLUDE_INCLUDE : EXCLUDE_NONE, detail);
}

struct verdict scope_judge_seed(const struct scope *scope, struct str url)
{
    return judge_excludes(scope, url);
}

struct verdict scope_judge(const struct scope *scope, struct str url, struct str host,
                           int32_t depth)
{
    if (strset_has(&scope->seeds, url))
        return scope_judge_seed(scope, url);
    if (scope->no_follow)
        return exclude(EXCLUDE_FOLLOW, STR_NONE);
    if (!kind_admits(scope, url, host))
        return exclude(EXCLUDE_SCOPE, kind_name(scope->kind));
    if (scope->max_depth >= 0 && depth > scope->max_depth)
        return exclude(EXCLUDE_DEPTH, scope->depth_detail);
    struct str trap = scope->traps ? shapes_refuse(url) : STR_NONE;
    if (!str_is_absent(trap))
        return exclude(EXCLUDE_TRAP, trap);
    struct verdict verdict = judge_excludes(scope, url);
    return verdict.reason == EXCLUDE_NONE ? judge_includes(scope, url) : verdict;
}
