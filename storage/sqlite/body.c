#include <zstd.h>

#include "crawler/base/buf.h"
#include "crawler/page.h"
#include "storage/sqlite/body.h"
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

/* The stored size bounds what is decoded, the buffer's ceiling what is allocated: a forged file can
 * lie about either without harm. */
static enum cw_err decode(struct str frame, int64_t size, struct buf *ret)
{
    if (size < 0)
        return CW_ESTORAGE;
    enum cw_err err = buf_reserve(ret, (size_t)size);
    if (err != CW_OK || size == 0)
        return err;
    size_t got = ZSTD_decompress(ret->ptr + ret->len, (size_t)size, frame.ptr, frame.len);
    if (ZSTD_isError(got) || got != (size_t)size)
        return CW_ESTORAGE;
    ret->len += got;
    ret->ptr[ret->len] = '\0';
    return CW_OK;
}

enum cw_err body_read(struct db *db, const uint8_t hash[16], struct buf *ret)
{
    enum cw_err err = CW_ENOTFOUND;
    struct query q = db_query(db, DB_READ_BODY, "SELECT size, zstd FROM body_ WHERE hash = ?");
    put_blob(&q, hash, 16);
    if (query_next(&q))
        err = decode(query_text(&q, 1), query_int(&q, 0), ret);
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

static enum cw_err read_body(struct store_reader *reader, struct str url, struct buf *ret,
                             struct errmsg *reterr_msg)
{
    struct db *db = &reader->db;
    struct found found = {0};
    bool is_known = find_url(db, url, &found);
    if (db->err == CW_OK && !is_known)
        return errmsg_set(reterr_msg, CW_ENOTFOUND, STR_FMT " was never seen by this crawl",
                          STR_ARG(str_first(url, 300)));
    enum cw_err err = CW_ENOTFOUND;
    if (found.has_hash)
        err = body_read(db, found.hash, ret);
    if (db->err != CW_OK)
        return db_error(db, reterr_msg);
    if (err == CW_ENOTFOUND)
        return fail_not_stored(url, &found, reterr_msg);
    if (err != CW_OK)
        return errmsg_set(reterr_msg, err, "%s: the body of " STR_FMT ": %s", reader->path,
                          STR_ARG(str_first(url, 300)), cw_err_text(err));
    return CW_OK;
}

enum cw_err store_read_body(struct store_reader *reader, struct str url, struct buf *ret,
                            struct errmsg *reterr_msg)
{
    db_clear(&reader->db);
    return read_body(reader, url, ret, reterr_msg);
}
