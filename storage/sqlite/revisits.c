#include "storage/sqlite/revisits.h"

#include "crawler/base/clock.h"
#include "storage/sqlite/store_p.h"
#include "storage/sqlite/urls.h"

/* ---- due ---- */

struct due_url {
    int64_t id;
    enum url_state state;
    struct str host, reason;
};

static size_t list_due(struct work *w, struct due_url *list, size_t max)
{
    size_t count = 0;
    struct query q = db_query(w->db, DB_REVISIT_DUE,
                              "SELECT u.id, u.state, h.name, u.reason FROM url_ AS u"
                              " CROSS JOIN host_ AS h ON h.id = u.host_id"
                              " WHERE u.state >= 2 AND u.due_ms > 0 AND u.due_ms <= ?"
                              " ORDER BY u.due_ms LIMIT ?");
    put_int(&q, w->now_unix_ms);
    put_int(&q, (int64_t)max);
    while (query_next(&q)) {
        struct due_url *due = &list[count++];
        *due = (struct due_url){.id = query_int(&q, 0),
                                .state = (enum url_state)query_int(&q, 1),
                                .host = query_text(&q, 2),
                                .reason = query_text(&q, 3)};
        if (!arena_keep(&w->arena, &due->host) || !arena_keep(&w->arena, &due->reason))
            db_fail(w->db, CW_ENOMEM, "%s: %s", w->db->path, cw_err_text(CW_ENOMEM));
    }
    return count;
}

size_t revisits_promote(struct work *w, size_t max)
{
    if (!w->revisits || max == 0 || w->db->err != CW_OK)
        return 0;
    struct due_url *list = work_alloc(w, max, sizeof *list);
    if (list == NULL)
        return 0;
    size_t count = list_due(w, list, max);
    for (size_t i = 0; w->db->err == CW_OK && i < count; i++)
        urls_requeue(w, work_host(w, list[i].host), list[i].id, list[i].state, list[i].reason);
    return count;
}

int64_t revisits_next_due(struct work *w)
{
    if (!w->revisits)
        return 0;
    struct query q = db_query(w->db, DB_REVISIT_NEXT,
                              "SELECT due_ms FROM url_ WHERE state >= 2 AND due_ms > 0"
                              " ORDER BY due_ms LIMIT 1");
    int64_t due = query_next(&q) ? query_int(&q, 0) : 0;
    query_end(&q);
    return due;
}

void revisits_announce(struct work *w, int64_t url_id, int64_t modified_unix_ms)
{
    if (!w->revisits || modified_unix_ms <= 0 || modified_unix_ms > w->now_unix_ms)
        return;
    struct query q = db_query(w->db, DB_REVISIT_ANNOUNCE,
                              "UPDATE revisit_ SET announced_ms = ?2 WHERE url_id = ?1"
                              " AND traits & ?3 = 0 AND announced_ms < ?2 AND ?2 >"
                              "  (SELECT fetched_ms FROM page_ WHERE url_id = ?1)");
    put_int(&q, url_id);
    put_int(&q, modified_unix_ms);
    put_int(&q, PAGE_MISANNOUNCED);
    query_run(&q);
    if (w->db->err != CW_OK || sqlite3_changes64(w->db->handle) == 0)
        return;
    q = db_query(w->db, DB_REVISIT_HASTEN,
                 "UPDATE url_ SET due_ms = ?2 WHERE id = ?1 AND state = 2"
                 " AND (due_ms = 0 OR due_ms > ?2)");
    put_int(&q, url_id);
    put_int(&q, w->now_unix_ms);
    query_run(&q);
}

/* ---- what is known ---- */

static struct page_history read_history(const struct query *q, int first)
{
    return (struct page_history){
        .changes = query_real(q, first),
        .exposure_ms = query_real(q, first + 1),
        .checked_ms = query_int(q, first + 2),
        .interval_ms = query_int(q, first + 3),
        .announced_ms = query_int(q, first + 4),
        .traits = (int32_t)query_int(q, first + 5),
    };
}

static void read_known(const struct query *q, struct store_known *known)
{
    struct str hash = query_text(q, 1);
    *known = (struct store_known){
        .status = (int32_t)query_int(q, 0),
        .has_body = query_int(q, 2) != 0,
        .is_cut = query_int(q, 3) != 0,
        .fetched_unix_ms = query_int(q, 4),
        .etag = query_text(q, 5),
        .last_modified = query_text(q, 6),
        .has_history = query_int(q, 7) != 0,
        .history = read_history(q, 8),
    };
    if (hash.len == sizeof known->body_hash)
        memcpy(known->body_hash, hash.ptr, hash.len);
}

void revisits_read_known(struct work *w, struct store_lease *lease, struct arena *arena)
{
    struct store_known *known = &lease->known;
    struct query q =
        db_query(w->db, DB_REVISIT_KNOWN,
                 "SELECT p.status, p.body_hash, p.size = 0 OR"
                 " EXISTS(SELECT 1 FROM body_ WHERE hash = p.body_hash), p.body_cut, p.fetched_ms,"
                 " p.etag, p.last_modified, r.url_id IS NOT NULL, r.changes, r.exposure_ms,"
                 " r.checked_ms, r.interval_ms, r.announced_ms, r.traits FROM page_ AS p"
                 " LEFT JOIN revisit_ AS r ON r.url_id = p.url_id WHERE p.url_id = ?");
    put_int(&q, lease->url_id);
    if (query_next(&q)) {
        read_known(&q, known);
        if (!arena_keep(arena, &known->etag) || !arena_keep(arena, &known->last_modified))
            db_fail(w->db, CW_ENOMEM, "%s: %s", w->db->path, cw_err_text(CW_ENOMEM));
    }
    query_end(&q);
}

void revisits_store_history(struct work *w, int64_t url_id, const struct page_history *h)
{
    struct query q =
        db_query(w->db, DB_REVISIT_STORE,
                 "INSERT OR REPLACE INTO revisit_(url_id, changes, exposure_ms, checked_ms,"
                 " interval_ms, announced_ms, traits) VALUES(?, ?, ?, ?, ?, ?, ?)");
    put_int(&q, url_id);
    put_real(&q, h->changes);
    put_real(&q, h->exposure_ms);
    put_int(&q, h->checked_ms);
    put_int(&q, h->interval_ms);
    put_int(&q, h->announced_ms);
    put_int(&q, h->traits);
    query_run(&q);
}

enum cw_err store_list_histories(struct store *store, store_history_fn *on_history, void *arg,
                                 struct errmsg *reterr_msg)
{
    db_clear(&store->db);
    struct query q = db_query(&store->db, DB_REVISIT_LIST,
                              "SELECT url_id, changes, exposure_ms, checked_ms, interval_ms,"
                              " announced_ms, traits FROM revisit_");
    while (query_next(&q)) {
        const struct page_history history = read_history(&q, 1);
        on_history(arg, query_int(&q, 0), &history);
    }
    return db_error(&store->db, reterr_msg);
}

/* ---- the beginning of a run ---- */

enum { NEVER = -1 };

/* What the run before this one did about revisits. */
struct last_run {
    bool is_open_pass; /* it was to ask for everything again, and did not come to its end */
    int64_t every_ms;
};

static struct last_run read_last_run(struct db *db)
{
    struct last_run last = {.every_ms = NEVER};
    struct query q =
        db_query(db, DB_REVISIT_LAST_RUN,
                 "SELECT revisit IS 1 AND end_reason IS NOT 'finished',"
                 " coalesce(every_ms, ?) FROM crawl_ ORDER BY id DESC LIMIT 1 OFFSET 1");
    put_int(&q, NEVER);
    if (query_next(&q))
        last = (struct last_run){query_int(&q, 0) != 0, query_int(&q, 1)};
    query_end(&q);
    return last;
}

/* The low bits of an id are a hash: all hosts take part from the beginning. */
#define MARK_ALL "UPDATE url_ SET due_ms = ?1 - (id & 1048575) WHERE state IN (2, 3)"
#define MARK_EVERY                                                                                 \
    "UPDATE url_ SET due_ms = max(1, ?2 + coalesce("                                               \
    "(SELECT fetched_ms FROM page_ WHERE url_id = url_.id), ?1)) WHERE state IN (2, 3)"

static void mark(struct db *db, const struct store_revisits *revisits)
{
    struct query q = revisits->all ? db_query(db, DB_REVISIT_MARK_ALL, MARK_ALL)
                                   : db_query(db, DB_REVISIT_MARK_EVERY, MARK_EVERY);
    put_int(&q, clock_unix_ms());
    if (!revisits->all)
        put_int(&q, revisits->every_ms);
    query_run(&q);
}

static void note_run(struct db *db, const struct store_revisits *revisits)
{
    struct query q = db_query(db, DB_REVISIT_NOTE,
                              "UPDATE crawl_ SET revisit = ?, every_ms = ?"
                              " WHERE id = (SELECT max(id) FROM crawl_)");
    put_int(&q, revisits->all);
    put_int_or_null(&q, revisits->all ? NEVER : revisits->every_ms, NEVER);
    query_run(&q);
}

enum cw_err store_begin_revisits(struct store *store, const struct store_revisits *revisits,
                                 struct errmsg *reterr_msg)
{
    struct db *db = &store->db;
    db_clear(db);
    db_begin(db);
    struct last_run last = read_last_run(db);
    if (revisits->all ? !last.is_open_pass : last.every_ms != revisits->every_ms)
        mark(db, revisits);
    note_run(db, revisits);
    db_end(db);
    return db_error(db, reterr_msg);
}
