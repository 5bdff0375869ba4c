#include "crawler/engine/workbench.h"

#include <assert.h>
#include <utlist.h>

#include "crawler/base/clock.h"
#include "crawler/engine/crawl_p.h"
#include "crawler/engine/hostclock.h"
#include "crawler/engine/visit.h"

void workbench_init(struct workbench *bench, struct crawl *crawl, unsigned per_host)
{
    *bench = (struct workbench){.crawl = crawl, .per_host = per_host};
}

/* ---- one host ---- */

static void note(struct workbench *bench, struct bench_host *bh)
{
    if (!bh->is_noted)
        DL_APPEND(bench->noted, bh);
    bh->is_noted = true;
}

static void forget_note(struct workbench *bench, struct bench_host *bh)
{
    if (bh->is_noted)
        DL_DELETE(bench->noted, bh);
    bh->is_noted = false;
}

void workbench_touch(struct workbench *bench, struct bench_host *bh)
{
    bh->touched = true;
    note(bench, bh);
}

static bool is_long(const struct bench_host *bh)
{
    return bh->taken >= BENCH_LONG_URLS && !bh->yields;
}

void workbench_visit_began(struct workbench *bench, struct bench_host *bh)
{
    bench->long_count -= is_long(bh);
    bh->visits++;
    bh->taken++;
    bench->long_count += is_long(bh);
}

void workbench_visit_ended(struct workbench *bench, struct bench_host *bh)
{
    bh->visits--;
    note(bench, bh);
}

/* Of a host that stands in no table. */
static void release_host(struct workbench *bench, struct bench_host *bh)
{
    if (bh->host != NULL)
        engine_drop_host(bench->crawl->engine, bh->host);
    budgets_drop(bench->crawl->sentry.budgets, bh->budget);
    dicts_forget(&bench->crawl->engine->dicts, &bh->dict);
    free(bh->name);
    free(bh);
}

static void free_host(struct workbench *bench, struct bench_host *bh)
{
    assert(bh->visits == 0);
    bench->long_count -= is_long(bh);
    forget_note(bench, bh);
    HASH_DEL(bench->table, bh);
    release_host(bench, bh);
}

void workbench_release(struct workbench *bench)
{
    struct bench_host *bh, *next;
    HASH_ITER (hh, bench->table, bh, next)
        free_host(bench, bh);
    free(bench->wanted);
    free(bench->idle);
    free(bench->clocks);
    free(bench->looked_at);
    bench->wanted = bench->idle = NULL;
    bench->clocks = NULL;
    bench->looked_at = NULL;
}

struct bench_host *workbench_find(struct workbench *bench, struct str name)
{
    struct bench_host *bh;
    HASH_FIND(hh, bench->table, name.ptr, name.len, bh);
    return bh;
}

/* ---- how much to hold ---- */

/* Enough to keep all connections busy with hosts that answer at once. */
static unsigned usual_hosts(const struct workbench *bench)
{
    return 2 * bench->crawl->engine->connections + 64;
}

static unsigned usual_visits(const struct workbench *bench)
{
    return 4 * bench->crawl->engine->connections + 1024;
}

/* Those held cannot keep all connections busy, and it is not the writer that holds them back: they
 * wait for their clocks. */
static bool leaves_connections_unused(const struct workbench *bench)
{
    struct hosts_status status;
    hosts_status(bench->crawl->engine->hosts, &status);
    return status.running < bench->crawl->engine->connections &&
           crawl_may_fetch(bench->crawl, true);
}

static unsigned room_for_hosts(const struct workbench *bench)
{
    unsigned held = HASH_COUNT(bench->table), usual = usual_hosts(bench);
    bool are_unused = leaves_connections_unused(bench);
    if (held < usual && (are_unused || bench->crawl->visit_count < usual_visits(bench)))
        return usual - held;
    if (are_unused && held < BENCH_HOSTS_MAX)
        return MIN(usual, BENCH_HOSTS_MAX - held);
    return 0;
}

/* How many visits of one host to hold: its share, and enough to keep its slots busy; few where many
 * hosts wait for their clocks. */
static unsigned share_of_a_host(const struct workbench *bench, unsigned room)
{
    unsigned held = HASH_COUNT(bench->table);
    if (held + room > usual_hosts(bench))
        return BENCH_FEW_VISITS;
    return MAX(usual_visits(bench) / (held + 1), 2 * bench->per_host + 2);
}

static bool make_room(struct workbench *bench)
{
    size_t need = HASH_COUNT(bench->table);
    if (need <= bench->cap)
        return true;
    size_t cap = MAX(need, bench->cap * 2);
    struct str *wanted = realloc(bench->wanted, cap * sizeof *wanted);
    bench->wanted = wanted != NULL ? wanted : bench->wanted;
    struct str *idle = realloc(bench->idle, cap * sizeof *idle);
    bench->idle = idle != NULL ? idle : bench->idle;
    struct store_host *clocks = realloc(bench->clocks, cap * sizeof *clocks);
    bench->clocks = clocks != NULL ? clocks : bench->clocks;
    struct bench_host **looked_at = realloc(bench->looked_at, cap * sizeof(struct bench_host *));
    bench->looked_at = looked_at != NULL ? looked_at : bench->looked_at;
    if (wanted == NULL || idle == NULL || clocks == NULL || looked_at == NULL)
        return false;
    bench->cap = cap;
    return true;
}

/* ---- before a batch ---- */

static struct store_host clock_of(const struct bench_host *bh)
{
    struct store_host clock = hostclock_read(bh->host, str_of(bh->name));
    clock.robots_status = bh->robots_status;
    clock.robots_unix_ms = bh->robots_unix_ms;
    return clock;
}

static void store_clock(struct bench_host *bh, struct store_batch *batch, struct store_host *to)
{
    *to = clock_of(bh);
    batch->host_count++;
    bh->rests |= to->backoff_until_unix_ms > clock_unix_ms() + BENCH_REST_MS;
    bh->touched = false;
}

/* Places are short, and hosts with long queues hold most of them. */
static void choose_to_yield(struct workbench *bench, struct bench_host *bh, unsigned room)
{
    if (room > 0 || !bench->others_wait || !is_long(bh) ||
        bench->long_count <= HASH_COUNT(bench->table) / 4 * 3)
        return;
    bh->yields = true;
    bench->long_count--;
}

/* What is left to do in this batch with a host to which something happened. */
static void look_at(struct workbench *bench, struct bench_host *bh, struct store_batch *batch,
                    unsigned room)
{
    forget_note(bench, bh);
    if (bh->touched)
        store_clock(bh, batch, &bench->clocks[batch->host_count]);
    choose_to_yield(bench, bh, room);
    bool goes = bh->rests || bh->yields;
    bh->idle |= goes && bh->visits == 0;
    bh->asked = batch->want.urls_per_host > 0 && !goes && !bh->idle &&
                bh->visits < MAX(batch->want.urls_per_host / 2, BENCH_FEW_VISITS);
    if (bh->idle)
        bench->idle[batch->idle_host_count++] = str_of(bh->name);
    if (bh->asked)
        bench->wanted[batch->want.host_count++] = str_of(bh->name);
    bench->looked_at[bench->looked_count++] = bh;
}

void workbench_prepare(struct workbench *bench, struct store_batch *batch, bool refill)
{
    bench->looked_count = 0;
    if (!make_room(bench))
        return; /* this batch asks for nothing and gives nothing back; the next one may */
    unsigned room = room_for_hosts(bench);
    batch->hosts = bench->clocks;
    batch->idle_hosts = bench->idle;
    batch->want.hosts = bench->wanted;
    batch->want.urls_per_host = refill ? share_of_a_host(bench, room) : 0;
    batch->want.urls =
        MAX(usual_visits(bench), bench->crawl->visit_count + 1) - bench->crawl->visit_count;
    batch->want.new_hosts = refill ? room : 0;
    while (bench->noted != NULL)
        look_at(bench, bench->noted, batch, room);
}

/* ---- after it ---- */

static struct bench_host *add_host(struct workbench *bench, const struct store_host *stored)
{
    struct bench_host *bh = calloc(1, sizeof *bh);
    if (bh == NULL)
        return NULL;
    bh->name = str_dup(stored->host);
    bh->host = hosts_get(bench->crawl->engine->hosts, stored->host, &bench->crawl->policy);
    bh->budget = budgets_hold(bench->crawl->sentry.budgets, &stored->stored);
    if (bh->name == NULL || bh->host == NULL || bh->budget == NULL) {
        release_host(bench, bh);
        return NULL;
    }
    bh->robots_status = stored->robots_status;
    bh->robots_unix_ms = stored->robots_unix_ms;
    hostclock_restore(bench->crawl->engine, bh->host, &bench->crawl->policy, stored);
    HASH_ADD_KEYPTR(hh, bench->table, bh->name, strlen(bh->name), bh);
    if (table_took(bh))
        return bh;
    release_host(bench, bh);
    return NULL;
}

/* It has work again, even one that goes back in this very batch. */
static void stay(struct bench_host *bh)
{
    if (bh->idle)
        bh->rests = bh->yields = false, bh->taken = 0;
    bh->idle = bh->asked = false;
}

/* Hosts that went back are forgotten; those that asked in vain and hold nothing go back next, and
 * so do those that rest: what they hold waits better in the database. */
static void settle_hosts(struct workbench *bench)
{
    bench->leaving = 0;
    for (size_t i = 0; i < bench->looked_count; i++) {
        struct bench_host *bh = bench->looked_at[i];
        if (bh->idle && bh->visits == 0) {
            free_host(bench, bh);
            bench->leaving++;
            continue;
        }
        if (bh->rests && bh->visits > 0)
            visits_return(bench->crawl, bh);
        bh->idle = bh->visits == 0 && (bh->asked || bh->rests || bh->yields);
        bh->asked = false;
        bench->leaving += bh->idle;
        if (bh->idle)
            note(bench, bh);
    }
    bench->looked_count = 0;
}

/* It holds less than it might. */
static bool is_hungry(const struct workbench *bench, const struct bench_host *bh)
{
    bool goes = bh->rests || bh->yields || bh->idle;
    unsigned share = share_of_a_host(bench, 0);
    return !goes && bh->visits < MAX(share / 2, BENCH_FEW_VISITS);
}

/* Hosts for which more was queued than they hold: the next batch must ask for it, and nothing of
 * their own may come to bring that batch. Not those that this batch has asked for in vain: what
 * they have waits for a time. */
static bool note_fed(struct workbench *bench, const struct store_reply *reply)
{
    bool are_hungry = false;
    for (size_t i = 0; i < reply->fed_count; i++) {
        struct bench_host *bh = workbench_find(bench, reply->fed[i]);
        if (bh == NULL || bh->asked || !is_hungry(bench, bh))
            continue;
        note(bench, bh);
        are_hungry = true;
    }
    return are_hungry;
}

void workbench_look_again(struct workbench *bench)
{
    struct bench_host *bh, *next;
    HASH_ITER (hh, bench->table, bh, next) {
        if (is_hungry(bench, bh))
            note(bench, bh);
    }
}

enum cw_err workbench_take(struct workbench *bench, const struct store_reply *reply)
{
    struct bench_host *bh = NULL;
    sentry_take(&bench->crawl->sentry, reply);
    bench->others_wait = reply->hosts_wait;
    for (size_t i = 0; i < reply->lease_count; i++) {
        const struct store_lease *lease = &reply->leases[i];
        const struct store_host *stored = &reply->hosts[lease->host];
        if (bh == NULL || !str_eq(str_of(bh->name), stored->host))
            bh = workbench_find(bench, stored->host);
        if (bh == NULL && (bh = add_host(bench, stored)) == NULL)
            return CW_ENOMEM;
        stay(bh);
        enum cw_err err = visit_start(bench->crawl, bh, lease);
        if (err != CW_OK)
            return err;
    }
    bool are_hungry = note_fed(bench, reply);
    settle_hosts(bench);
    if (are_hungry ||
        (bench->others_wait && room_for_hosts(bench) > 0)) /* nothing may bring them */
        sink_flush(bench->crawl->sink);
    return CW_OK;
}
