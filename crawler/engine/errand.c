#include "crawler/engine/errand.h"

#include <assert.h>

#include "crawler/base/clock.h"
#include "crawler/engine/engine_p.h"
#include "crawler/parse/httpdate.h"

enum { ERRAND_MAGIC = 0x45525244 };

static void on_resolved(void *arg, enum cw_err err, const struct resolved *addresses,
                        const char *detail);
static void on_fetched(void *arg, struct fetch_result *res);

static struct errand *errand_from(void *arg)
{
    struct errand *e = arg;
    assert(e->magic == ERRAND_MAGIC);
    return e;
}

static void ask(struct errand *e)
{
    e->state = ERRAND_WAITING;
    hosts_ask(e->engine->hosts, e->host, &e->turn, e->place, clock_mono_ms());
    engine_pump_soon(e->engine);
}

void errand_start(struct errand *e)
{
    e->magic = ERRAND_MAGIC;
    e->turn = (struct turn){0};
    e->query = NULL;
    e->fetch = NULL;
    e->addresses = NULL;
    e->dns_ms = -1;
    e->canceled = false;
    ask(e);
}

enum { RETRY_AFTER_MAX_MS = 24 * 3600 * 1000 };

int64_t errand_retry_after_ms(const struct fetch_result *res)
{
    if (str_is_absent(res->headers.retry_after))
        return -1;
    int64_t now_unix_ms = clock_unix_ms(), sent_unix_ms;
    if (!str_is_absent(res->headers.date) &&
        httpdate_parse(res->headers.date, now_unix_ms, &sent_unix_ms))
        now_unix_ms = sent_unix_ms;
    return httpdate_retry_after_ms(res->headers.retry_after, now_unix_ms, RETRY_AFTER_MAX_MS);
}

/* libcurl may have gone on to another address of the name, for which no slot was held. */
static bool met_its_address(const struct errand *e, const struct fetch_result *res)
{
    return e->addresses != NULL && strcmp(e->address, res->remote_ip) == 0;
}

/* `now_ms` on the clock of pauses is `boot_ms` on the one that is stored, or a little later. */
static struct errand_terms terms_of(const struct errand *e, bool met_address, int64_t now_ms,
                                    int64_t boot_ms)
{
    struct host_status status;
    host_status(e->host, &status);
    return (struct errand_terms){
        .limit_ms = e->turn.limit_ms,
        .host_slots = e->turn.host_slots,
        .address_slots = met_address ? e->turn.address_slots : 0,
        .started_ms = e->started_boot_ms,
        .ended_ms = boot_ms,
        .quiet_until_ms =
            status.quiet_until_ms != INT64_MIN ? boot_ms + status.quiet_until_ms - now_ms : 0,
    };
}

/* Gives the turn back and tells the owner; the errand may be gone afterwards. */
static void finish(struct errand *e, struct fetch_result *res)
{
    struct engine *engine = e->engine;
    /* In this order: were the end stored later than it is for the next pause, because the processor
     * was taken from us in between, then that pause would look too short. */
    int64_t boot_ms = clock_boot_ms(), now_ms = clock_mono_ms();
    bool sent = e->state == ERRAND_FETCHING && res->err != CW_EBLOCKED; /* canceled or not */
    const struct turn_result result = {
        .err = res->err,
        .status = res->status,
        .elapsed_ms = MAX(res->time.total_ms, 0),
        .retry_after_ms = errand_retry_after_ms(res),
        .sent = sent,
    };
    hosts_done(engine->hosts, &e->turn, &result, now_ms);
    engine_note_end(engine, res->err, res->status);
    engine_pump_soon(engine);
    bool met_address = met_its_address(e, res);
    const struct errand_terms terms = terms_of(e, met_address, now_ms, boot_ms);
    if (e->addresses != NULL && res->err == CW_OK && !met_address)
        resolver_prefer(engine->resolver, e->hostname, res->remote_ip); /* so that slots are of
                                                                           what answers */
    res->time.dns_ms = e->dns_ms;
    resolved_drop(STEAL(e->addresses));
    e->magic = 0;
    e->done(e, res, &terms);
}

/* Ends an errand that never became a transfer. */
static void fail(struct errand *e, enum cw_err err, const char *detail)
{
    int64_t now = clock_unix_ms();
    struct fetch_result res = {
        .err = err,
        .body = BUF_INIT(0),
        .time = {.started_unix_ms = e->started_unix_ms,
                 .ended_unix_ms = now,
                 .dns_ms = -1,
                 .connect_ms = -1,
                 .tls_ms = -1,
                 .first_byte_ms = -1,
                 .total_ms = (int32_t)(now - e->started_unix_ms)},
    };
    (void)snprintf(res.detail, sizeof res.detail, "%s", detail != NULL ? detail : "");
    finish(e, &res);
}

/* IPv6 in brackets, or IPv4 as the URL Standard writes it: a name never ends in a digit-only label.
 */
static bool is_ip_literal(struct str hostname)
{
    size_t at = hostname.len;
    while (at > 0 && ascii_is_digit(hostname.ptr[at - 1]))
        at--;
    return str_starts(hostname, STR("[")) ||
           (at < hostname.len && (at == 0 || hostname.ptr[at - 1] == '.'));
}

static struct str text_of(const char *text)
{
    return text[0] != '\0' ? str_of(text) : STR_NONE;
}

static void fetch_now(struct errand *e, const struct resolved *addresses)
{
    e->address[0] = '\0'; /* behind a proxy: nobody knows */
    if (addresses != NULL)
        resolved_text(addresses, e->address);
    if (!hosts_locate(e->engine->hosts, &e->turn, text_of(e->address), clock_mono_ms())) {
        e->state = ERRAND_WAITING; /* the address is full: back at the head of the queue */
        engine_pump_soon(e->engine);
        if (e->sent_back != NULL)
            e->sent_back(e);
        return;
    }
    e->state = ERRAND_FETCHING;
    e->started_boot_ms = clock_boot_ms();
    e->addresses = addresses != NULL ? resolved_hold(addresses) : NULL;
    e->request.addresses = is_ip_literal(e->hostname) ? NULL : e->addresses;
    enum cw_err err = fetch_start(&e->fetch, e->engine->pool, &e->request, on_fetched, e);
    if (err != CW_OK)
        fail(e, err, cw_err_text(err));
}

bool errand_take_turn(struct turn *turn)
{
    struct errand *e = errand_from(CONTAINER_OF(turn, struct errand, turn));
    if (e->may_go != NULL && !e->may_go(e)) {
        const struct turn_result nothing = {.err = CW_ECANCELED, .retry_after_ms = -1};
        e->state = ERRAND_ASIDE;
        hosts_done(e->engine->hosts, &e->turn, &nothing, clock_mono_ms());
        if (e->put_aside != NULL)
            e->put_aside(e);
        return false;
    }
    e->state = ERRAND_RESOLVING;
    e->started_unix_ms = clock_unix_ms();
    e->started_boot_ms = clock_boot_ms();
    e->asked_ms = clock_mono_ms();
    if (e->request.proxy != NULL) { /* the proxy resolves; its own name is the pool's business */
        fetch_now(e, NULL);
        return true;
    }
    struct resolved *cached = resolver_cached(e->engine->resolver, e->hostname);
    if (cached != NULL) {
        fetch_now(e, cached);
        resolved_drop(cached);
        return true;
    }
    enum cw_err err = resolver_ask(&e->query, e->engine->resolver, e->hostname, on_resolved, e);
    if (err != CW_OK)
        fail(e, err, cw_err_text(err));
    return true;
}

static void on_resolved(void *arg, enum cw_err err, const struct resolved *addresses,
                        const char *detail)
{
    struct errand *e = errand_from(arg);
    e->query = NULL;
    e->dns_ms = (int32_t)(clock_mono_ms() - e->asked_ms);
    if (e->canceled)
        err = CW_ECANCELED;
    if (err != CW_OK)
        fail(e, err, detail);
    else
        fetch_now(e, addresses);
}

static void on_fetched(void *arg, struct fetch_result *res)
{
    struct errand *e = errand_from(arg);
    e->fetch = NULL;
    finish(e, res);
}

void errand_resume(struct errand *e)
{
    assert(e->state == ERRAND_ASIDE);
    ask(e);
}

bool errand_cancel(struct errand *e)
{
    e->canceled = true;
    switch (e->state) {
    case ERRAND_WAITING: hosts_withdraw(e->engine->hosts, &e->turn, clock_mono_ms()); return true;
    case ERRAND_ASIDE: return true;
    case ERRAND_RESOLVING: resolver_cancel(e->query); return false;
    case ERRAND_FETCHING: fetch_cancel(e->fetch); return false;
    }
    return false;
}

struct attempt errand_attempt(enum fetch_kind kind, struct str url, struct str host,
                              int32_t attempt, const struct fetch_result *res,
                              const struct errand_terms *terms)
{
    return (struct attempt){
        .kind = kind,
        .url = url,
        .host = host,
        .time = res->time,
        .attempt = attempt,
        .status = res->status,
        .err = res->err,
        .detail = text_of(res->detail),
        .limit_ms = (int32_t)terms->limit_ms,
        .size = res->size,
        .http_version = res->http_version,
        .remote_ip = text_of(res->remote_ip),
        .retry_after_ms = MIN(errand_retry_after_ms(res), MAX_BACKOFF_MS),
        .host_slots = (int32_t)terms->host_slots,
        .address_slots = (int32_t)terms->address_slots,
        .started_boot_ms = terms->started_ms,
        .ended_boot_ms = terms->ended_ms,
        .quiet_until_boot_ms = terms->quiet_until_ms,
    };
}
