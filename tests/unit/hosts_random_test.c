/* A random crawl in virtual time, against a ledger that knows nothing of places, heaps and crowds:
 * it only writes down who is out, where, and since when, and holds every promise of hosts.h to it.
 * A failure names its seed, which repeats it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "crawler/frontier/hosts.h"

enum { HOSTS = 24, ADDRESSES = 5, TURNS = 300, STEPS = 10000, SEEDS = 12 };
enum turn_state { FREE, WAITING, LOCATING, RUNNING };

struct entry {
    struct turn turn;
    enum turn_state state;
    int owner;
    int address; /* whose slot it holds, or -1 */
};
struct known_host {
    struct host *host;
    struct host_policy policy;
    int64_t crawl_delay_ms, last_start_ms, last_end_ms;
    int address; /* where its last turn went, or -1 */
    unsigned out, waiting;
    bool is_locating;
};
struct ledger {
    struct hosts *hosts;
    struct hosts_limits limits;
    struct known_host known[HOSTS];
    struct entry entries[TURNS];
    unsigned out, waiting, address_out[ADDRESSES], served;
    int64_t now_ms;
    uint64_t seed;
};

/* xorshift64*: the same numbers everywhere. */
static unsigned draw(struct ledger *l, unsigned below)
{
    l->seed ^= l->seed >> 12;
    l->seed ^= l->seed << 25;
    l->seed ^= l->seed >> 27;
    return (unsigned)((l->seed * 0x2545F4914F6CDD1DULL) >> 33) % below;
}

static struct known_host *owner_of(struct ledger *l, const struct entry *e)
{
    return &l->known[e->owner];
}

static struct entry *draw_entry(struct ledger *l, enum turn_state state)
{
    unsigned start = draw(l, TURNS);
    for (unsigned i = 0; i < TURNS; i++) {
        struct entry *e = &l->entries[(start + i) % TURNS];
        if (e->state == state)
            return e;
    }
    return NULL;
}

static int64_t expected_delay_ms(const struct ledger *l, const struct known_host *k)
{
    return MAX(k->policy.delay_ms, MIN(k->crawl_delay_ms, l->limits.max_crawl_delay_ms));
}

/* The first moment at which the promise of hosts.h lets the host start again. */
static int64_t earliest_ms(const struct ledger *l, const struct known_host *k)
{
    struct host_status status;
    host_status(k->host, &status);
    if (k->policy.delay_ms != HOST_DELAY_AUTO)
        assert_int_equal(status.delay_ms, expected_delay_ms(l, k));
    assert_true(status.delay_ms >= MIN(k->crawl_delay_ms, l->limits.max_crawl_delay_ms));
    int64_t latest_ms = MAX(k->last_start_ms, k->last_end_ms);
    if (latest_ms != INT64_MIN)
        latest_ms += status.delay_ms;
    return MAX(latest_ms, status.backoff_until_ms);
}

/* Of those that its policy grants, `auto` may find that it bears fewer. */
static unsigned slots_of(const struct known_host *k)
{
    struct host_status status;
    host_status(k->host, &status);
    assert_in_range(status.slots, 1, k->policy.per_host);
    if (k->policy.delay_ms != HOST_DELAY_AUTO)
        assert_int_equal(status.slots, k->policy.per_host);
    return status.slots;
}

static void take_address(struct ledger *l, struct entry *e, int address)
{
    if (e->address >= 0)
        l->address_out[e->address]--;
    e->address = address;
    if (address >= 0)
        l->address_out[address]++;
}

static void ask(struct ledger *l)
{
    static const enum turn_place places[8] = {TURN_FIRST, TURN_NEXT}; /* the rest: TURN_LAST */
    struct entry *e = draw_entry(l, FREE);
    if (e == NULL)
        return;
    *e = (struct entry){.state = WAITING, .owner = (int)draw(l, HOSTS), .address = -1};
    struct known_host *k = owner_of(l, e);
    hosts_ask(l->hosts, k->host, &e->turn, places[draw(l, 8)], l->now_ms);
    k->waiting++;
    l->waiting++;
}

static void withdraw(struct ledger *l)
{
    struct entry *e = draw_entry(l, WAITING);
    if (e == NULL)
        return;
    hosts_withdraw(l->hosts, &e->turn, l->now_ms);
    e->state = FREE;
    owner_of(l, e)->waiting--;
    l->waiting--;
}

/* When hosts_next() says that nothing may start, then by the ledger nothing may. */
static void assert_nothing_could_start(struct ledger *l)
{
    if (l->out >= l->limits.connections)
        return;
    for (int i = 0; i < HOSTS; i++) {
        const struct known_host *k = &l->known[i];
        bool has_slot = k->waiting > 0 && !k->is_locating && k->out < slots_of(k);
        bool is_crowded = k->address >= 0 && l->address_out[k->address] >= l->limits.per_address;
        if (has_slot && earliest_ms(l, k) <= l->now_ms)
            assert_true(is_crowded);
    }
}

static void next(struct ledger *l)
{
    int64_t wake_ms = 0;
    struct turn *turn = hosts_next(l->hosts, l->now_ms, &wake_ms);
    if (turn == NULL) {
        assert_true(wake_ms > l->now_ms);
        assert_nothing_could_start(l);
        return;
    }
    struct entry *e = CONTAINER_OF(turn, struct entry, turn);
    struct known_host *k = owner_of(l, e);
    assert_int_equal(e->state, WAITING);
    assert_true(l->out < l->limits.connections);
    assert_true(k->out < slots_of(k) && !k->is_locating);
    e->state = LOCATING;
    k->is_locating = true;
    k->out++, l->out++;
    k->waiting--, l->waiting--;
    take_address(l, e, k->address);
}

static void locate(struct ledger *l)
{
    struct entry *e = draw_entry(l, LOCATING);
    if (e == NULL)
        return;
    static const char *const names[ADDRESSES] = {"192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4",
                                                 "2001:db8::5"};
    struct known_host *k = owner_of(l, e);
    int address = draw(l, 10) == 0 ? (int)draw(l, ADDRESSES) : e->owner % ADDRESSES;
    bool goes = hosts_locate(l->hosts, &e->turn, str_of(names[address]), l->now_ms);
    k->is_locating = false;
    k->address = address;
    if (goes) {
        bool is_new = e->address != address;
        assert_true(!is_new || l->address_out[address] < l->limits.per_address);
        assert_true(l->now_ms >= earliest_ms(l, k));
        take_address(l, e, address);
        e->state = RUNNING;
        k->last_start_ms = l->now_ms;
    } else {
        take_address(l, e, -1);
        e->state = WAITING;
        k->out--, l->out--;
        k->waiting++, l->waiting++;
    }
}

static void finish(struct ledger *l, enum turn_state state)
{
    static const struct turn_result results[] = {
        {.status = 200, .retry_after_ms = -1},      {.status = 200, .retry_after_ms = -1},
        {.status = 404, .retry_after_ms = -1},      {.status = 429, .retry_after_ms = -1},
        {.status = 503, .retry_after_ms = 700},     {.err = CW_ETIMEOUT, .retry_after_ms = -1},
        {.err = CW_ECONNECT, .retry_after_ms = -1},
    };
    struct entry *e = draw_entry(l, state);
    if (e == NULL)
        return;
    struct known_host *k = owner_of(l, e);
    struct turn_result result = results[draw(l, ARRAY_LEN(results))];
    result.elapsed_ms = draw(l, 300);
    result.sent = state == RUNNING;
    if (!result.sent)
        result.status = 0, result.err = draw(l, 2) == 0 ? CW_EDNS : CW_ECANCELED;
    hosts_done(l->hosts, &e->turn, &result, l->now_ms);
    if (state == LOCATING)
        k->is_locating = false;
    else
        k->last_end_ms = l->now_ms;
    take_address(l, e, -1);
    e->state = FREE;
    k->out--, l->out--;
    l->served++;
}

static void change_limits(struct ledger *l)
{
    l->limits.connections = 1 + draw(l, 20);
    l->limits.per_address = 1 + draw(l, 5);
    l->limits.max_crawl_delay_ms = 50 * draw(l, 5);
    hosts_set_limits(l->hosts, &l->limits);
}

static void change_crawl_delay(struct ledger *l)
{
    struct known_host *k = &l->known[draw(l, HOSTS)];
    k->crawl_delay_ms = 40 * draw(l, 4);
    hosts_set_crawl_delay(l->hosts, k->host, k->crawl_delay_ms > 0 ? k->crawl_delay_ms : -1);
}

static void step(struct ledger *l)
{
    unsigned dice = draw(l, 100);
    if (dice < 22)
        ask(l);
    else if (dice < 50)
        next(l);
    else if (dice < 72)
        locate(l);
    else if (dice < 86)
        finish(l, RUNNING);
    else if (dice < 88)
        finish(l, LOCATING);
    else if (dice < 90)
        withdraw(l);
    else if (dice < 91)
        change_limits(l);
    else if (dice < 92)
        change_crawl_delay(l);
    else if (dice < 93)
        hosts_forget_idle(l->hosts, l->now_ms);
    else
        l->now_ms += draw(l, 60);
}

static void assert_counts_agree(const struct ledger *l)
{
    struct hosts_status status;
    hosts_status(l->hosts, &status);
    assert_int_equal(status.running, l->out);
    assert_int_equal(status.waiting_turns, l->waiting);
    assert_int_equal(status.hosts, HOSTS);
    unsigned busy = 0;
    for (int i = 0; i < HOSTS; i++) {
        struct host_status host;
        host_status(l->known[i].host, &host);
        assert_int_equal(host.running, l->known[i].out);
        assert_int_equal(host.waiting, l->known[i].waiting);
        assert_true(host.last_end_ms == l->known[i].last_end_ms);
        busy += host.waiting > 0;
    }
    assert_int_equal(status.ready + status.full + status.crowded, busy);
}

static void open_ledger(struct ledger *l, uint64_t seed)
{
    static const int64_t delays_ms[] = {0, 30, 200, HOST_DELAY_AUTO};
    *l = (struct ledger){.seed = seed,
                         .limits = {.connections = 10,
                                    .per_address = 3,
                                    .max_crawl_delay_ms = 100,
                                    .max_backoff_ms = 3000}};
    assert_int_equal(hosts_new(&l->hosts, &l->limits), CW_OK);
    for (int i = 0; i < HOSTS; i++) {
        struct known_host *k = &l->known[i];
        char name[16];
        (void)snprintf(name, sizeof name, "host%d", i);
        *k = (struct known_host){.last_start_ms = INT64_MIN, .last_end_ms = INT64_MIN};
        k->address = -1;
        k->policy.per_host = 1 + draw(l, 3);
        k->policy.delay_ms = delays_ms[draw(l, ARRAY_LEN(delays_ms))];
        k->host = hosts_get(l->hosts, str_of(name), &k->policy);
        assert_non_null(k->host);
    }
}

/* Serves all that waits. Each round moves something: a bounded number of them must do. */
static void drain(struct ledger *l)
{
    for (unsigned round = 0; l->waiting + l->out > 0; round++) {
        assert_true(round < 100 * TURNS);
        struct hosts_status status;
        next(l);
        locate(l);
        finish(l, RUNNING);
        hosts_status(l->hosts, &status);
        if (status.running == 0 && status.next_ready_ms != INT64_MAX)
            l->now_ms = MAX(l->now_ms, status.next_ready_ms);
    }
}

static void random_crawl__breaks_no_limit_and_no_delay_and_serves_everyone(void **state)
{
    (void)state;
    static struct ledger l;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        open_ledger(&l, seed * 0x9E3779B97F4A7C15ULL);
        print_message("seed %d\n", (int)seed);
        for (int i = 0; i < STEPS; i++) {
            step(&l);
            assert_counts_agree(&l);
        }
        assert_true(l.served > 100); /* it was a crawl, not a jam */
        drain(&l);
        assert_counts_agree(&l);
        hosts_free(l.hosts);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_crawl__breaks_no_limit_and_no_delay_and_serves_everyone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
