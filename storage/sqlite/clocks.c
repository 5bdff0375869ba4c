#include "storage/sqlite/clocks.h"

#include <stdlib.h>

#include "crawler/base/clock.h"
#include "crawler/base/grow.h"
#include "storage/sqlite/store_p.h"

enum {
    LONGEST_REST_MS = 24 * 3600 * 1000,
    SET_BACK_MIN_MS = 1000,        /* less is how time is kept, and costs a second at the most */
    NEAR_MS = 2 * LONGEST_REST_MS, /* no retry, back-off or rest is longer than half of it */
};
#define CLOCKS_ARENA_MAX ((size_t)1 << 30)

int64_t clocks_to_steady(int64_t base_ms, int64_t boot_ms)
{
    return boot_ms != 0 ? base_ms + boot_ms : 0;
}

int64_t clocks_to_boot(int64_t base_ms, int64_t steady_ms)
{
    return steady_ms != 0 ? steady_ms - base_ms : 0;
}

/* What the last process left behind. */
struct last_run {
    bool exists, was_killed;
    int64_t base_ms, steady_ms; /* -1: older than the steady clock */
    int64_t unix_ms;
};

static struct last_run read_last_run(struct db *db)
{
    struct last_run last = {.base_ms = -1, .steady_ms = -1};
    struct query q = db_query(
        db, DB_CLOCK_LAST,
        "SELECT ended_ms IS NULL, coalesce(steady_base_ms, -1),"
        " coalesce(steady_ms, -1), coalesce(wall_ms, 0) FROM crawl_ ORDER BY id DESC LIMIT 1");
    if (query_next(&q)) {
        last.exists = true;
        last.was_killed = query_int(&q, 0) != 0;
        last.base_ms = query_int(&q, 1);
        last.steady_ms = query_int(&q, 2);
        last.unix_ms = query_int(&q, 3);
    }
    query_end(&q);
    return last;
}

/* The boot clock stands before where it stood: the machine was started since, and has been up for
 * all that it says. Else at least the difference has passed, even if there was a boot in between.
 */
static int64_t choose_base(const struct last_run *last, int64_t boot_ms)
{
    bool has_booted = boot_ms < last->steady_ms - last->base_ms;
    return has_booted ? last->steady_ms : last->base_ms;
}

/* A file from before the steady clock: the wall clock is all there is. */
static void adopt_wall_times(struct db *db, int64_t now_ms)
{
    struct query q = db_query(db, DB_CLOCK_ADOPT,
                              "UPDATE host_ SET quiet_ms = ?1 + min(backoff_until_ms - ?2, ?3)"
                              " WHERE backoff_until_ms > ?2");
    put_int(&q, now_ms);
    put_int(&q, clock_unix_ms());
    put_int(&q, LONGEST_REST_MS);
    query_run(&q);
}

/* What was under way to leased hosts ended now, as far as anyone can know. */
static void lapse_requests(struct db *db, int64_t now_ms)
{
    struct query q = db_query(db, DB_CLOCK_LAPSE,
                              "UPDATE host_ SET quiet_ms = max(quiet_ms, ? + delay_ms)"
                              " WHERE id IN (SELECT host_id FROM url_ WHERE state = 1)");
    put_int(&q, now_ms);
    query_run(&q);
}

void clocks_open(struct db *db, struct clocks *ret)
{
    int64_t boot_ms = clock_boot_ms();
    struct last_run last = read_last_run(db);
    bool is_adopted = last.exists && last.steady_ms < 0;
    *ret = (struct clocks){
        .base_ms = last.steady_ms >= 0 ? choose_base(&last, boot_ms) : 0,
        .last_unix_ms = last.unix_ms,
        .was_killed = last.was_killed || is_adopted,
    };
    if (is_adopted)
        adopt_wall_times(db, ret->base_ms + boot_ms);
    if (last.was_killed)
        lapse_requests(db, ret->base_ms + boot_ms);
}

void clocks_begin(struct db *db, const struct clocks *clocks)
{
    struct query q = db_query(db, DB_CLOCK_BEGIN,
                              "UPDATE crawl_ SET steady_base_ms = ?, steady_ms = ?, wall_ms = ?,"
                              " first_fetch = (SELECT coalesce(max(id), 0) + 1 FROM fetch_)"
                              " WHERE id = (SELECT max(id) FROM crawl_)");
    put_int(&q, clocks->base_ms);
    put_int(&q, clocks->base_ms + clock_boot_ms());
    put_int(&q, clocks->last_unix_ms);
    query_run(&q);
}

/* ---- while it runs ---- */

static void pull_back(struct work *w, enum db_statement which, const char *sql, int64_t step_ms,
                      int64_t until_ms)
{
    struct query q = db_query(w->db, which, sql);
    put_int(&q, step_ms);
    put_int(&q, w->now_unix_ms);
    put_int(&q, until_ms);
    query_run(&q);
}

/* What is planned for later than NEAR_MS after "now" is meant by the calendar, and stays. */
static void follow_wall_clock(struct work *w, int64_t last_unix_ms)
{
    int64_t step_ms = last_unix_ms - w->now_unix_ms;
    if (step_ms < SET_BACK_MIN_MS)
        return;
    pull_back(w, DB_CLOCK_PULL_URLS,
              "UPDATE url_ SET due_ms = max(due_ms - ?1, 1)"
              " WHERE state = 0 AND due_ms > ?2 AND due_ms <= ?3",
              step_ms, last_unix_ms + NEAR_MS);
    pull_back(w, DB_CLOCK_PULL_HOSTS,
              "UPDATE host_ SET ready_ms = ready_ms - ?1"
              " WHERE queued > 0 AND leased = 0 AND ready_ms > ?2 AND ready_ms <= ?3",
              step_ms, last_unix_ms + NEAR_MS);
}

void clocks_tick(struct work *w, const struct clocks *clocks)
{
    follow_wall_clock(w, clocks->last_unix_ms);
    struct query q = db_query(w->db, DB_CLOCK_TICK,
                              "UPDATE crawl_ SET steady_ms = ?, wall_ms = ?"
                              " WHERE id = (SELECT max(id) FROM crawl_)");
    put_int(&q, clocks->base_ms + clock_boot_ms());
    put_int(&q, w->now_unix_ms);
    query_run(&q);
}

/* ---- for the engine: who must be left alone ---- */

static bool add_clock(struct store_clocks *clocks, size_t *cap, const struct query *q,
                      int64_t base_ms)
{
    struct store_host host = {
        .host = query_text(q, 0),
        .delay_ms = (int32_t)query_int(q, 1),
        .quiet_until_boot_ms = clocks_to_boot(base_ms, query_int(q, 2)),
    };
    if (!arena_keep(&clocks->arena, &host.host) ||
        grow(&clocks->hosts, cap, clocks->count, sizeof *clocks->hosts) != CW_OK)
        return false;
    clocks->hosts[clocks->count++] = host;
    return true;
}

enum cw_err store_list_clocks(struct store *store, struct store_clocks *ret,
                              struct errmsg *reterr_msg)
{
    struct db *db = &store->db;
    struct store_clocks clocks = {.arena = ARENA_INIT(CLOCKS_ARENA_MAX),
                                  .was_killed = store->clocks.was_killed};
    size_t cap = 0;
    db_clear(db);
    struct query q = db_query(db, DB_CLOCK_LIST,
                              "SELECT name, delay_ms, quiet_ms FROM host_ WHERE quiet_ms > ?");
    put_int(&q, MAX(store->clocks.base_ms + clock_boot_ms(), 1));
    while (query_next(&q))
        if (!add_clock(&clocks, &cap, &q, store->clocks.base_ms))
            db_fail(db, CW_ENOMEM, "%s: %s", db->path, cw_err_text(CW_ENOMEM));
    query_end(&q);
    enum cw_err err = db_error(db, reterr_msg);
    if (err != CW_OK)
        store_clocks_release(&clocks);
    else
        *ret = clocks;
    return err;
}

void store_clocks_release(struct store_clocks *clocks)
{
    arena_release(&clocks->arena);
    free(clocks->hosts);
    *clocks = (struct store_clocks){0};
}
