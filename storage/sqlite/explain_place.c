/* Where a URL stands: its host, what comes before it, robots.txt, the run. */
#include "storage/sqlite/body.h"
#include "storage/sqlite/explain_p.h"
#include "storage/sqlite/keys.h"
#include "storage/sqlite/lessons.h"
#include "storage/sqlite/lock.h"
#include "storage/sqlite/lookup.h"
#include "storage/sqlite/robots.h"

enum { ROBOTS_TEXT_MAX = 500 * 1024 };

/* ---- the line ---- */

/* In the order in which lease.c hands them out: what waits for no time, or no more, by priority. */
static void count_urls_ahead(struct explain *e, int64_t host_id)
{
    struct query q = db_query(e->db, DB_EXPLAIN_AHEAD,
                              "SELECT count(*) FROM (SELECT 1 FROM url_ WHERE host_id = ?1"
                              "  AND state = 0 AND due_ms = 0 AND priority < ?3"
                              " UNION ALL SELECT 1 FROM url_ WHERE host_id = ?1"
                              "  AND state = 0 AND due_ms = 0 AND priority = ?3 AND id < ?4"
                              " UNION ALL SELECT 1 FROM url_ WHERE host_id = ?1"
                              "  AND state = 0 AND due_ms > 0 AND due_ms <= ?2"
                              "  AND (priority, id) < (?3, ?4) LIMIT ?5)");
    put_int(&q, host_id);
    put_int(&q, MAX(e->now_unix_ms, e->to->due_unix_ms));
    put_int(&q, e->to->priority);
    put_int(&q, e->id);
    put_int(&q, EXPLAIN_COUNT_MAX);
    if (query_next(&q))
        e->to->place.urls_ahead = query_int(&q, 0);
    query_end(&q);
}

/* Of those that the running crawl holds; it was given them in this order. */
static void count_held_ahead(struct explain *e, int64_t host_id)
{
    struct query q = db_query(e->db, DB_EXPLAIN_HELD_AHEAD,
                              "SELECT count(*) FROM url_ WHERE host_id = ? AND state = 1"
                              " AND (priority, id) < (?, ?)");
    put_int(&q, host_id);
    put_int(&q, e->to->priority);
    put_int(&q, e->id);
    if (query_next(&q))
        e->to->place.urls_ahead = query_int(&q, 0);
    query_end(&q);
}

static void count_hosts_ahead(struct explain *e)
{
    struct query q = db_query(e->db, DB_EXPLAIN_HOSTS_AHEAD,
                              "SELECT count(*) FROM (SELECT 1 FROM host_ WHERE queued > 0"
                              " AND leased = 0 AND ready_ms < ? LIMIT ?)");
    put_int(&q, e->to->place.ready_unix_ms);
    put_int(&q, EXPLAIN_COUNT_MAX);
    if (query_next(&q))
        e->to->place.hosts_ahead = query_int(&q, 0);
    query_end(&q);
}

static void read_host(struct explain *e, int64_t id)
{
    struct query q = db_query(e->db, DB_EXPLAIN_HOST,
                              "SELECT name, urls, queued, pages, errors, delay_ms, last_fetch_ms,"
                              " backoff_until_ms, ready_ms, leased,"
                              " (SELECT count(*) FROM url_ WHERE host_id = ?1 AND state = 1)"
                              " FROM host_ WHERE id = ?1");
    put_int(&q, id);
    if (query_next(&q))
        e->to->place = (struct store_place){
            .is_known = true,
            .host = explain_text(e, &q, 0),
            .urls = query_int(&q, 1),
            .queued = query_int(&q, 2),
            .pages = query_int(&q, 3),
            .errors = query_int(&q, 4),
            .delay_ms = (int32_t)query_int(&q, 5),
            .last_fetch_unix_ms = query_int(&q, 6),
            .backoff_until_unix_ms = query_int(&q, 7),
            .ready_unix_ms = query_int(&q, 8),
            .leased = query_int(&q, 9) != 0,
            .active = query_int(&q, 10),
        };
    query_end(&q);
}

/* What budgets and traps go by. */
static void read_lessons(struct explain *e, int64_t id)
{
    struct trap_lesson *lessons = explain_alloc(e, LESSONS_MAX, sizeof *lessons);
    e->to->stored.pages = e->to->place.pages;
    if (lessons == NULL)
        return;
    struct query q = lessons_list(e->db, id);
    while (query_next(&q)) {
        lessons[e->to->lesson_count] = (struct trap_lesson){.host = e->to->place.host};
        if (!lessons_read_row(&q, &e->to->arena, &lessons[e->to->lesson_count++]))
            db_fail(e->db, CW_ENOMEM, "%s: %s", e->db->path, cw_err_text(CW_ENOMEM));
    }
    e->to->lessons = lessons;
}

static void read_domain(struct explain *e)
{
    struct str domain = e->want->domain;
    if (str_is_absent(domain))
        return;
    if (!arena_keep(&e->to->arena, &domain))
        db_fail(e->db, CW_ENOMEM, "%s: %s", e->db->path, cw_err_text(CW_ENOMEM));
    lessons_read_domain(e->db, domain, &e->to->stored);
}

void explain_place(struct explain *e)
{
    int64_t id = lookup_host(e->db, key_host_of_url(e->want->url));
    read_domain(e);
    if (id == LOOKUP_NONE)
        return;
    read_host(e, id);
    read_lessons(e, id);
    if (e->to->is_known && e->to->state == URL_ACTIVE)
        count_held_ahead(e, id);
    if (!e->to->is_known || e->to->state != URL_QUEUED)
        return;
    count_urls_ahead(e, id);
    if (!e->to->place.leased)
        count_hosts_ahead(e);
}

/* ---- robots.txt ---- */

static void read_robots_text(struct explain *e, const uint8_t hash[16])
{
    CLEANUP(buf_release) struct buf text = BUF_INIT(ROBOTS_TEXT_MAX);
    struct str body = STR_NONE;
    if (body_read(e->db, hash, &text) == CW_OK)
        body = buf_str(&text);
    if (!arena_keep(&e->to->arena, &body))
        db_fail(e->db, CW_ENOMEM, "%s: %s", e->db->path, cw_err_text(CW_ENOMEM));
    e->to->robots.body = body;
}

void explain_robots(struct explain *e)
{
    int64_t host_id = lookup_host(e->db, key_host_of_url(e->want->url));
    uint8_t hash[16];
    bool has_hash = false;
    if (host_id == LOOKUP_NONE)
        return;
    struct query q = db_query(e->db, DB_EXPLAIN_ROBOTS,
                              "SELECT fetched_ms, status, error, detail, hash FROM robots_"
                              " WHERE id = ?");
    put_int(&q, robots_key(host_id, e->want->url));
    if (query_next(&q)) {
        struct str stored = query_text(&q, 4);
        e->to->robots = (struct store_robots_known){
            .is_known = true,
            .fetched_unix_ms = query_int(&q, 0),
            .status = (int32_t)query_int(&q, 1),
            .error = explain_text(e, &q, 2),
            .detail = explain_text(e, &q, 3),
        };
        has_hash = stored.len == sizeof hash;
        if (has_hash)
            memcpy(hash, stored.ptr, sizeof hash);
    }
    query_end(&q);
    if (has_hash)
        read_robots_text(e, hash);
}

/* ---- the run ---- */

void explain_run(struct explain *e, const char *path)
{
    struct store_run *run = &e->to->run;
    struct query q = db_query(e->db, DB_EXPLAIN_RUN,
                              "SELECT started_ms, ended_ms, command, version, end_reason, settings"
                              " FROM crawl_ ORDER BY id DESC LIMIT 1");
    if (query_next(&q))
        *run = (struct store_run){
            .started_unix_ms = query_int(&q, 0),
            .ended_unix_ms = query_int(&q, 1),
            .command = explain_text(e, &q, 2),
            .version = explain_text(e, &q, 3),
            .end_reason = explain_text(e, &q, 4),
            .settings = explain_text(e, &q, 5),
        };
    query_end(&q);
    run->is_running = lock_is_held(path, &run->pid);
}
