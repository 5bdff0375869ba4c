#include "storage/sqlite/lease.h"

#include "storage/sqlite/lessons.h"
#include "storage/sqlite/revisits.h"

void lease_return_hosts(struct work *w, const struct str *hosts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct host_row *h = work_host(w, hosts[i]);
        if (h == NULL)
            return;
        h->leased = false;
        h->changed = true;
    }
}

/* ---- choosing hosts ---- */

/* A list of hosts to lease from; NULL entries had no work after all. */
struct chosen {
    struct host_row **hosts; /* in the work's arena */
    size_t count;
};

/* Once: it may be wanted and given back in one batch. */
static void choose(struct chosen *chosen, struct host_row *h)
{
    if (!h->chosen)
        chosen->hosts[chosen->count++] = h;
    h->chosen = true;
}

static void choose_wanted(struct work *w, const struct store_want *want, struct chosen *chosen)
{
    for (size_t i = 0; i < want->host_count; i++) {
        struct host_row *h = work_host(w, want->hosts[i]);
        if (h == NULL)
            return;
        if (h->queued > 0)
            choose(chosen, h);
    }
}

/* True: others that could be worked on now still stand in line. */
static bool choose_new(struct work *w, const struct store_want *want, struct chosen *chosen)
{
    size_t count = 0;
    struct query q = db_query(w->db, DB_HOST_WAITING,
                              "SELECT name FROM host_ WHERE queued > 0 AND leased = 0"
                              " AND ready_ms <= ? ORDER BY ready_ms LIMIT ?");
    put_int(&q, w->now_unix_ms);
    put_int(&q, (int64_t)want->new_hosts + 1);
    while (count < want->new_hosts && query_next(&q)) {
        struct host_row *h = work_host(w, query_text(&q, 0));
        if (h != NULL)
            choose(chosen, h);
        count++;
    }
    bool are_more = count == want->new_hosts && query_next(&q);
    query_end(&q);
    return are_more;
}

/* ---- leasing URLs ---- */

static void *reply_alloc(struct work *w, struct store_reply *reply, size_t count, size_t size)
{
    void *memory = arena_alloc(&reply->arena, count * size);
    if (memory == NULL)
        db_fail(w->db, CW_ENOMEM, "%s: %s", w->db->path, cw_err_text(CW_ENOMEM));
    return memory;
}

/* Has any URL waited long enough? Most of the time none has, of all hosts. */
static bool find_due(struct work *w)
{
    struct query q = db_query(w->db, DB_URL_ANY_DUE,
                              "SELECT 1 FROM url_ WHERE state = 0 AND due_ms > 0 AND due_ms <= ?"
                              " LIMIT 1");
    put_int(&q, w->now_unix_ms);
    bool is_found = query_next(&q);
    query_end(&q);
    return is_found;
}

/* What has waited for its time and need not any more joins the host's other URLs, as many as may be
 * leased now. */
static void promote_due(struct work *w, const struct host_row *h, size_t max)
{
    struct query q = db_query(w->db, DB_URL_PROMOTE,
                              "UPDATE url_ SET due_ms = 0 WHERE id IN (SELECT id FROM url_"
                              " WHERE host_id = ? AND state = 0 AND due_ms > 0 AND due_ms <= ?"
                              " ORDER BY due_ms LIMIT ?)");
    put_int(&q, h->id);
    put_int(&q, w->now_unix_ms);
    put_int(&q, (int64_t)max);
    query_run(&q);
}

static size_t list_leases(struct work *w, const struct host_row *h, size_t max,
                          struct store_reply *reply)
{
    size_t first = reply->lease_count;
    struct query q = db_query(w->db, DB_URL_LEASE_LIST,
                              "SELECT id, text, depth, attempts, hops, seed, priority FROM url_"
                              " WHERE host_id = ? AND state = 0 AND due_ms = 0"
                              " ORDER BY priority LIMIT ?");
    put_int(&q, h->id);
    put_int(&q, (int64_t)max);
    while (query_next(&q)) {
        struct store_lease *lease = &reply->leases[reply->lease_count++];
        *lease = (struct store_lease){
            .url_id = query_int(&q, 0),
            .url = query_text(&q, 1),
            .host = reply->host_count,
            .depth = (int32_t)query_int(&q, 2),
            .attempts = (int32_t)query_int(&q, 3),
            .hops = (int32_t)query_int(&q, 4),
            .is_seed = query_int(&q, 5) != 0,
            .priority = (int32_t)query_int(&q, 6),
        };
        if (!arena_keep(&reply->arena, &lease->url))
            db_fail(w->db, CW_ENOMEM, "%s: %s", w->db->path, cw_err_text(CW_ENOMEM));
    }
    return reply->lease_count - first;
}

enum { MARK_AT_ONCE = 16 };

/* Those of all hosts, sixteen a statement: it spends much of its time on beginning and ending. OR
 * FAIL: nobody wants the rows before one that failed back. */
static void mark_leased(struct work *w, const struct store_lease *leases, size_t count)
{
    for (size_t i = 0; w->db->err == CW_OK && i < count; i += MARK_AT_ONCE) {
        struct query q = db_query(w->db, DB_URL_LEASE,
                                  "UPDATE OR FAIL url_ SET state = 1 WHERE id IN"
                                  " (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
        for (size_t j = i; j < i + MARK_AT_ONCE; j++)
            put_int_or_null(&q, j < count ? leases[j].url_id : -1, -1);
        query_run(&q);
    }
}

static void lease_host(struct work *w, struct host_row *h, size_t urls_per_host, bool any_is_due,
                       struct store_reply *reply)
{
    size_t first = reply->lease_count;
    size_t max = MIN(urls_per_host, (size_t)h->queued);
    if (any_is_due)
        promote_due(w, h, max);
    size_t count = list_leases(w, h, max, reply);
    h->changed = true;
    if (count == 0) { /* all it has waits for a time: it leaves the head of the line */
        h->in_line = h->has_place = false;
        return;
    }
    bool is_new = !h->leased;
    for (size_t i = 0; w->revisits && i < count; i++)
        revisits_read_known(w, &reply->leases[first + i], &reply->arena);
    h->leased = true;
    h->queued -= (int64_t)count;
    w->totals.queued -= (int64_t)count;
    w->totals.active += (int64_t)count;
    struct store_host *clock = &reply->hosts[reply->host_count++];
    *clock = h->clock;
    if (!arena_keep(&reply->arena, &clock->host))
        db_fail(w->db, CW_ENOMEM, "%s: %s", w->db->path, cw_err_text(CW_ENOMEM));
    else if (is_new)
        lessons_read(w, h, reply, clock);
}

static size_t urls_of_a_host(const struct store_want *want, size_t hosts)
{
    size_t share = hosts > 0 ? MAX(want->urls / hosts, STORE_LEAST_URLS) : 0;
    return want->urls > 0 ? MIN(share, want->urls_per_host) : want->urls_per_host;
}

void lease_grant(struct work *w, const struct store_want *want, struct store_reply *reply)
{
    struct chosen chosen = {
        .hosts = work_alloc(w, want->host_count + want->new_hosts, sizeof(struct host_row *))};
    if (chosen.hosts == NULL || want->urls_per_host == 0)
        return;
    choose_wanted(w, want, &chosen);
    reply->hosts_wait = choose_new(w, want, &chosen);
    size_t urls = 0, per_host = urls_of_a_host(want, chosen.count);
    for (size_t i = 0; i < chosen.count; i++)
        urls += MIN(per_host, (size_t)chosen.hosts[i]->queued);
    reply->hosts = reply_alloc(w, reply, chosen.count, sizeof *reply->hosts);
    reply->leases = reply_alloc(w, reply, urls, sizeof *reply->leases);
    bool any_is_due = find_due(w);
    for (size_t i = 0; w->db->err == CW_OK && i < chosen.count; i++)
        lease_host(w, chosen.hosts[i], per_host, any_is_due, reply);
    mark_leased(w, reply->leases, reply->lease_count);
}

void lease_list_fed(struct work *w, struct store_reply *reply)
{
    reply->fed = reply_alloc(w, reply, w->host_count, sizeof *reply->fed);
    for (const struct host_row *h = w->first; w->db->err == CW_OK && h != NULL; h = h->next) {
        if (!h->leased || h->queued == 0)
            continue;
        struct str *name = &reply->fed[reply->fed_count++];
        *name = h->name;
        if (!arena_keep(&reply->arena, name))
            db_fail(w->db, CW_ENOMEM, "%s: %s", w->db->path, cw_err_text(CW_ENOMEM));
    }
}

int64_t lease_next_due(struct work *w)
{
    struct query q = db_query(w->db, DB_HOST_NEXT,
                              "SELECT coalesce(min(due), 0) FROM ("
                              " SELECT min(due_ms) AS due FROM url_"
                              "  WHERE state = 0 AND due_ms > 0 AND due_ms > ?1"
                              " UNION ALL SELECT min(ready_ms) FROM host_"
                              "  WHERE queued > 0 AND leased = 0 AND ready_ms > ?1)");
    put_int(&q, w->now_unix_ms);
    int64_t due = query_next(&q) ? query_int(&q, 0) : 0;
    query_end(&q);
    return due;
}

void lease_lapse(struct db *db)
{
    db_exec(db, "UPDATE host_ SET queued = queued +"
                "  (SELECT count(*) FROM url_ WHERE host_id = host_.id AND state = 1)"
                " WHERE id IN (SELECT host_id FROM url_ WHERE state = 1);"
                "UPDATE host_ SET leased = 0, ready_ms = backoff_until_ms WHERE leased = 1;"
                "UPDATE url_ SET state = 0 WHERE state = 1");
}
