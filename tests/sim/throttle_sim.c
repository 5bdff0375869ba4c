/* throttle_sim: `--delay auto` in front of servers whose capacity nobody tells it, beside the
 * formulas of other crawlers on the same servers with the same slots.
 *
 *   sim_throttle [--requests N] [--days N] [--seed N] [--drawn N] [--only NAME] [--ours] [--watch]
 *
 * Each row is one kind of server and the slots that a crawler has there. `best/s` is what the
 * server could give within the slots (origin_capacity(), on average over the time), `use` the good
 * answers over that, `503` the part of the requests that was refused, `in` how many requests a
 * request found inside the server, itself included. A row runs for an hour of virtual time, or as
 * long as the server needs for --requests answers [20,000]; with --days, for so long. Where service
 * depends on the hour, a run sees all hours of a day. Fails when ours uses under 90 % of a capacity
 * or has more than 0.5 % of its requests refused, or when the same seed does not give the same
 * trace.
 *
 * --drawn adds servers that a generator makes up [60]: of these, nine in ten must be used to
 * 85 %, and none may refuse more than 0.5 %. --watch prints the delay as it goes. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/sim/support/agenda.h"
#include "tests/sim/support/client.h"
#include "tests/sim/support/trace.h"

static const struct row {
    struct origin_kind origin;
    unsigned slots;
} rows[] = {
    /* workers, queue, service_ms, noise, network_ms, thrash, rate, burst, strict, breath, retry */
    {{"blog, 4 workers", 4, 8, 120, 0.5, 20, 0.1, 0, 0, false, 0, -1}, 2},
    {{"blog by day and night", 4, 8, 120, 0.5, 20, 0.1, 0, 0, false, 3, -1}, 2},
    {{"slow CGI, 1 worker", 1, 4, 1500, 0.5, 20, 0.1, 0, 0, false, 0, -1}, 2},
    {{"one at a time, else 503", 1, 0, 200, 0.5, 5, 0, 0, 0, false, 0, -1}, 2},
    {{"1 worker of 8 s", 1, 1, 8000, 0.3, 40, 0.1, 0, 0, false, 0, -1}, 4},
    {{"3 workers, short queue", 3, 2, 90, 0.5, 5, 0.1, 0, 0, false, 0, -1}, 8},
    {{"3 workers, heavy tail", 3, 3, 90, 1.0, 5, 0.1, 0, 0, false, 0, 2}, 8},
    {{"6 workers by day", 6, 4, 60, 0.5, 10, 0.3, 0, 0, false, 2, -1}, 16},
    {{"2 workers of 10 ms", 2, 3, 10, 0.5, 1, 0.1, 0, 0, false, 0, -1}, 8},
    {{"4 workers of 10 ms", 4, 4, 10, 0.5, 1, 0.2, 0, 0, false, 0, 5}, 16},
    {{"fast, 1 ms", 2, 8, 1, 0.5, 0.2, 0, 0, 0, false, 0, -1}, 2},
    {{"bucket of 5/s, holds 8", 8, 16, 40, 0.5, 20, 0, 5, 8, false, 0, -1}, 4},
    {{"bucket of 30/s, holds 3", 8, 16, 40, 0.5, 20, 0, 30, 3, false, 0, -1}, 8},
    {{"strict 5/s, burst 3", 8, 16, 40, 0.5, 20, 0, 5, 3, true, 0, -1}, 2},
    {{"strict 1/s, burst 2", 8, 16, 40, 0.5, 20, 0, 1, 2, true, 0, 3}, 2},
    {{"strict 0.2/s, burst 1", 8, 16, 40, 0.5, 20, 0, 0.2, 1, true, 0, 10}, 2},
};

/* One run of one client against one row. */
struct run {
    struct agenda agenda;
    struct origin origin;
    struct client client;
    struct event wake;
    struct flight {
        struct event event; /* its answer arrives */
        struct origin_answer answer;
        int64_t started_us;
    } flights[CLIENT_SLOTS_MAX];
    struct trace trace;
    uint64_t good, refused, inside; /* inside: summed, for the mean */
    bool is_watched;
};
enum { WAKE = -1 }; /* other kinds are the slot of the flight */

static void launch(struct run *run)
{
    int64_t wake_ms;
    int slot;
    while ((slot = client_start(&run->client, agenda_now_ms(&run->agenda), &wake_ms)) >= 0) {
        struct flight *f = &run->flights[slot];
        f->answer = origin_ask(&run->origin, run->agenda.now_us);
        f->started_us = run->agenda.now_us;
        f->event.kind = slot;
        agenda_put(&run->agenda, &f->event, f->answer.at_us);
        run->inside += f->answer.at_origin;
        trace_note(&run->trace, 'S', (uint64_t)slot, run->agenda.now_us);
    }
    if (wake_ms != INT64_MAX)
        agenda_put(&run->agenda, &run->wake, wake_ms * 1000);
}

static void land(struct run *run, const struct flight *f)
{
    struct turn_result result = {.status = f->answer.status,
                                 .elapsed_ms = (run->agenda.now_us - f->started_us) / 1000,
                                 .retry_after_ms = -1,
                                 .sent = true};
    if (f->answer.retry_after_s >= 0)
        result.retry_after_ms = 1000LL * f->answer.retry_after_s;
    run->good += f->answer.status == 200;
    run->refused += f->answer.status != 200;
    client_end(&run->client, (unsigned)f->event.kind, &result, agenda_now_ms(&run->agenda));
    trace_note(&run->trace, (uint64_t)f->answer.status, (uint64_t)f->event.kind,
               run->agenda.now_us);
    if (run->is_watched && (f->answer.status != 200 || run->good % 256 == 0))
        printf("%12.3f s  %d  %6" PRId64 " ms, delay %6" PRId64 " ms, inside %u\n",
               (double)run->agenda.now_us / 1e6, f->answer.status, result.elapsed_ms,
               client_delay_ms(&run->client), f->answer.at_origin);
}

static void run_row(struct run *run, const struct row *row, enum client_kind kind, uint64_t seed,
                    int64_t end_us)
{
    struct event *event;
    *run = (struct run){.agenda = AGENDA_INIT,
                        .wake = {.kind = WAKE},
                        .trace = TRACE_INIT,
                        .is_watched = run->is_watched};
    origin_init(&run->origin, &row->origin, MIN(end_us, DAY_US), seed); /* all hours of a day */
    client_init(&run->client, kind, row->slots, seed + 1);
    launch(run);
    while ((event = agenda_next(&run->agenda, end_us)) != NULL) {
        if (event->kind != WAKE)
            land(run, &run->flights[event->kind]);
        launch(run);
    }
    client_release(&run->client);
    agenda_release(&run->agenda);
}

/* What the origin could have given within the slots from 0 to `end_us`, second by second. */
static double possible(const struct row *row, int64_t end_us)
{
    struct origin origin;
    double sum = 0;
    origin_init(&origin, &row->origin, MIN(end_us, DAY_US), 0);
    for (int64_t at_us = 0; at_us < end_us; at_us += SECOND_US)
        sum += origin_capacity(&origin, row->slots, at_us) *
               (double)MIN(SECOND_US, end_us - at_us) / 1e6;
    return sum;
}

struct options {
    double requests, days, least_s;
    uint64_t seed;
    const char *only;
    unsigned drawn;
    bool ours, watch;
};

static int64_t length_us(const struct row *row, enum client_kind kind, const struct options *o)
{
    if (o->days > 0)
        return (int64_t)(o->days * (double)DAY_US);
    if (kind != CLIENT_OURS)
        return 900 * SECOND_US;
    if (row->origin.breath > 0)
        return DAY_US;
    struct origin origin;
    origin_init(&origin, &row->origin, DAY_US, 0);
    double seconds = o->requests / origin_capacity(&origin, row->slots, 0);
    return (int64_t)(1e6 * MAX(seconds, o->least_s));
}

struct verdict {
    double use, refused, inside; /* parts of 1; requests inside when one came, on average */
};

static struct verdict judge(const struct row *row, enum client_kind kind, const struct options *o)
{
    static struct run run;
    int64_t end_us = length_us(row, kind, o);
    run.is_watched = o->watch && kind == CLIENT_OURS;
    run_row(&run, row, kind, o->seed, end_us);
    double asked = MAX((double)(run.good + run.refused), 1);
    return (struct verdict){.use = (double)run.good / possible(row, end_us),
                            .refused = (double)run.refused / asked,
                            .inside = (double)run.inside / asked};
}

static bool print_row(const struct row *row, const struct options *o)
{
    int64_t end_us = length_us(row, CLIENT_OURS, o);
    struct verdict ours = judge(row, CLIENT_OURS, o);
    bool is_fine = ours.use >= 0.9 && ours.refused <= 0.005;
    printf("%-24s %5u %8.2f  %6.1f %6.2f %4.1f", row->origin.name, row->slots,
           possible(row, end_us) * 1e6 / (double)end_us, 100 * ours.use, 100 * ours.refused,
           ours.inside);
    for (enum client_kind kind = 1; kind < (o->ours ? 1 : CLIENT_KINDS); kind++) {
        struct verdict theirs = judge(row, kind, o);
        printf("  %6.1f %6.2f", 100 * theirs.use, 100 * theirs.refused);
    }
    printf("%s\n", is_fine ? "" : "  FAILED");
    return is_fine;
}

/* A server that nobody has thought of. */
static struct row draw_row(uint64_t seed, unsigned number)
{
    struct chance c = chance_of(seed, 'R', number);
    struct row row = {.slots = 1u << chance_below(&c, 5)};
    row.origin = (struct origin_kind){
        .name = "drawn",
        .workers = 1 + (unsigned)chance_below(&c, 12),
        .queue = (unsigned)chance_below(&c, 12),
        .service_ms = 2 * exp(chance_unit(&c) * log(2500)), /* 2 ms to 5 s */
        .noise = 0.1 + 0.7 * chance_unit(&c),
        .thrash = 0.1 * chance_unit(&c),
        .retry_after_s = chance_happens(&c, 0.5) ? -1 : 1 + (int)chance_below(&c, 10),
    };
    row.origin.network_ms = MIN(row.origin.service_ms * 0.2, 50) * chance_unit(&c);
    if (chance_happens(&c, 0.3)) { /* a bucket with less than the workers could do */
        row.origin.rate =
            1000 * row.origin.workers / row.origin.service_ms * (0.05 + 0.95 * chance_unit(&c));
        row.origin.burst = row.slots + (unsigned)chance_below(&c, 16);
        row.origin.is_strict = chance_happens(&c, 0.5);
    }
    return row;
}

/* Nine in ten of them must be used well. A strict bucket cannot be, where it holds less than the
 * clumps in which several slots ask: only a pause between starts would part those, and ours counts
 * from the end of each request. */
static bool print_drawn(const struct options *o)
{
    unsigned below = 0, poor = 0, refused = 0;
    for (unsigned i = 0; i < o->drawn; i++) {
        struct row row = draw_row(o->seed, i);
        struct options shorter = *o;
        shorter.least_s = MIN(o->least_s, 900);
        struct verdict v = judge(&row, CLIENT_OURS, &shorter);
        below += v.use < 0.9;
        poor += v.use < 0.85;
        refused += v.refused > 0.005;
        if (o->watch && (v.use < 0.9 || v.refused > 0.005))
            printf("  %u workers + %u of %.0f ms, noise %.2f, network %.0f ms, thrash %.2f, "
                   "bucket %.2f/s + %u%s, retry %d, %u slots: %.1f %%, %.2f %%\n",
                   row.origin.workers, row.origin.queue, row.origin.service_ms, row.origin.noise,
                   row.origin.network_ms, row.origin.thrash, row.origin.rate, row.origin.burst,
                   row.origin.is_strict ? " strict" : "", row.origin.retry_after_s, row.slots,
                   100 * v.use, 100 * v.refused);
    }
    printf("%u drawn servers: %u used to 90 %% or more, %u to 85 %%; %u refused over 0.5 %%\n",
           o->drawn, o->drawn - below, o->drawn - poor, refused);
    return poor <= o->drawn / 10 && refused == 0;
}

/* Runs one row again, and with another seed. */
static bool print_traces(const struct options *o)
{
    static struct run run;
    uint64_t hashes[3];
    for (unsigned i = 0; i < ARRAY_LEN(hashes); i++) {
        run_row(&run, &rows[0], CLIENT_OURS, i < 2 ? o->seed : o->seed + 1, 600 * SECOND_US);
        hashes[i] = run.trace.hash;
    }
    printf("trace %016" PRIx64 ", again %016" PRIx64 ", another seed %016" PRIx64 "\n", hashes[0],
           hashes[1], hashes[2]);
    return hashes[0] == hashes[1] && hashes[0] != hashes[2];
}

static void print_head(void)
{
    printf("%-24s %5s %8s", "server", "slots", "best/s");
    for (enum client_kind kind = 0; kind < CLIENT_KINDS; kind++)
        printf("  %13s%s", client_names[kind], kind == CLIENT_OURS ? "     " : "");
    printf("\n%-24s %5s %8s", "", "", "");
    for (enum client_kind kind = 0; kind < CLIENT_KINDS; kind++)
        printf("  %6s %6s%s", "use %", "503 %", kind == CLIENT_OURS ? "  in " : "");
    printf("\n");
}

static bool read_options(int argc, char **argv, struct options *o)
{
    *o = (struct options){.requests = 20000, .drawn = 60, .least_s = 3600, .seed = 1};
    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : "";
        if (strcmp(argv[i], "--watch") == 0 || strcmp(argv[i], "--ours") == 0) {
            o->watch |= strcmp(argv[i], "--watch") == 0;
            o->ours = true;
            continue;
        }
        if (strcmp(argv[i], "--requests") == 0)
            o->requests = strtod(value, NULL);
        else if (strcmp(argv[i], "--days") == 0)
            o->days = strtod(value, NULL);
        else if (strcmp(argv[i], "--seed") == 0)
            o->seed = strtoull(value, NULL, 10);
        else if (strcmp(argv[i], "--drawn") == 0)
            o->drawn = (unsigned)strtoul(value, NULL, 10);
        else if (strcmp(argv[i], "--only") == 0)
            o->only = value;
        else
            return false;
        i++;
    }
    return true;
}

int main(int argc, char **argv)
{
    struct options o;
    unsigned failed = 0;
    if (!read_options(argc, argv, &o)) {
        (void)fprintf(stderr, "see the head of throttle_sim.c\n");
        return 2;
    }
    print_head();
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (o.only == NULL || strstr(rows[i].origin.name, o.only) != NULL)
            failed += !print_row(&rows[i], &o);
    if (o.only == NULL)
        failed += !print_drawn(&o) + !print_traces(&o);
    printf("%u failed; %.1f s of CPU\n", failed, (double)clock() / CLOCKS_PER_SEC);
    return failed > 0;
}
