#include "tests/sim/support/client.h"

#include <assert.h>

const char *const client_names[CLIENT_KINDS] = {"crawld", "Scrapy", "Heritrix x5", "Heritrix x1",
                                                "no pause"};

static void open_ours(struct client *client)
{
    client->limits = (struct hosts_limits){.connections = CLIENT_SLOTS_MAX,
                                           .per_address = CLIENT_SLOTS_MAX,
                                           .max_crawl_delay_ms = 60000,
                                           .max_backoff_ms = 3600 * 1000};
    struct host_policy policy = {.per_host = client->slots, .delay_ms = HOST_DELAY_AUTO};
    enum cw_err err = hosts_new(&client->hosts, &client->limits);
    assert(err == CW_OK);
    struct host *host = hosts_get(client->hosts, STR("origin"), &policy);
    assert(host != NULL);
    for (unsigned i = 0; i < client->slots; i++)
        hosts_ask(client->hosts, host, &client->turns[i], TURN_LAST, 0);
}

void client_init(struct client *client, enum client_kind kind, unsigned slots, uint64_t seed)
{
    *client =
        (struct client){.kind = kind,
                        .slots = kind == CLIENT_HERITRIX || kind == CLIENT_HERITRIX_1 ? 1 : slots,
                        .chance = {seed},
                        .delay_ms = kind == CLIENT_SCRAPY ? 5000 : 0};
    if (kind == CLIENT_OURS)
        open_ours(client);
}

void client_release(struct client *client)
{
    if (client->kind != CLIENT_OURS)
        return;
    static const struct turn_result canceled = {.err = CW_ECANCELED, .retry_after_ms = -1};
    for (unsigned i = 0; i < client->slots; i++)
        if (client->turns[i].running)
            hosts_done(client->hosts, &client->turns[i], &canceled, 0);
        else
            hosts_withdraw(client->hosts, &client->turns[i], 0);
    hosts_free(client->hosts);
}

static int start_ours(struct client *client, int64_t now_ms, int64_t *ret_wake_ms)
{
    struct turn *turn = hosts_next(client->hosts, now_ms, ret_wake_ms);
    if (turn == NULL)
        return -1;
    bool goes = hosts_locate(client->hosts, turn, STR("192.0.2.1"), now_ms);
    assert(goes);
    return (int)(turn - client->turns);
}

/* Scrapy counts from start to start; Heritrix from the end; both with what was in force then. */
static int64_t earliest_ms(const struct client *client)
{
    int64_t from_ms = client->kind == CLIENT_SCRAPY ? client->last_start_ms : client->last_end_ms;
    return from_ms + (int64_t)client->drawn_ms;
}

int client_start(struct client *client, int64_t now_ms, int64_t *ret_wake_ms)
{
    if (client->kind == CLIENT_OURS)
        return start_ours(client, now_ms, ret_wake_ms);
    *ret_wake_ms = INT64_MAX;
    if (client->running == client->slots)
        return -1;
    if (earliest_ms(client) > now_ms) {
        *ret_wake_ms = earliest_ms(client);
        return -1;
    }
    int slot = 0;
    while (client->is_out[slot])
        slot++;
    client->is_out[slot] = true;
    client->running++;
    client->last_start_ms = now_ms;
    return slot;
}

/* scrapy/extensions/throttle.py, AutoThrottle._adjust_delay(), and downloader's download_delay().
 */
static void adjust_scrapy(struct client *client, const struct turn_result *result)
{
    double target_ms = (double)result->elapsed_ms;
    double delay_ms = MAX(target_ms, (client->delay_ms + target_ms) / 2);
    delay_ms = MIN(delay_ms, 60000);
    if (result->status == 200 || delay_ms > client->delay_ms)
        client->delay_ms = delay_ms;
    client->drawn_ms = client->delay_ms * (0.5 + chance_unit(&client->chance));
}

void client_end(struct client *client, unsigned slot, const struct turn_result *result,
                int64_t now_ms)
{
    if (client->kind == CLIENT_OURS) {
        struct turn *turn = &client->turns[slot];
        struct host *host = turn->host;
        hosts_done(client->hosts, turn, result, now_ms);
        hosts_ask(client->hosts, host, turn, TURN_LAST, now_ms);
        return;
    }
    client->is_out[slot] = false;
    client->running--;
    client->last_end_ms = now_ms;
    double elapsed_ms = (double)result->elapsed_ms;
    if (client->kind == CLIENT_SCRAPY)
        adjust_scrapy(client, result);
    else if (client->kind == CLIENT_HERITRIX)
        client->drawn_ms = client->delay_ms = MIN(MAX(5 * elapsed_ms, 3000), 30000);
    else if (client->kind == CLIENT_HERITRIX_1)
        client->drawn_ms = client->delay_ms = MIN(elapsed_ms, 30000);
}

int64_t client_delay_ms(const struct client *client)
{
    struct host_status status = {.delay_ms = (int64_t)client->delay_ms};
    if (client->kind == CLIENT_OURS)
        host_status(client->turns[0].host, &status);
    return status.delay_ms;
}
