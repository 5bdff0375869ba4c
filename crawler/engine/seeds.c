/* Start URLs: what people wrote becomes canonical, widens the scope, and goes to the store. */
#include "crawler/engine/admit.h"
#include "crawler/engine/crawl_p.h"
#include "crawler/engine/vet.h"
#include "crawler/frontier/priority.h"

/* Parses and canonicalizes what a person wrote. */
enum cw_err seeds_parse(struct url *ret, struct str text, struct errmsg *reterr_msg)
{
    enum cw_err err = url_parse(ret, str_trim(text), NULL);
    if (err == CW_OK && !url_is_http(ret))
        err = CW_EURL;
    if (err == CW_OK)
        err = url_canonicalize(ret);
    if (err == CW_OK && url_href(ret).len > URL_MAX_BYTES)
        return errmsg_set(reterr_msg, CW_EURL, "\"" STR_FMT "...\": longer than %d bytes",
                          STR_ARG(str_first(url_href(ret), 60)), URL_MAX_BYTES);
    if (err == CW_EURL)
        return engine_refuse_url(text, reterr_msg);
    return err == CW_OK ? CW_OK : errmsg_set(reterr_msg, err, "%s", cw_err_text(err));
}

enum cw_err seeds_check(const struct crawl_config *config, struct errmsg *reterr_msg)
{
    enum cw_err err = CW_OK;
    struct url url = URL_INIT;
    for (size_t i = 0; err == CW_OK && i < config->seeds.count; i++)
        err = seeds_parse(&url, str_of(config->seeds.items[i]), reterr_msg);
    url_release(&url);
    return err;
}

static void open_guard(struct crawl *crawl, const struct url *url)
{
    if (crawl->options.seeds_open_guard)
        crawl->guard.allowed |= guard_class_of_name(url_hostname(url));
}

/* The verdict, with a word to whoever named a URL that the rules keep out. */
static enum cw_err add_judged(struct crawl *crawl, struct store_seed *seed)
{
    struct scope *scope = crawl_hold_scope(crawl);
    if (scope == NULL)
        return CW_ENOMEM;
    seed->verdict = admit_seed(scope, seed->url, seed->host);
    if (seed->verdict.reason != EXCLUDE_NONE)
        log_warn(crawl->engine->log, "start URL excluded", F_STR("url", seed->url),
                 F_TEXT("reason", exclude_reason_name(seed->verdict.reason)),
                 F_STR("detail", seed->verdict.detail));
    enum cw_err err =
        sink_add_seed(crawl->sink, seed); /* copies the detail, which the scope owns */
    scope_drop(scope);
    return err;
}

enum cw_err crawl_add_seed(struct crawl *crawl, struct str text, struct errmsg *reterr_msg)
{
    CLEANUP(url_release) struct url url = URL_INIT;
    if (crawl->state != CRAWL_RUNNING)
        return errmsg_set(reterr_msg, CW_ECANCELED, "the crawl takes no URLs now");
    enum cw_err err = seeds_parse(&url, text, reterr_msg);
    if (err != CW_OK)
        return err;
    struct store_seed seed = {
        .url = url_href(&url), .host = url_host_key(&url), .priority = PRIORITY_SEED};
    crawl_add_root(crawl, seed.url, seed.host);
    open_guard(crawl, &url);
    err = credentials_name(crawl->credentials, text);
    if (err == CW_OK)
        err = add_judged(crawl, &seed);
    if (err != CW_OK)
        return errmsg_set(reterr_msg, err, "%s", cw_err_text(err));
    sink_flush(crawl->sink);
    return CW_OK;
}

bool crawl_has_room(const struct crawl *crawl)
{
    return crawl->state == CRAWL_RUNNING && !sink_is_full(crawl->sink);
}

void crawl_close_input(struct crawl *crawl)
{
    crawl->input_open = false;
    if (crawl->state == CRAWL_RUNNING)
        sink_flush(crawl->sink); /* its landing looks whether anything is left */
}
