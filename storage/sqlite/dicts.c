#include "storage/sqlite/dicts.h"

#include <zstd.h>

/* One that this transaction has had to do with. */
struct stored_dict {
    struct stored_dict *next;
    const struct zdict *dict; /* borrowed from the batch */
    int64_t id;
};

/* ---- writing ---- */

/* As with keys.h: what is stored under an id is compared, and on a collision the search goes on. */
static int64_t first_id(struct str frame)
{
    return (int64_t)(str_hash(frame) >> 2) + 1;
}

static void insert(struct work *w, int64_t id, const struct zdict *dict)
{
    struct str frame = zdict_frame(dict);
    struct query q =
        db_query(w->db, DB_ZDICT_INSERT, "INSERT INTO zdict_(id, size, zstd) VALUES(?, ?, ?)");
    put_int(&q, id);
    put_int(&q, (int64_t)zdict_content(dict).len);
    put_blob(&q, frame.ptr, frame.len);
    query_run(&q);
}

/* Is it what stands under `id`? *ret_free: nothing does. */
static bool stands_at(struct work *w, int64_t id, struct str frame, bool *ret_free)
{
    struct query q = db_query(w->db, DB_ZDICT_FIND, "SELECT zstd FROM zdict_ WHERE id = ?");
    put_int(&q, id);
    *ret_free = !query_next(&q);
    bool is_it = !*ret_free && str_eq(query_text(&q, 0), frame);
    query_end(&q);
    return is_it;
}

static int64_t find_or_insert(struct work *w, const struct zdict *dict)
{
    int64_t id = first_id(zdict_frame(dict));
    bool is_free;
    while (!stands_at(w, id, zdict_frame(dict), &is_free)) {
        if (is_free) { /* or the transaction has failed, and nothing below does anything */
            insert(w, id, dict);
            break;
        }
        id++;
    }
    return w->db->err == CW_OK ? id : 0;
}

int64_t dicts_store(struct work *w, const struct zdict *dict)
{
    struct stored_dict *known = w->dicts;
    while (known != NULL && known->dict != dict)
        known = known->next;
    if (known != NULL)
        return known->id;
    known = work_alloc(w, 1, sizeof *known);
    if (known == NULL)
        return 0;
    *known = (struct stored_dict){.next = w->dicts, .dict = dict, .id = find_or_insert(w, dict)};
    w->dicts = known;
    return known->id;
}

/* ---- reading ---- */

static enum cw_err decode(struct buf *ret, const struct stored_frame *frame, struct str dict)
{
    if (frame->size < 0)
        return CW_ESTORAGE;
    enum cw_err err = buf_reserve(ret, (size_t)frame->size);
    if (err != CW_OK || frame->size == 0)
        return err;
    ZSTD_DCtx *zstd = ZSTD_createDCtx();
    if (zstd == NULL || ZSTD_isError(ZSTD_DCtx_refPrefix(zstd, dict.ptr, dict.len))) {
        ZSTD_freeDCtx(zstd);
        return CW_ENOMEM;
    }
    size_t got = ZSTD_decompressDCtx(zstd, ret->ptr + ret->len, (size_t)frame->size,
                                     frame->zstd.ptr, frame->zstd.len);
    ZSTD_freeDCtx(zstd);
    if (ZSTD_isError(got) || got != (size_t)frame->size)
        return CW_ESTORAGE;
    ret->len += got;
    ret->ptr[ret->len] = '\0';
    return CW_OK;
}

enum cw_err dicts_decode(struct buf *ret, const struct stored_frame *frame,
                         const struct stored_frame *dict)
{
    CLEANUP(buf_release) struct buf content = BUF_INIT(ZDICT_MAX_BYTES);
    enum cw_err err = CW_OK;
    if (!str_is_absent(dict->zstd))
        err = decode(&content, dict, STR_NONE);
    if (err != CW_OK)
        return err == CW_ETOOBIG ? CW_ESTORAGE : err; /* the dictionary's size, not the body's */
    return decode(ret, frame, buf_str(&content));
}
