#include "storage/sqlite/pages.h"

enum { HASH_SIZE = 16, NO_STATUS = -1, NO_LINK = 0 };

/* The answer on record. */
struct old_page {
    int status; /* NO_STATUS: none */
    int64_t first_link, link_count;
};

static struct old_page read_old(struct work *w, int64_t url_id)
{
    struct old_page old = {.status = NO_STATUS};
    struct query q = db_query(w->db, DB_PAGE_OLD,
                              "SELECT status, first_link, links FROM page_ WHERE url_id = ?");
    put_int(&q, url_id);
    if (query_next(&q))
        old = (struct old_page){.status = (int)query_int(&q, 0),
                                .first_link = query_int(&q, 1),
                                .link_count = query_int(&q, 2)};
    query_end(&q);
    return old;
}

static void put_page(struct query *q, const struct page *p)
{
    put_text(q, p->content_type);
    put_text(q, p->charset);
    put_text(q, p->language);
    put_text(q, p->title);
    put_text(q, p->description);
    put_text(q, p->canonical_url);
    put_text(q, p->etag);
    put_text(q, p->last_modified);
    put_int(q, p->noindex);
    put_int(q, p->nofollow);
    put_int(q, p->links_cut);
    put_int(q, p->body_cut);
    put_int(q, p->size);
    put_blob(q, p->body_hash, HASH_SIZE);
    put_int(q, (int64_t)p->link_count);
    put_int(q, p->words);
}

static void insert_page(struct work *w, const struct outcome *o, enum cw_err err,
                        int64_t first_link)
{
    const struct timings *time = &o->attempt.time;
    struct query q =
        db_query(w->db, DB_PAGE_INSERT,
                 "INSERT OR REPLACE INTO page_(url_id, status, error, fetched_ms, elapsed_ms,"
                 " first_byte_ms, content_type, charset, language, title, description,"
                 " canonical_url, etag, last_modified, noindex, nofollow, links_cut, body_cut,"
                 " size, body_hash, links, words, first_link)"
                 " VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    put_int(&q, o->url_id);
    put_int(&q, o->page.status);
    put_text(&q, err != CW_OK ? str_of(cw_err_name(err)) : STR_NONE);
    put_int(&q, o->has_attempt ? time->ended_unix_ms : w->now_unix_ms);
    put_int_or_null(&q, o->has_attempt ? time->total_ms : -1, -1);
    put_int_or_null(&q, o->has_attempt ? time->first_byte_ms : -1, -1);
    put_page(&q, &o->page);
    put_int_or_null(&q, first_link, NO_LINK);
    query_run(&q);
}

void pages_store_body(struct work *w, int64_t url_id, const uint8_t hash[16], int64_t size,
                      struct str frame)
{
    struct query q = db_query(w->db, DB_BODY_INSERT,
                              "INSERT INTO body_(hash, size, zstd, url_id) VALUES(?, ?, ?, ?)"
                              " ON CONFLICT(hash) DO NOTHING");
    put_blob(&q, hash, HASH_SIZE);
    put_int(&q, size);
    put_blob(&q, frame.ptr, frame.len);
    put_int_or_null(&q, url_id, 0);
    query_run(&q);
}

/* ---- links and the redirect ---- */

static void forget_old(struct work *w, int64_t url_id, const struct old_page *old)
{
    struct query q = db_query(w->db, DB_LINK_DELETE, "DELETE FROM link_ WHERE id BETWEEN ? AND ?");
    put_int(&q, old->first_link);
    put_int(&q, old->first_link + old->link_count - 1);
    if (old->first_link != NO_LINK)
        query_run(&q);
    query_end(&q);
    q = db_query(w->db, DB_REDIRECT_DELETE, "DELETE FROM redirect_ WHERE from_id = ?");
    put_int(&q, url_id);
    query_run(&q);
}

/* Gives the id of the first; the others follow it. */
static int64_t insert_links(struct work *w, const struct visit *v)
{
    const struct page *page = &v->outcome->page;
    for (size_t i = 0; w->db->err == CW_OK && i < page->link_count; i++) {
        const struct page_link *link = &page->links[i];
        struct query q = db_query(w->db, DB_LINK_INSERT,
                                  "INSERT INTO link_(from_id, to_id, element, rel, text, nofollow,"
                                  " internal) VALUES(?, ?, ?, ?, ?, ?, ?)");
        put_int(&q, v->url.id);
        put_int(&q, v->links[i].id);
        put_text(&q, link->element);
        put_text(&q, link->rel);
        put_text(&q, link->text);
        put_int(&q, link->nofollow);
        put_int(&q, link->internal);
        query_run(&q);
    }
    int64_t last = sqlite3_last_insert_rowid(w->db->handle);
    return page->link_count > 0 ? last - (int64_t)page->link_count + 1 : NO_LINK;
}

static void insert_redirect(struct work *w, const struct visit *v, bool is_followed)
{
    struct query q = db_query(w->db, DB_REDIRECT_INSERT,
                              "INSERT INTO redirect_(from_id, to_id, status, followed)"
                              " VALUES(?, ?, ?, ?)");
    put_int(&q, v->url.id);
    put_int(&q, v->redirect->id);
    put_int(&q, v->outcome->page.status);
    put_int(&q, is_followed);
    query_run(&q);
}

/* ---- the whole ---- */

static void count_page(struct work *w, const struct visit *v, int old_status)
{
    int status = v->outcome->page.status;
    w->tally.statuses[MIN(MAX(status, 0), STATUS_MAX)]++;
    v->host->changed = true;
    if (old_status == NO_STATUS) {
        v->host->pages++;
        w->totals.pages++;
        return;
    }
    char text[16];
    int len = snprintf(text, sizeof text, "%d", old_status);
    work_uncount(w, URL_DONE, str_from(text, (size_t)len));
}

void pages_store(struct work *w, const struct visit *visit, enum cw_err err)
{
    struct old_page old = read_old(w, visit->url.id);
    if (old.status != NO_STATUS)
        forget_old(w, visit->url.id, &old);
    int64_t first_link = insert_links(w, visit);
    insert_page(w, visit->outcome, err, first_link);
    const struct page *page = &visit->outcome->page;
    if (page->body.len > 0)
        pages_store_body(w, visit->url.id, page->body_hash, page->size, buf_str(&page->body));
    if (visit->redirect != NULL)
        insert_redirect(w, visit, err != CW_EREDIRECT);
    count_page(w, visit, old.status);
}
