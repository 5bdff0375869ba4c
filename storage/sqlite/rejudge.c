/* rejudge: URLs that the crawl's rules once excluded are asked about again when the rules changed.
 * They go through the same door as discovered URLs (urls.h), a bounded number in each transaction.
 */
#include "crawler/base/clock.h"
#include "storage/sqlite/keys.h"
#include "storage/sqlite/store_p.h"
#include "storage/sqlite/urls.h"

enum { CHUNK = 1000 };

/* The excluded URLs after `*id`, at most CHUNK of them, as sightings with their new verdicts. */
static void read_chunk(struct work *w, store_judge_fn *judge, void *arg, struct sightings *s,
                       int64_t *id)
{
    struct query q = db_query(
        w->db, DB_REJUDGE_LIST,
        "SELECT u.id, u.text, h.name, u.depth, u.priority, u.hops, u.reason FROM url_ AS u"
        " CROSS JOIN host_ AS h ON h.id = u.host_id WHERE u.id > ? AND u.state = 4"
        " AND u.reason IN ('scope', 'include', 'exclude', 'depth', 'no-follow', 'requisite',"
        " 'budget', 'trap')"
        " ORDER BY u.id LIMIT ?");
    put_int(&q, *id);
    put_int(&q, CHUNK);
    while (query_next(&q)) {
        struct str url = query_text(&q, 1), name = query_text(&q, 2);
        *id = query_int(&q, 0);
        if (!arena_keep(&w->arena, &url) || !arena_keep(&w->arena, &name))
            db_fail(w->db, CW_ENOMEM, "%s", cw_err_text(CW_ENOMEM));
        const struct store_excluded excluded = {
            .url = url,
            .host = name,
            .depth = (int32_t)query_int(&q, 3),
            .reason = urls_reason_by_name(query_text(&q, 6)),
        };
        const struct sighting met = {
            .url = url,
            .host = work_host(w, name),
            .depth = excluded.depth,
            .priority = (int32_t)query_int(&q, 4),
            .hops = (int32_t)query_int(&q, 5),
            .verdict = judge(arg, &excluded),
            .is_judged_again = true,
        };
        if (met.host != NULL)
            (void)sightings_add(w, s, &met);
    }
}

/* False: that was the last chunk. */
static bool judge_chunk(struct store *store, store_judge_fn *judge, void *arg, int64_t *id,
                        enum cw_err *ret_err, struct errmsg *reterr_msg)
{
    struct work w;
    work_begin(&w, &store->db, &store->totals, CHUNK, clock_unix_ms());
    struct sightings s = {0};
    read_chunk(&w, judge, arg, &s, id);
    if (w.db->err == CW_OK)
        urls_resolve(&w, &s);
    *ret_err = work_end(&w, &store->totals, reterr_msg);
    if (store->log_bytes >= LOG_LONG_BYTES)
        store_checkpoint(store);
    return *ret_err == CW_OK && s.count == CHUNK;
}

/* Were other rules in force when the database was last written to? Notes the new ones. */
static bool rules_changed(struct db *db, int64_t rules)
{
    bool changed = db_int(db, "SELECT rules FROM crawl_ WHERE rules IS NOT NULL"
                              " ORDER BY id DESC LIMIT 1") != rules;
    struct query q = db_query(
        db, DB_REJUDGE_NOTE, "UPDATE crawl_ SET rules = ? WHERE id = (SELECT max(id) FROM crawl_)");
    put_int(&q, rules);
    query_run(&q);
    return changed;
}

enum cw_err store_rejudge(struct store *store, int64_t rules, store_judge_fn *judge, void *arg,
                          struct errmsg *reterr_msg)
{
    int64_t id = -1;
    db_clear(&store->db);
    bool go_on = rules_changed(&store->db, rules) && store->totals.seen > 0;
    enum cw_err err = db_error(&store->db, reterr_msg);
    while (err == CW_OK && go_on)
        go_on = judge_chunk(store, judge, arg, &id, &err, reterr_msg);
    return err;
}
