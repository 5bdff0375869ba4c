/* web_sim: a crawl of a synthetic web in virtual time, with a referee at the servers' side.
 *
 *   sim_web [--hosts N] [--days N] [--seed N] [--active N] [--connections N] [--budget N]
 *
 * The web has --hosts hosts [20,000], of which --active [5,000] are crawled at once over
 * --connections [128], for --days [0.2] of virtual time, at most --budget [20,000] pages of one.
 * A week in which the largest host and the traps never end (20 million requests, half a minute of
 * CPU): `--days 7 --connections 512 --budget 1000000`. A million hosts (12 million requests, 50,000
 * hosts at once): `--hosts 1000000 --active 50000 --connections 2048 --days 7 --budget 2000`.
 *
 * Fails when the referee saw one request too many or too soon, when a page that was found is not
 * exactly one of queued, done, failed, excluded, when an active host waited longer for its first
 * turn than all those before it in line could hold it up, or when the same seed did not give the
 * same trace. Long runs (over a day) are not run twice. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "tests/sim/support/crawler.h"

struct options {
    struct crawler_options crawl;
    double days;
};

static bool check(bool is_true, const char *promise)
{
    if (!is_true)
        printf("FAILED: %s\n", promise);
    return is_true;
}

/* Those before it in line have one turn each, as many at once as there are connections; at its
 * address, slots there. Four times the average answer for each, and a time-out. */
static int64_t longest_fair_wait_us(const struct crawler *k)
{
    int64_t turns = 1 + k->options.active / k->options.connections +
                    k->counts.most_at_address / k->limits.per_address;
    return 4 * turns * (k->counts.answer_us / (int64_t)k->counts.requests) + 30 * SECOND_US;
}

static bool judge(const struct crawler *k)
{
    const struct crawler_counts *n = &k->counts;
    const struct referee *r = &k->referee;
    uint64_t queued = crawler_queued(k);
    printf("pages: %" PRIu64 " found = %" PRIu64 " queued + %" PRIu64 " done + %" PRIu64
           " failed + %" PRIu64 " excluded; %" PRIu64 " hosts finished, %u active, %u wait\n",
           n->found, queued, n->done, n->failed, n->excluded, n->finished_hosts, k->active,
           k->waiting_count);
    printf("requests: %" PRIu64 ", %.2f %% refused, %.2f %% lost; violations: %" PRIu64
           " slots, %" PRIu64 " pauses, %" PRIu64 " rests, %" PRIu64 " address, %" PRIu64
           " connections\n",
           n->requests, 100.0 * (double)n->refused / (double)n->requests,
           100.0 * (double)n->lost / (double)n->requests, r->slots, r->pauses, r->rests,
           r->addresses, r->connections);
    printf("longest wait for a first turn: %.1f s of %.0f s that are fair\n",
           (double)n->longest_wait_us / 1e6, (double)longest_fair_wait_us(k) / 1e6);
    bool is_fine = check(referee_violations(r) == 0, "nobody gets more than was promised");
    is_fine &= check(r->starts == n->requests && n->done > 0, "the referee saw every request");
    is_fine &= check(n->found == queued + n->done + n->failed + n->excluded, "no page vanishes");
    is_fine &= check(n->longest_wait_us <= longest_fair_wait_us(k), "nobody starves");
    return is_fine;
}

static void print_cost(const struct crawler *k, double cpu_s)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    printf("%.2f days in %.1f s of CPU: %.2f million events, %.2f million a second; %ld MB\n",
           (double)k->agenda.now_us / (double)DAY_US, cpu_s, (double)k->agenda.happened / 1e6,
           (double)k->agenda.happened / 1e6 / cpu_s, usage.ru_maxrss / 1024);
}

static bool run(const struct options *o, uint64_t seed, uint64_t *ret_hash)
{
    struct crawler k;
    struct crawler_options crawl = o->crawl;
    clock_t begin = clock();
    crawl.seed = seed;
    crawler_init(&k, &crawl);
    crawler_run(&k, (int64_t)(o->days * (double)DAY_US));
    printf("seed %" PRIu64 ", trace %016" PRIx64 "\n", seed, k.trace.hash);
    bool is_fine = judge(&k);
    print_cost(&k, (double)(clock() - begin) / CLOCKS_PER_SEC);
    *ret_hash = k.trace.hash;
    crawler_release(&k);
    return is_fine;
}

static bool read_options(int argc, char **argv, struct options *o)
{
    *o = (struct options){.crawl = {.seed = 1,
                                    .hosts = 20000,
                                    .active = 5000,
                                    .seeds = 3000,
                                    .connections = 128,
                                    .pages_per_host = 20000},
                          .days = 0.2};
    for (int i = 1; i < argc; i += 2) {
        double value = i + 1 < argc ? strtod(argv[i + 1], NULL) : 0;
        if (value <= 0)
            return false;
        if (strcmp(argv[i], "--days") == 0)
            o->days = value;
        else if (strcmp(argv[i], "--seed") == 0)
            o->crawl.seed = (uint64_t)value;
        else if (strcmp(argv[i], "--hosts") == 0)
            o->crawl.hosts = (uint32_t)value;
        else if (strcmp(argv[i], "--active") == 0)
            o->crawl.active = (uint32_t)value;
        else if (strcmp(argv[i], "--connections") == 0)
            o->crawl.connections = (unsigned)value;
        else if (strcmp(argv[i], "--budget") == 0)
            o->crawl.pages_per_host = (uint32_t)value;
        else
            return false;
    }
    return true;
}

int main(int argc, char **argv)
{
    struct options o;
    uint64_t first, again, other;
    if (!read_options(argc, argv, &o)) {
        (void)fprintf(stderr, "see the head of web_sim.c\n");
        return 2;
    }
    bool is_fine = run(&o, o.crawl.seed, &first);
    if (o.days <= 1) {
        is_fine &= run(&o, o.crawl.seed, &again);
        is_fine &= check(first == again, "same seed, same trace");
        o.days /= 10;
        is_fine &= run(&o, o.crawl.seed + 1, &other);
        is_fine &= check(first != other, "another seed, another trace");
    }
    return !is_fine;
}
