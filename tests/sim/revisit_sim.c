/* revisit_sim: how fresh a crawl's pages are, when all schedules may make the same number of
 * requests.
 *
 *   sim_revisit [--pages N] [--rounds N] [--seeds N]
 *
 * A world is N pages [4,000], each changing as a Poisson process with a rate of its own, and
 * requests for one visit of each page in 30 days on average (Nutch's own default interval), for
 * --rounds [30] times as long. All schedules make the same first round. `fresh` is the share of the
 * time during which what the crawl holds is what the page says, over all pages, from the end of
 * that round on; `late`, over the second half: what a schedule comes to when it has learned.
 *   uniform   every page in turn
 *   Nutch     AdaptiveFetchSchedule: interval x0.8 when changed, x1.4 when not, 60 s to a year,
 *             from the mean interval on; the earliest due first, before its time when nothing is
 *             due, so that it uses the whole budget. `+LM`: with sync_delta, its way to use
 *             Last-Modified
 *   ours      frontier/revisit, its budget enforced: never before the time, so some lapses unused
 *   oracle    ours, told the true rates
 * Fails unless ours is fresher than the better of Nutch's two and than uniform by what the table of
 * worlds asks: 15 % each where requests are scarce. Where they are plenty, or all pages alike, not
 * even the oracle gains so much over uniform, and ours must not lose much by learning. Fails, too,
 * when a page waits longer than the promised longest interval, more requests were made than
 * allowed, or two runs of one seed differ in their trace. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crawler/base/heap.h"
#include "crawler/base/util.h"
#include "crawler/frontier/revisit.h"
#include "tests/sim/support/chance.h"
#include "tests/sim/support/trace.h"

#define DAY_MS 86400000.0
enum { MEAN_DAYS = 30, EPOCH_MS = 1000000000 };

enum spread { LOGNORMAL, PARETO, SURVEY, NEWS, ALIKE };

static const struct world {
    const char *name;
    enum spread spread;
    double days;                 /* between changes: the median, or the longest of PARETO */
    double sigma;                /* LOGNORMAL: of the logarithm; PARETO: its exponent */
    double honest, lying;        /* shares of the pages whose Last-Modified is right, and is not */
    double on_nutch, on_uniform; /* what must be gained at least */
} worlds[] = {
    {"lognormal 1.5, 12 h", LOGNORMAL, 0.5, 1.5, 0.5, 0.1, 0.15, 0.15},
    {"lognormal 1.5, 1 day", LOGNORMAL, 1, 1.5, 0.5, 0.1, 0.15, 0.15},
    {"lognormal 2, 1 day", LOGNORMAL, 1, 2, 0.5, 0.1, 0.15, 0.15},
    {"lognormal 2, no dates", LOGNORMAL, 1, 2, 0, 0, 0.15, 0.15},
    {"lognormal 2, all lie", LOGNORMAL, 1, 2, 0, 1, 0.15, 0.15},
    {"lognormal 2.5, 12 h", LOGNORMAL, 0.5, 2.5, 0.5, 0.1, 0.15, 0.15},
    {"lognormal 2, 10 days", LOGNORMAL, 10, 2, 0.5, 0.1, 0.08, 0.04},
    {"power law 0.3, 50 days", PARETO, 50, 0.3, 0.5, 0.1, 0.15, 0.15},
    {"power law 0.4, 400 days", PARETO, 400, 0.4, 0.5, 0.1, 0.08, 0},
    {"power law 0.8, 100 days", PARETO, 100, 0.8, 0.5, 0.1, 0.05, -0.02},
    {"survey of 2000", SURVEY, 0, 0, 0.5, 0.1, 0.08, 0.04},
    {"news and archive", NEWS, 0, 0, 0.5, 0.1, 0.15, -0.01},
    {"all alike", ALIKE, 30, 0, 0.5, 0.1, 0, -0.03},
};

enum schedule { UNIFORM, NUTCH, NUTCH_LM, OURS, ORACLE, SCHEDULES };
static const char *const names[SCHEDULES] = {"uniform", "Nutch", "Nutch+LM", "ours", "oracle"};

enum dates { NONE, HONEST, NOW, OLD }; /* what Last-Modified says */

struct leaf {
    struct heap_item due; /* key: when */
    double mean_ms;       /* between changes */
    enum dates dates;
    struct chance chance;
    double visited_ms, changes_ms; /* last visit; the first change after it */
    double modified_ms;            /* the last change before that visit */
    double longest_ms;             /* between two visits */
    double interval_ms;            /* Nutch's */
    double known_ms;               /* Nutch's: when it changed, as far as it knows */
    struct page_history history;
};

struct figures {
    double fresh, late, longest_days;
    int64_t requests;
    uint64_t trace;
};

struct run {
    const struct world *world;
    enum schedule schedule;
    struct leaf *pages;
    size_t count;
    double start_ms, half_ms, end_ms; /* of what is measured */
    double fresh_ms, late_ms;
    struct heap heap;
    struct revisit_budget budget;
    struct trace trace;
    int64_t requests;
};

/* ---- the world ---- */

/* Cho & Garcia-Molina, "The evolution of the web", VLDB 2000: of 720,000 pages so many changed
 * every day or oftener, within a week, a month, four months, and not at all. */
static double draw_survey_days(struct chance *c)
{
    double u = chance_unit(c), within = chance_unit(c);
    if (u < 0.23)
        return 0.05 + 0.95 * within;
    if (u < 0.38)
        return 1 + 6 * within;
    if (u < 0.54)
        return 7 + 23 * within;
    if (u < 0.70)
        return 30 + 90 * within;
    return 120 + 1000 * within;
}

static double draw_days(const struct world *world, struct chance *c)
{
    switch (world->spread) {
    case LOGNORMAL:
        return chance_lognormal(c, world->days * exp(world->sigma * world->sigma / 2),
                                world->sigma);
    case PARETO: return MAX(world->days * pow(chance_unit(c), 1 / world->sigma), 0.01);
    case SURVEY: return draw_survey_days(c);
    case NEWS: return chance_happens(c, 0.3) ? 0.1 + chance_unit(c) : 30 + 335 * chance_unit(c);
    case ALIKE: return world->days;
    }
    return world->days;
}

static enum dates draw_dates(const struct world *world, struct chance *c)
{
    double u = chance_unit(c);
    if (u <= world->honest)
        return HONEST;
    if (u > world->honest + world->lying)
        return NONE;
    return chance_happens(c, 0.5) ? NOW : OLD;
}

static void make_page(const struct world *world, struct leaf *p, struct chance c)
{
    p->mean_ms = draw_days(world, &c) * DAY_MS;
    p->dates = draw_dates(world, &c);
    p->chance = c;
}

/* ---- what is measured ---- */

static double overlap(double from, double to, double first, double last)
{
    return MAX(MIN(to, last) - MAX(from, first), 0);
}

static void measure(struct run *run, const struct leaf *p, double now_ms)
{
    double stale_ms = MIN(p->changes_ms, now_ms);
    run->fresh_ms += overlap(p->visited_ms, stale_ms, run->start_ms, run->end_ms);
    run->late_ms += overlap(p->visited_ms, stale_ms, run->half_ms, run->end_ms);
}

/* ---- one visit ---- */

/* Changes since the last visit: the first of them is known; the age of the last one follows from
 * it, for what lies between is a Poisson process, too. */
static bool has_changed(struct leaf *p, double now_ms)
{
    if (p->changes_ms > now_ms)
        return false;
    double age_ms = chance_exponential(&p->chance, p->mean_ms);
    p->modified_ms = MAX(now_ms - age_ms, p->changes_ms);
    return true;
}

static int64_t last_modified(const struct leaf *p, double now_ms)
{
    switch (p->dates) {
    case NONE: return -1;
    case HONEST: return (int64_t)p->modified_ms / 1000 * 1000;
    case NOW: return (int64_t)now_ms / 1000 * 1000;
    case OLD: return EPOCH_MS / 2;
    }
    return -1;
}

/* Apache Nutch 1.x, AdaptiveFetchSchedule.setFetchSchedule(), with its defaults. */
static double plan_nutch(struct leaf *p, bool changed, double now_ms, int64_t modified_ms,
                         bool with_dates)
{
    const double inc = 0.4, dec = 0.2, sync_rate = 0.3, min_ms = 60000, max_ms = 365 * DAY_MS;
    double from_ms = now_ms;
    if (changed)
        p->known_ms = modified_ms >= 0 ? (double)modified_ms : now_ms;
    p->interval_ms *= changed ? 1 - dec : 1 + inc;
    if (with_dates) {
        double delta_ms = now_ms - p->known_ms;
        p->interval_ms = MAX(p->interval_ms, delta_ms);
        from_ms -= delta_ms * sync_rate;
    }
    p->interval_ms = MIN(MAX(p->interval_ms, min_ms), max_ms);
    return from_ms + p->interval_ms;
}

static double plan_ours(struct run *run, struct leaf *p, bool changed, int64_t now_ms,
                        int64_t modified_ms)
{
    const struct revisit_evidence evidence = {
        .find = changed ? REVISIT_CHANGED : REVISIT_UNCHANGED,
        .now_ms = now_ms,
        .modified_ms = modified_ms,
    };
    if (run->schedule == OURS)
        revisit_learn(&p->history, &evidence);
    return (double)revisit_budget_plan(&run->budget, &p->history, p - run->pages, now_ms);
}

static double plan(struct run *run, struct leaf *p, bool changed, double now_ms)
{
    int64_t modified_ms = last_modified(p, now_ms);
    switch (run->schedule) {
    case UNIFORM: return now_ms + MEAN_DAYS * DAY_MS;
    case NUTCH: return plan_nutch(p, changed, now_ms, -1, false);
    case NUTCH_LM: return plan_nutch(p, changed, now_ms, modified_ms, true);
    default: return plan_ours(run, p, changed, (int64_t)now_ms, modified_ms);
    }
}

static void visit(struct run *run, struct leaf *p, double now_ms)
{
    bool is_first = p->visited_ms == 0;
    if (is_first)
        p->modified_ms = now_ms - chance_exponential(&p->chance, p->mean_ms);
    else
        measure(run, p, now_ms);
    bool changed = is_first || has_changed(p, now_ms);
    p->longest_ms = is_first ? 0 : MAX(p->longest_ms, now_ms - p->visited_ms);
    p->visited_ms = now_ms;
    p->changes_ms = now_ms + chance_exponential(&p->chance, p->mean_ms);
    run->requests++;
    trace_note(&run->trace, changed, (uint64_t)(p - run->pages), (int64_t)now_ms);
    heap_remove(&run->heap, &p->due);
    if (heap_push(&run->heap, &p->due, (int64_t)plan(run, p, changed, now_ms)) != CW_OK)
        abort();
}

/* ---- a run ---- */

static struct leaf *first_due(const struct run *run)
{
    return CONTAINER_OF(heap_first(&run->heap), struct leaf, due);
}

/* One request's time has come. */
static void take_slot(struct run *run, double now_ms)
{
    if (run->schedule < OURS) {
        visit(run, first_due(run), now_ms);
        return;
    }
    size_t allowed = revisit_budget_allows(&run->budget, (int64_t)now_ms);
    for (; allowed > 0 && first_due(run)->due.key <= (int64_t)now_ms; allowed--) {
        revisit_budget_take(&run->budget, 1);
        visit(run, first_due(run), now_ms);
    }
}

static void begin_page(struct run *run, struct leaf *p)
{
    p->interval_ms = MEAN_DAYS * DAY_MS;
    revisit_begin(&p->history);
    if (run->schedule == ORACLE) {
        p->history.changes = 1e6;
        p->history.exposure_ms = 1e6 * p->mean_ms;
    }
}

static struct figures run_schedule(const struct world *world, enum schedule schedule, size_t count,
                                   int rounds, uint64_t seed)
{
    double slot_ms = MEAN_DAYS * DAY_MS / (double)count;
    struct run run = {
        .world = world,
        .schedule = schedule,
        .pages = calloc(count, sizeof *run.pages),
        .count = count,
        .start_ms = EPOCH_MS + MEAN_DAYS * DAY_MS,
        .half_ms = EPOCH_MS + MEAN_DAYS * DAY_MS * (1 + rounds / 2.0),
        .end_ms = EPOCH_MS + MEAN_DAYS * DAY_MS * (1 + rounds),
        .trace = TRACE_INIT,
    };
    if (run.pages == NULL)
        abort();
    revisit_budget_init(&run.budget, (int64_t)(count / MEAN_DAYS), EPOCH_MS);
    for (size_t i = 0; i < count; i++) {
        make_page(world, &run.pages[i], chance_of(seed, world - worlds, i));
        begin_page(&run, &run.pages[i]);
        visit(&run, &run.pages[i], EPOCH_MS + slot_ms * (double)i);
    }
    run.budget.saved_ms = (int64_t)run.start_ms;
    run.budget.saved = 0;
    for (size_t i = 0; i < count * (size_t)rounds; i++)
        take_slot(&run, run.start_ms + slot_ms * (double)i);

    struct figures f = {.requests = run.requests, .trace = run.trace.hash};
    for (size_t i = 0; i < count; i++) {
        const struct leaf *p = &run.pages[i];
        measure(&run, p, run.end_ms);
        f.longest_days =
            MAX(f.longest_days, MAX(p->longest_ms, run.end_ms - p->visited_ms) / DAY_MS);
    }
    f.fresh = run.fresh_ms / (double)count / (run.end_ms - run.start_ms);
    f.late = run.late_ms / (double)count / (run.end_ms - run.half_ms);
    heap_release(&run.heap);
    free(run.pages);
    return f;
}

/* ---- the table ---- */

static bool fails(bool broken, const struct world *world, const char *what)
{
    if (broken)
        printf("FAILED: %s: %s\n", world->name, what);
    return broken;
}

static bool judge(const struct world *world, const struct figures *f)
{
    double nutch = MAX(f[NUTCH].fresh, f[NUTCH_LM].fresh);
    double promised = REVISIT_PATIENCE * MEAN_DAYS * 1.1; /* and the wait for a request */
    bool failed = false;
    failed |= fails(f[OURS].fresh < nutch * (1 + world->on_nutch), world, "too little above Nutch");
    failed |= fails(f[OURS].fresh < f[UNIFORM].fresh * (1 + world->on_uniform), world,
                    "too little above uniform");
    failed |= fails(f[OURS].longest_days > promised, world, "a page starved");
    failed |= fails(f[OURS].requests > f[UNIFORM].requests, world, "more requests than allowed");
    return failed;
}

static bool run_world(const struct world *world, size_t count, int rounds, uint64_t seed)
{
    struct figures f[SCHEDULES];
    for (int s = 0; s < SCHEDULES; s++) {
        f[s] = run_schedule(world, s, count, rounds, seed);
        printf("%-24s %-9s %6.3f %6.3f %10" PRId64 " %8.1f  %016" PRIx64 "\n",
               s == 0 ? world->name : "", names[s], f[s].fresh, f[s].late, f[s].requests,
               f[s].longest_days, f[s].trace);
    }
    printf("%-24s ours to uniform %+.1f %%, to Nutch %+.1f %%, to Nutch+LM %+.1f %%\n", "",
           100 * (f[OURS].fresh / f[UNIFORM].fresh - 1), 100 * (f[OURS].fresh / f[NUTCH].fresh - 1),
           100 * (f[OURS].fresh / f[NUTCH_LM].fresh - 1));
    return judge(world, f);
}

int main(int argc, char **argv)
{
    long pages = 4000, rounds = 30, seeds = 1;
    for (int i = 1; i + 1 < argc; i += 2) {
        pages = strcmp(argv[i], "--pages") == 0 ? strtol(argv[i + 1], NULL, 10) : pages;
        rounds = strcmp(argv[i], "--rounds") == 0 ? strtol(argv[i + 1], NULL, 10) : rounds;
        seeds = strcmp(argv[i], "--seeds") == 0 ? strtol(argv[i + 1], NULL, 10) : seeds;
    }
    bool failed = false;
    for (long seed = 1; seed <= seeds; seed++) {
        printf("seed %ld: %ld pages, %ld rounds of %d days\n", seed, pages, rounds, MEAN_DAYS);
        printf("%-24s %-9s %6s %6s %10s %8s  %s\n", "world", "schedule", "fresh", "late",
               "requests", "longest", "trace");
        for (size_t i = 0; i < ARRAY_LEN(worlds); i++)
            failed |= run_world(&worlds[i], (size_t)pages, (int)rounds, (uint64_t)seed);
    }
    struct figures again[2];
    for (int i = 0; i < 2; i++)
        again[i] = run_schedule(&worlds[0], OURS, (size_t)pages, (int)rounds, 1);
    failed |= fails(again[0].trace != again[1].trace, &worlds[0], "two traces from one seed");
    return failed ? 1 : 0;
}
