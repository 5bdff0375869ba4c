#include "storage/sqlite/robots.h"

#include <zstd.h>

#include "storage/sqlite/pages.h"

enum { HASH_SIZE = 16, ZSTD_LEVEL = 3 };

int64_t robots_key(int64_t host_id, struct str url)
{
    return host_id << 1 | str_starts(url, STR("https:"));
}

static void store_text(struct work *w, struct str text, const uint8_t hash[HASH_SIZE])
{
    size_t room = ZSTD_compressBound(text.len);
    char *frame = work_alloc(w, room, 1);
    if (frame == NULL)
        return;
    size_t size = ZSTD_compress(frame, room, text.ptr, text.len, ZSTD_LEVEL);
    if (ZSTD_isError(size)) /* memory: the room is enough */
        db_fail(w->db, CW_ENOMEM, "%s: %s", w->db->path, cw_err_text(CW_ENOMEM));
    else
        pages_store_body(w, 0, hash, (int64_t)text.len, str_from(frame, size), NULL);
}

void robots_store(struct work *w, const struct store_robots *robots)
{
    uint8_t hash[HASH_SIZE];
    struct host_row *host = work_host(w, robots->host);
    if (host == NULL)
        return;
    if (robots->body.len > 0) {
        str_hash128(robots->body, hash);
        store_text(w, robots->body, hash);
    }
    struct query q =
        db_query(w->db, DB_ROBOTS_INSERT,
                 "INSERT OR REPLACE INTO robots_(id, fetched_ms, status, error, detail,"
                 " hash) VALUES(?, ?, ?, ?, ?, ?)");
    put_int(&q, robots_key(host->id, robots->origin));
    put_int(&q, robots->fetched_unix_ms);
    put_int_or_null(&q, robots->status, 0);
    put_text(&q, robots->err != CW_OK ? str_of(cw_err_name(robots->err)) : STR_NONE);
    put_text(&q, robots->detail.len > 0 ? robots->detail : STR_NONE);
    put_blob(&q, robots->body.len > 0 ? hash : NULL, HASH_SIZE);
    query_run(&q);
}
