/* The verdict on a URL in one sentence, and what can be done about it. */
#include <inttypes.h>
#include <stdarg.h>

#include "crawler/base/clock.h"
#include "crawler/base/units.h"
#include "crawler/cli/explain.h"
#include "crawler/engine/hint.h"

struct str explain_format(struct explained *e, const char *format, ...)
{
    char *text = NULL;
    va_list args;
    va_start(args, format);
    int len = vasprintf(&text, format, args);
    va_end(args);
    if (len < 0)
        return STR_NONE;
    struct str kept = str_from(text, (size_t)len);
    if (!arena_keep(&e->arena, &kept))
        kept = STR_NONE;
    free(text);
    return kept;
}

const char *explain_time(struct explained *e, int64_t unix_ms)
{
    char text[CLOCK_TEXT_SIZE];
    clock_format(unix_ms, text);
    struct str kept = explain_format(e, "%s", text);
    return str_is_absent(kept) ? "?" : kept.ptr;
}

/* ---- exclusions ---- */

static const char *scope_words(struct str kind)
{
    if (str_eq(kind, STR("host")))
        return "no start URL lives on its host";
    if (str_eq(kind, STR("domain")))
        return "no start URL lives on its registered domain";
    return "it lies below no start URL";
}

/* "line 12: Disallow: /private/", as visits write it. */
static struct str robots_words(struct explained *e, struct str detail)
{
    const struct store_robots_known *r = &e->known.robots;
    struct str now =
        explain_format(e, "line %u: " STR_FMT, e->robots.line, STR_ARG(e->robots.rule));
    size_t colon = str_find(detail, STR(": "));
    struct str line = str_first(detail, colon), rule = str_skip(detail, colon + 2);
    if (!e->has_robots || !str_eq(detail, now)) /* another robots.txt was read since */
        return explain_format(e, "robots.txt " STR_FMT " '" STR_FMT "'", STR_ARG(line),
                              STR_ARG(rule));
    return explain_format(e, "robots.txt " STR_FMT " '" STR_FMT "' (fetched %s, status %d)",
                          STR_ARG(line), STR_ARG(rule), explain_time(e, r->fetched_unix_ms),
                          (int)r->status);
}

static struct str with_detail(struct explained *e, const char *words, struct str detail)
{
    if (detail.len == 0)
        return explain_format(e, "%s", words);
    return explain_format(e, "%s: " STR_FMT, words, STR_ARG(detail));
}

struct str explain_exclusion(struct explained *e, enum exclude_reason reason, struct str detail)
{
    switch (reason) {
    case EXCLUDE_ROBOTS: return robots_words(e, detail);
    case EXCLUDE_SCOPE:
        return explain_format(e, "outside --scope " STR_FMT ": %s", STR_ARG(detail),
                              scope_words(detail));
    case EXCLUDE_INCLUDE: return with_detail(e, "it matches no --include pattern", detail);
    case EXCLUDE_PATTERN:
        return explain_format(e, "it matches --exclude '" STR_FMT "'", STR_ARG(detail));
    case EXCLUDE_DEPTH:
        return explain_format(e, "too many links from a start URL, " STR_FMT " (--depth)",
                              STR_ARG(detail));
    case EXCLUDE_BUDGET: return with_detail(e, "over a budget", detail);
    case EXCLUDE_TRAP: return with_detail(e, "it looks like endless generated pages", detail);
    case EXCLUDE_TOO_LONG:
        return explain_format(e, "longer than %d bytes; only its beginning is kept", URL_MAX_BYTES);
    case EXCLUDE_SCHEME: return explain_format(e, "neither http nor https");
    case EXCLUDE_PORT:
        return explain_format(e, "its port belongs to another protocol (Fetch standard)");
    case EXCLUDE_HOPS: return explain_format(e, "behind more than 10 redirects in a row");
    case EXCLUDE_FOLLOW: return explain_format(e, "--no-follow: start URLs only");
    case EXCLUDE_NOFOLLOW:
        return explain_format(e, "every link to it says nofollow (rel, meta robots, X-Robots-Tag)");
    case EXCLUDE_REQUISITE:
        return explain_format(e, "a part of pages (image, script, style sheet ...), no page");
    case EXCLUDE_MENTION:
        return explain_format(e, "named, but neither as a page nor as a part of one (a form's "
                                 "target, a citation ...)");
    case EXCLUDE_NONE:
    case EXCLUDE_REASON_COUNT: break;
    }
    return with_detail(e, "excluded", detail);
}

/* ---- what became of it ---- */

static struct str say_queued(struct explained *e)
{
    const struct store_explanation *k = &e->known;
    if (k->has_answer)
        return explain_format(e, "Fetched, and queued to be fetched again%s%s.",
                              k->due_unix_ms > 0 ? " at " : "",
                              k->due_unix_ms > 0 ? explain_time(e, k->due_unix_ms) : "");
    if (k->attempts > 0)
        return explain_format(e, "Not fetched yet: queued to be tried again%s%s.",
                              k->due_unix_ms > 0 ? " at " : "",
                              k->due_unix_ms > 0 ? explain_time(e, k->due_unix_ms) : "");
    return explain_format(e, "Not fetched yet: queued.");
}

static struct str say_active(struct explained *e)
{
    if (e->known.run.is_running)
        return explain_format(
            e, "Under way: the running crawl has it in hand, to be fetched or being fetched.");
    return explain_format(e,
                          "Was under way when the crawl died; the next run begins with it again.");
}

static struct str say_failed(struct explained *e)
{
    const struct store_explanation *k = &e->known;
    const char *text = k->failed < CW_ERR_COUNT ? cw_err_text(k->failed) : "unknown error";
    if (k->detail.len == 0 || str_eq(k->detail, str_of(text)))
        return explain_format(e, "Failed (" STR_FMT "): %s.", STR_ARG(k->reason), text);
    return explain_format(e, "Failed (" STR_FMT "): %s: " STR_FMT ".", STR_ARG(k->reason), text,
                          STR_ARG(k->detail));
}

static struct str say_done(struct explained *e, enum tone *ret_tone)
{
    const struct store_answer *a = &e->known.answer;
    *ret_tone = a->status >= 400 ? TONE_BAD : TONE_GOOD;
    return explain_format(e, "Fetched %s: it answered %d.", explain_time(e, a->fetched_unix_ms),
                          (int)a->status);
}

/* ---- what would become of it ---- */

static struct str say_never(struct explained *e, enum tone *ret_tone)
{
    const char *never = "Never seen: nothing fetched so far names it.";
    *ret_tone = TONE_BAD;
    if (e->verdict.reason != EXCLUDE_NONE) {
        struct str why = explain_exclusion(e, e->verdict.reason, e->verdict.detail);
        return explain_format(e, "%s It would not be fetched: " STR_FMT ".", never, STR_ARG(why));
    }
    if (!e->reachable)
        return explain_format(e, "%s It would not be fetched: its address is %s.", never,
                              guard_class_name(e->address_class));
    if (e->has_robots && !e->robots.allowed)
        return explain_format(e, "%s It would not be fetched: robots.txt line %u '" STR_FMT "'.",
                              never, e->robots.line, STR_ARG(e->robots.rule));
    *ret_tone = TONE_PLAIN;
    if (!e->foresight.has_settings)
        return explain_format(e, "%s The settings of the crawl are not known.", never);
    return explain_format(e, "%s If a page linked to it now, it would be queued.", never);
}

struct str explain_verdict(struct explained *e, enum tone *ret_tone)
{
    *ret_tone = TONE_PLAIN;
    if (!e->known.is_known)
        return say_never(e, ret_tone);
    switch (e->known.state) {
    case URL_QUEUED: return say_queued(e);
    case URL_ACTIVE: return say_active(e);
    case URL_DONE: return say_done(e, ret_tone);
    case URL_FAILED: *ret_tone = TONE_BAD; return say_failed(e);
    case URL_EXCLUDED: break;
    }
    *ret_tone = TONE_BAD;
    struct str why = explain_exclusion(e, e->known.excluded, e->known.detail);
    return explain_format(e, "Not fetched: " STR_FMT ".", STR_ARG(why));
}

/* ---- hints ---- */

static const char *hint_about_exclusion(enum exclude_reason reason)
{
    switch (reason) {
    case EXCLUDE_ROBOTS: return "--no-robots (robots: false), on your own site only";
    case EXCLUDE_SCOPE:
        return "a wider --scope (domain, any) admits it, and so does naming it as a start URL";
    case EXCLUDE_INCLUDE:
        return "another --include that matches it, or naming it as a start URL, admits it";
    case EXCLUDE_PATTERN: return "without that --exclude it would be fetched";
    case EXCLUDE_DEPTH: return "a larger --depth admits it, and so does naming it as a start URL";
    case EXCLUDE_FOLLOW: return "the same command without --no-follow admits it";
    case EXCLUDE_REQUISITE: return "--requisites (requisites: true) fetches the parts of pages";
    case EXCLUDE_BUDGET:
        return "a larger --max-pages-per-host, --max-pages-per-domain or --max-hosts-per-domain "
               "admits it";
    case EXCLUDE_TRAP: return "--no-traps (traps: false) has such pages fetched";
    case EXCLUDE_NOFOLLOW:
    case EXCLUDE_MENTION:
    case EXCLUDE_HOPS: return "naming it as a start URL has it fetched";
    default: return NULL;
    }
}

const char *explain_hint(const struct explained *e)
{
    const struct store_explanation *k = &e->known;
    if (k->is_known && k->state == URL_FAILED && k->failed < CW_ERR_COUNT)
        return hint_about(k->failed);
    if (k->is_known)
        return k->state == URL_EXCLUDED ? hint_about_exclusion(k->excluded) : NULL;
    if (e->verdict.reason != EXCLUDE_NONE)
        return hint_about_exclusion(e->verdict.reason);
    if (!e->reachable)
        return hint_about(CW_EBLOCKED);
    return e->has_robots && !e->robots.allowed ? hint_about_exclusion(EXCLUDE_ROBOTS) : NULL;
}
