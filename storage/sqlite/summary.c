#include "storage/sqlite/store_p.h"
#include "storage/sqlite/urls.h"

#define LIST_ARENA_MAX ((size_t)1 << 30)

static enum cw_err fail_memory(struct db *db)
{
    db_fail(db, CW_ENOMEM, "%s: %s", db->path, cw_err_text(CW_ENOMEM));
    return CW_ENOMEM;
}

/* ---- seeds ---- */

void store_seeds_release(struct store_seeds *seeds)
{
    arena_release(&seeds->arena);
    *seeds = (struct store_seeds){0};
}

static void list_seeds(struct db *db, struct store_seeds *seeds)
{
    int64_t max = db_int(db, "SELECT count(*) FROM url_ WHERE seed = 1");
    seeds->urls = arena_alloc(&seeds->arena, (size_t)max * sizeof *seeds->urls);
    if (seeds->urls == NULL)
        fail_memory(db);
    struct query q = db_query(db, DB_SEED_LIST,
                              "SELECT text FROM url_ WHERE seed = 1 ORDER BY first_seen_ms, id");
    while (query_next(&q)) {
        struct str *url = &seeds->urls[seeds->count++];
        *url = query_text(&q, 0);
        if (!arena_keep(&seeds->arena, url))
            fail_memory(db);
    }
}

enum cw_err store_list_seeds(struct store *store, struct store_seeds *ret,
                             struct errmsg *reterr_msg)
{
    struct store_seeds seeds = {.arena = ARENA_INIT(LIST_ARENA_MAX)};
    db_clear(&store->db);
    list_seeds(&store->db, &seeds);
    enum cw_err err = db_error(&store->db, reterr_msg);
    if (err == CW_OK)
        *ret = seeds;
    else
        store_seeds_release(&seeds);
    return err;
}

/* ---- trying seeds again ---- */

struct failed_seed {
    int64_t id;
    struct str host, reason;
    bool has_failed; /* else answered 5xx */
};

static struct failed_seed *list_failed(struct work *w, size_t max, size_t *ret_count)
{
    struct failed_seed *list = work_alloc(w, max, sizeof *list);
    struct query q = db_query(w->db, DB_SEED_FAILED,
                              "SELECT u.id, h.name, u.reason, u.state = 3"
                              " FROM url_ AS u JOIN host_ AS h ON h.id = u.host_id"
                              " LEFT JOIN page_ AS p ON p.url_id = u.id"
                              " WHERE u.seed = 1 AND (u.state = 3 OR"
                              "  (u.state = 2 AND p.status BETWEEN 500 AND 599))");
    size_t count = 0;
    while (query_next(&q)) {
        struct failed_seed *s = &list[count++];
        *s = (struct failed_seed){.id = query_int(&q, 0),
                                  .host = query_text(&q, 1),
                                  .reason = query_text(&q, 2),
                                  .has_failed = query_int(&q, 3) != 0};
        if (!arena_keep(&w->arena, &s->host) || !arena_keep(&w->arena, &s->reason))
            fail_memory(w->db);
    }
    *ret_count = count;
    return list;
}

static void retry_seed(struct work *w, const struct failed_seed *seed)
{
    struct host_row *host = work_host(w, seed->host);
    urls_requeue(w, host, seed->id, seed->has_failed ? URL_FAILED : URL_DONE, seed->reason);
}

enum cw_err store_retry_seeds(struct store *store, struct errmsg *reterr_msg)
{
    struct work w;
    size_t count = 0;
    db_clear(&store->db);
    size_t max = (size_t)db_int(&store->db, "SELECT count(*) FROM url_ WHERE seed = 1");
    if (store->db.err != CW_OK || max == 0)
        return db_error(&store->db, reterr_msg);
    /* At time zero: they go to the head of the line. */
    work_begin(&w, &store->db, &store->totals, max, 0);
    struct failed_seed *list = list_failed(&w, max, &count);
    for (size_t i = 0; w.db->err == CW_OK && i < count; i++)
        retry_seed(&w, &list[i]);
    return work_end(&w, &store->totals, reterr_msg);
}

/* ---- the summary ---- */

void store_summary_release(struct store_summary *summary)
{
    arena_release(&summary->arena);
    *summary = (struct store_summary){0};
}

/* "robots" -> "excluded: robots"; a status stays as it is. */
static bool name_count(struct arena *arena, int kind, struct str name, struct str *ret)
{
    const char *prefix = kind == URL_FAILED ? "failed: " : kind == URL_EXCLUDED ? "excluded: " : "";
    size_t len = strlen(prefix) + name.len;
    char *text = arena_alloc(arena, len + 1);
    if (text == NULL)
        return false;
    memcpy(mempcpy(text, prefix, strlen(prefix)), name.ptr, name.len);
    *ret = str_from(text, len);
    return true;
}

static void add_count(struct store_summary *s, int kind, const struct store_count *count)
{
    if (kind == URL_DONE)
        s->statuses[s->status_count++] = *count;
    else
        s->reasons[s->reason_count++] = *count;
    s->failed += kind == URL_FAILED ? count->count : 0;
    s->excluded += kind == URL_EXCLUDED ? count->count : 0;
}

static void read_tally(struct db *db, struct store_summary *s)
{
    size_t max = (size_t)db_int(db, "SELECT count(*) FROM tally_");
    s->statuses = arena_alloc(&s->arena, max * sizeof *s->statuses);
    s->reasons = arena_alloc(&s->arena, max * sizeof *s->reasons);
    if (s->statuses == NULL || s->reasons == NULL)
        fail_memory(db);
    struct query q = db_query(db, DB_TALLY_LIST,
                              "SELECT kind, name, n FROM tally_ WHERE n > 0"
                              " ORDER BY n DESC, kind, name");
    while (query_next(&q)) {
        struct store_count count = {.count = query_int(&q, 2)};
        int kind = (int)query_int(&q, 0);
        if (name_count(&s->arena, kind, query_text(&q, 1), &count.name))
            add_count(s, kind, &count);
        else
            fail_memory(db);
    }
}

enum cw_err store_summarise(struct store *store, struct store_summary *ret,
                            struct errmsg *reterr_msg)
{
    struct store_summary s = {.arena = ARENA_INIT(LIST_ARENA_MAX)};
    const struct totals *totals = &store->totals;
    db_clear(&store->db);
    read_tally(&store->db, &s);
    s.queued = totals->queued + totals->active;
    s.done = totals->seen - s.queued - s.failed - s.excluded;
    s.seeds = db_int(&store->db, "SELECT count(*) FROM url_ WHERE seed = 1");
    /* One that redirects counts through its target, which is a seed as well. */
    s.seeds_fetched =
        db_int(&store->db, "SELECT count(*) FROM url_ AS u JOIN page_ AS p ON p.url_id = u.id"
                           " WHERE u.seed = 1 AND u.state = 2 AND p.status < 400 AND NOT EXISTS"
                           "  (SELECT 1 FROM redirect_ WHERE from_id = u.id)");
    enum cw_err err = db_error(&store->db, reterr_msg);
    if (err == CW_OK)
        *ret = s;
    else
        store_summary_release(&s);
    return err;
}
