/* Where a URL stands: what it waits for, robots.txt, its host, the crawl; and what the rules are
 * for one never seen. */
#include <inttypes.h>

#include "crawler/base/units.h"
#include "crawler/cli/explain.h"

/* ---- what it waits for ---- */

static struct str in_words(struct explained *e, int64_t unix_ms)
{
    char text[UNITS_TEXT_SIZE];
    units_format_duration(unix_ms - e->now_unix_ms, text);
    return explain_format(e, "%s, in %s", explain_time(e, unix_ms), text);
}

static void add_no_crawl(struct explained *e, struct facts *f)
{
    const struct store_run *run = &e->known.run;
    if (run->ended_unix_ms > 0)
        facts_add(f, "Waits for", TONE_BAD, "a crawl: none is running since %s (" STR_FMT ")",
                  explain_time(e, run->ended_unix_ms), STR_ARG(run->end_reason));
    else
        facts_add(f, "Waits for", TONE_BAD, "a crawl: none is running, the last one died");
    if (run->command.len > 0)
        facts_add(f, "", TONE_HINT, "to go on: " STR_FMT, STR_ARG(run->command));
}

static const char *or_more(int64_t count)
{
    return count >= EXPLAIN_COUNT_MAX ? " or more" : "";
}

static void add_urls_ahead(struct explained *e, struct facts *f, int64_t count)
{
    char least[UNITS_TEXT_SIZE];
    const char *more = or_more(e->known.place.urls_ahead), *s = count == 1 ? "" : "s";
    int32_t delay_ms = e->known.place.delay_ms;
    units_format_duration(count * delay_ms, least);
    if (count > 0 && delay_ms > 0)
        facts_add(f, "Waits for", TONE_PLAIN,
                  "%" PRId64
                  "%s URL%s of its host that come first; at a pause of %d ms that takes at "
                  "least %s",
                  count, more, s, (int)delay_ms, least);
    else if (count > 0)
        facts_add(f, "Waits for", TONE_PLAIN, "%" PRId64 "%s URL%s of its host that come first",
                  count, more, s);
}

/* Everything that stands between a queued URL and its request, the farthest in time first. */
static size_t add_obstacles(struct explained *e, struct facts *f)
{
    const struct store_explanation *k = &e->known;
    const struct store_place *p = &k->place;
    size_t before = f->count;
    if (p->backoff_until_unix_ms > e->now_unix_ms) {
        struct str when = in_words(e, p->backoff_until_unix_ms);
        facts_add(f, "Waits for", TONE_BAD, "its host, which is left alone until " STR_FMT,
                  STR_ARG(when));
    }
    if (k->due_unix_ms > e->now_unix_ms) {
        struct str when = in_words(e, k->due_unix_ms);
        facts_add(f, "Waits for", TONE_PLAIN, "its time: " STR_FMT, STR_ARG(when));
    }
    if (p->hosts_ahead > 0)
        facts_add(f, "Waits for", TONE_PLAIN,
                  "%" PRId64 "%s hosts that stand in line before its own", p->hosts_ahead,
                  or_more(p->hosts_ahead));

    add_urls_ahead(e, f, p->urls_ahead + (k->state == URL_QUEUED ? p->active : 0));
    return f->count - before;
}

/* What would be said of it, were it its turn. */
static void add_sentry(struct explained *e, struct facts *f)
{
    const struct sentry_answer *s = &e->sentry;
    if (e->known.is_known && s->reason != EXCLUDE_NONE) {
        struct str words = explain_exclusion(e, s->reason, str_of(s->detail));
        facts_add(f, "Outlook", TONE_BAD,
                  "as things are, it will be excluded in its turn: " STR_FMT, STR_ARG(words));
    } else if (s->late_priority > 0) {
        facts_add(f, "Outlook", TONE_PLAIN,
                  "URLs of its kind brought little new: it comes when its host has nothing better");
    }
}

static void add_waits(struct explained *e, struct facts *f)
{
    const struct store_explanation *k = &e->known;
    if (!k->is_known || (k->state != URL_QUEUED && k->state != URL_ACTIVE))
        return;
    if (!k->run.is_running)
        add_no_crawl(e, f);
    if (add_obstacles(e, f) == 0 && k->run.is_running)
        facts_add(f, "Waits for", TONE_PLAIN, "nothing: it is the next of its host, or asked for");
}

/* ---- robots.txt ---- */

static struct str how_it_was_read(struct explained *e)
{
    const struct store_robots_known *r = &e->known.robots;
    const char *when = explain_time(e, r->fetched_unix_ms);
    if (r->status == 0)
        return explain_format(e, "fetched %s: " STR_FMT, when, STR_ARG(r->error));
    return explain_format(e, "fetched %s, status %d", when, (int)r->status);
}

static void add_rule(struct explained *e, struct facts *f, struct str how)
{
    const struct foreseen_robots *r = &e->robots;
    bool was_denied =
        e->known.is_known && e->known.state == URL_EXCLUDED && e->known.excluded == EXCLUDE_ROBOTS;
    if (r->line > 0)
        facts_add(f, "robots.txt", r->allowed ? TONE_PLAIN : TONE_BAD,
                  "%s it: line %u '" STR_FMT "' (" STR_FMT ")", r->allowed ? "allows" : "forbids",
                  r->line, STR_ARG(r->rule), STR_ARG(how));
    else
        facts_add(f, "robots.txt", TONE_PLAIN,
                  "has no rule about it, so it is allowed (" STR_FMT ")", STR_ARG(how));
    if (was_denied && r->allowed)
        facts_add(f, "", TONE_HINT,
                  "what once forbade it is gone: name it as a start URL, and it is asked for");
}

void explain_robots_facts(struct explained *e, struct facts *f)
{
    const struct store_robots_known *r = &e->known.robots;
    if (e->foresight.has_settings && !e->foresight.settings.crawl.robots) {
        facts_add(f, "robots.txt", TONE_PLAIN, "is not asked for: --no-robots");
        return;
    }
    if (!r->is_known) {
        facts_add(f, "robots.txt", TONE_PLAIN, "was not asked for yet; it would be fetched first");
        return;
    }
    struct str how = how_it_was_read(e);
    if (!str_is_absent(r->error))
        facts_add(f, "robots.txt", TONE_BAD,
                  "cannot be had, so nothing may be fetched (" STR_FMT
                  "); a running crawl asks again after an hour",
                  STR_ARG(how));
    else if (e->has_robots)
        add_rule(e, f, how);
    else
        facts_add(f, "robots.txt", TONE_PLAIN, "there is none, so all is allowed (" STR_FMT ")",
                  STR_ARG(how));
}

/* ---- rules, for one never seen ---- */

static void add_scope(struct explained *e, struct facts *f)
{
    static const char *const kinds[] = {"host", "domain", "prefix", "any"};
    const struct crawl_config *c = &e->foresight.settings.crawl;
    bool is_out = e->verdict.reason == EXCLUDE_SCOPE;
    facts_add(f, "Scope", is_out ? TONE_BAD : TONE_PLAIN, "--scope %s %s", kinds[c->scope],
              is_out ? "keeps it out" : "admits it");
    if (e->foresight.roots.count > 0)
        facts_add(f, "", TONE_PLAIN, "made from " STR_FMT "%s", STR_ARG(e->foresight.roots.urls[0]),
                  e->foresight.roots.count > 1 ? " and other start URLs" : "");
    if (c->include.count + c->exclude.count > 0 && e->verdict.reason != EXCLUDE_INCLUDE &&
        e->verdict.reason != EXCLUDE_PATTERN && !is_out)
        facts_add(f, "Patterns", TONE_PLAIN, "%s%s%s",
                  c->include.count > 0 ? "an --include matches it" : "",
                  c->include.count > 0 && c->exclude.count > 0 ? ", " : "",
                  c->exclude.count > 0 ? "no --exclude matches it" : "");
    if (c->depth != CONFIG_UNLIMITED)
        facts_add(f, "Depth", TONE_PLAIN,
                  "not known; up to %" PRId64 " links from a start URL are admitted (--depth)",
                  c->depth);
}

void explain_rules_facts(struct explained *e, struct facts *f)
{
    if (e->known.is_known)
        return;
    if (e->foresight.has_settings && url_is_http(&e->url))
        add_scope(e, f);
    if (url_is_http(&e->url) && guard_port_is_bad(url_effective_port(&e->url)))
        facts_add(f, "Port", TONE_BAD, "%u belongs to another protocol and is refused everywhere",
                  (unsigned)url_effective_port(&e->url));
    if (e->address_class != GUARD_PUBLIC)
        facts_add(f, "Address", e->reachable ? TONE_PLAIN : TONE_BAD, "%s, which %s",
                  guard_class_name(e->address_class),
                  e->reachable ? "this crawl may reach" : "is refused");
}

/* ---- host and crawl ---- */

static void add_host(struct explained *e, struct facts *f)
{
    const struct store_place *p = &e->known.place;
    if (!p->is_known) {
        if (url_is_http(&e->url))
            facts_add(f, "Host", TONE_PLAIN, "never seen");
        return;
    }
    facts_add(f, "Host", TONE_PLAIN,
              STR_FMT ": %" PRId64 " URLs seen, %" PRId64 " fetched, %" PRId64 " queued, %" PRId64
                      " in hand, %" PRId64 " failed requests; pause %d ms",
              STR_ARG(p->host), p->urls, p->pages, p->queued, p->active, p->errors,
              (int)p->delay_ms);
    if (p->last_fetch_unix_ms > 0)
        facts_add(f, "", TONE_PLAIN, "last request ended %s",
                  explain_time(e, p->last_fetch_unix_ms));
    if (p->backoff_until_unix_ms > e->now_unix_ms)
        facts_add(f, "", TONE_BAD, "left alone until %s",
                  explain_time(e, p->backoff_until_unix_ms));
}

static void add_crawl(struct explained *e, struct facts *f)
{
    const struct store_run *run = &e->known.run;
    const char *started = explain_time(e, run->started_unix_ms);
    if (run->is_running)
        facts_add(f, "Crawl", TONE_PLAIN, "runs since %s, process %d", started, run->pid);
    else if (run->ended_unix_ms > 0)
        facts_add(f, "Crawl", TONE_PLAIN, "ended %s: " STR_FMT, explain_time(e, run->ended_unix_ms),
                  STR_ARG(run->end_reason));
    else
        facts_add(f, "Crawl", TONE_BAD, "began %s and died without an end", started);
}

void explain_place_facts(struct explained *e, struct facts *f)
{
    add_waits(e, f);
    add_sentry(e, f);
    add_host(e, f);
    add_crawl(e, f);
}
