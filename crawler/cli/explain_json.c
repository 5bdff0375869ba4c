/* The same for programs: the values by name, and the sentences. */
#include <inttypes.h>

#include "crawler/cli/explain.h"

struct writer {
    struct explained *e;
    struct buf *b;
    enum cw_err err;
    bool is_first;
};

static void put(struct writer *w, enum cw_err err)
{
    if (w->err == CW_OK)
        w->err = err;
}

static void put_name(struct writer *w, const char *name)
{
    put(w, buf_addf(w->b, "%s\n\"%s\":", w->is_first ? "" : ",", name));
    w->is_first = false;
}

static void put_str(struct writer *w, const char *name, struct str value)
{
    put_name(w, name);
    put(w, buf_add_json(w->b, value));
}

static void put_int(struct writer *w, const char *name, int64_t value, int64_t none)
{
    put_name(w, name);
    put(w, value == none ? buf_add(w->b, STR("null")) : buf_addf(w->b, "%" PRId64, value));
}

static void put_bool(struct writer *w, const char *name, bool value)
{
    put_name(w, name);
    put(w, buf_add(w->b, value ? STR("true") : STR("false")));
}

static void put_time(struct writer *w, const char *name, int64_t unix_ms)
{
    put_str(w, name, unix_ms > 0 ? str_of(explain_time(w->e, unix_ms)) : STR_NONE);
}

static void open_with(struct writer *w, const char *name, char bracket)
{
    put_name(w, name);
    put(w, buf_add_char(w->b, bracket));
    w->is_first = true;
}

static void close_with(struct writer *w, char bracket)
{
    put(w, buf_add_char(w->b, bracket));
    w->is_first = false;
}

static void open_item(struct writer *w)
{
    put(w, buf_addf(w->b, "%s\n{", w->is_first ? "" : ","));
    w->is_first = true;
}

/* ---- parts ---- */

static void put_mention(struct writer *w, const struct store_mention *m)
{
    put_str(w, "url", m->url);
    put_str(w, "element", m->element);
    put_str(w, "rel", m->rel);
    put_str(w, "text", m->text);
    put_bool(w, "nofollow", m->nofollow);
    put_int(w, "redirect_status", m->redirect_status, 0);
}

static void put_links(struct writer *w, const struct store_explanation *k)
{
    put_int(w, "links_here", k->link_count, -1);
    put_int(w, "pages_linking_here", k->linking_pages, -1);
    open_with(w, "linked_from", '[');
    for (size_t i = 0; i < k->links_listed; i++) {
        open_item(w);
        put_mention(w, &k->links[i]);
        close_with(w, '}');
    }
    close_with(w, ']');
}

static void put_hops(struct writer *w, const char *name, const struct store_hop *hops, size_t count)
{
    open_with(w, name, '[');
    for (size_t i = 0; i < count; i++) {
        open_item(w);
        put_str(w, "url", hops[i].url);
        put_int(w, "status", hops[i].status, 0);
        put_bool(w, "followed", hops[i].followed);
        close_with(w, '}');
    }
    close_with(w, ']');
}

static void put_try(struct writer *w, const struct attempt *a)
{
    put_int(w, "attempt", a->attempt, 0);
    put_time(w, "started_at", a->time.started_unix_ms);
    put_time(w, "ended_at", a->time.ended_unix_ms);
    put_int(w, "status", a->status, 0);
    put_str(w, "error",
            a->err != CW_OK && a->err < CW_ERR_COUNT ? str_of(cw_err_name(a->err)) : STR_NONE);
    put_str(w, "detail", a->detail);
    put_int(w, "limit_ms", a->limit_ms, -1);
    put_int(w, "first_byte_ms", a->time.first_byte_ms, -1);
    put_int(w, "total_ms", a->time.total_ms, -1);
    put_int(w, "retry_after_ms", a->retry_after_ms, -1);
    put_str(w, "remote_ip", a->remote_ip);
}

static void put_tries(struct writer *w, const struct store_explanation *k)
{
    open_with(w, "requests", '[');
    for (size_t i = 0; i < k->try_count; i++) {
        open_item(w);
        put_try(w, &k->tries[i]);
        close_with(w, '}');
    }
    close_with(w, ']');
}

static void put_answer(struct writer *w, const struct store_answer *a)
{
    open_with(w, "answer", '{');
    put_int(w, "status", a->status, 0);
    put_str(w, "content_type", a->content_type);
    put_time(w, "fetched_at", a->fetched_unix_ms);
    put_int(w, "size", a->size, -1);
    put_int(w, "links", a->links, -1);
    put_str(w, "canonical_url", a->canonical_url);
    put_str(w, "same_as", a->same_as);
    put_int(w, "same_count", a->same_count, -1);
    put_int(w, "versions", a->versions, -1);
    put_bool(w, "noindex", a->noindex);
    put_bool(w, "nofollow", a->nofollow);
    put_bool(w, "links_cut", a->links_cut);
    put_bool(w, "body_cut", a->body_cut);
    close_with(w, '}');
}

static void put_url(struct writer *w, const struct store_explanation *k)
{
    static const char *const states[] = {"queued", "active", "done", "failed", "excluded"};
    put_str(w, "state", str_of(states[k->state]));
    put_str(w, "reason", k->reason);
    put_str(w, "detail", k->detail);
    put_bool(w, "is_seed", k->is_seed);
    put_int(w, "depth", k->depth, -1);
    put_int(w, "priority", k->priority, INT64_MIN);
    put_time(w, "due_at", k->due_unix_ms);
    put_time(w, "first_seen_at", k->first_seen_unix_ms);
    if (!str_is_absent(k->found.url)) {
        open_with(w, "found_on", '{');
        put_mention(w, &k->found);
        close_with(w, '}');
    }
    put_links(w, k);
    put_hops(w, "redirected_from", k->to, k->to_count);
    put_hops(w, "redirects_to", k->from, k->from_count);
    put_tries(w, k);
    if (k->has_answer)
        put_answer(w, &k->answer);
}

/* For one never seen. */
static void put_foresight(struct writer *w, const struct explained *e)
{
    const char *reason = exclude_reason_name(e->verdict.reason);
    open_with(w, "if_linked", '{');
    put_bool(w, "rules_known", e->foresight.has_settings);
    put_str(w, "excluded_by", reason[0] != '\0' ? str_of(reason) : STR_NONE);
    put_str(w, "detail", e->verdict.detail);
    put_str(w, "address_class", str_of(guard_class_name(e->address_class)));
    put_bool(w, "address_reachable", e->reachable);
    close_with(w, '}');
}

static void put_robots(struct writer *w, const struct explained *e)
{
    const struct store_robots_known *r = &e->known.robots;
    if (!r->is_known)
        return;
    open_with(w, "robots", '{');
    put_time(w, "fetched_at", r->fetched_unix_ms);
    put_int(w, "status", r->status, 0);
    put_str(w, "error", r->error);
    put_bool(w, "allowed", str_is_absent(r->error) && (!e->has_robots || e->robots.allowed));
    put_int(w, "line", e->has_robots ? e->robots.line : 0, 0);
    put_str(w, "rule", e->has_robots ? e->robots.rule : STR_NONE);
    close_with(w, '}');
}

static void put_place(struct writer *w, const struct store_place *p)
{
    if (!p->is_known)
        return;
    open_with(w, "host", '{');
    put_str(w, "host", p->host);
    put_int(w, "urls", p->urls, -1);
    put_int(w, "queued", p->queued, -1);
    put_int(w, "active", p->active, -1);
    put_int(w, "pages", p->pages, -1);
    put_int(w, "errors", p->errors, -1);
    put_int(w, "delay_ms", p->delay_ms, -1);
    put_time(w, "last_fetch_at", p->last_fetch_unix_ms);
    put_time(w, "backoff_until", p->backoff_until_unix_ms);
    put_int(w, "urls_ahead", p->urls_ahead, -1);
    put_int(w, "hosts_ahead", p->hosts_ahead, -1);
    close_with(w, '}');
}

static void put_run(struct writer *w, const struct store_run *run)
{
    open_with(w, "crawl", '{');
    put_bool(w, "running", run->is_running);
    put_int(w, "pid", run->pid, 0);
    put_time(w, "started_at", run->started_unix_ms);
    put_time(w, "ended_at", run->ended_unix_ms);
    put_str(w, "end_reason", run->end_reason);
    put_str(w, "command", run->command);
    close_with(w, '}');
}

static void put_others(struct writer *w, const struct store_explanation *k)
{
    open_with(w, "known_spellings", '[');
    for (size_t i = 0; i < k->other_count; i++) {
        put(w, i > 0 ? buf_add_char(w->b, ',') : CW_OK);
        put(w, buf_add_json(w->b, k->others[i]));
    }
    close_with(w, ']');
}

enum cw_err explain_add_json(struct explained *e, const struct facts *facts, struct buf *ret)
{
    struct writer w = {.e = e, .b = ret, .is_first = true};
    enum tone tone;
    put(&w, buf_add_char(ret, '{'));
    put_str(&w, "url", url_href(&e->url));
    put_str(&w, "typed", e->typed);
    put_bool(&w, "known", e->known.is_known);
    put_str(&w, "verdict", explain_verdict(e, &tone));
    if (e->known.is_known)
        put_url(&w, &e->known);
    else
        put_foresight(&w, e);
    put_others(&w, &e->known);
    put_robots(&w, e);
    put_place(&w, &e->known.place);
    put_run(&w, &e->known.run);
    put_name(&w, "facts");
    put(&w, facts_add_json(facts, ret));
    put(&w, buf_add(ret, STR("\n}\n")));
    return w.err;
}
