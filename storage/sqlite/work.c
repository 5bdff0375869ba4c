#include "storage/sqlite/work.h"

#include <assert.h>

#include "storage/sqlite/clocks.h"
#include "storage/sqlite/hostids.h"
#include "storage/sqlite/keys.h"
#include "storage/sqlite/lessons.h"
#include "storage/sqlite/linkpack.h"
#include "storage/sqlite/seenurls.h"

/* A batch has ceilings of its own (engine's); this one only keeps a mistake from taking the
 * machine. */
#define WORK_ARENA_MAX ((size_t)4 << 30)

void work_begin(struct work *w, struct db *db, const struct totals *totals, size_t host_max,
                int64_t now_unix_ms)
{
    *w = (struct work){
        .db = db,
        .arena = ARENA_INIT(WORK_ARENA_MAX),
        .linkpack = BUF_INIT(LINKPACK_MAX),
        .now_unix_ms = now_unix_ms,
        .totals = *totals,
        .host_slots = 16,
    };
    while (w->host_slots < host_max * 2)
        w->host_slots *= 2;
    db_clear(db);
    db_begin(db);
    w->hosts = work_alloc(w, w->host_slots, sizeof(struct host_row *));
}

void *work_alloc(struct work *w, size_t count, size_t size)
{
    size_t bytes = 0;
    void *memory = NULL;
    if (!__builtin_mul_overflow(count, size, &bytes))
        memory = arena_alloc(&w->arena, bytes);
    if (memory == NULL)
        db_fail(w->db, CW_ENOMEM, "%s: %s", w->db->path, cw_err_text(CW_ENOMEM));
    return memory;
}

static void read_clock(const struct query *q, int64_t steady_base_ms, struct store_host *clock)
{
    clock->delay_ms = (int32_t)query_int(q, 8);
    clock->last_fetch_unix_ms = query_int(q, 9);
    clock->backoff_until_unix_ms = query_int(q, 10);
    clock->robots_unix_ms = query_int(q, 11);
    clock->robots_status = (int32_t)query_int(q, 12);
    clock->quiet_until_boot_ms = clocks_to_boot(steady_base_ms, query_int(q, 14));
    struct str error = query_text(q, 13);
    if (str_is_absent(error))
        return;
    /* Names are what is stable in a database; numbers of errors are not. */
    enum cw_err err = cw_err_by_name(error.ptr);
    clock->robots_status = -(int32_t)(err < CW_ERR_COUNT ? err : CW_EROBOTS);
}

static bool is_waiting(const struct host_row *h)
{
    return h->queued > 0 && !h->leased;
}

static void read_host(const struct query *q, int64_t steady_base_ms, struct host_row *h)
{
    h->urls = query_int(q, 1);
    h->queued = query_int(q, 2);
    h->pages = h->pages_read = query_int(q, 3);
    h->errors = query_int(q, 4);
    h->bytes = query_int(q, 5);
    h->leased = query_int(q, 6) != 0;
    h->ready_ms = h->stored_ready_ms = query_int(q, 7);
    h->in_line = is_waiting(h);
    read_clock(q, steady_base_ms, &h->clock);
}

/* False: no such row. Then h->id is where it belongs. */
static bool find_host(struct work *w, struct host_row *h)
{
    for (h->id = key_host(h->name);; h->id = key_host_next(h->id)) {
        struct query q = db_query(w->db, DB_HOST_FIND,
                                  "SELECT name, urls, queued, pages, errors, bytes, leased,"
                                  " ready_ms, delay_ms, last_fetch_ms, backoff_until_ms,"
                                  " robots_ms, robots_status, robots_error, quiet_ms"
                                  " FROM host_ WHERE id = ?");
        put_int(&q, h->id);
        if (!query_next(&q))
            return false;
        bool is_same = str_eq(query_text(&q, 0), h->name);
        if (is_same)
            read_host(&q, w->steady_base_ms, h);
        query_end(&q);
        if (is_same)
            return true;
    }
}

static void insert_host(struct work *w, struct host_row *h)
{
    struct query q = db_query(w->db, DB_HOST_INSERT,
                              "INSERT INTO host_(id, name, urls, queued, pages, errors, bytes,"
                              " leased, ready_ms, delay_ms, last_fetch_ms, backoff_until_ms,"
                              " robots_ms) VALUES(?, ?, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)");
    put_int(&q, h->id);
    put_text(&q, h->name);
    query_run(&q);
}

static struct host_row *new_host(struct work *w, struct str name)
{
    struct host_row *h = work_alloc(w, 1, sizeof *h);
    if (h == NULL || !arena_keep(&w->arena, &name)) {
        db_fail(w->db, CW_ENOMEM, "%s: %s", w->db->path, cw_err_text(CW_ENOMEM));
        return NULL;
    }
    *h = (struct host_row){.name = name, .clock.host = name};
    *(w->last != NULL ? &w->last->next : &w->first) = h;
    w->last = h;
    w->host_count++;
    return h;
}

void work_read_host(struct work *w, struct host_row *h)
{
    if (h->is_read)
        return;
    h->is_read = true;
    if (!find_host(w, h))
        insert_host(w, h);
    if (w->db->err == CW_OK)
        hostids_put(w->ids, h->name, h->id);
}

void work_count_queued(struct work *w, struct host_row *host, int64_t due_ms)
{
    work_read_host(w, host);
    host->queued++;
    host->has_due |= due_ms == 0;
    host->changed = true;
    w->totals.queued++;
}

struct host_row *work_linked_host(struct work *w, struct str name)
{
    if (w->db->err != CW_OK)
        return NULL;
    if (w->linked != NULL && str_eq(w->linked->name, name))
        return w->linked;
    size_t slot = (size_t)str_hash(name) & (w->host_slots - 1);
    while (w->hosts[slot] != NULL && !str_eq(w->hosts[slot]->name, name))
        slot = (slot + 1) & (w->host_slots - 1);
    assert(w->host_count < w->host_slots - 1);
    if (w->hosts[slot] == NULL)
        w->hosts[slot] = new_host(w, name);
    struct host_row *h = w->hosts[slot];
    if (h != NULL && !h->is_read && !hostids_find(w->ids, h->name, &h->id))
        work_read_host(w, h);
    w->linked = w->db->err == CW_OK ? h : NULL;
    return w->linked;
}

struct host_row *work_host(struct work *w, struct str name)
{
    struct host_row *h = work_linked_host(w, name);
    if (h != NULL)
        work_read_host(w, h);
    return w->db->err == CW_OK ? h : NULL;
}

/* The earliest time at which a URL of the host may be fetched, back-off apart. */
static int64_t earliest_due(struct work *w, const struct host_row *h)
{
    if (h->has_due)
        return 0;
    struct query q = db_query(
        w->db, DB_HOST_DUE,
        "SELECT iif(EXISTS(SELECT 1 FROM url_ WHERE host_id = ?1 AND state = 0 AND due_ms = 0), 0,"
        " (SELECT min(due_ms) FROM url_ WHERE host_id = ?1 AND state = 0 AND due_ms > 0))");
    put_int(&q, h->id);
    int64_t due = query_next(&q) ? query_int(&q, 0) : 0;
    query_end(&q);
    return due;
}

/* Hosts that wait stand in line by ready_ms. One that stands there already keeps its place, unless
 * a back-off now forbids it; a new one goes to the end. */
static void give_place(struct work *w, struct host_row *h)
{
    int64_t now = w->now_unix_ms, backoff = h->clock.backoff_until_unix_ms;
    bool keeps_it = h->in_line && h->ready_ms <= now && backoff <= now;
    if (is_waiting(h) && !h->has_place && !keeps_it)
        h->ready_ms = MAX(MAX(earliest_due(w, h), backoff), now);
    h->has_place = true;
}

static void update_host(struct work *w, const struct host_row *h)
{
    const struct store_host *clock = &h->clock;
    bool is_error = clock->robots_status < 0;
    struct query q = db_query(w->db, DB_HOST_UPDATE,
                              "UPDATE host_ SET urls = ?, queued = ?, pages = ?, errors = ?,"
                              " bytes = ?, leased = ?, ready_ms = ?, delay_ms = ?,"
                              " last_fetch_ms = ?, backoff_until_ms = ?, robots_ms = ?,"
                              " robots_status = ?, robots_error = ?, quiet_ms = ? WHERE id = ?");
    put_int(&q, h->urls);
    put_int(&q, h->queued);
    put_int(&q, h->pages);
    put_int(&q, h->errors);
    put_int(&q, h->bytes);
    put_int(&q, h->leased);
    put_int(&q, h->ready_ms);
    put_int(&q, clock->delay_ms);
    put_int(&q, clock->last_fetch_unix_ms);
    put_int(&q, clock->backoff_until_unix_ms);
    put_int(&q, clock->robots_unix_ms);
    put_int_or_null(&q, is_error ? 0 : clock->robots_status, 0);
    put_text(&q, is_error ? str_of(cw_err_name((enum cw_err) - clock->robots_status)) : STR_NONE);
    put_int(&q, clocks_to_steady(w->steady_base_ms, clock->quiet_until_boot_ms));
    put_int(&q, h->id);
    query_run(&q);
}

static int by_id(const void *a, const void *b)
{
    const struct host_row *left = *(struct host_row *const *)a;
    const struct host_row *right = *(struct host_row *const *)b;
    return left->id < right->id ? -1 : left->id > right->id;
}

static void save_host(struct work *w, struct host_row *h)
{
    update_host(w, h);
    h->stored_ready_ms = h->ready_ms;
    h->in_line = is_waiting(h);
    h->changed = false;
}

static bool has_other_place(const struct host_row *h)
{
    return is_waiting(h) != h->in_line || (h->in_line && h->ready_ms != h->stored_ready_ms);
}

/* In the order of the file, as the URLs are. */
static void save_changed(struct work *w, bool only_places)
{
    if (w->db->err != CW_OK)
        return;
    struct host_row **list = work_alloc(w, w->host_count, sizeof *list);
    size_t count = 0;
    for (struct host_row *h = w->first; list != NULL && h != NULL; h = h->next)
        if (h->changed)
            list[count++] = h;
    if (count > 0)
        qsort(list, count, sizeof *list, by_id);
    for (size_t i = 0; w->db->err == CW_OK && i < count; i++) {
        lessons_count_domain(w, list[i]);
        give_place(w, list[i]);
        if (!only_places || has_other_place(list[i]))
            save_host(w, list[i]);
    }
}

void work_save_line(struct work *w)
{
    save_changed(w, true);
}

void work_save_hosts(struct work *w)
{
    save_changed(w, false);
}

static void add_tally(struct work *w, int kind, struct str name, int64_t count)
{
    struct query q = db_query(w->db, DB_TALLY_ADD,
                              "INSERT INTO tally_(kind, name, n) VALUES(?, ?, ?)"
                              " ON CONFLICT DO UPDATE SET n = n + excluded.n");
    put_int(&q, kind);
    put_text(&q, name);
    put_int(&q, count);
    query_run(&q);
}

void work_uncount(struct work *w, int kind, struct str name)
{
    add_tally(w, kind, name, -1);
}

static void add_status(struct work *w, int status, int64_t count)
{
    char text[16];
    int len = snprintf(text, sizeof text, "%d", status);
    add_tally(w, URL_DONE, str_from(text, (size_t)len), count);
}

static void save_tally(struct work *w)
{
    const struct tally *t = &w->tally;
    for (int i = 0; i <= STATUS_MAX; i++)
        if (t->statuses[i] != 0)
            add_status(w, i, t->statuses[i]);
    for (int i = 0; i < CW_ERR_COUNT; i++)
        if (t->failed[i] != 0)
            add_tally(w, URL_FAILED, str_of(cw_err_name((enum cw_err)i)), t->failed[i]);
    for (size_t i = 0; i < ARRAY_LEN(t->excluded); i++)
        if (t->excluded[i] != 0)
            add_tally(w, URL_EXCLUDED, str_of(exclude_reason_name((enum exclude_reason)i)),
                      t->excluded[i]);
}

static void save_crawl(struct work *w, int64_t pages)
{
    struct query q = db_query(w->db, DB_CRAWL_ADD,
                              "UPDATE crawl_ SET pages = pages + ?, errors = errors + ?,"
                              " bytes = bytes + ? WHERE id = (SELECT max(id) FROM crawl_)");
    put_int(&q, pages);
    put_int(&q, w->errors);
    put_int(&q, w->bytes);
    query_run(&q);
}

/* What was told of this transaction never happened. */
static void forget_rows(struct work *w)
{
    hostids_forget(w->ids);
    seenurls_forget(w->seen);
}

enum cw_err work_end(struct work *w, struct totals *totals, struct errmsg *reterr_msg)
{
    work_save_hosts(w);
    save_tally(w);
    save_crawl(w, w->totals.pages - totals->pages);
    db_end(w->db);
    buf_release(&w->linkpack);
    arena_release(&w->arena);
    if (w->db->err == CW_OK)
        *totals = w->totals;
    else
        forget_rows(w);
    return db_error(w->db, reterr_msg);
}
