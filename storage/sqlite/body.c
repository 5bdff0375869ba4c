#include "storage/sqlite/body.h"
#include "crawler/base/buf.h"
#include "crawler/page.h"
#include "storage/sqlite/dicts.h"
#include "storage/sqlite/lookup.h"
#include "storage/sqlite/reader_p.h"

/* What is known of a URL that was asked for. */
struct found {
    enum url_state state;
    char reason[256];
    bool has_page, has_hash;
    uint8_t hash[16];
};

static void copy_text(char *room, size_t size, struct str text)
{
    snprintf(room, size, STR_FMT, STR_ARG(text));
}

static void read_found(const struct query *q, struct found *found)
{
    struct str hash = query_text(q, 2);
    *found = (struct found){
        .state = (enum url_state)query_int(q, 0),
        .has_page = query_int(q, 3) != 0,
        .has_hash = hash.len == sizeof found->hash,
    };
    if (found->has_hash)
        memcpy(found->hash, hash.ptr, sizeof found->hash);
    copy_text(found->reason, sizeof found->reason, query_text(q, 1));
}

static bool find_url(struct db *db, struct str url, struct found *found)
{
    int64_t id = lookup_url(db, url);
    if (id == LOOKUP_NONE)
        return false;
    struct query q = db_query(db, DB_READ_URL,
                              "SELECT u.state, coalesce(u.reason, ''), p.body_hash,"
                              " p.url_id IS NOT NULL FROM url_ AS u"
                              " LEFT JOIN page_ AS p ON p.url_id = u.id WHERE u.id = ?");
    put_int(&q, id);
    if (query_next(&q))
        read_found(&q, found);
    query_end(&q);
    return true;
}

/* ---- decoding ---- */

/* A file that no crawl has brought up to date has frames alone. */
static struct query find_body(struct db *db)
{
    enum { WITH_DICTS = 4 };
    if (db_int(db, "PRAGMA user_version") < WITH_DICTS)
        return db_query(db, DB_READ_OLD_BODY,
                        "SELECT size, zstd, 0, NULL FROM body_ WHERE hash = ?");
    return db_query(db, DB_READ_BODY,
                    "SELECT b.size, b.zstd, d.size, d.zstd FROM body_ AS b"
                    " LEFT JOIN zdict_ AS d ON d.id = b.zdict WHERE b.hash = ?");
}

enum cw_err body_read(struct db *db, const uint8_t hash[16], struct buf *ret)
{
    enum cw_err err = CW_ENOTFOUND;
    struct query q = find_body(db);
    put_blob(&q, hash, 16);
    if (query_next(&q))
        err = dicts_decode(ret, &(struct stored_frame){query_text(&q, 1), query_int(&q, 0)},
                           &(struct stored_frame){query_text(&q, 3), query_int(&q, 2)});
    query_end(&q);
    return err;
}

/* ---- the whole ---- */

static enum cw_err fail_not_stored(struct str url, const struct found *found,
                                   struct errmsg *reterr_msg)
{
    const char *words = "has no stored body";
    if (!found->has_page && found->state == URL_FAILED)
        words = "failed";
    else if (!found->has_page && found->state == URL_EXCLUDED)
        words = "was excluded";
    else if (!found->has_page)
        words = "is queued and was not fetched yet";
    const char *colon = !found->has_page && found->reason[0] != '\0' ? ": " : "";
    return errmsg_set(reterr_msg, CW_ENOTFOUND, STR_FMT " %s%s%s", STR_ARG(str_first(url, 300)),
                      words, colon, colon[0] != '\0' ? found->reason : "");
}

static enum cw_err fail_unknown(struct str url, struct errmsg *reterr_msg)
{
    return errmsg_set(reterr_msg, CW_ENOTFOUND, STR_FMT " was never seen by this crawl",
                      STR_ARG(str_first(url, 300)));
}

static enum cw_err fail_broken(const struct store_reader *reader, enum cw_err err, struct str url,
                               struct errmsg *reterr_msg)
{
    return errmsg_set(reterr_msg, err, "%s: the body of " STR_FMT ": %s", reader->path,
                      STR_ARG(str_first(url, 300)), cw_err_text(err));
}

enum cw_err store_read_body(struct store_reader *reader, struct str url, struct buf *ret,
                            struct errmsg *reterr_msg)
{
    struct db *db = &reader->db;
    struct found found = {0};
    db_clear(db);
    bool is_known = find_url(db, url, &found);
    if (db->err == CW_OK && !is_known)
        return fail_unknown(url, reterr_msg);
    enum cw_err err = CW_ENOTFOUND;
    if (found.has_hash)
        err = body_read(db, found.hash, ret);
    if (db->err != CW_OK)
        return db_error(db, reterr_msg);
    if (err == CW_ENOTFOUND)
        return fail_not_stored(url, &found, reterr_msg);
    return err == CW_OK ? CW_OK : fail_broken(reader, err, url, reterr_msg);
}

/* ---- earlier contents ---- */

static bool had_content(struct db *db, int64_t id, const uint8_t hash[16])
{
    struct query q =
        db_query(db, DB_READ_VERSION,
                 "SELECT EXISTS(SELECT 1 FROM version_ WHERE url_id = ?1 AND body_hash = ?2) OR"
                 " EXISTS(SELECT 1 FROM page_ WHERE url_id = ?1 AND body_hash = ?2)");
    put_int(&q, id);
    put_blob(&q, hash, 16);
    bool had = query_next(&q) && query_int(&q, 0) != 0;
    query_end(&q);
    return had;
}

enum cw_err store_read_version(struct store_reader *reader, struct str url, const uint8_t hash[16],
                               struct buf *ret, struct errmsg *reterr_msg)
{
    struct db *db = &reader->db;
    db_clear(db);
    int64_t id = lookup_url(db, url);
    if (db->err == CW_OK && id == LOOKUP_NONE)
        return fail_unknown(url, reterr_msg);
    bool had = had_content(db, id, hash);
    enum cw_err err = had ? body_read(db, hash, ret) : CW_ENOTFOUND;
    if (db->err != CW_OK)
        return db_error(db, reterr_msg);
    if (err == CW_ENOTFOUND)
        return errmsg_set(reterr_msg, err, STR_FMT " %s", STR_ARG(str_first(url, 300)),
                          had ? "had this content, but it was not stored"
                              : "never had this content");
    return err == CW_OK ? CW_OK : fail_broken(reader, err, url, reterr_msg);
}
