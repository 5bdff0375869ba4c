#include "crawler/frontier/hosts_p.h"

#include <assert.h>
#include <utlist.h>

enum cw_err hosts_new(struct hosts **ret, const struct hosts_limits *limits)
{
    struct hosts *hosts = malloc(sizeof *hosts);
    if (hosts == NULL)
        return CW_ENOMEM;
    *hosts = (struct hosts){.limits = *limits, .assumed_start_ms = INT64_MIN, .ready = HEAP_INIT};
    *ret = hosts;
    return CW_OK;
}

static void forget(struct hosts *hosts, struct host *host)
{
    assert(host->place == HOST_IDLE && host->running == 0);
    hosts->place_counts[HOST_IDLE]--;
    address_drop(hosts, host->address);
    HASH_DELETE(hh, hosts->table, host);
    free(host);
}

void hosts_free(struct hosts *hosts)
{
    struct host *host, *next;
    if (hosts == NULL)
        return;
    HASH_ITER (hh, hosts->table, host, next)
        forget(hosts, host);
    assert(hosts->addresses == NULL);
    heap_release(&hosts->ready);
    free(hosts);
}

void hosts_set_limits(struct hosts *hosts, const struct hosts_limits *limits)
{
    hosts->limits = *limits;
    for (struct host *host = hosts->table; host != NULL; host = host->hh.next)
        host_settle(hosts, host); /* max_crawl_delay_ms may move its clock */
    for (struct address *address = hosts->addresses; address != NULL; address = address->hh.next)
        address_call(hosts, address);
}

void hosts_set_connections(struct hosts *hosts, unsigned connections)
{
    hosts->limits.connections = connections;
}

static struct host *host_new(struct hosts *hosts, struct str name, const struct host_policy *policy)
{
    struct host *host = malloc(sizeof *host + name.len);
    if (host == NULL)
        return NULL;
    *host = (struct host){.place = HOST_IDLE, .in_line_ms = INT64_MIN, .name_len = name.len};
    pace_init(&host->pace, &hosts->limits, policy);
    host->pace.last_start_ms = hosts->assumed_start_ms;
    if (name.len > 0)
        memcpy(host->name, name.ptr, name.len);
    HASH_ADD_KEYPTR(hh, hosts->table, host->name, name.len, host);
    if (!table_took(host)) {
        free(host);
        return NULL;
    }
    if (heap_reserve(&hosts->ready, HASH_COUNT(hosts->table)) != CW_OK) { /* a place to be ready */
        HASH_DELETE(hh, hosts->table, host);
        free(host);
        return NULL;
    }
    hosts->place_counts[HOST_IDLE]++;
    return host;
}

struct host *hosts_get(struct hosts *hosts, struct str name, const struct host_policy *policy)
{
    struct host *host = NULL;
    HASH_FIND(hh, hosts->table, name.ptr, name.len, host);
    if (host == NULL && (host = host_new(hosts, name, policy)) == NULL)
        return NULL;
    if (host->holders++ == 0)
        pace_set_policy(&host->pace, policy);
    else
        pace_join_policy(&host->pace, policy);
    host_settle(hosts, host);
    return host;
}

void hosts_drop(struct hosts *hosts, struct host *host)
{
    (void)hosts; /* its clock outlives its holders: hosts_forget_idle() frees it */
    assert(host->holders > 0);
    host->holders--;
}

struct str host_name(const struct host *host)
{
    return str_from(host->name, host->name_len);
}

void hosts_restore(struct hosts *hosts, struct host *host, int64_t delay_ms, int64_t next_ms)
{
    if (host->pace.last_start_ms == hosts->assumed_start_ms && delay_ms > 0 &&
        hosts->assumed_start_ms != INT64_MIN)
        next_ms = MAX(next_ms, hosts->assumed_start_ms + delay_ms);
    pace_restore(&host->pace, delay_ms, next_ms);
    host_settle(hosts, host);
}

void hosts_assume_start(struct hosts *hosts, int64_t start_ms)
{
    hosts->assumed_start_ms = MAX(hosts->assumed_start_ms, start_ms);
    for (struct host *host = hosts->table; host != NULL; host = host->hh.next) {
        host->pace.last_start_ms = MAX(host->pace.last_start_ms, start_ms);
        host_settle(hosts, host);
    }
}

void hosts_set_crawl_delay(struct hosts *hosts, struct host *host, int64_t delay_ms)
{
    host->pace.crawl_delay_ms = MAX(delay_ms, 0);
    host_settle(hosts, host);
}

static void join_queue(struct hosts *hosts, struct turn *turn, enum turn_place place)
{
    struct host *host = turn->host;
    if (place == TURN_FIRST)
        DL_PREPEND(host->waiting, turn);
    else if (place == TURN_NEXT && host->waiting != NULL)
        DL_APPEND_ELEM(host->waiting, host->waiting, turn);
    else
        DL_APPEND(host->waiting, turn);
    host->waiting_count++;
    hosts->waiting++;
}

static void leave_queue(struct hosts *hosts, struct turn *turn)
{
    struct host *host = turn->host;
    DL_DELETE(host->waiting, turn);
    turn->next = turn->prev = NULL;
    host->waiting_count--;
    hosts->waiting--;
}

void hosts_ask(struct hosts *hosts, struct host *host, struct turn *turn, enum turn_place place,
               int64_t now_ms)
{
    *turn = (struct turn){.host = host};
    if (host->place == HOST_IDLE)
        host->in_line_ms = now_ms;
    join_queue(hosts, turn, place);
    host_settle(hosts, host);
}

void hosts_withdraw(struct hosts *hosts, struct turn *turn, int64_t now_ms)
{
    (void)now_ms; /* what this frees, hosts_next() hands out */
    assert(!turn->running);
    leave_queue(hosts, turn);
    host_settle(hosts, turn->host);
}

/* Takes a slot of the address where the host was found last, most likely the right one. False: it
 * has none. */
static bool take_likely_slot(struct hosts *hosts, struct host *host, struct turn *turn)
{
    if (host->keeps_slot) { /* called out of the crowd: the slot only changes hands */
        host->keeps_slot = false;
        host->address->taken--;
    }
    return turn_take_slot(hosts, turn, host->address);
}

static struct turn *hand_out(struct hosts *hosts, struct host *host, int64_t now_ms)
{
    struct turn *turn = host->waiting;
    leave_queue(hosts, turn);
    turn->running = true;
    turn->limit_ms = pace_delay_ms(&host->pace);
    hosts->running++;
    host->running++;
    host->locating = turn;
    host->in_line_ms = now_ms;
    host_settle(hosts, host);
    return turn;
}

struct turn *hosts_next(struct hosts *hosts, int64_t now_ms, int64_t *ret_wake_ms)
{
    int64_t wake_ms = INT64_MAX;
    while (hosts->running < hosts->limits.connections) {
        struct heap_item *first = heap_first(&hosts->ready);
        struct host *host = first != NULL ? CONTAINER_OF(first, struct host, ready) : NULL;
        if (host == NULL)
            break;
        if (host->due_ms > now_ms) {
            wake_ms = host->due_ms;
            break;
        }
        if (take_likely_slot(hosts, host, host->waiting))
            return hand_out(hosts, host, now_ms);
        host_enter(hosts, host, HOST_CROWDED);
    }
    *ret_wake_ms = wake_ms;
    return NULL;
}

/* Undoes hand_out(), but for the address's slot. */
static void take_back(struct hosts *hosts, struct turn *turn)
{
    struct host *host = turn->host;
    turn->running = false;
    hosts->running--;
    host->running--;
    if (host->locating == turn)
        host->locating = NULL;
}

static void send_back(struct hosts *hosts, struct turn *turn)
{
    take_back(hosts, turn);
    join_queue(hosts, turn, TURN_FIRST);
    host_settle(hosts, turn->host);
}

/* Notes that the host is found at `address` now, whose user it becomes. */
static void move_host(struct hosts *hosts, struct host *host, struct address *address)
{
    address_drop(hosts, host->address);
    host->address = address;
}

bool hosts_locate(struct hosts *hosts, struct turn *turn, struct str address, int64_t now_ms)
{
    struct host *host = turn->host;
    assert(turn->running && host->locating == turn);
    struct address *found = NULL;
    if (!str_is_absent(address) && (found = address_hold(hosts, address)) == NULL)
        pace_rest(&host->pace, now_ms); /* no memory */
    else if (found != turn->address)
        turn_give_slot(hosts, turn); /* the guess of hosts_next() was wrong */
    move_host(hosts, host, found);

    bool is_early = pace_start_ms(&host->pace) > now_ms; /* another request ended meanwhile */
    if (is_early || (turn->address == NULL && !turn_take_slot(hosts, turn, found))) {
        turn_give_slot(hosts, turn);
        send_back(hosts, turn);
        return false;
    }
    turn->limit_ms = pace_delay_ms(&host->pace);
    turn->host_slots = host->pace.per_host;
    turn->address_slots = found != NULL ? hosts->limits.per_address : 0;
    host->locating = NULL;
    pace_on_start(&host->pace, now_ms);
    host_settle(hosts, host);
    return true;
}

void hosts_done(struct hosts *hosts, struct turn *turn, const struct turn_result *result,
                int64_t now_ms)
{
    struct host *host = turn->host;
    assert(turn->running);
    take_back(hosts, turn);
    pace_on_end(&host->pace, host_name(host), result, now_ms);
    host_settle(hosts, host);
    turn_give_slot(hosts, turn);
}

void host_status(const struct host *host, struct host_status *ret)
{
    *ret = (struct host_status){
        .delay_ms = pace_delay_ms(&host->pace),
        .last_end_ms = host->pace.last_end_ms,
        .backoff_until_ms = host->pace.backoff_until_ms,
        .quiet_until_ms = pace_start_ms(&host->pace),
        .running = host->running,
        .waiting = host->waiting_count,
        .slots = pace_slots(&host->pace),
        .interval_ms = pace_interval_ms(&host->pace),
    };
}

static enum host_wait wait_when_ready(const struct host *host, int64_t now_ms)
{
    int64_t start_ms = pace_start_ms(&host->pace);
    if (start_ms <= now_ms)
        return HOST_WAITS_FOR_CONNECTION;
    bool is_pause = start_ms > MAX(host->pace.backoff_until_ms, host->pace.not_before_ms);
    return is_pause ? HOST_WAITS_FOR_DELAY : HOST_WAITS_FOR_REST;
}

void host_waits(const struct host *host, int64_t now_ms, struct host_waiting *ret)
{
    *ret = (struct host_waiting){.until_ms = pace_start_ms(&host->pace)};
    switch (host->place) {
    case HOST_IDLE:
    case HOST_PLACES: return;
    case HOST_READY: ret->what = wait_when_ready(host, now_ms); break;
    case HOST_FULL: ret->what = HOST_WAITS_FOR_SLOT; break;
    case HOST_CROWDED: ret->what = HOST_WAITS_FOR_ADDRESS; break;
    }
    if (ret->what == HOST_WAITS_FOR_REST && ret->until_ms == host->pace.backoff_until_ms) {
        ret->rest_err = host->pace.rest_err;
        ret->rest_status = host->pace.rest_status;
    }
}

void hosts_status(const struct hosts *hosts, struct hosts_status *ret)
{
    const struct heap_item *first = heap_first(&hosts->ready);
    *ret = (struct hosts_status){
        .running = hosts->running,
        .waiting_turns = hosts->waiting,
        .hosts = HASH_COUNT(hosts->table),
        .ready = hosts->place_counts[HOST_READY],
        .full = hosts->place_counts[HOST_FULL],
        .crowded = hosts->place_counts[HOST_CROWDED],
        .backing_off = hosts->resting,
        .next_ready_ms = first != NULL ? first->key : INT64_MAX,
    };
}

/* A host in trouble is remembered for one more rest: else each of its rests would be the first. */
static bool is_forgettable(const struct hosts *hosts, const struct host *host, int64_t now_ms)
{
    bool is_in_trouble = host->pace.refusals > 0 || host->pace.failures > 0;
    int64_t until_ms =
        pace_start_ms(&host->pace) + (is_in_trouble ? hosts->limits.max_backoff_ms : 0);
    return host->holders == 0 && host->running == 0 && host->place == HOST_IDLE &&
           until_ms <= now_ms;
}

void hosts_forget_idle(struct hosts *hosts, int64_t now_ms)
{
    struct host *host, *next;
    HASH_ITER (hh, hosts->table, host, next)
        if (is_forgettable(hosts, host, now_ms))
            forget(hosts, host);
}
