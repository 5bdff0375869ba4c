#include "crawler/engine/workbench.h"

#include <assert.h>

#include "crawler/engine/crawl_p.h"
#include "crawler/engine/hostclock.h"
#include "crawler/engine/visit.h"

void workbench_init(struct workbench *bench, struct crawl *crawl, unsigned connections,
                    unsigned per_host)
{
    *bench = (struct workbench){
        .crawl = crawl,
        .max_visits = 4 * connections + 1024,
        .max_hosts = 2 * connections + 64,
        .per_host = per_host,
    };
}

/* Of a host that stands in no table. */
static void release_host(struct workbench *bench, struct bench_host *bh)
{
    if (bh->host != NULL)
        engine_drop_host(bench->crawl->engine, bh->host);
    budgets_drop(bench->crawl->sentry.budgets, bh->budget);
    free(bh->name);
    free(bh);
}

static void free_host(struct workbench *bench, struct bench_host *bh)
{
    assert(bh->visits == 0);
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
    bench->wanted = bench->idle = NULL;
    bench->clocks = NULL;
}

struct bench_host *workbench_find(struct workbench *bench, struct str name)
{
    struct bench_host *bh;
    HASH_FIND(hh, bench->table, name.ptr, name.len, bh);
    return bh;
}

/* How many visits of one host to hold: its share, and enough to keep its slots busy. */
static unsigned share_of_a_host(const struct workbench *bench)
{
    unsigned share = bench->max_visits / (HASH_COUNT(bench->table) + 1);
    return MAX(share, 2 * bench->per_host + 2);
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
    if (wanted == NULL || idle == NULL || clocks == NULL)
        return false;
    bench->cap = cap;
    return true;
}

static struct store_host clock_of(const struct bench_host *bh)
{
    struct store_host clock = hostclock_read(bh->host, str_of(bh->name));
    clock.robots_status = bh->robots_status;
    clock.robots_unix_ms = bh->robots_unix_ms;
    return clock;
}

void workbench_prepare(struct workbench *bench, struct store_batch *batch, bool refill)
{
    struct bench_host *bh, *next;
    unsigned share = share_of_a_host(bench);
    size_t wanted = 0, idle = 0, clocks = 0;
    if (!make_room(bench)) {
        HASH_ITER (hh, bench->table, bh, next)
            bh->asked = bh->idle = false;
        return; /* this batch asks for nothing and gives nothing back; the next one may */
    }
    HASH_ITER (hh, bench->table, bh, next) {
        if (bh->touched)
            bench->clocks[clocks++] = clock_of(bh);
        bh->touched = false;
        if (bh->idle)
            bench->idle[idle++] = str_of(bh->name);
        bh->asked = refill && !bh->idle && bh->visits < share / 2;
        if (bh->asked)
            bench->wanted[wanted++] = str_of(bh->name);
    }
    batch->hosts = bench->clocks;
    batch->host_count = clocks;
    batch->idle_hosts = bench->idle;
    batch->idle_host_count = idle;
    batch->want.hosts = bench->wanted;
    batch->want.host_count = wanted;
    batch->want.urls_per_host = share;
    if (refill && bench->crawl->visit_count < bench->max_visits)
        batch->want.new_hosts = bench->max_hosts - MIN(bench->max_hosts, HASH_COUNT(bench->table));
}

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

/* Hosts that went back are forgotten; those that asked in vain and hold nothing go back next. */
static void settle_hosts(struct workbench *bench)
{
    struct bench_host *bh, *next;
    bench->leaving = 0;
    HASH_ITER (hh, bench->table, bh, next) {
        if (bh->idle && bh->visits == 0) {
            free_host(bench, bh);
            bench->leaving++;
        } else if ((bh->idle = bh->asked && bh->visits == 0)) {
            bench->leaving++;
        }
    }
}

enum cw_err workbench_take(struct workbench *bench, const struct store_reply *reply)
{
    struct bench_host *bh = NULL;
    sentry_take(&bench->crawl->sentry, reply);
    for (size_t i = 0; i < reply->lease_count; i++) {
        const struct store_lease *lease = &reply->leases[i];
        const struct store_host *stored = &reply->hosts[lease->host];
        if (bh == NULL || !str_eq(str_of(bh->name), stored->host))
            bh = workbench_find(bench, stored->host);
        if (bh == NULL && (bh = add_host(bench, stored)) == NULL)
            return CW_ENOMEM;
        bh->idle = bh->asked = false; /* it has work, even one that went back in this very batch */
        enum cw_err err = visit_start(bench->crawl, bh, lease);
        if (err != CW_OK)
            return err;
    }
    settle_hosts(bench);
    return CW_OK;
}
