#include "crawler/engine/engine_p.h"

#include <assert.h>
#include <sys/resource.h>

#include "crawler/base/clock.h"
#include "crawler/engine/errand.h"
#include "crawler/parse/robots.h"

enum {
    MAX_CRAWL_DELAY_MS = 60 * 1000,
    DROPS_PER_SWEEP = 1024, /* a sweep walks all hosts in memory */
    STARTS_AT_ONCE = 16,    /* a request that starts takes 0.05 ms, with a connection 0.1 */
};

static void on_pump(uv_timer_t *timer);
static void on_part_closed(void *arg);
static void on_handle_closed(uv_handle_t *handle);

static struct hosts_limits limits_of(unsigned connections, unsigned per_address)
{
    return (struct hosts_limits){
        .connections = connections,
        .per_address = per_address,
        .max_crawl_delay_ms = MAX_CRAWL_DELAY_MS,
        .max_backoff_ms = MAX_BACKOFF_MS,
    };
}

static enum cw_err add_digesters(struct engine *engine, unsigned count)
{
    engine->digesters = calloc(count, sizeof(struct digester *));
    if (engine->digesters == NULL)
        return CW_ENOMEM;
    for (; engine->digester_count < count; engine->digester_count++) {
        enum cw_err err = digester_new(&engine->digesters[engine->digester_count]);
        if (err != CW_OK)
            return err;
    }
    return CW_OK;
}

/* What has nothing in the loop. */
static enum cw_err add_tools(struct engine *engine, const struct engine_options *options)
{
    const struct hosts_limits limits = limits_of(options->connections, options->per_address);
    engine->user_agent = str_dup(str_of(options->user_agent));
    if (engine->user_agent == NULL)
        return CW_ENOMEM;
    engine->agent = robots_product_token(str_of(engine->user_agent));
    enum cw_err err = hosts_new(&engine->hosts, &limits);
    if (err == CW_OK)
        err = executor_new(&engine->executor, options->loop, options->parse_seats,
                           options->store_seats);
    return err == CW_OK ? add_digesters(engine, options->parse_seats) : err;
}

static void free_tools(struct engine *engine)
{
    for (unsigned i = 0; i < engine->digester_count; i++)
        digester_free(engine->digesters[i]);
    free(engine->digesters);
    executor_free(engine->executor);
    hosts_free(engine->hosts);
    free(engine->user_agent);
    free(engine);
}

/* How many connections stay open for their host's next request. Crawling a thousand hosts, that
 * saves a fifth of our CPU time and nearly half of the server's. */
static unsigned plain_kept(void)
{
    enum { KEPT_MAX = 1024, SHARE_OF_DESCRIPTORS = 4 };
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return 0;
    return (unsigned)MIN(limit.rlim_cur / SHARE_OF_DESCRIPTORS, (rlim_t)KEPT_MAX);
}

static enum cw_err add_network(struct engine *engine, const struct engine_options *options,
                               struct errmsg *reterr_msg)
{
    const struct resolver_options names = {.loop = options->loop, .servers = options->dns_servers};
    const struct fetch_pool_options pool = {
        .loop = options->loop, .connections = options->connections, .plain_kept = plain_kept()};
    enum cw_err err = resolver_new(&engine->resolver, &names);
    if (err != CW_OK)
        return errmsg_set(reterr_msg, err, "name servers \"%s\": %s",
                          options->dns_servers != NULL ? options->dns_servers : "of the system",
                          cw_err_text(err));
    err = fetch_pool_new(&engine->pool, &pool);
    if (err != CW_OK)
        return errmsg_set(reterr_msg, err, "cannot start the HTTP client: %s", cw_err_text(err));
    return CW_OK;
}

static void nothing_left(void *arg)
{
    (void)arg;
}

enum cw_err engine_new(struct engine **ret, const struct engine_options *options,
                       struct errmsg *reterr_msg)
{
    struct engine *engine = calloc(1, sizeof *engine);
    if (engine == NULL)
        return errmsg_set(reterr_msg, CW_ENOMEM, "out of memory");
    engine->loop = options->loop;
    engine->log = options->log;
    engine->connections = options->connections;
    pressure_init(&engine->pressure, options->connections);
    enum cw_err err = add_tools(engine, options);
    if (err != CW_OK) {
        free_tools(engine);
        return errmsg_set(reterr_msg, err, "cannot start: %s", cw_err_text(err));
    }
    lag_open(&engine->lag, engine->loop);
    (void)uv_timer_init(engine->loop, &engine->pump); /* cannot fail */
    if ((err = add_network(engine, options, reterr_msg)) != CW_OK) {
        engine_close(engine, nothing_left, NULL);
        return err;
    }
    *ret = engine;
    return CW_OK;
}

void engine_close(struct engine *engine, void (*on_closed)(void *arg), void *arg)
{
    engine->on_closed = on_closed;
    engine->on_closed_arg = arg;
    engine->open_parts = 2; /* the pump and the lag */
    engine->pump.data = engine;
    uv_close((uv_handle_t *)&engine->pump, on_handle_closed);
    lag_close(&engine->lag, on_handle_closed, engine);
    if (engine->resolver != NULL) {
        engine->open_parts++;
        resolver_close(engine->resolver, on_part_closed, engine);
    }
    if (engine->pool != NULL) {
        engine->open_parts++;
        fetch_pool_close(engine->pool, on_part_closed, engine);
    }
}

static void on_handle_closed(uv_handle_t *handle)
{
    on_part_closed(handle->data);
}

static void on_part_closed(void *arg)
{
    struct engine *engine = arg;
    if (--engine->open_parts > 0)
        return;
    void (*on_closed)(void *) = engine->on_closed;
    void *on_closed_arg = engine->on_closed_arg;
    free_tools(engine);
    on_closed(on_closed_arg);
}

void engine_set_limits(struct engine *engine, unsigned connections, unsigned per_address)
{
    pressure_set_limit(&engine->pressure, connections);
    const struct hosts_limits limits = limits_of(engine->pressure.allowed, per_address);
    hosts_set_limits(engine->hosts, &limits);
    engine->connections = connections;
    engine_pump_soon(engine);
}

void engine_pump_soon(struct engine *engine)
{
    if (engine->pump_is_due || uv_is_closing((uv_handle_t *)&engine->pump))
        return;
    engine->pump_is_due = true;
    (void)uv_timer_start(&engine->pump, on_pump, 0, 0);
}

void engine_note_end(struct engine *engine, enum cw_err err, int32_t status)
{
    struct pressure *p = &engine->pressure;
    struct hosts_status hosts;
    int64_t now_ms = clock_mono_ms();
    enum trouble trouble = TROUBLE_NONE;
    if (err == CW_EFILES)
        trouble = TROUBLE_DESCRIPTORS;
    else if (err == CW_ENETDOWN)
        trouble = TROUBLE_NETWORK;
    hosts_status(engine->hosts, &hosts);
    if (trouble != TROUBLE_NONE)
        pressure_on_trouble(p, trouble, hosts.running, now_ms);
    else if (status != 0)
        pressure_on_answer(p, now_ms);
    hosts_set_connections(engine->hosts, p->allowed);
}

void engine_hold(struct engine *engine)
{
    engine->opening++;
}

void engine_release(struct engine *engine)
{
    assert(engine->opening > 0);
    engine->opening--;
    engine_pump_soon(engine);
}

void engine_drop_host(struct engine *engine, struct host *host)
{
    hosts_drop(engine->hosts, host);
    if (++engine->dropped < DROPS_PER_SWEEP)
        return;
    engine->dropped = 0;
    hosts_forget_idle(engine->hosts, clock_mono_ms());
}

/* Starts what may start, a few at a time: between them the loop looks at its sockets. Returns when
 * to go on, 0: in the next turn; INT64_MAX: when something ends. */
static int64_t hand_out_turns(struct engine *engine)
{
    for (unsigned started = 0; started < STARTS_AT_ONCE;) {
        int64_t wake_ms = INT64_MAX;
        struct turn *turn = hosts_next(engine->hosts, clock_mono_ms(), &wake_ms);
        if (turn == NULL)
            return wake_ms;
        started += errand_take_turn(turn);
    }
    return 0;
}

static void on_pump(uv_timer_t *timer)
{
    struct engine *engine = CONTAINER_OF(timer, struct engine, pump);
    int64_t wake_ms = engine->pressure.hold_until_ms;
    engine->pump_is_due = false;
    if (engine->opening > 0)
        return; /* engine_release() goes on */
    if (wake_ms <= clock_mono_ms())
        wake_ms = hand_out_turns(engine);
    int64_t wait_ms = wake_ms != 0 ? MAX(wake_ms - clock_mono_ms(), 1) : 0;
    if (wake_ms != INT64_MAX && !uv_is_active((const uv_handle_t *)timer))
        (void)uv_timer_start(timer, on_pump, (uint64_t)wait_ms, 0);
}

void engine_status(struct engine *engine, struct engine_status *ret)
{
    struct hosts_status hosts;
    struct fetch_pool_status pool;
    hosts_status(engine->hosts, &hosts);
    fetch_pool_status(engine->pool, &pool);
    *ret = (struct engine_status){
        .running = hosts.running,
        .waiting = hosts.waiting_turns,
        .backing_off = hosts.backing_off,
        .bytes = pool.bytes_received,
        .loop_lag_max_us = lag_max_us(&engine->lag),
        .loop_lag_p999_us = lag_p999_us(&engine->lag),
    };
}
