/* One URL, and all that the database knows of it, in one snapshot. */
#include "crawler/base/clock.h"
#include "storage/sqlite/explain_p.h"
#include "storage/sqlite/lookup.h"
#include "storage/sqlite/urls.h"

static void fail_memory(struct explain *e)
{
    db_fail(e->db, CW_ENOMEM, "%s: %s", e->db->path, cw_err_text(CW_ENOMEM));
}

struct str explain_text(struct explain *e, const struct query *q, int column)
{
    struct str text = query_text(q, column);
    if (arena_keep(&e->to->arena, &text))
        return text;
    fail_memory(e);
    return STR_NONE;
}

void *explain_alloc(struct explain *e, size_t count, size_t size)
{
    void *memory = arena_alloc(&e->to->arena, count * size);
    if (memory == NULL)
        fail_memory(e);
    return memory;
}

struct str explain_url(struct explain *e, int64_t id)
{
    struct query q = db_query(e->db, DB_EXPLAIN_TEXT, "SELECT text FROM url_ WHERE id = ?");
    put_int(&q, id);
    struct str text = query_next(&q) ? explain_text(e, &q, 0) : STR_NONE;
    query_end(&q);
    return text;
}

/* ---- the URL's row, and who named it ---- */

static void read_url(struct explain *e)
{
    struct store_explanation *to = e->to;
    struct query q = db_query(e->db, DB_EXPLAIN_URL,
                              "SELECT state, reason, detail, depth, priority, due_ms, attempts,"
                              " seed, found_on, first_seen_ms, last_fetch FROM url_ WHERE id = ?");
    put_int(&q, e->id);
    if (query_next(&q)) {
        to->state = (enum url_state)query_int(&q, 0);
        to->reason = explain_text(e, &q, 1);
        to->detail = explain_text(e, &q, 2);
        if (to->state == URL_EXCLUDED)
            to->excluded = urls_reason_by_name(to->reason);
        else if (to->state == URL_FAILED && !str_is_absent(to->reason))
            to->failed = cw_err_by_name(to->reason.ptr);
        to->depth = (int32_t)query_int(&q, 3);
        to->priority = (int32_t)query_int(&q, 4);
        to->due_unix_ms = query_int(&q, 5);
        to->attempts = (int32_t)query_int(&q, 6);
        to->is_seed = query_int(&q, 7) != 0;
        e->found_on = query_int(&q, 8);
        to->first_seen_unix_ms = query_int(&q, 9);
        e->last_fetch = query_int(&q, 10);
    }
    query_end(&q);
}

/* A page whose content was replaced since may not name it any more: then only its URL is known. */
static void read_found(struct explain *e)
{
    struct store_mention *found = &e->to->found;
    if (e->found_on == 0)
        return;
    found->url = explain_url(e, e->found_on);
    struct query q = db_query(
        e->db, DB_EXPLAIN_LINK,
        "SELECT l.element, l.rel, l.text, l.nofollow, NULL FROM page_ AS p"
        " CROSS JOIN link_ AS l ON l.id BETWEEN p.first_link AND p.first_link + p.links - 1"
        " AND l.from_id = p.url_id WHERE p.url_id = ?1 AND l.to_id = ?2"
        " UNION ALL SELECT NULL, NULL, NULL, 0, status FROM redirect_"
        " WHERE from_id = ?1 AND to_id = ?2 LIMIT 1");
    put_int(&q, e->found_on);
    put_int(&q, e->id);
    if (query_next(&q)) {
        found->element = explain_text(e, &q, 0);
        found->rel = explain_text(e, &q, 1);
        found->text = explain_text(e, &q, 2);
        found->nofollow = query_int(&q, 3) != 0;
        found->redirect_status = (int32_t)query_int(&q, 4);
    }
    query_end(&q);
}

/* ---- one that was never seen ---- */

static void find_others(struct explain *e)
{
    const struct store_explain_want *want = e->want;
    struct str *known = explain_alloc(e, want->other_count + 1, sizeof *known);
    for (size_t i = 0; known != NULL && e->db->err == CW_OK && i < want->other_count; i++) {
        if (lookup_url(e->db, want->others[i]) == LOOKUP_NONE)
            continue;
        known[e->to->other_count] = want->others[i];
        if (!arena_keep(&e->to->arena, &known[e->to->other_count++]))
            fail_memory(e);
    }
    e->to->others = known;
}

static void list_seeds(struct explain *e)
{
    if (e->want->on_run == NULL)
        return;
    e->want->on_run(e->want->arg, &e->to->run);
    struct query q =
        db_query(e->db, DB_EXPLAIN_SEEDS, "SELECT text, found_on IS NULL FROM url_ WHERE seed = 1");
    while (query_next(&q))
        e->want->on_seed(e->want->arg, query_text(&q, 0), query_int(&q, 1) != 0);
}

/* ---- the whole ---- */

/* What is asked for came with version 3. */
static void check_version(struct explain *e)
{
    enum { WITH_EXPLANATIONS = 3 };
    int64_t version = db_int(e->db, "PRAGMA user_version");
    if (version < WITH_EXPLANATIONS)
        db_fail(e->db, CW_ESTORAGE,
                "%s was made by an older crawld (schema %d), which kept too little to explain; the"
                " next crawl into it brings it up to date",
                e->db->path, (int)version);
}

static void explain_snapshot(struct explain *e, const char *path)
{
    db_exec(e->db, "BEGIN");
    check_version(e);
    explain_run(e, path);
    e->id = lookup_url(e->db, e->want->url);
    e->to->is_known = e->id != LOOKUP_NONE;
    if (e->to->is_known) {
        read_url(e);
        read_found(e);
        explain_tries(e);
        explain_answer(e);
        explain_redirects(e);
        explain_links(e);
    } else {
        list_seeds(e);
    }
    find_others(e);
    explain_place(e);
    explain_robots(e);
    db_end(e->db);
}

enum cw_err store_explain(struct store_reader *reader, const struct store_explain_want *want,
                          struct store_explanation *ret, struct errmsg *reterr_msg)
{
    struct store_explanation to = {.arena = ARENA_INIT(EXPLAIN_MAX_BYTES),
                                   .link_count = -1,
                                   .linking_pages = -1,
                                   .answer.same_count = -1};
    struct explain e = {.db = &reader->db, .want = want, .to = &to, .now_unix_ms = clock_unix_ms()};
    db_clear(e.db);
    reader_guard(reader, false);
    explain_snapshot(&e, reader->path);
    reader_guard(reader, true);
    enum cw_err err = db_error(e.db, reterr_msg);
    if (err == CW_OK)
        *ret = to;
    else
        store_explanation_release(&to);
    return err;
}

void store_explanation_release(struct store_explanation *explanation)
{
    arena_release(&explanation->arena);
    *explanation = (struct store_explanation){0};
}
