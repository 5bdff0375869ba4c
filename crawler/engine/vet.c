#include "crawler/engine/vet.h"

#include "crawler/engine/crawl_p.h"
#include "crawler/frontier/scope.h"

enum cw_err engine_refuse_url(struct str text, struct errmsg *reterr_msg)
{
    CLEANUP(buf_release) struct buf shown = BUF_INIT(2 * 1024 * 1024);
    if (credentials_mask(&shown, text) != CW_OK)
        buf_clear(&shown);
    return errmsg_set(reterr_msg, CW_EURL,
                      "\"" STR_FMT "\" is not an http(s) URL such as https://example.com/",
                      STR_ARG(str_first(buf_str(&shown), 200)));
}

static enum cw_err vet_seed(struct str text, struct errmsg *reterr_msg)
{
    struct url url = URL_INIT;
    enum cw_err err = seeds_parse(&url, text, reterr_msg);
    url_release(&url);
    return err;
}

static enum cw_err vet_pattern(struct str text, struct errmsg *reterr_msg)
{
    const struct scope_options options = {
        .kind = SCOPE_ANY, .include = &text, .include_count = 1, .max_depth = -1};
    struct scope *scope = NULL;
    enum cw_err err = scope_new(&scope, &options, reterr_msg);
    scope_drop(scope);
    return err;
}

enum cw_err engine_vet(const char *key, struct str text, struct errmsg *reterr_msg)
{
    struct errmsg why;
    enum cw_err err = CW_OK;
    if (strcmp(key, "seeds") == 0)
        err = vet_seed(text, &why);
    else if (strcmp(key, "include") == 0 || strcmp(key, "exclude") == 0)
        err = vet_pattern(text, &why);
    if (err == CW_OK || err == CW_ENOMEM)
        return err;
    return errmsg_set(reterr_msg, CW_ECONFIG, "%s: %s", key, why.text);
}
