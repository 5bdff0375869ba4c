#include "storage/sqlite/survey.h"

#include <sys/stat.h>

#include "storage/sqlite/holder.h"

/* Beyond these a number says no more. */
enum { LATER_MAX = 10000 };

static void count_later(struct work *w, struct store_survey *s)
{
    struct query q = db_query(w->db, DB_SURVEY_LATER,
                              "SELECT count(*), coalesce(sum(backoff_until_ms > ?1), 0) FROM"
                              " (SELECT backoff_until_ms FROM host_ WHERE queued > 0 AND leased = 0"
                              "  AND ready_ms > ?1 LIMIT ?2)");
    put_int(&q, w->now_unix_ms);
    put_int(&q, LATER_MAX);
    if (query_next(&q)) {
        s->later_hosts = query_int(&q, 0);
        s->resting_hosts = query_int(&q, 1);
    }
    query_end(&q);
}

static void list_longest(struct work *w, struct arena *arena, struct store_survey *s)
{
    struct query q = db_query(w->db, DB_SURVEY_LONGEST,
                              "SELECT name, queued, delay_ms FROM host_ WHERE queued >= 64"
                              " ORDER BY queued DESC LIMIT ?");
    put_int(&q, STORE_LONGEST_MAX);
    while (query_next(&q)) {
        struct store_queue *queue = &s->longest[s->longest_count++];
        *queue = (struct store_queue){
            .host = query_text(&q, 0),
            .queued = query_int(&q, 1),
            .delay_ms = query_int(&q, 2),
        };
        if (!arena_keep(arena, &queue->host))
            db_fail(w->db, CW_ENOMEM, "%s: %s", w->db->path, cw_err_text(CW_ENOMEM));
    }
}

/* Of the file: it shrinks only once nobody reads what is in it. */
static int64_t wal_bytes(const struct db *db)
{
    const char *name = sqlite3_filename_wal(sqlite3_db_filename(db->handle, "main"));
    struct stat st;
    return name != NULL && name[0] != '\0' && stat(name, &st) == 0 ? (int64_t)st.st_size : 0;
}

void survey_take(struct work *w, struct arena *arena, struct store_survey *ret)
{
    struct store_survey s = {.is_there = true};
    count_later(w, &s);
    list_longest(w, arena, &s);
    s.wal_bytes = wal_bytes(w->db);
    if (s.wal_bytes >= STORE_WAL_BYTES)
        s.reader_pid = holder_find(w->db->path, HOLDER_READS);
    if (w->db->err == CW_OK)
        *ret = s;
}
