/* The frontier's cost by its size: a synthetic web is discovered batch by batch into a real store,
 * met again, leased, and left by kill -9. Hosts are of power-law sizes (Zipf); a batch holds runs
 * of neighbouring URLs, as the links of a page are. Each size runs in processes of its own, whose
 * peak memory is the kernel's figure.
 *
 * "new" is measured over the last tenth of the URLs, so it is the price at that size and not the
 * mean of the way there. Cells: min / median / max of up to WINDOWS measurements. Exit status 1:
 * the store counted wrongly.
 *
 * usage: frontier_bench [--hosts N] [--run N] [--batch N] [--folder DIR] [SIZE ...]
 *        [1000000] hosts at most; [48] URLs of a host in a row, 1: scattered; [2048] URLs a batch;
 *        [$TMPDIR or /tmp]; [10000 100000 1000000] URLs. 10000000 takes 2 GB of disk. */
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "crawler/base/clock.h"
#include "storage/store.h"

enum {
    WINDOWS = 10,
    REFILLS = 20,
    RESTARTS = 3,
    HOSTS_A_REFILL = 64,
    URLS_A_HOST = 8,
    TEXT_MAX = 128, /* bytes of a synthetic URL */
    SIZES_MAX = 16,
};

struct options {
    uint64_t hosts, run, batch;
    const char *folder;
    uint64_t sizes[SIZES_MAX];
    size_t size_count;
};

/* Measurements of one kind. */
struct samples {
    double cpu[REFILLS], wall[REFILLS];
    size_t count;
};

/* Filled by the children; in shared memory. */
struct result {
    struct samples fresh, again; /* microseconds a URL */
    struct samples refill;       /* milliseconds a commit that leases */
    struct samples turned;       /* microseconds a URL that is leased, and done */
    struct samples restart;      /* milliseconds */
    int64_t wal_bytes;           /* the largest seen */
    bool counted_right;
};

struct web {
    uint64_t urls, hosts, run, stride;
};

/* One child's work. */
struct bench {
    const struct options *options;
    struct web web;
    char path[256];
    struct store *store;
    struct store_found *found;
    char (*texts)[TEXT_MAX]; /* of found */
    struct store_reply reply;
    struct result *result;
};

static void must(bool ok, const char *what)
{
    if (ok)
        return;
    (void)fprintf(stderr, "frontier_bench: %s\n", what);
    exit(1);
}

/* ---- time ---- */

struct lap {
    double cpu, wall;
};

static double seconds(clockid_t clock)
{
    struct timespec now;
    must(clock_gettime(clock, &now) == 0, "clock");
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static struct lap lap_now(void)
{
    return (struct lap){seconds(CLOCK_PROCESS_CPUTIME_ID), seconds(CLOCK_MONOTONIC)};
}

/* What passed since `from`, times `scale`. */
static void take_sample(struct samples *s, struct lap from, double scale)
{
    struct lap now = lap_now();
    must(s->count < REFILLS, "too many samples");
    s->cpu[s->count] = (now.cpu - from.cpu) * scale;
    s->wall[s->count++] = (now.wall - from.wall) * scale;
}

/* ---- the synthetic web ---- */

/* URL i belongs to host floor((H + 1)^((i + 0.5) / N)) - 1: sizes fall as 1 / rank. */
static uint64_t host_of(const struct web *web, uint64_t i)
{
    double share = ((double)i + 0.5) / (double)web->urls;
    return (uint64_t)pow((double)web->hosts + 1, share) - 1;
}

static uint64_t run_count(const struct web *web)
{
    return (web->urls + web->run - 1) / web->run;
}

/* The k-th URL to be met: runs come in an order that leaps through the web. */
static uint64_t url_at(const struct web *web, uint64_t k)
{
    uint64_t run = k / web->run * web->stride % run_count(web);
    return run * web->run + k % web->run;
}

static uint64_t greatest_divisor(uint64_t a, uint64_t b)
{
    while (b != 0) {
        uint64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

static struct web web_of(const struct options *o, uint64_t urls)
{
    struct web web = {.urls = urls, .hosts = o->hosts, .run = o->run};
    web.stride = (uint64_t)((double)run_count(&web) * 0.6180339887) | 1;
    while (greatest_divisor(run_count(&web), web.stride) != 1)
        web.stride += 2;
    return web;
}

static void fill(struct bench *b, size_t slot, uint64_t i)
{
    char *text = b->texts[slot];
    uint64_t host = host_of(&b->web, i);
    int len =
        snprintf(text, TEXT_MAX, "https://www.site-%06llx.example/section-%llu/page-%llu.html",
                 (unsigned long long)(host * 0x9e3779b1 & 0xffffff), /* each its own */
                 (unsigned long long)(i % 97), (unsigned long long)i);
    struct str url = str_from(text, (size_t)len), rest = str_skip(url, strlen("https://"));
    int32_t depth = 1 + (int32_t)(i % 5);
    b->found[slot] = (struct store_found){.url = url,
                                          .host = str_first(rest, str_find_char(rest, '/')),
                                          .depth = depth,
                                          .priority = depth};
}

/* ---- batches ---- */

static int64_t size_of(const struct bench *b, const char *suffix)
{
    char name[300];
    struct stat st;
    (void)snprintf(name, sizeof name, "%s%s", b->path, suffix);
    return stat(name, &st) == 0 ? (int64_t)st.st_size : 0;
}

static void commit(struct bench *b, const struct store_batch *batch)
{
    struct errmsg why = {""};
    struct store_reply reply;
    must(store_commit(b->store, batch, &reply, &why) == CW_OK, why.text);
    store_reply_release(&b->reply);
    b->reply = reply;
    if (b->reply.log_is_long)
        store_checkpoint(b->store);
    b->result->wal_bytes = MAX(b->result->wal_bytes, size_of(b, "-wal"));
}

/* Discovers the k-th URL and those after it, at most one batch; returns how many. */
static uint64_t discover(struct bench *b, uint64_t k)
{
    size_t count = 0;
    for (uint64_t end = run_count(&b->web) * b->web.run; count < b->options->batch && k < end;
         k++) {
        uint64_t i = url_at(&b->web, k);
        if (i < b->web.urls) /* the last run is shorter */
            fill(b, count++, i);
    }
    commit(b, &(struct store_batch){.found = b->found, .found_count = count});
    return count;
}

/* Batches from the k-th URL on, in equal windows. */
static void measure(struct bench *b, struct samples *s, uint64_t k, uint64_t batches)
{
    uint64_t left = batches, windows = MIN(batches, (uint64_t)WINDOWS);
    for (; windows > 0; windows--) {
        struct lap from = lap_now();
        uint64_t urls = 0;
        for (uint64_t n = left / windows; n > 0; n--, left--, k += b->options->batch)
            urls += discover(b, k);
        if (urls > 0)
            take_sample(s, from, 1e6 / (double)urls);
    }
}

static void load(struct bench *b)
{
    uint64_t batch = b->options->batch, batches = (b->web.urls + batch - 1) / batch;
    uint64_t measured = MIN(batches, MAX((uint64_t)WINDOWS, batches / 10)), k = 0;
    for (uint64_t n = batches - measured; n > 0; n--, k += batch)
        (void)discover(b, k);
    measure(b, &b->result->fresh, k, measured);
    b->result->counted_right = (uint64_t)b->reply.seen == b->web.urls;
    measure(b, &b->result->again, 0, measured);
    b->result->counted_right &=
        (uint64_t)b->reply.seen == b->web.urls && (uint64_t)b->reply.queued == b->web.urls;
}

static struct outcome *outcome_of(const struct store_reply *reply, const struct store_lease *lease)
{
    struct outcome *o = outcome_new();
    must(o != NULL, "out of memory");
    o->url_id = lease->url_id;
    o->url = lease->url;
    o->host = reply->hosts[lease->host].host;
    o->state = URL_EXCLUDED;
    o->reason = EXCLUDE_ROBOTS;
    return o;
}

/* New hosts, again and again: what was leased stays so. */
static void refill(struct bench *b)
{
    const struct store_batch batch = {
        .want = {.new_hosts = HOSTS_A_REFILL, .urls_per_host = URLS_A_HOST}};
    for (int i = 0; i < REFILLS; i++) {
        struct lap from = lap_now();
        commit(b, &batch);
        take_sample(&b->result->refill, from, 1e3);
    }
}

/* What was leased is done with, and its hosts make room for others. */
static void turn_round(struct bench *b)
{
    for (int i = 0; i < REFILLS; i++) {
        const struct store_reply *r = &b->reply;
        size_t count = r->lease_count;
        struct outcome **outcomes = calloc(count, sizeof *outcomes);
        struct str *idle = calloc(r->host_count, sizeof *idle);
        must(outcomes != NULL && idle != NULL && count > 0, "nothing was leased");
        for (size_t n = 0; n < count; n++)
            outcomes[n] = outcome_of(r, &r->leases[n]);
        for (size_t n = 0; n < r->host_count; n++)
            idle[n] = r->hosts[n].host;
        const struct store_batch batch = {
            .outcomes = outcomes,
            .outcome_count = count,
            .idle_hosts = idle,
            .idle_host_count = r->host_count,
            .want = {.new_hosts = HOSTS_A_REFILL, .urls_per_host = URLS_A_HOST},
        };
        struct lap from = lap_now();
        commit(b, &batch);
        take_sample(&b->result->turned, from, 1e6 / (double)count);
        for (size_t n = 0; n < count; n++)
            outcome_free(outcomes[n]);
        free(outcomes);
        free(idle);
    }
}

/* ---- processes ---- */

static void open_store(struct bench *b, bool fresh)
{
    struct errmsg why = {""};
    const struct store_options options = {
        .path = b->path, .fresh = fresh, .command = "frontier_bench", .version = "bench"};
    must(store_open(&b->store, &options, &why) == CW_OK, why.text);
}

static void run_load(struct bench *b)
{
    b->found = calloc(b->options->batch, sizeof *b->found);
    b->texts = calloc(b->options->batch, sizeof *b->texts);
    must(b->found != NULL && b->texts != NULL, "out of memory");
    open_store(b, true);
    load(b);
    refill(b);
    turn_round(b);
    (void)raise(SIGKILL);
}

/* With the leases of the one before still out. */
static void run_restart(struct bench *b)
{
    struct lap from = lap_now();
    open_store(b, false);
    take_sample(&b->result->restart, from, 1e3);
    commit(b, &(struct store_batch){
                  .want = {.new_hosts = HOSTS_A_REFILL, .urls_per_host = URLS_A_HOST}});
    b->result->counted_right &=
        (uint64_t)b->reply.seen == b->web.urls && b->reply.active == (int64_t)b->reply.lease_count;
    (void)raise(SIGKILL);
}

static void run_close(struct bench *b)
{
    struct errmsg why = {""};
    open_store(b, false);
    must(store_close(b->store, "finished", &why) == CW_OK, why.text);
    exit(0);
}

/* Peak memory of the process that did `work`, in KiB. */
static long in_child(struct bench *b, void (*work)(struct bench *))
{
    struct rusage usage;
    int status = 0;
    (void)fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        work(b);
        _exit(1);
    }
    must(pid > 0 && wait4(pid, &status, 0, &usage) == pid, "no process");
    must(WIFSIGNALED(status) ? WTERMSIG(status) == SIGKILL : status == 0, "a process failed");
    return usage.ru_maxrss;
}

/* ---- the table ---- */

static int by_value(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;
    return left < right ? -1 : left > right;
}

static void print_cell(const double *values, size_t count, const char *end)
{
    double sorted[REFILLS] = {0};
    char cell[64];
    memcpy(sorted, values, count * sizeof *values);
    qsort(sorted, count, sizeof *sorted, by_value);
    (void)snprintf(cell, sizeof cell, "%.1f / %.1f / %.1f", sorted[0], sorted[count / 2],
                   sorted[count > 0 ? count - 1 : 0]);
    printf("%22s%s", cell, end);
}

static void print_samples(const char *name, const struct samples *s)
{
    printf("  %-34s", name);
    print_cell(s->cpu, s->count, "");
    print_cell(s->wall, s->count, "\n");
}

static void print_result(const struct bench *b, long load_kib, long restart_kib)
{
    const struct result *r = b->result;
    double urls = (double)b->web.urls;
    printf("%llu URLs, at most %llu hosts %20s %21s\n", (unsigned long long)b->web.urls,
           (unsigned long long)b->web.hosts, "CPU", "wall");
    print_samples("new, us a URL", &r->fresh);
    print_samples("seen again, us a URL", &r->again);
    print_samples("64 hosts leased, ms", &r->refill);
    print_samples("leased and done, us a URL", &r->turned);
    print_samples("opened after kill -9, ms", &r->restart);
    printf(
        "  peak MiB %.0f, after the restart %.0f; file %.0f bytes a URL; WAL at most %.0f MiB%s\n",
        (double)load_kib / 1024, (double)restart_kib / 1024, (double)size_of(b, "") / urls,
        (double)r->wal_bytes / 1048576, r->counted_right ? "" : "; COUNTED WRONGLY");
}

static bool run_size(const struct options *o, uint64_t urls, struct result *shared)
{
    struct bench b = {.options = o, .web = web_of(o, urls), .result = shared};
    char folder[200];
    *shared = (struct result){0};
    (void)snprintf(folder, sizeof folder, "%s/frontier-bench.XXXXXX", o->folder);
    must(mkdtemp(folder) != NULL, folder);
    (void)snprintf(b.path, sizeof b.path, "%s/a.db", folder);
    long load_kib = in_child(&b, run_load), restart_kib = 0;
    for (int i = 0; i < RESTARTS; i++)
        restart_kib = MAX(restart_kib, in_child(&b, run_restart));
    (void)in_child(&b, run_close);
    print_result(&b, load_kib, restart_kib);
    must(unlink(b.path) == 0 && rmdir(folder) == 0, "files are left over");
    return shared->counted_right;
}

/* The same piece of work over and over: how steady the machine is. */
static void print_noise(void)
{
    struct samples s = {.count = 0};
    static char bytes[1 << 20];
    uint64_t sum = 0;
    for (int i = 0; i < REFILLS; i++) {
        struct lap from = lap_now();
        for (int n = 0; n < 100; n++) {
            bytes[n] = (char)sum;
            sum += str_hash(str_from(bytes, sizeof bytes));
        }
        take_sample(&s, from, 1e3);
    }
    print_samples(sum != 0 ? "noise: the same work, ms" : "", &s);
}

/* ---- main ---- */

static void read_arguments(struct options *o, int argc, char **argv)
{
    static const uint64_t usual[] = {10000, 100000, 1000000};
    const struct {
        const char *name;
        uint64_t *ret;
    } numbers[] = {{"--hosts", &o->hosts}, {"--run", &o->run}, {"--batch", &o->batch}};
    for (int i = 1; i < argc; i++) {
        uint64_t *to = NULL;
        for (size_t n = 0; n < ARRAY_LEN(numbers); n++)
            if (strcmp(argv[i], numbers[n].name) == 0)
                to = numbers[n].ret;
        if (strcmp(argv[i], "--folder") == 0 && i + 1 < argc) {
            o->folder = argv[++i];
            continue;
        }
        if (to == NULL && o->size_count < SIZES_MAX)
            to = &o->sizes[o->size_count++], i--;
        must(to != NULL && ++i < argc && str_to_u64(str_of(argv[i]), 1000000000, to) && *to > 0,
             "usage: frontier_bench [--hosts N] [--run N] [--batch N] [--folder DIR] [SIZE ...]");
    }
    if (o->size_count == 0) {
        memcpy(o->sizes, usual, sizeof usual);
        o->size_count = ARRAY_LEN(usual);
    }
}

int main(int argc, char **argv)
{
    const char *tmp = getenv("TMPDIR");
    struct options o = {
        .hosts = 1000000, .run = 48, .batch = 2048, .folder = tmp != NULL ? tmp : "/tmp"};
    bool all_right = true;
    read_arguments(&o, argc, argv);
    struct result *shared =
        mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    must(shared != MAP_FAILED, "out of memory");
    printf("runs of %llu URLs, batches of %llu; min / median / max\n", (unsigned long long)o.run,
           (unsigned long long)o.batch);
    print_noise();
    for (size_t i = 0; i < o.size_count; i++)
        all_right &= run_size(&o, o.sizes[i], shared);
    print_noise();
    return all_right ? 0 : 1;
}
