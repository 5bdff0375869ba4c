#include "storage/sqlite/newurls.h"

/* clang-format off */
#define COLUMNS                                                                                    \
    "(id, host_id, text, state, reason, detail, depth, priority, due_ms, attempts, hops, seed,"    \
    " found_on, first_seen_ms)"
#define ROW "(?, ?, ?, ?, ?, ?, ?, ?, 0, 0, ?, ?, ?, ?)"
static const char INSERT_ONE[] = "INSERT INTO url_" COLUMNS " VALUES" ROW;
/* OR FAIL: nobody wants the rows before one that failed back. */
static const char INSERT_MANY[] = "INSERT OR FAIL INTO url_" COLUMNS " VALUES"
    ROW "," ROW "," ROW "," ROW "," ROW "," ROW "," ROW "," ROW;
/* clang-format on */

static void put_row(struct query *q, const struct work *w, const struct sighting *s)
{
    bool is_allowed = urls_allow(&s->verdict);
    put_int(q, s->id);
    put_int(q, s->host->id);
    put_text(q, s->url);
    put_int(q, is_allowed ? URL_QUEUED : URL_EXCLUDED);
    put_text(q, is_allowed ? STR_NONE : str_of(exclude_reason_name(s->verdict.reason)));
    put_text(q, is_allowed ? STR_NONE : s->verdict.detail);
    put_int(q, s->depth);
    put_int(q, s->priority);
    put_int(q, s->hops);
    put_int(q, s->is_seed);
    put_int_or_null(q, s->found_on, 0);
    put_int(q, w->now_unix_ms);
}

/* Seven indexes are opened for a row, or for eight. */
void newurls_insert(struct work *w, struct newurls *new)
{
    bool are_many = new->count == NEWURLS_MAX;
    for (size_t i = 0; i < new->count;) {
        struct query q = are_many ? db_query(w->db, DB_URL_INSERT_MANY, INSERT_MANY)
                                  : db_query(w->db, DB_URL_INSERT, INSERT_ONE);
        for (size_t end = are_many ? NEWURLS_MAX : i + 1; i < end; i++)
            put_row(&q, w, new->items[i]);
        query_run(&q);
    }
    new->count = 0;
}

void newurls_add(struct work *w, struct newurls *new, struct sighting *s)
{
    bool is_allowed = urls_allow(&s->verdict);
    new->last_id = MAX(new->last_id, s->id);
    new->items[new->count++] = s;
    if (new->count == NEWURLS_MAX)
        newurls_insert(w, new);
    work_read_host(w, s->host);
    s->host->urls++;
    s->host->changed = true;
    w->totals.seen++;
    if (is_allowed)
        work_count_queued(w, s->host, 0);
    else
        w->tally.excluded[s->verdict.reason]++;
}
