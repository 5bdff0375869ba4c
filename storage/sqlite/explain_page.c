/* What was asked of a URL, what it answered, and how it hangs together with others. */
#include "storage/sqlite/explain_p.h"

/* ---- requests ---- */

#define ATTEMPT_COLUMNS                                                                            \
    "started_ms, ended_ms, attempt, status, error, detail, limit_ms, dns_ms, connect_ms, tls_ms,"  \
    " first_byte_ms, total_ms, size, http_version, remote_ip, retry_after_ms"

static int64_t ms_at(const struct query *q, int column)
{
    return str_is_absent(query_text(q, column)) ? -1 : query_int(q, column);
}

static enum cw_err err_at(const struct query *q, int column)
{
    struct str name = query_text(q, column);
    return str_is_absent(name) ? CW_OK : cw_err_by_name(name.ptr);
}

static void read_attempt(struct explain *e, const struct query *q, struct attempt *a)
{
    *a = (struct attempt){
        .kind = FETCH_PAGE,
        .time = {.started_unix_ms = query_int(q, 0),
                 .ended_unix_ms = query_int(q, 1),
                 .dns_ms = (int32_t)ms_at(q, 7),
                 .connect_ms = (int32_t)ms_at(q, 8),
                 .tls_ms = (int32_t)ms_at(q, 9),
                 .first_byte_ms = (int32_t)ms_at(q, 10),
                 .total_ms = (int32_t)ms_at(q, 11)},
        .attempt = (int32_t)query_int(q, 2),
        .status = (int32_t)query_int(q, 3),
        .err = err_at(q, 4),
        .detail = explain_text(e, q, 5),
        .limit_ms = (int32_t)query_int(q, 6),
        .size = query_int(q, 12),
        .http_version = (int32_t)query_int(q, 13),
        .remote_ip = explain_text(e, q, 14),
        .retry_after_ms = ms_at(q, 15),
    };
}

static void read_chain(struct explain *e, struct attempt *tries)
{
    for (int64_t id = e->last_fetch; id > 0 && e->to->try_count < EXPLAIN_LISTED_MAX;) {
        struct query q = db_query(e->db, DB_EXPLAIN_ATTEMPT,
                                  "SELECT " ATTEMPT_COLUMNS ", previous FROM fetch_ WHERE id = ?");
        put_int(&q, id);
        id = 0;
        if (query_next(&q)) {
            read_attempt(e, &q, &tries[e->to->try_count++]);
            id = query_int(&q, 16);
        }
        query_end(&q);
    }
}

/* Of a database from before there were chains: all rows are gone through. */
static void read_old(struct explain *e, struct attempt *tries)
{
    struct query q = db_query(e->db, DB_EXPLAIN_OLD_ATTEMPTS,
                              "SELECT " ATTEMPT_COLUMNS " FROM fetch_ WHERE url_id = ?"
                              " ORDER BY id DESC LIMIT ?");
    put_int(&q, e->id);
    put_int(&q, EXPLAIN_LISTED_MAX);
    while (e->to->try_count < EXPLAIN_LISTED_MAX && query_next(&q))
        read_attempt(e, &q, &tries[e->to->try_count++]);
    query_end(&q);
}

void explain_tries(struct explain *e)
{
    struct attempt *tries = explain_alloc(e, EXPLAIN_LISTED_MAX, sizeof *tries);
    if (tries == NULL || e->to->attempts == 0)
        return;
    if (e->last_fetch > 0)
        read_chain(e, tries);
    else
        read_old(e, tries);
    for (size_t i = 0, j = e->to->try_count; i + 1 < j; i++, j--) { /* oldest first */
        struct attempt swapped = tries[i];
        tries[i] = tries[j - 1];
        tries[j - 1] = swapped;
    }
    e->to->tries = tries;
}

/* ---- the answer ---- */

static void count_same(struct explain *e, struct str hash)
{
    struct query q = db_query(e->db, DB_EXPLAIN_SAME_COUNT,
                              "SELECT count(*) FROM page_ WHERE body_hash = ? AND url_id <> ?");
    put_blob(&q, hash.ptr, hash.len);
    put_int(&q, e->id);
    if (query_next(&q))
        e->to->answer.same_count = query_int(&q, 0);
    query_end(&q);
}

/* The page that had this content first, unless it is this one. */
static void find_same(struct explain *e, struct str hash)
{
    struct store_answer *answer = &e->to->answer;
    struct query q = db_query(e->db, DB_EXPLAIN_SAME,
                              "SELECT u.text, p.status FROM body_ AS b"
                              " CROSS JOIN url_ AS u ON u.id = b.url_id"
                              " LEFT JOIN page_ AS p ON p.url_id = u.id AND p.body_hash = b.hash"
                              " WHERE b.hash = ? AND b.url_id <> ?");
    put_blob(&q, hash.ptr, hash.len);
    put_int(&q, e->id);
    if (query_next(&q)) {
        answer->same_as = explain_text(e, &q, 0);
        answer->same_status = (int32_t)query_int(&q, 1);
    }
    query_end(&q);
    if (e->want->walk)
        count_same(e, hash);
}

static void read_answer(struct explain *e, const struct query *q)
{
    e->to->has_answer = true;
    e->to->answer = (struct store_answer){
        .status = (int32_t)query_int(q, 0),
        .error = explain_text(e, q, 1),
        .content_type = explain_text(e, q, 2),
        .canonical_url = explain_text(e, q, 3),
        .fetched_unix_ms = query_int(q, 4),
        .size = query_int(q, 5),
        .links = query_int(q, 6),
        .noindex = query_int(q, 7) != 0,
        .nofollow = query_int(q, 8) != 0,
        .links_cut = query_int(q, 9) != 0,
        .body_cut = query_int(q, 10) != 0,
        .has_body = query_int(q, 12) != 0,
        .versions = query_int(q, 13),
        .interval_ms = query_int(q, 14),
        .checked_unix_ms = query_int(q, 15),
        .same_count = -1,
    };
}

void explain_answer(struct explain *e)
{
    struct str hash = STR_NONE;
    struct query q = db_query(e->db, DB_EXPLAIN_PAGE,
                              "SELECT p.status, p.error, p.content_type, p.canonical_url,"
                              " p.fetched_ms, p.size, p.links, p.noindex, p.nofollow, p.links_cut,"
                              " p.body_cut, p.body_hash,"
                              " EXISTS (SELECT 1 FROM body_ WHERE hash = p.body_hash),"
                              " max(1, (SELECT count(*) FROM version_ WHERE url_id = p.url_id)),"
                              " r.interval_ms, r.checked_ms FROM page_ AS p"
                              " LEFT JOIN revisit_ AS r ON r.url_id = p.url_id"
                              " WHERE p.url_id = ?");
    put_int(&q, e->id);
    if (query_next(&q)) {
        read_answer(e, &q);
        hash = explain_text(e, &q, 11);
    }
    query_end(&q);
    if (hash.len > 0 && e->to->answer.size > 0)
        find_same(e, hash);
}

/* ---- redirects ---- */

/* Where `*id` leads: then *id is that, and *hop tells of the step. */
static bool step_on(struct explain *e, int64_t *id, struct store_hop *hop)
{
    struct query q = db_query(e->db, DB_EXPLAIN_HOP,
                              "SELECT r.to_id, r.status, r.followed, u.text FROM redirect_ AS r"
                              " CROSS JOIN url_ AS u ON u.id = r.to_id WHERE r.from_id = ?");
    put_int(&q, *id);
    bool leads_on = query_next(&q);
    if (leads_on) {
        *id = query_int(&q, 0);
        *hop = (struct store_hop){.url = explain_text(e, &q, 3),
                                  .status = (int32_t)query_int(&q, 1),
                                  .followed = query_int(&q, 2) != 0};
    }
    query_end(&q);
    return leads_on;
}

/* Who led to `*id`, first if that is known: then *id is that. */
static bool step_back(struct explain *e, int64_t *id, struct store_hop *hop)
{
    struct query q = db_query(e->db, DB_EXPLAIN_HOP_BACK,
                              "SELECT from_id, status, followed FROM redirect_ WHERE to_id = ?1"
                              " AND from_id = (SELECT found_on FROM url_ WHERE id = ?1)"
                              " UNION ALL SELECT from_id, status, followed FROM redirect_"
                              " WHERE to_id = ?1 LIMIT 1");
    put_int(&q, *id);
    bool leads_on = query_next(&q);
    if (leads_on) {
        *id = query_int(&q, 0);
        *hop = (struct store_hop){.status = (int32_t)query_int(&q, 1),
                                  .followed = query_int(&q, 2) != 0};
    }
    query_end(&q);
    if (leads_on)
        hop->url = explain_url(e, *id);
    return leads_on;
}

/* What the last one answered. */
static int32_t status_of(struct explain *e, int64_t id)
{
    struct query q = db_query(e->db, DB_PAGE_OLD,
                              "SELECT status, first_link, links FROM page_ WHERE url_id = ?");
    put_int(&q, id);
    int32_t status = query_next(&q) ? (int32_t)query_int(&q, 0) : 0;
    query_end(&q);
    return status;
}

static void follow(struct explain *e)
{
    struct store_explanation *to = e->to;
    int64_t id = e->id;
    bool goes_on = true;
    while (goes_on && to->from_count < EXPLAIN_HOPS_MAX) {
        struct store_hop *hop = &to->from[to->from_count];
        goes_on = step_on(e, &id, hop);
        to->from_count += goes_on;
        goes_on = goes_on && hop->followed;
    }
    if (to->from_count > 0)
        to->end_status = status_of(e, id);
}

static void follow_back(struct explain *e)
{
    struct store_explanation *to = e->to;
    int64_t id = e->id;
    struct store_hop hops[EXPLAIN_HOPS_MAX];
    size_t count = 0;
    while (count < EXPLAIN_HOPS_MAX && step_back(e, &id, &hops[count]))
        if (hops[count++].followed == false || id == e->id) /* a loop ends where it began */
            break;
    for (size_t i = 0; i < count; i++)
        to->to[i] = hops[count - 1 - i];
    to->to_count = count;
}

void explain_redirects(struct explain *e)
{
    struct store_explanation *to = e->to;
    to->from = explain_alloc(e, EXPLAIN_HOPS_MAX, sizeof *to->from);
    to->to = explain_alloc(e, EXPLAIN_HOPS_MAX, sizeof *to->to);
    if (to->from == NULL || to->to == NULL)
        return;
    follow(e);
    follow_back(e);
    struct query q = db_query(e->db, DB_EXPLAIN_HOP_COUNT,
                              "SELECT count(*) FROM (SELECT 1 FROM redirect_ WHERE to_id = ?"
                              " LIMIT ?)");
    put_int(&q, e->id);
    put_int(&q, EXPLAIN_COUNT_MAX);
    if (query_next(&q))
        to->redirects_here = query_int(&q, 0);
    query_end(&q);
}

/* ---- links ---- */

static void list_links(struct explain *e)
{
    struct store_explanation *to = e->to;
    struct query q = db_query(e->db, DB_EXPLAIN_LINKS,
                              "SELECT u.text, l.element, l.rel, l.text, l.nofollow FROM link_ AS l"
                              " CROSS JOIN url_ AS u ON u.id = l.from_id WHERE l.to_id = ?"
                              " GROUP BY l.from_id ORDER BY l.id LIMIT ?");
    put_int(&q, e->id);
    put_int(&q, EXPLAIN_LISTED_MAX);
    while (to->links_listed < EXPLAIN_LISTED_MAX && query_next(&q))
        to->links[to->links_listed++] = (struct store_mention){
            .url = explain_text(e, &q, 0),
            .element = explain_text(e, &q, 1),
            .rel = explain_text(e, &q, 2),
            .text = explain_text(e, &q, 3),
            .nofollow = query_int(&q, 4) != 0,
        };
    query_end(&q);
}

void explain_links(struct explain *e)
{
    struct store_explanation *to = e->to;
    if (!e->want->walk)
        return;
    to->links = explain_alloc(e, EXPLAIN_LISTED_MAX, sizeof *to->links);
    if (to->links == NULL)
        return;
    struct query q =
        db_query(e->db, DB_EXPLAIN_LINK_COUNT,
                 "SELECT count(*), count(DISTINCT from_id) FROM link_ WHERE to_id = ?");
    put_int(&q, e->id);
    if (query_next(&q)) {
        to->link_count = query_int(&q, 0);
        to->linking_pages = query_int(&q, 1);
    }
    query_end(&q);
    list_links(e);
}
