/* What makes up a crawl's rules: its scope, built from the start URLs and the configuration, and
 * what changes in the database when they do. */
#include "crawler/engine/rules.h"

#include "crawler/engine/admit.h"
#include "crawler/engine/crawl_p.h"

enum cw_err rules_build_scope(struct scope **ret, const struct crawl_config *config,
                              const struct roots *roots, struct errmsg *reterr_msg)
{
    static const enum scope_kind kinds[] = {
        [CONFIG_SCOPE_HOST] = SCOPE_HOST,
        [CONFIG_SCOPE_DOMAIN] = SCOPE_DOMAIN,
        [CONFIG_SCOPE_PREFIX] = SCOPE_PREFIX,
        [CONFIG_SCOPE_ANY] = SCOPE_ANY,
    };
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(16 * 1024 * 1024);
    size_t count = config->include.count + config->exclude.count;
    struct str *patterns = arena_alloc(&arena, (count + 1) * sizeof *patterns);
    if (patterns == NULL)
        return errmsg_set(reterr_msg, CW_ENOMEM, "too many patterns");
    for (size_t i = 0; i < config->include.count; i++)
        patterns[i] = str_of(config->include.items[i]);
    for (size_t i = 0; i < config->exclude.count; i++)
        patterns[config->include.count + i] = str_of(config->exclude.items[i]);
    const struct scope_options options = {
        .kind = kinds[config->scope],
        .seeds = roots->urls,
        .seed_count = roots->count,
        .include = patterns,
        .include_count = config->include.count,
        .exclude = patterns + config->include.count,
        .exclude_count = config->exclude.count,
        .max_depth = config->depth == CONFIG_UNLIMITED ? -1 : (int32_t)config->depth,
        .no_follow = !config->follow,
        .traps = config->traps,
    };
    return scope_new(ret, &options, reterr_msg);
}

struct scope *crawl_hold_scope(struct crawl *crawl)
{
    if (crawl->scope == NULL &&
        rules_build_scope(&crawl->scope, crawl->config, &crawl->roots, NULL) != CW_OK)
        return NULL;
    return scope_hold(crawl->scope);
}

void crawl_add_root(struct crawl *crawl, struct str url, struct str host)
{
    bool widened;
    if (roots_add(&crawl->roots, url, host, &widened) == CW_OK && widened) {
        scope_drop(crawl->scope);
        crawl->scope = NULL;
    }
}

/* What the start URLs of now and of earlier runs make of the scope. */
void rules_add_known_roots(struct crawl *crawl)
{
    const struct config_list *seeds = &crawl->config->seeds;
    struct url url = URL_INIT;
    for (size_t i = 0; i < crawl->known_seeds.count; i++)
        if (url_parse(&url, crawl->known_seeds.urls[i], NULL) == CW_OK)
            crawl_add_root(crawl, url_href(&url), url_host_key(&url));
    for (size_t i = 0; i < seeds->count; i++)
        if (seeds_parse(&url, str_of(seeds->items[i]), NULL) == CW_OK)
            crawl_add_root(crawl, url_href(&url), url_host_key(&url));
    url_release(&url);
    store_seeds_release(&crawl->known_seeds);
}

/* A number that differs when the rules do: what store_rejudge() remembers. */
static int64_t mark_rules(const struct crawl *crawl)
{
    const struct crawl_config *config = crawl->config;
    const struct config_list *lists[] = {&config->include, &config->exclude};
    const int64_t numbers[] = {config->scope,
                               config->depth,
                               config->follow,
                               config->requisites,
                               config->traps,
                               config->max_pages_per_host,
                               config->max_pages_per_domain,
                               config->max_hosts_per_domain};
    const uint64_t MIX = 0x9E3779B97F4A7C15; /* odd: patterns that are equal do not cancel out */
    uint64_t mark = crawl->roots.mark ^ str_hash(str_from((const char *)numbers, sizeof numbers));
    for (size_t i = 0; i < ARRAY_LEN(lists); i++)
        for (size_t n = 0; n < lists[i]->count; n++)
            mark = (mark ^ (str_hash(str_of(lists[i]->items[n])) + i)) * MIX;
    return (int64_t)(mark >> 1); /* SQLite's integers have a sign */
}

/* The rules by which URLs are judged again. */
struct rules {
    const struct scope *scope;
    bool requisites, traps;
};

static struct verdict judge_again(void *arg, const struct store_excluded *excluded)
{
    const struct rules *rules = arg;
    if (excluded->reason == EXCLUDE_REQUISITE && !rules->requisites)
        return (struct verdict){.reason = EXCLUDE_REQUISITE};
    if (excluded->reason == EXCLUDE_TRAP && rules->traps)
        return (struct verdict){.reason = EXCLUDE_TRAP}; /* learned, and known still */
    return admit_url(rules->scope, excluded->url, excluded->host, excluded->depth);
}

enum cw_err rules_judge_again(struct crawl *crawl)
{
    struct scope *scope = crawl_hold_scope(crawl);
    if (scope == NULL)
        return errmsg_set(&crawl->message, CW_ENOMEM, "%s", cw_err_text(CW_ENOMEM));
    struct rules rules = {
        .scope = scope, .requisites = crawl->config->requisites, .traps = crawl->config->traps};
    enum cw_err err =
        store_rejudge(crawl->store, mark_rules(crawl), judge_again, &rules, &crawl->message);
    scope_drop(scope);
    return err;
}
