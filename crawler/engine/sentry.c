#include "crawler/engine/sentry.h"

#include <stdlib.h>

#include "crawler/parse/url.h"

enum { LESSONS_MAX = 4096 }; /* of a batch; the rest goes with the next one */
#define TRAPS_BYTES ((size_t)8 << 20)
#define NAMES_BYTES ((size_t)LESSONS_MAX * 1024)

enum cw_err sentry_init(struct sentry *sentry, const struct crawl_config *config)
{
    const struct budget_limits limits = {
        .host_pages = config->max_pages_per_host,
        .domain_pages = config->max_pages_per_domain,
        .domain_hosts = config->max_hosts_per_domain,
    };
    sentry->names = ARENA_INIT(NAMES_BYTES);
    enum cw_err err = budgets_new(&sentry->budgets, &limits);
    if (err == CW_OK && config->traps)
        err = traps_new(&sentry->traps, TRAPS_BYTES);
    return err;
}

void sentry_release(struct sentry *sentry)
{
    budgets_free(sentry->budgets);
    traps_free(sentry->traps);
    free(sentry->lessons);
    arena_release(&sentry->names);
    *sentry = (struct sentry){0};
}

struct str sentry_domain_of(struct str host)
{
    size_t end = host.len;
    while (end > 0 && ascii_is_digit(host.ptr[end - 1]))
        end--;
    bool has_port = end > 0 && end < host.len && host.ptr[end - 1] == ':';
    return url_registrable_domain(str_first(host, has_port ? end - 1 : host.len));
}

/* ---- to the database and back ---- */

void sentry_prepare(struct sentry *sentry, struct store_batch *batch)
{
    if (sentry->traps == NULL || !traps_has_lessons(sentry->traps))
        return;
    arena_release(&sentry->names);
    if (sentry->lessons == NULL)
        sentry->lessons = malloc(LESSONS_MAX * sizeof *sentry->lessons);
    if (sentry->lessons == NULL)
        return;
    size_t count = traps_take_lessons(sentry->traps, sentry->lessons, LESSONS_MAX), kept = 0;
    for (size_t i = 0; i < count; i++) {
        struct trap_lesson lesson = sentry->lessons[i];
        if (arena_keep(&sentry->names, &lesson.host) && arena_keep(&sentry->names, &lesson.name))
            sentry->lessons[kept++] = lesson; /* else it is stored when it changes again */
    }
    batch->lessons = sentry->lessons;
    batch->lesson_count = kept;
}

void sentry_take(struct sentry *sentry, const struct store_reply *reply)
{
    struct str last = STR_NONE;
    bool is_known = false;
    if (sentry->traps == NULL)
        return;
    for (size_t i = 0; i < reply->lesson_count; i++) {
        const struct trap_lesson *lesson = &reply->lessons[i];
        if (str_is_absent(last) || !str_eq(last, lesson->host))
            is_known = traps_knows(sentry->traps, lesson->host); /* memory is never behind */
        last = lesson->host;
        struct trap_host *host = is_known ? NULL : traps_get(sentry->traps, lesson->host);
        if (host != NULL)
            traps_restore(host, lesson);
    }
}

/* ---- asking ---- */

struct sentry_pass sentry_pass_of(struct sentry *sentry, const struct store_lease *lease,
                                  struct str host, struct budget *budget)
{
    return (struct sentry_pass){
        .sentry = sentry,
        .url = lease->url,
        .host = host,
        .budget = budget,
        .priority = lease->priority,
        .is_seed = lease->is_seed,
        .is_first = lease->attempts == 0,
        .is_known = lease->known.status != 0,
    };
}

static struct trap_host *traps_of(const struct sentry_pass *pass)
{
    struct traps *traps = pass->sentry->traps;
    return traps != NULL ? traps_get(traps, pass->host) : NULL;
}

static bool ask_traps(struct sentry_pass *pass, struct sentry_answer *ret)
{
    struct trap_answer answer;
    struct trap_host *host = pass->is_seed || pass->is_sample ? NULL : traps_of(pass);
    if (host == NULL)
        return true;
    traps_judge(host, pass->url, pass->priority >= PRIORITY_LATE, &answer);
    pass->is_sample = answer.verdict == TRAP_GO && answer.is_sample;
    switch (answer.verdict) {
    case TRAP_GO: return true;
    case TRAP_LATER: ret->late_priority = answer.priority; return false;
    case TRAP_REFUSE: break;
    }
    ret->reason = EXCLUDE_TRAP;
    (void)snprintf(ret->detail, sizeof ret->detail, "%s", answer.detail);
    return false;
}

bool sentry_ask(struct sentry_pass *pass, struct sentry_answer *ret)
{
    ret->reason = EXCLUDE_NONE;
    ret->late_priority = 0;
    if (pass->is_known)
        return true;
    if (budgets_allow(pass->sentry->budgets, pass->budget, pass->is_seed, ret->detail))
        return ask_traps(pass, ret);
    ret->reason = EXCLUDE_BUDGET;
    return false;
}

void sentry_enter(struct sentry_pass *pass)
{
    if (pass->is_known)
        return;
    struct trap_host *host = traps_of(pass);
    budgets_take(pass->budget);
    if (host != NULL)
        traps_reserve(host, pass->url);
    pass->is_entered = true;
}

void sentry_keep(struct sentry_pass *pass)
{
    pass->is_entered = false;
}

void sentry_leave(struct sentry_pass *pass)
{
    if (!pass->is_entered)
        return;
    struct trap_host *host = traps_of(pass);
    budgets_give_back(pass->budget);
    if (host != NULL)
        traps_forget(host, pass->url);
    pass->is_entered = false;
}

/* Redirects and errors say nothing of their own, and what comes back said it before. */
void sentry_learn(const struct sentry_pass *pass, const struct outcome *o)
{
    bool is_content = o->has_page && o->page.status >= 200 && o->page.status < 300;
    if (!is_content || !pass->is_first || pass->is_known)
        return;
    struct trap_host *host = traps_of(pass);
    if (host != NULL)
        traps_learn(host, pass->url, &o->page);
}
