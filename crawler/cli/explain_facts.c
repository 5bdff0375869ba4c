/* What is known of a URL: who named it, what was asked, what it answered. */
#include <inttypes.h>

#include "crawler/base/units.h"
#include "crawler/cli/explain.h"

static const char *plural(int64_t count)
{
    return count == 1 ? "" : "s";
}

/* ---- who named it ---- */

/* `<a> "Members only"`, or what else is known of a link. */
static struct str mention_words(struct explained *e, const struct store_mention *m)
{
    const char *nofollow = m->nofollow ? ", nofollow" : "";
    if (m->redirect_status > 0)
        return explain_format(e, STR_FMT " (redirect %d)", STR_ARG(m->url),
                              (int)m->redirect_status);
    if (str_is_absent(m->element))
        return explain_format(e, STR_FMT, STR_ARG(m->url));
    if (m->text.len == 0)
        return explain_format(e, STR_FMT " (<" STR_FMT ">%s)", STR_ARG(m->url), STR_ARG(m->element),
                              nofollow);
    return explain_format(e, STR_FMT " (<" STR_FMT "> \"" STR_FMT "\"%s)", STR_ARG(m->url),
                          STR_ARG(m->element), STR_ARG(m->text), nofollow);
}

static void add_found(struct explained *e, struct facts *f)
{
    const struct store_explanation *k = &e->known;
    const char *when = explain_time(e, k->first_seen_unix_ms);
    if (str_is_absent(k->found.url)) {
        facts_add(f, "Found", TONE_PLAIN, "%s, first seen %s",
                  k->is_seed ? "named as a start URL" : "announced by a sitemap", when);
        return;
    }
    struct str words = mention_words(e, &k->found);
    facts_add(f, "Found", TONE_PLAIN, "on " STR_FMT ", first seen %s", STR_ARG(words), when);
    if (k->is_seed)
        facts_add(f, "", TONE_PLAIN, "%s",
                  k->found.redirect_status > 0
                      ? "a start URL itself, as the target of a start URL's redirect"
                      : "a start URL itself: a person named it, too");
}

static void add_links(struct explained *e, struct facts *f)
{
    const struct store_explanation *k = &e->known;
    if (k->link_count < 0)
        return;
    facts_add(f, "Linked", TONE_PLAIN, "%" PRId64 " time%s, from %" PRId64 " page%s", k->link_count,
              plural(k->link_count), k->linking_pages, plural(k->linking_pages));
    for (size_t i = 0; i < k->links_listed; i++) {
        struct str words = mention_words(e, &k->links[i]);
        facts_add(f, "", TONE_PLAIN, "from " STR_FMT, STR_ARG(words));
    }
    if (k->linking_pages > (int64_t)k->links_listed)
        facts_add(f, "", TONE_PLAIN, "... and %" PRId64 " more (view link has them)",
                  k->linking_pages - (int64_t)k->links_listed);
}

static void add_depth(struct explained *e, struct facts *f)
{
    const struct store_explanation *k = &e->known;
    int64_t limit = e->foresight.settings.crawl.depth;
    if (e->foresight.has_settings && limit != CONFIG_UNLIMITED)
        facts_add(f, "Depth", TONE_PLAIN, "%d link%s from a start URL (--depth %" PRId64 ")",
                  (int)k->depth, plural(k->depth), limit);
    else
        facts_add(f, "Depth", TONE_PLAIN, "%d link%s from a start URL", (int)k->depth,
                  plural(k->depth));
}

/* ---- redirects ---- */

static void add_redirects(struct explained *e, struct facts *f)
{
    const struct store_explanation *k = &e->known;
    for (size_t i = 0; i < k->to_count; i++)
        facts_add(f, "Redirected", TONE_PLAIN, "from " STR_FMT " (%d)%s", STR_ARG(k->to[i].url),
                  (int)k->to[i].status,
                  k->to[i].followed ? "" : ", not followed: it closes a loop or is one too many");
    if (k->redirects_here > 1)
        facts_add(f, "", TONE_PLAIN, "%s%" PRId64 " URLs redirect here",
                  k->redirects_here >= EXPLAIN_COUNT_MAX ? "more than " : "", k->redirects_here);
    for (size_t i = 0; i < k->from_count; i++)
        facts_add(f, "Redirects", TONE_PLAIN, "to " STR_FMT " (%d)%s", STR_ARG(k->from[i].url),
                  (int)k->from[i].status,
                  k->from[i].followed ? "" : ", not followed: it closes a loop or is one too many");
    if (k->from_count > 0 && k->end_status > 0)
        facts_add(f, "", TONE_PLAIN, "where the answer was %d", (int)k->end_status);
    else if (k->from_count > 0)
        facts_add(f, "", TONE_PLAIN, "which was not fetched");
}

/* ---- requests ---- */

/* What came of one request. */
static struct str outcome_words(struct explained *e, const struct attempt *a)
{
    if (a->err == CW_OK)
        return explain_format(e, "%d", (int)a->status);
    const char *name = a->err < CW_ERR_COUNT ? cw_err_name(a->err) : "error";
    if (a->detail.len == 0)
        return explain_format(e, "%s", name);
    return explain_format(e, "%s (" STR_FMT ")", name, STR_ARG(a->detail));
}

static struct str timing_words(struct explained *e, const struct attempt *a)
{
    if (a->time.total_ms < 0)
        return STR("");
    if (a->time.first_byte_ms < 0)
        return explain_format(e, " after %d ms", (int)a->time.total_ms);
    return explain_format(e, " in %d ms (first byte after %d ms)", (int)a->time.total_ms,
                          (int)a->time.first_byte_ms);
}

static void add_try(struct explained *e, struct facts *f, const char *about,
                    const struct attempt *a)
{
    struct str outcome = outcome_words(e, a), timing = timing_words(e, a);
    struct str address =
        a->remote_ip.len > 0 ? explain_format(e, " from " STR_FMT, STR_ARG(a->remote_ip)) : STR("");
    struct str rest =
        a->retry_after_ms >= 0
            ? explain_format(e, ", asked to be left alone for %" PRId64 " ms", a->retry_after_ms)
            : STR("");
    facts_add(f, about, a->err == CW_OK && a->status < 400 ? TONE_PLAIN : TONE_BAD,
              "%d. %s: " STR_FMT STR_FMT STR_FMT STR_FMT "; pause in force %d ms", (int)a->attempt,
              explain_time(e, a->time.started_unix_ms), STR_ARG(outcome), STR_ARG(address),
              STR_ARG(timing), STR_ARG(rest), (int)a->limit_ms);
}

static void add_tries(struct explained *e, struct facts *f)
{
    const struct store_explanation *k = &e->known;
    for (size_t i = 0; i < k->try_count; i++)
        add_try(e, f, "Requests", &k->tries[i]);
    if (k->try_count == EXPLAIN_LISTED_MAX && k->attempts > EXPLAIN_LISTED_MAX)
        facts_add(f, "", TONE_PLAIN, "%d in all; the latest %d are shown", (int)k->attempts,
                  EXPLAIN_LISTED_MAX);
}

/* ---- the answer ---- */

static void add_same(struct explained *e, struct facts *f)
{
    const struct store_answer *a = &e->known.answer;
    if (!str_is_absent(a->same_as) && a->same_status > 0)
        facts_add(f, "Content", TONE_PLAIN, "the same as " STR_FMT " (%d), byte for byte",
                  STR_ARG(a->same_as), (int)a->same_status);
    else if (!str_is_absent(a->same_as))
        facts_add(f, "Content", TONE_PLAIN, STR_FMT " once had the same, and has another now",
                  STR_ARG(a->same_as));
    if (a->same_count > 0)
        facts_add(f, "Content", TONE_PLAIN, "%" PRId64 " other page%s the same", a->same_count,
                  a->same_count == 1 ? " has" : "s have");
}

static void add_answer(struct explained *e, struct facts *f)
{
    const struct store_answer *a = &e->known.answer;
    char size[UNITS_TEXT_SIZE];
    if (!e->known.has_answer)
        return;
    units_format_size((uint64_t)MAX(a->size, 0), size);
    struct str type = a->content_type.len > 0 ? a->content_type : STR("no type");
    facts_add(f, "Answer", TONE_PLAIN, "%d, " STR_FMT ", %s, %" PRId64 " link%s%s%s%s%s%s",
              (int)a->status, STR_ARG(type), size, a->links, plural(a->links),
              a->links_cut ? " (more were not kept)" : "",
              a->body_cut ? ", cut off (--max-size)" : "", a->has_body ? "" : ", body not stored",
              a->noindex ? ", noindex" : "", a->nofollow ? ", nofollow" : "");
    if (a->canonical_url.len > 0 && !str_eq(a->canonical_url, url_href(&e->url)))
        facts_add(f, "Canonical", TONE_PLAIN, "it names " STR_FMT " as its canonical URL",
                  STR_ARG(a->canonical_url));
    add_same(e, f);
}

/* ---- revisits ---- */

static struct str every_words(struct explained *e)
{
    char text[UNITS_TEXT_SIZE];
    int64_t every_ms = e->foresight.settings.crawl.every_ms;
    if (every_ms == CONFIG_EVERY_AUTO)
        return STR(" (every: auto)");
    if (every_ms <= 0)
        return STR(" (--revisit)");
    units_write_duration(every_ms, text);
    return explain_format(e, " (every: %s)", text);
}

/* When a settled URL is asked for again. */
static void add_revisit(struct explained *e, struct facts *f)
{
    const struct store_explanation *k = &e->known;
    struct str every = every_words(e);
    char text[UNITS_TEXT_SIZE];
    if (k->answer.versions > 1)
        facts_add(f, "Changed", TONE_PLAIN, "%" PRId64 " contents so far (view page_version)",
                  k->answer.versions);
    if (k->state < URL_DONE || k->due_unix_ms == 0)
        return;
    units_format_duration(MAX(k->due_unix_ms - e->now_unix_ms, 0), text);
    if (k->due_unix_ms > e->now_unix_ms)
        facts_add(f, "Comes back", TONE_PLAIN, "%s, in %s" STR_FMT, explain_time(e, k->due_unix_ms),
                  text, STR_ARG(every));
    else
        facts_add(f, "Comes back", TONE_PLAIN, "due since %s" STR_FMT,
                  explain_time(e, k->due_unix_ms), STR_ARG(every));
}

/* ---- spelling ---- */

static unsigned difference_of(const struct explained *e, struct str url)
{
    for (size_t i = 0; i < e->spelling_count; i++)
        if (str_eq(e->spellings[i].url, url))
            return e->spellings[i].differs;
    return 0;
}

static void add_spellings(struct explained *e, struct facts *f)
{
    char words[SPELLING_TEXT_SIZE];
    if (!str_eq(e->typed, url_href(&e->url)))
        facts_add(f, "Typed", TONE_PLAIN, STR_FMT ", which is the same URL", STR_ARG(e->typed));
    for (size_t i = 0; i < e->known.other_count; i++) {
        struct str other = e->known.others[i];
        spelling_describe(difference_of(e, other), words);
        facts_add(f, "Known is", e->known.is_known ? TONE_PLAIN : TONE_HINT,
                  STR_FMT ", another URL: it differs in %s", STR_ARG(other), words);
    }
}

/* ---- the whole ---- */

void explain_facts(struct explained *e, struct facts *ret)
{
    enum tone tone;
    struct str verdict = explain_verdict(e, &tone);
    const char *hint = explain_hint(e);
    *ret = (struct facts){.arena = &e->arena};
    facts_add(ret, "Verdict", tone, STR_FMT, STR_ARG(verdict));
    if (hint != NULL)
        facts_add(ret, "Hint", TONE_HINT, "%s", hint);
    add_spellings(e, ret);
    if (e->known.is_known) {
        add_found(e, ret);
        add_links(e, ret);
        add_depth(e, ret);
        add_redirects(e, ret);
        add_tries(e, ret);
        add_answer(e, ret);
        add_revisit(e, ret);
    }
    explain_rules_facts(e, ret);
    if (url_is_http(&e->url))
        explain_robots_facts(e, ret);
    explain_place_facts(e, ret);
}
