/* crawld explain: why a URL was, was not or would be fetched. Asks the database, and nobody else.
 */
#include "crawler/base/clock.h"
#include "crawler/cli/cmd.h"
#include "crawler/cli/database.h"
#include "crawler/cli/explain.h"
#include "crawler/cli/terminal.h"
#include "crawler/engine/credentials.h"
#include "crawler/engine/vet.h"
#include "crawler/frontier/priority.h"

enum { TYPED_MAX_BYTES = 2 << 20, JSON_MAX_BYTES = 64 << 20 };

struct explain_settings {
    struct database_call call;
    bool as_json, walk;
};

static const struct option_spec specs[] = {
    {"links", 'l', NULL, "count all links to it, too, and pages alike: reads the whole database"},
    {"format", 'f', "FORMAT", "text or json [text]"},
    DATABASE_OPTION,
};

static enum cw_err take(void *arg, const struct option_spec *spec, const char *value,
                        struct errmsg *reterr_msg)
{
    struct explain_settings *s = arg;
    if (database_take(&s->call, spec, value))
        return CW_OK;
    if (strcmp(spec->name, "links") == 0)
        s->walk = true;
    else if (strcmp(value, "text") == 0 || strcmp(value, "json") == 0)
        s->as_json = strcmp(value, "json") == 0;
    else
        return errmsg_set(reterr_msg, CW_EINVAL, "--format \"%s\": must be text or json", value);
    return CW_OK;
}

/* ---- asking ---- */

static enum cw_err keep_typed(struct explained *e, const char *text)
{
    CLEANUP(buf_release) struct buf masked = BUF_INIT(TYPED_MAX_BYTES);
    enum cw_err err = credentials_mask(&masked, str_of(text));
    e->typed = err == CW_OK ? buf_str(&masked) : STR_NONE;
    return err == CW_OK && !arena_keep(&e->arena, &e->typed) ? CW_ENOMEM : err;
}

/* What is no URL is an error; one of another scheme has an answer. */
static enum cw_err parse(struct explained *e, const char *text, struct errmsg *reterr_msg)
{
    enum cw_err err = url_parse(&e->url, str_trim(str_of(text)), NULL);
    if (err == CW_OK && url_is_http(&e->url))
        err = url_canonicalize(&e->url);
    if (err == CW_OK)
        err = keep_typed(e, text);
    if (err == CW_EURL)
        return engine_refuse_url(str_of(text), reterr_msg);
    return err == CW_OK ? CW_OK : errmsg_set(reterr_msg, err, "%s", cw_err_text(err));
}

static void on_run(void *arg, const struct store_run *run)
{
    struct explained *e = arg;
    foresight_init(&e->foresight, run->settings);
}

static void on_seed(void *arg, struct str url, bool is_named)
{
    struct explained *e = arg;
    foresight_add_seed(&e->foresight, url, is_named);
}

static enum cw_err ask(struct explained *e, const char *path, bool walk, struct errmsg *reterr_msg)
{
    struct str others[SPELLINGS_MAX];
    struct store_reader *reader;
    e->spelling_count = url_is_http(&e->url) ? spellings_list(&e->arena, &e->url, e->spellings) : 0;
    for (size_t i = 0; i < e->spelling_count; i++)
        others[i] = e->spellings[i].url;
    const struct store_explain_want want = {
        .url = str_first(url_href(&e->url), URL_MAX_BYTES), /* of a longer one the head is kept */
        .others = others,
        .other_count = e->spelling_count,
        .domain = sentry_domain_of(url_host_key(&e->url)),
        .walk = walk,
        .on_run = on_run,
        .on_seed = on_seed,
        .arg = e,
    };
    enum cw_err err = store_reader_open(&reader, path, reterr_msg);
    if (err != CW_OK)
        return err;
    err = store_explain(reader, &want, &e->known, reterr_msg);
    store_reader_close(reader);
    if (err == CW_OK && e->known.is_known)
        foresight_init(&e->foresight, e->known.run.settings);
    return err;
}

/* ---- judging ---- */

static enum cw_err judge_robots(struct explained *e, struct errmsg *reterr_msg)
{
    const struct store_robots_known *r = &e->known.robots;
    if (!r->is_known || !str_is_absent(r->error) || r->body.len == 0)
        return CW_OK;
    enum cw_err err = foresight_ask_robots(&e->foresight, r->body, &e->url, &e->arena, &e->robots);
    e->has_robots = err == CW_OK;
    return err == CW_OK ? CW_OK : errmsg_set(reterr_msg, err, "%s", cw_err_text(err));
}

/* What is queued, or would be, is still to pass budgets and traps. */
static enum cw_err judge_sentry(struct explained *e, struct errmsg *reterr_msg)
{
    bool is_waiting = e->known.is_known && e->known.state == URL_QUEUED;
    bool would_be = !e->known.is_known && e->verdict.reason == EXCLUDE_NONE;
    if (!e->foresight.has_settings || !(is_waiting || would_be))
        return CW_OK;
    int32_t priority = is_waiting ? e->known.priority : PRIORITY_SEED + 1;
    enum cw_err err = foresight_ask_sentry(&e->foresight, &e->url, &e->known, priority, &e->sentry);
    if (err != CW_OK)
        return errmsg_set(reterr_msg, err, "%s", cw_err_text(err));
    if (would_be && e->sentry.reason != EXCLUDE_NONE)
        e->verdict = (struct verdict){e->sentry.reason, str_of(e->sentry.detail)};
    return CW_OK;
}

/* One never seen would be at least one link away from a start URL. */
static enum cw_err judge(struct explained *e, struct errmsg *reterr_msg)
{
    e->reachable = true;
    if (!url_is_http(&e->url)) {
        e->verdict = (struct verdict){.reason = EXCLUDE_SCHEME};
        e->address_class = GUARD_PUBLIC;
        return CW_OK;
    }
    e->address_class = foresight_class(&e->foresight, &e->url, &e->reachable);
    enum cw_err err = CW_OK;
    if (!e->known.is_known && e->foresight.has_settings)
        err = foresight_judge(&e->foresight, &e->url, 1, &e->arena, &e->verdict, reterr_msg);
    if (err == CW_OK)
        err = judge_sentry(e, reterr_msg);
    return err == CW_OK ? judge_robots(e, reterr_msg) : err;
}

/* ---- telling ---- */

static enum cw_err tell(struct explained *e, bool as_json, struct errmsg *reterr_msg)
{
    CLEANUP(buf_release) struct buf json = BUF_INIT(JSON_MAX_BYTES);
    struct facts facts;
    bool colour = terminal_is(stdout) && terminal_may_colour();
    enum cw_err err;
    explain_facts(e, &facts);
    if (as_json) {
        err = explain_add_json(e, &facts, &json);
        bool is_written = err == CW_OK && fwrite(json.ptr, 1, json.len, stdout) == json.len &&
                          fflush(stdout) == 0;
        err = err == CW_OK && !is_written ? CW_ESTORAGE : err;
    } else {
        err = facts_print(&facts, url_href(&e->url), colour, stdout);
    }
    return err == CW_OK ? err
                        : errmsg_set(reterr_msg, err, "standard output: %s", cw_err_text(err));
}

static enum cw_err explain(const char *path, const char *text, const struct explain_settings *s,
                           struct errmsg *reterr_msg)
{
    struct explained *e = calloc(1, sizeof *e);
    if (e == NULL)
        return errmsg_set(reterr_msg, CW_ENOMEM, "%s", cw_err_text(CW_ENOMEM));
    e->url = URL_INIT;
    e->now_unix_ms = clock_unix_ms();
    e->arena = ARENA_INIT(EXPLAIN_MAX_BYTES);
    foresight_init(&e->foresight, STR_NONE);
    enum cw_err err = parse(e, text, reterr_msg);
    if (err == CW_OK && (err = ask(e, path, s->walk, reterr_msg)) == CW_ENOTFOUND)
        err = CW_ESTORAGE; /* the file */
    if (err == CW_OK)
        err = judge(e, reterr_msg);
    if (err == CW_OK)
        err = tell(e, s->as_json, reterr_msg);
    foresight_release(&e->foresight);
    store_explanation_release(&e->known);
    arena_release(&e->arena);
    url_release(&e->url);
    free(e);
    return err;
}

static int run(int argc, char **argv)
{
    struct explain_settings s = {0};
    const struct options options = {
        .command = "explain",
        .usage = "DB URL [--links] [--format FORMAT]",
        .about =
            "Says why a URL was, was not or would be fetched: who linked it first, the rule, the\n"
            "line of robots.txt, every request, redirects, duplicates, and what it waits for.\n"
            "Of a URL never seen it says what a crawl would make of it.",
        .closing = "Asks the database alone, also while a crawl writes it.\n"
                   "Exit status: 0 explained; 2 usage; 3 storage.",
        .specs = specs,
        .spec_count = ARRAY_LEN(specs),
        .take = take,
        .arg = &s,
    };
    struct errmsg message;
    int status;
    if (!database_begin(&s.call, &options, argc, argv, 1, "a database and a URL", &status))
        return status;
    enum cw_err err = explain(s.call.path, s.call.operands[0], &s, &message);
    return err == CW_OK ? EXIT_DONE : cmd_fail("explain", cmd_status_of(err), "%s", message.text);
}

const struct command command_explain = {"explain", "why a URL was, was not or would be fetched",
                                        run};
