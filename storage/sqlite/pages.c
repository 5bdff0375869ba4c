#include "storage/sqlite/pages.h"

#include <zstd.h>

#include "storage/sqlite/dicts.h"
#include "storage/sqlite/linkpack.h"

enum { HASH_SIZE = 16, NO_STATUS = -1, NO_LINK = 0 };

/* The answer on record. */
struct old_page {
    int status; /* NO_STATUS: none */
    int64_t first_link, link_count;
    int64_t redirect; /* the target's id; 0: none */
    uint8_t hash[HASH_SIZE];
    bool has_same_title, has_error;
};

static struct old_page read_old(struct work *w, const struct visit *v)
{
    struct old_page old = {.status = NO_STATUS};
    struct query q =
        db_query(w->db, DB_PAGE_OLD,
                 "SELECT p.status, p.first_link, p.links, coalesce(r.to_id, 0), p.body_hash,"
                 " p.title IS ?2, p.error IS NOT NULL FROM page_ AS p LEFT JOIN redirect_ AS r ON "
                 "r.from_id = p.url_id"
                 " WHERE p.url_id = ?1");
    put_int(&q, v->url.id);
    put_text(&q, v->outcome->page.title);
    if (query_next(&q)) {
        old = (struct old_page){.status = (int)query_int(&q, 0),
                                .first_link = query_int(&q, 1),
                                .link_count = query_int(&q, 2),
                                .redirect = query_int(&q, 3),
                                .has_same_title = query_int(&q, 5) != 0,
                                .has_error = query_int(&q, 6) != 0};
        struct str hash = query_text(&q, 4);
        if (hash.len == sizeof old.hash)
            memcpy(old.hash, hash.ptr, hash.len);
    }
    query_end(&q);
    return old;
}

static int64_t redirect_of(const struct visit *v)
{
    return v->redirect != NULL ? v->redirect->id : 0;
}

static bool has_same_body(const struct visit *v, const struct old_page *old)
{
    return memcmp(v->outcome->page.body_hash, old->hash, sizeof old->hash) == 0;
}

static bool says_the_same(const struct visit *v, const struct old_page *old, enum cw_err err)
{
    return old->has_error == (err != CW_OK) && v->outcome->page.status == old->status &&
           has_same_body(v, old) && redirect_of(v) == old->redirect;
}

/* ---- versions ---- */

/* The content on record becomes a version, if it is none yet: it is about to be replaced, or the
 * time at which it was first received is. */
static void keep_first_version(struct work *w, int64_t url_id)
{
    struct query q = db_query(w->db, DB_VERSION_FIRST,
                              "INSERT INTO version_(url_id, fetched_ms, status, body_hash, size,"
                              " change) SELECT url_id, fetched_ms, status, body_hash, size, 'first'"
                              " FROM page_ WHERE url_id = ?1 AND NOT EXISTS"
                              "  (SELECT 1 FROM version_ WHERE url_id = ?1)");
    put_int(&q, url_id);
    query_run(&q);
}

/* What is different now, in words. `same_links`: as many, to the same URLs, in the same order. */
static void describe_change(const struct visit *v, const struct old_page *old, bool same_links,
                            char *ret, size_t size)
{
    const struct {
        const char *word;
        bool differs;
    } parts[] = {
        {"status", v->outcome->page.status != old->status},
        {"redirect", redirect_of(v) != old->redirect},
        {"title", !old->has_same_title},
        {"links", !same_links},
        {"content", !has_same_body(v, old)},
    };
    size_t len = 0;
    *ret = '\0';
    for (size_t i = 0; i < ARRAY_LEN(parts); i++)
        if (parts[i].differs)
            len +=
                (size_t)snprintf(ret + len, size - len, "%s%s", len > 0 ? ", " : "", parts[i].word);
}

static bool has_same_links(struct work *w, const struct visit *v, const struct old_page *old)
{
    size_t count = v->outcome->page.link_count, i = 0;
    if ((int64_t)count != old->link_count)
        return false;
    struct query q = db_query(w->db, DB_LINK_TARGETS,
                              "SELECT to_id FROM link_ WHERE id BETWEEN ? AND ? ORDER BY id");
    put_int(&q, old->first_link);
    put_int(&q, old->first_link + linkpack_count(old->link_count) - 1);
    while (query_next(&q) && query_int(&q, 0) == v->link_ids[i])
        i++;
    query_end(&q);
    return i == count;
}

static void add_version(struct work *w, const struct visit *v, const struct old_page *old)
{
    const struct outcome *o = v->outcome;
    char change[64];
    describe_change(v, old, has_same_links(w, v, old), change, sizeof change);
    struct query q = db_query(w->db, DB_VERSION_ADD,
                              "INSERT INTO version_(url_id, fetched_ms, status, body_hash, size,"
                              " change) VALUES(?, ?, ?, ?, ?, ?)");
    put_int(&q, v->url.id);
    put_int(&q, o->has_attempt ? o->attempt.time.ended_unix_ms : w->now_unix_ms);
    put_int(&q, o->page.status);
    put_blob(&q, o->page.body_hash, HASH_SIZE);
    put_int(&q, o->page.size);
    put_text(&q, str_of(change));
    query_run(&q);
}

/* ---- the page ---- */

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

/* False: there is a row already, and it is still as it was. */
static bool insert_page(struct work *w, const struct outcome *o, enum cw_err err,
                        int64_t first_link)
{
    const struct timings *time = &o->attempt.time;
    struct query q =
        db_query(w->db, DB_PAGE_INSERT,
                 "INSERT INTO page_(url_id, status, error, fetched_ms, elapsed_ms,"
                 " first_byte_ms, content_type, charset, language, title, description,"
                 " canonical_url, etag, last_modified, noindex, nofollow, links_cut, body_cut,"
                 " size, body_hash, links, words, first_link)"
                 " VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
                 " ON CONFLICT(url_id) DO NOTHING");
    put_int(&q, o->url_id);
    put_int(&q, o->page.status);
    put_text(&q, err != CW_OK ? str_of(cw_err_name(err)) : STR_NONE);
    put_int(&q, o->has_attempt ? time->ended_unix_ms : w->now_unix_ms);
    put_int_or_null(&q, o->has_attempt ? time->total_ms : -1, -1);
    put_int_or_null(&q, o->has_attempt ? time->first_byte_ms : -1, -1);
    put_page(&q, &o->page);
    put_int_or_null(&q, first_link, NO_LINK);
    query_run(&q);
    return sqlite3_changes64(w->db->handle) > 0;
}

void pages_store_body(struct work *w, int64_t url_id, const uint8_t hash[16], int64_t size,
                      struct str frame, const struct zdict *dict)
{
    int64_t dict_id = dict != NULL ? dicts_store(w, dict) : 0;
    struct query q = db_query(w->db, DB_BODY_INSERT,
                              "INSERT INTO body_(hash, size, zstd, url_id, zdict)"
                              " VALUES(?, ?, ?, ?, ?) ON CONFLICT(hash) DO NOTHING");
    put_blob(&q, hash, HASH_SIZE);
    put_int(&q, size);
    put_blob(&q, frame.ptr, frame.len);
    put_int_or_null(&q, url_id, 0);
    put_int_or_null(&q, dict_id, 0);
    query_run(&q);
}

/* ---- links and the redirect ---- */

static void forget_old(struct work *w, int64_t url_id, const struct old_page *old)
{
    struct query q =
        db_query(w->db, DB_LINK_DELETE, "DELETE FROM link_pack_ WHERE id BETWEEN ? AND ?");
    put_int(&q, old->first_link);
    put_int(&q, old->first_link + linkpack_count(old->link_count) - 1);
    if (old->first_link != NO_LINK)
        query_run(&q);
    query_end(&q);
    q = db_query(w->db, DB_REDIRECT_DELETE, "DELETE FROM redirect_ WHERE from_id = ?");
    put_int(&q, url_id);
    query_run(&q);
    q = db_query(w->db, DB_PAGE_DELETE, "DELETE FROM page_ WHERE url_id = ?");
    put_int(&q, url_id);
    query_run(&q);
}

static void insert_pack(struct work *w, const struct visit *v, size_t first)
{
    const struct page *page = &v->outcome->page;
    size_t count = MIN(page->link_count - first, (size_t)LINKS_A_PACK);
    enum cw_err err =
        linkpack_write(&w->linkpack, v->url.id, &page->links[first], &v->link_ids[first], count);
    if (err != CW_OK) {
        db_fail(w->db, err, "%s: %s", w->db->path, cw_err_text(err));
        return;
    }
    struct query q = db_query(w->db, DB_LINK_INSERT,
                              "INSERT INTO link_pack_(id, from_id, links) VALUES(?, ?, ?)");
    put_int(&q, w->next_pack++);
    put_int(&q, v->url.id);
    put_text(&q, buf_str(&w->linkpack));
    query_run(&q);
}

static void insert_links(struct work *w, const struct visit *v)
{
    size_t count = v->outcome->page.link_count;
    for (size_t i = 0; w->db->err == CW_OK && i < count; i += LINKS_A_PACK)
        insert_pack(w, v, i);
}

/* The id that the first pack of its links will get; the others follow it. */
static int64_t first_pack(struct work *w, const struct visit *v)
{
    if (v->outcome->page.link_count == 0)
        return NO_LINK;
    if (w->next_pack == 0) {
        struct query q = db_query(w->db, DB_LINK_LAST, "SELECT max(id) FROM link_pack_");
        w->next_pack = query_next(&q) ? query_int(&q, 0) + 1 : 0;
        query_end(&q);
    }
    return w->next_pack;
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

/* The same answer once more, or 304: what is on record stays, but was asked for later. */
void pages_refresh(struct work *w, const struct visit *v)
{
    const struct outcome *o = v->outcome;
    const struct timings *time = &o->attempt.time;
    keep_first_version(w, v->url.id);
    struct query q =
        db_query(w->db, DB_PAGE_REFRESH,
                 "UPDATE page_ SET fetched_ms = ?1, elapsed_ms = ?2, first_byte_ms = ?3,"
                 " etag = iif(?4, coalesce(?5, etag), ?5),"
                 " last_modified = iif(?4, coalesce(?6, last_modified), ?6) WHERE url_id = ?7");
    put_int(&q, o->has_attempt ? time->ended_unix_ms : w->now_unix_ms);
    put_int_or_null(&q, o->has_attempt ? time->total_ms : -1, -1);
    put_int_or_null(&q, o->has_attempt ? time->first_byte_ms : -1, -1);
    put_int(&q, o->is_unchanged);
    put_text(&q, o->page.etag);
    put_text(&q, o->page.last_modified);
    put_int(&q, v->url.id);
    query_run(&q);
}

static void replace(struct work *w, const struct visit *v, const struct old_page *old)
{
    keep_first_version(w, v->url.id);
    add_version(w, v, old);
    forget_old(w, v->url.id, old);
}

/* What was kept of the page may be its text only: how long that is the frame says. */
static void store_body(struct work *w, const struct visit *v)
{
    const struct page *page = &v->outcome->page;
    unsigned long long size = ZSTD_getFrameContentSize(page->body.ptr, page->body.len);
    bool is_said = size != ZSTD_CONTENTSIZE_UNKNOWN && size != ZSTD_CONTENTSIZE_ERROR;
    if (page->body.len > 0)
        pages_store_body(w, v->url.id, page->body_hash, is_said ? (int64_t)size : page->size,
                         buf_str(&page->body), page->body_dict);
}

void pages_store(struct work *w, const struct visit *visit, enum cw_err err)
{
    struct old_page old = {.status = NO_STATUS};
    int64_t first_link = first_pack(w, visit);
    store_body(w, visit); /* also of the same page once more: it may not have been kept then */
    if (!insert_page(w, visit->outcome, err, first_link)) {
        old = read_old(w, visit);
        if (says_the_same(visit, &old, err)) {
            pages_refresh(w, visit);
            return;
        }
        replace(w, visit, &old);
        (void)insert_page(w, visit->outcome, err, first_link);
    }
    insert_links(w, visit);
    if (visit->redirect != NULL)
        insert_redirect(w, visit, err != CW_EREDIRECT);
    count_page(w, visit, old.status);
}
