#include "storage/sqlite/visits.h"

#include "storage/sqlite/clocks.h"
#include "storage/sqlite/pages.h"
#include "storage/sqlite/revisits.h"

size_t visits_count_urls(struct outcome *const *outcomes, size_t count)
{
    size_t urls = 0;
    for (size_t i = 0; i < count; i++)
        if (outcomes[i]->has_page)
            urls += outcomes[i]->page.link_count + (outcomes[i]->page.redirect != NULL);
    return urls;
}

/* ---- collecting ---- */

/* Its host is NULL only after a failure. */
static struct sighting meet(struct work *w, const struct visit *v, const struct page_link *link)
{
    return (struct sighting){
        .url = link->url,
        .host = work_linked_host(w, link->host),
        .verdict = link->verdict,
        .found_on = v->url.id,
        .depth = link->depth,
        .priority = link->priority,
    };
}

/* The target stands where its source stood: same depth, and a seed if that was one. */
static void collect_redirect(struct work *w, struct visit *v, struct sightings *sightings)
{
    struct sighting met = meet(w, v, v->outcome->page.redirect);
    if (met.host == NULL || !urls_read_leased(w, v->outcome->url_id, &v->url))
        return;
    met.depth = v->outcome->depth;
    met.hops = v->url.hops + 1;
    met.is_seed = v->url.is_seed || v->outcome->is_seed;
    if (met.hops > HOPS_MAX)
        met.verdict = (struct verdict){.reason = EXCLUDE_HOPS};
    v->redirect = sightings_add(w, sightings, &met);
}

/* False: the transaction has failed. */
static bool meet_some(struct work *w, struct visit *v, size_t first, size_t count,
                      struct sightings *sightings)
{
    struct sighting met[SIGHTINGS_AT_ONCE];
    for (size_t i = 0; i < count; i++) {
        met[i] = meet(w, v, &v->outcome->page.links[first + i]);
        met[i].ret_id = &v->link_ids[first + i];
        if (met[i].host == NULL)
            return false;
    }
    sightings_add_news(w, sightings, met, count);
    return true;
}

static void collect_links(struct work *w, struct visit *v, struct sightings *sightings)
{
    const struct page *page = &v->outcome->page;
    size_t count = page->link_count, some;
    v->link_ids = work_alloc(w, count, sizeof *v->link_ids);
    if (v->link_ids == NULL)
        return;
    for (size_t i = 0; i < count; i += some) {
        some = MIN(count - i, (size_t)SIGHTINGS_AT_ONCE);
        if (!meet_some(w, v, i, some, sightings))
            return;
    }
    if (page->redirect != NULL)
        collect_redirect(w, v, sightings);
}

void visits_collect(struct work *w, struct outcome *const *outcomes, size_t count,
                    struct visit *visits, struct sightings *sightings)
{
    for (size_t i = 0; i < count; i++) {
        const struct outcome *o = outcomes[i];
        struct visit *v = &visits[i];
        *v = (struct visit){.outcome = o, .host = work_host(w, o->host), .url.id = o->url_id};
        if (v->host == NULL)
            return;
        if (o->has_page)
            collect_links(w, v, sightings);
    }
}

/* ---- storing ---- */

static void put_ms(struct query *q, int64_t ms) /* -1: did not happen */
{
    put_int_or_null(q, ms, -1);
}

static void put_error(struct query *q, enum cw_err err)
{
    put_text(q, err != CW_OK ? str_of(cw_err_name(err)) : STR_NONE);
}

/* Before it its URL's row names the attempt before. */
static void insert_attempt(struct work *w, const struct attempt *a, int64_t url_id)
{
    struct query q = db_query(
        w->db, DB_FETCH_INSERT,
        "INSERT INTO fetch_(kind, url_id, url, started_ms, ended_ms, attempt,"
        " status, error, detail, limit_ms, dns_ms, connect_ms, tls_ms,"
        " first_byte_ms, total_ms, size, http_version, remote_ip,"
        " retry_after_ms, host_slots, address_slots, steady_start_ms, steady_end_ms, previous)"
        " VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,"
        "  (SELECT last_fetch FROM url_ WHERE id = ?2))");
    put_int(&q, a->kind);
    put_int_or_null(&q, url_id, -1);
    put_text(&q, url_id == -1 ? a->url : STR_NONE);
    put_ms(&q, a->time.started_unix_ms);
    put_ms(&q, a->time.ended_unix_ms);
    put_int(&q, a->attempt);
    put_int_or_null(&q, a->status, 0);
    put_error(&q, a->err);
    put_text(&q, a->detail);
    put_int(&q, a->limit_ms);
    put_ms(&q, a->time.dns_ms);
    put_ms(&q, a->time.connect_ms);
    put_ms(&q, a->time.tls_ms);
    put_ms(&q, a->time.first_byte_ms);
    put_ms(&q, a->time.total_ms);
    put_int(&q, a->size);
    put_int_or_null(&q, a->http_version, 0);
    put_text(&q, a->remote_ip);
    put_ms(&q, a->retry_after_ms);
    put_int_or_null(&q, a->host_slots, 0);
    put_int_or_null(&q, a->address_slots, 0);
    put_int_or_null(&q, clocks_to_steady(w->steady_base_ms, a->started_boot_ms), 0);
    put_int_or_null(&q, clocks_to_steady(w->steady_base_ms, a->ended_boot_ms), 0);
    query_run(&q);
}

/* A host that nothing is leased of (robots.txt or a sitemap led there) has no other way to have its
 * clock kept. */
static void move_clock(struct host_row *host, const struct attempt *a)
{
    struct store_host *clock = &host->clock;
    if (a->host_slots == 0) /* it never reached for the host */
        return;
    clock->last_fetch_unix_ms = MAX(clock->last_fetch_unix_ms, a->time.ended_unix_ms);
    clock->delay_ms = MAX(clock->delay_ms, a->limit_ms);
    clock->quiet_until_boot_ms = MAX(clock->quiet_until_boot_ms, a->quiet_until_boot_ms);
}

/* Gives the row's id. */
static int64_t store_attempt(struct work *w, struct host_row *host, const struct attempt *a,
                             int64_t url_id)
{
    insert_attempt(w, a, url_id);
    bool has_failed = a->err != CW_OK;
    host->errors += has_failed;
    host->bytes += a->size;
    host->changed = true;
    move_clock(host, a);
    w->errors += has_failed;
    w->bytes += a->size;
    return sqlite3_last_insert_rowid(w->db->handle);
}

void visits_store_attempt(struct work *w, const struct attempt *attempt)
{
    struct host_row *host = work_host(w, attempt->host);
    if (host != NULL)
        (void)store_attempt(w, host, attempt, -1);
}

/* Does following the redirects on record from `id` lead back to `source`, or nowhere within
 * HOPS_MAX? */
static bool closes_loop(struct work *w, int64_t source, int64_t id)
{
    for (int hops = 0; id != source; hops++) {
        struct query q = db_query(w->db, DB_REDIRECT_FIND,
                                  "SELECT to_id FROM redirect_ WHERE from_id = ? AND followed = 1");
        put_int(&q, id);
        if (!query_next(&q))
            return false;
        id = query_int(&q, 0);
        query_end(&q);
        if (hops == HOPS_MAX)
            return true;
    }
    return true;
}

/* When to try again. A wall clock that was set back since the time was chosen takes it along. */
static int64_t choose_due(const struct work *w, const struct outcome *o)
{
    int64_t due_ms = o->due_unix_ms;
    if (!o->has_attempt)
        return due_ms;
    return MIN(due_ms, w->now_unix_ms + MAX(due_ms - o->attempt.time.ended_unix_ms, 0));
}

static struct url_end decide_end(struct work *w, const struct visit *v)
{
    const struct outcome *o = v->outcome;
    struct url_end end = {
        .state = o->state,
        .err = o->err,
        .reason = o->reason,
        .detail = o->detail,
        .due_unix_ms = o->state == URL_QUEUED ? choose_due(w, o) : o->revisit_unix_ms,
        .late_priority = o->state == URL_QUEUED ? o->late_priority : 0,
        .new_attempts = o->has_attempt,
    };
    if (v->redirect == NULL || o->state != URL_DONE)
        return end;
    bool is_too_long = v->redirect->hops > HOPS_MAX;
    if (!is_too_long && !closes_loop(w, o->url_id, v->redirect->id))
        return end;
    end.state = URL_FAILED;
    end.err = CW_EREDIRECT;
    end.detail = is_too_long ? STR("more than 10 redirects in a row") : STR("a loop of redirects");
    return end;
}

static void store_visit(struct work *w, const struct visit *v)
{
    const struct outcome *o = v->outcome;
    struct url_end end = decide_end(w, v);
    if (o->has_attempt)
        end.last_fetch = store_attempt(w, v->host, &o->attempt, o->url_id);
    urls_finish(w, v->host, o->url_id, &end);
    if (o->has_page)
        pages_store(w, v, end.state == URL_FAILED ? end.err : o->err);
    else if (o->is_unchanged)
        pages_refresh(w, v);
    if (o->has_history)
        revisits_store_history(w, o->url_id, &o->history);
}

void visits_store(struct work *w, const struct visit *visits, size_t count)
{
    for (size_t i = 0; w->db->err == CW_OK && i < count; i++)
        store_visit(w, &visits[i]);
}
