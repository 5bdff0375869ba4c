#include "crawler/engine/foresight.h"

#include "crawler/engine/admit.h"
#include "crawler/engine/rules.h"
#include "crawler/parse/robots.h"

void foresight_init(struct foresight *f, struct str settings_json)
{
    *f = (struct foresight){.reachable = GUARD_PUBLIC};
    crawl_config_init(&f->settings.crawl);
    if (!str_is_absent(settings_json)) {
        enum cw_err err = settings_read(&f->settings, settings_json);
        f->has_settings = err == CW_OK;
        f->err = err == CW_ENOMEM ? err : CW_OK;
    }
    if (f->settings.crawl.allow_private)
        f->reachable = GUARD_ALL;
    roots_init(&f->roots, f->settings.crawl.scope);
}

void foresight_release(struct foresight *f)
{
    roots_release(&f->roots);
    settings_release(&f->settings);
}

void foresight_add_seed(struct foresight *f, struct str text, bool is_named)
{
    CLEANUP(url_release) struct url url = URL_INIT;
    bool widened;
    enum cw_err err = url_parse(&url, text, NULL);
    if (err == CW_OK)
        err = roots_add(&f->roots, url_href(&url), url_host_key(&url), &widened);
    if (err == CW_OK && is_named && f->settings.seeds_open_guard)
        f->reachable |= guard_class_of_name(url_hostname(&url));
    if (f->err == CW_OK && err == CW_ENOMEM)
        f->err = err;
}

enum cw_err foresight_judge(const struct foresight *f, const struct url *url, int32_t depth,
                            struct arena *arena, struct verdict *ret, struct errmsg *reterr_msg)
{
    struct scope *scope = NULL;
    enum cw_err err = f->err != CW_OK
                          ? f->err
                          : rules_build_scope(&scope, &f->settings.crawl, &f->roots, reterr_msg);
    if (err != CW_OK)
        return err == CW_ENOMEM ? errmsg_set(reterr_msg, err, "%s", cw_err_text(err)) : err;
    *ret = url_href(url).len > URL_MAX_BYTES
               ? (struct verdict){.reason = EXCLUDE_TOO_LONG}
               : admit_url(scope, url_href(url), url_host_key(url), depth);
    if (!arena_keep(arena, &ret->detail))
        err = errmsg_set(reterr_msg, CW_ENOMEM, "%s", cw_err_text(CW_ENOMEM));
    scope_drop(scope);
    return err;
}

/* One that must wait is asked about once more, as when its host has nothing better. */
static void ask_sentry(struct sentry_pass *pass, struct sentry_answer *ret)
{
    if (sentry_ask(pass, ret) || ret->late_priority == 0)
        return;
    pass->priority = ret->late_priority;
    if (sentry_ask(pass, ret))
        ret->late_priority = pass->priority;
}

enum cw_err foresight_ask_sentry(const struct foresight *f, const struct url *url,
                                 const struct store_explanation *known, int32_t priority,
                                 struct sentry_answer *ret)
{
    struct sentry sentry = {0};
    const struct store_reply reply = {.lessons = known->lessons,
                                      .lesson_count = known->lesson_count};
    struct sentry_pass pass = {
        .sentry = &sentry,
        .url = url_href(url),
        .host = url_host_key(url),
        .priority = priority,
        .is_seed = known->is_seed,
    };
    enum cw_err err = sentry_init(&sentry, &f->settings.crawl);
    if (err == CW_OK) {
        pass.budget = budgets_hold(sentry.budgets, &known->stored);
        err = pass.budget != NULL ? CW_OK : CW_ENOMEM;
    }
    if (err == CW_OK) {
        sentry_take(&sentry, &reply);
        ask_sentry(&pass, ret);
        budgets_drop(sentry.budgets, pass.budget);
    }
    sentry_release(&sentry);
    return err;
}

enum cw_err foresight_ask_robots(const struct foresight *f, struct str body, const struct url *url,
                                 struct arena *arena, struct foreseen_robots *ret)
{
    struct robots *robots;
    const char *agent = f->settings.user_agent;
    struct str name = str_of(agent != NULL ? agent : config_default_user_agent());
    enum cw_err err = robots_parse(&robots, body, robots_product_token(name));
    if (err != CW_OK)
        return err;
    struct robots_match match = robots_match(robots, url_path_and_query(url));
    *ret =
        (struct foreseen_robots){.allowed = match.allowed, .line = match.line, .rule = match.rule};
    err = arena_keep(arena, &ret->rule) ? CW_OK : CW_ENOMEM;
    robots_free(robots);
    return err;
}

enum guard_class foresight_class(const struct foresight *f, const struct url *url,
                                 bool *ret_reachable)
{
    enum guard_class class = guard_class_of_name(url_hostname(url));
    *ret_reachable = (f->reachable & class) != 0;
    return class;
}
