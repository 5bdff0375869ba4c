#include "crawler/base/clock.h"
#include "storage/sqlite/lease.h"
#include "storage/sqlite/lessons.h"
#include "storage/sqlite/revisits.h"
#include "storage/sqlite/robots.h"
#include "storage/sqlite/store_p.h"
#include "storage/sqlite/survey.h"
#include "storage/sqlite/visits.h"

/* Ceilings of one reply. */
enum { NEW_HOSTS_MAX = 65536, REVISITS_MAX = 65536 };
#define REPLY_ARENA_MAX ((size_t)1 << 30)

static size_t count_hosts(const struct store_batch *b, size_t urls)
{
    return urls + b->outcome_count + b->attempt_count + b->host_count + b->robots_count +
           b->lesson_count + b->idle_host_count + b->want.host_count + b->want.new_hosts +
           b->want.revisits + 1;
}

static void collect_seeds(struct work *w, const struct store_batch *b, struct sightings *sightings)
{
    for (size_t i = 0; i < b->seed_count; i++) {
        const struct store_seed *seed = &b->seeds[i];
        struct host_row *host = work_host(w, seed->host);
        if (host == NULL)
            return;
        struct sighting met = {
            .url = seed->url,
            .host = host,
            .verdict = seed->verdict,
            .priority = seed->priority,
            .is_seed = true,
            .is_named = true,
        };
        (void)sightings_add(w, sightings, &met);
    }
}

static void collect_found(struct work *w, const struct store_batch *b, struct sightings *sightings)
{
    for (size_t i = 0; i < b->found_count; i++) {
        const struct store_found *found = &b->found[i];
        struct host_row *host = work_host(w, found->host);
        if (host == NULL)
            return;
        struct sighting met = {
            .url = found->url,
            .host = host,
            .verdict = found->verdict,
            .depth = found->depth,
            .priority = found->priority,
            .modified_unix_ms = found->modified_unix_ms,
        };
        sightings_add_news(w, sightings, &met, 1);
    }
}

static void store_clocks(struct work *w, const struct store_host *clocks, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct host_row *h = work_host(w, clocks[i].host);
        if (h == NULL)
            return;
        h->clock = clocks[i];
        h->clock.host = h->name;
        h->changed = true;
    }
}

static void apply(struct work *w, const struct store_batch *b)
{
    struct visit *visits = work_alloc(w, b->outcome_count, sizeof *visits);
    struct sightings sightings = {0};
    if (visits == NULL)
        return;
    collect_seeds(w, b, &sightings);
    collect_found(w, b, &sightings);
    visits_collect(w, b->outcomes, b->outcome_count, visits, &sightings);
    if (w->db->err != CW_OK)
        return;
    urls_resolve(w, &sightings);
    visits_store(w, visits, b->outcome_count);
    for (size_t i = 0; i < b->attempt_count; i++)
        visits_store_attempt(w, &b->attempts[i]);
    store_clocks(w, b->hosts, b->host_count);
    for (size_t i = 0; i < b->robots_count; i++)
        robots_store(w, &b->robots[i]);
    lessons_store(w, b->lessons, b->lesson_count);
    lease_return_hosts(w, b->idle_hosts, b->idle_host_count);
}

enum cw_err store_commit(struct store *store, const struct store_batch *batch,
                         struct store_reply *ret, struct errmsg *reterr_msg)
{
    struct work w;
    struct store_reply reply = {.arena = ARENA_INIT(REPLY_ARENA_MAX)};
    struct store_batch b = *batch;
    b.want.new_hosts = MIN(b.want.new_hosts, NEW_HOSTS_MAX);
    b.want.revisits = store->revisits ? MIN(b.want.revisits, REVISITS_MAX) : 0;
    int64_t now = b.want.now_unix_ms > 0 ? b.want.now_unix_ms : clock_unix_ms();
    size_t urls = b.seed_count + b.found_count + visits_count_urls(b.outcomes, b.outcome_count);

    if (store->log_bytes >= LOG_LONGEST_BYTES) /* nobody did it in time */
        store_checkpoint(store);
    work_begin(&w, &store->db, &store->totals, count_hosts(&b, urls), now);
    w.steady_base_ms = store->clocks.base_ms;
    clocks_tick(&w, &store->clocks);
    w.revisits = store->revisits;
    w.domain_of = store->domain_of;
    w.ids = store->ids;
    w.seen = store->seen;
    apply(&w, &b);
    reply.revisits = revisits_promote(&w, b.want.revisits);
    work_save_line(&w);
    lease_grant(&w, &b.want, &reply);
    lease_list_fed(&w, &reply);
    work_save_hosts(&w);
    reply.next_due_unix_ms = lease_next_due(&w);
    if (b.want.survey)
        survey_take(&w, &reply.arena, &reply.survey);
    reply.revisit_unix_ms = revisits_next_due(&w);
    enum cw_err err = work_end(&w, &store->totals, reterr_msg);
    if (err != CW_OK) {
        store_reply_release(&reply);
        return err;
    }
    store->clocks.last_unix_ms = now;
    reply.now_unix_ms = now;
    reply.queued = store->totals.queued;
    reply.active = store->totals.active;
    reply.pages = store->totals.pages;
    reply.seen = store->totals.seen;
    reply.is_young = store->is_young;
    reply.log_is_long = fold_is_due(store, now);
    reply.log_is_full = store->log_bytes >= LOG_LONGEST_BYTES;
    *ret = reply;
    return CW_OK;
}

void store_reply_release(struct store_reply *reply)
{
    arena_release(&reply->arena);
    free(reply->lessons);
    *reply = (struct store_reply){0};
}
