#include "crawler/fetch/resolver.h"

#include <assert.h>
#include <netinet/in.h>

#include <utlist.h>

#include "crawler/base/clock.h"
#include "crawler/base/table.h"
#include "crawler/base/window.h"
#include "crawler/fetch/address.h"
#include "crawler/fetch/dns_channel.h"
#include "crawler/fetch/resolver_cache.h"

enum {
    RESOLVER_MAGIC = 0x72736c76,
    QUERY_MAGIC = 0x72737179,
    LOOKUP_MAGIC = 0x72736c6b,
    TIMEOUT_MS = 10000,
    CACHE_NAMES = 10000,
    NAME_MAX_BYTES = 255, /* RFC 1035 2.3.4 */
    AGAIN_MS = 500,       /* until nobody is asked again */
};

/* One caller's question. It stands in its look-up's list until there is an answer, then in the
 * resolver's list `answered` until the loop delivers it. */
struct resolver_query {
    unsigned magic;
    struct resolver *resolver;
    struct lookup *lookup; /* NULL once answered */
    struct resolver_query *prev, *next;
    resolver_done_fn *done;
    void *arg;
    enum cw_err err;
    struct resolved *addresses; /* held */
    const char *detail;         /* static */
};

/* One question to the name servers, and who waits for it. After its deadline nobody does, and it
 * is in no list; c-ares still holds it, and its late answer still serves the cache. */
struct lookup {
    unsigned magic;
    struct resolver *resolver;
    struct lookup *prev, *next; /* in the order of their deadlines */
    UT_hash_handle hh;
    struct resolver_query *waiting;
    int64_t deadline_ms;
    uint64_t heard; /* dns_channel_heard() when it began */
    bool is_late;
    bool is_asking; /* c-ares has the question; else it waits to be asked again */
    size_t name_len;
    char name[];
};

struct resolver {
    unsigned magic;
    uv_loop_t *loop; /* borrowed */
    int64_t timeout_ms;
    struct dns_channel *channel;
    struct resolver_cache *cache;
    struct lookup *by_name;
    struct lookup *by_deadline;
    struct resolver_query *answered;
    uv_idle_t soon;                          /* runs while somebody is to be told */
    uv_timer_t deadline;                     /* of the first look-up in by_deadline */
    uv_timer_t again;                        /* asks once more where nobody listened */
    struct window ended, unanswered, failed; /* look-ups */
    unsigned open_handles;
    bool is_closing;
    void (*on_closed)(void *arg);
    void *arg;
};

static void on_answer(void *arg, const struct dns_answer *answer);
static void on_deadline(uv_timer_t *timer);
static void on_again(uv_timer_t *timer);
static void on_soon(uv_idle_t *idle);
static void on_channel_closed(void *arg);
static void on_handle_closed(uv_handle_t *handle);

static struct resolver *resolver_from(void *arg)
{
    struct resolver *r = arg;
    assert(r->magic == RESOLVER_MAGIC);
    return r;
}

enum cw_err resolver_new(struct resolver **ret, const struct resolver_options *options)
{
    struct resolver *r = malloc(sizeof *r);
    if (r == NULL)
        return CW_ENOMEM;
    *r = (struct resolver){
        .magic = RESOLVER_MAGIC,
        .loop = options->loop,
        .timeout_ms = options->timeout_ms > 0 ? options->timeout_ms : TIMEOUT_MS,
        .cache = resolver_cache_new(options->cache_names > 0 ? options->cache_names : CACHE_NAMES),
    };
    enum cw_err err = CW_ENOMEM;
    if (r->cache != NULL)
        err = dns_channel_new(&r->channel, r->loop, options->servers, r->timeout_ms);
    if (err != CW_OK) {
        resolver_cache_free(r->cache);
        free(r);
        return err;
    }
    (void)uv_idle_init(r->loop, &r->soon);
    (void)uv_timer_init(r->loop, &r->deadline);
    (void)uv_timer_init(r->loop, &r->again);
    r->soon.data = r->deadline.data = r->again.data = r;
    r->open_handles = 3;
    *ret = r;
    return CW_OK;
}

/* Moves a query to where on_soon() will find it. `addresses` is borrowed. */
static void query_answer(struct resolver_query *q, enum cw_err err,
                         const struct resolved *addresses, const char *detail)
{
    if (q->lookup != NULL)
        DL_DELETE(q->lookup->waiting, q);
    q->lookup = NULL;
    q->err = err;
    q->addresses = err == CW_OK ? resolved_hold(addresses) : NULL;
    q->detail = detail;
    DL_APPEND(q->resolver->answered, q);
    (void)uv_idle_start(&q->resolver->soon, on_soon);
}

/* RFC 6761 6.3: localhost and the names below it are this machine, whatever a server would say. */
static struct resolved *resolve_localhost(void)
{
    struct sockaddr_storage addresses[2] = {0};
    *(struct sockaddr_in *)&addresses[0] =
        (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    *(struct sockaddr_in6 *)&addresses[1] =
        (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    return resolved_new(addresses, 2, 0);
}

static bool is_localhost(struct str name)
{
    if (str_ends(name, STR(".")))
        name.len--;
    return str_eq_nocase(name, STR("localhost")) || str_ends(name, STR(".localhost"));
}

/* What needs no question and never changes (serial 0): IP literals, localhost. False: it is a name
 * like any other. *ret is held for the caller, NULL when memory is out. */
static bool resolve_fixed(struct str hostname, struct resolved **ret)
{
    struct sockaddr_storage address;
    if (address_parse(hostname, &address))
        *ret = resolved_new(&address, 1, 0);
    else if (is_localhost(hostname))
        *ret = resolve_localhost();
    else
        return false;
    return true;
}

static struct lookup *lookup_find(struct resolver *r, struct str name)
{
    struct lookup *l;
    HASH_FIND(hh, r->by_name, name.ptr, name.len, l);
    return l;
}

static struct lookup *lookup_new(struct resolver *r, struct str name)
{
    struct lookup *l = malloc(sizeof *l + name.len + 1);
    if (l == NULL)
        return NULL;
    *l = (struct lookup){.magic = LOOKUP_MAGIC,
                         .resolver = r,
                         .heard = dns_channel_heard(r->channel),
                         .deadline_ms = clock_mono_ms() + r->timeout_ms,
                         .name_len = name.len};
    memcpy(l->name, name.ptr, name.len);
    l->name[name.len] = '\0';
    HASH_ADD_KEYPTR(hh, r->by_name, l->name, l->name_len, l);
    if (!table_took(l)) {
        free(l);
        return NULL;
    }
    DL_APPEND(r->by_deadline, l);
    if (r->by_deadline == l)
        (void)uv_timer_start(&r->deadline, on_deadline, (uint64_t)r->timeout_ms, 0);
    return l;
}

static void lookup_forget(struct lookup *l)
{
    HASH_DEL(l->resolver->by_name, l);
    DL_DELETE(l->resolver->by_deadline, l);
}

/* The answer may come before this returns, and end the look-up. */
static void ask_servers(struct lookup *l)
{
    l->is_asking = true;
    dns_channel_ask(l->resolver->channel, l->name, on_answer, l);
}

/* Joins the look-up of `name`, or starts one. It may be answered at once; the query then waits in
 * `answered` like any other. */
static enum cw_err lookup_join(struct resolver_query *q, struct str name)
{
    struct lookup *l = lookup_find(q->resolver, name);
    bool is_new = l == NULL;
    if (is_new)
        l = lookup_new(q->resolver, name);
    if (l == NULL)
        return CW_ENOMEM;
    q->lookup = l;
    DL_APPEND(l->waiting, q);
    if (is_new)
        ask_servers(l);
    return CW_OK;
}

static enum cw_err query_begin(struct resolver_query *q, struct str hostname)
{
    struct resolver_answer known;
    struct resolved *fixed;

    if (hostname.len == 0 || hostname.len > NAME_MAX_BYTES ||
        memchr(hostname.ptr, '\0', hostname.len) != NULL) {
        query_answer(q, CW_EDNS, NULL, "not a host name");
        return CW_OK;
    }
    if (resolve_fixed(hostname, &fixed)) {
        if (fixed == NULL)
            return CW_ENOMEM;
        query_answer(q, CW_OK, fixed, "");
        resolved_drop(fixed);
        return CW_OK;
    }
    if (resolver_cache_find(q->resolver->cache, hostname, clock_mono_ms(), &known)) {
        query_answer(q, known.err, known.addresses, known.detail);
        return CW_OK;
    }
    return lookup_join(q, hostname);
}

enum cw_err resolver_ask(struct resolver_query **ret, struct resolver *resolver,
                         struct str hostname, resolver_done_fn *done, void *arg)
{
    if (resolver->is_closing)
        return CW_ECANCELED;
    struct resolver_query *q = malloc(sizeof *q);
    if (q == NULL)
        return CW_ENOMEM;
    *q = (struct resolver_query){
        .magic = QUERY_MAGIC, .resolver = resolver, .done = done, .arg = arg, .detail = ""};
    enum cw_err err = query_begin(q, hostname);
    if (err != CW_OK) {
        free(q);
        return err;
    }
    *ret = q;
    return CW_OK;
}

/* The look-up goes on: its answer serves the cache and whoever else waits. */
void resolver_cancel(struct resolver_query *query)
{
    assert(query->magic == QUERY_MAGIC);
    if (query->lookup != NULL) {
        query_answer(query, CW_ECANCELED, NULL, "");
        return;
    }
    resolved_drop(STEAL(query->addresses)); /* answered, but not told yet */
    query->err = CW_ECANCELED;
    query->detail = "";
}

struct resolved *resolver_cached(struct resolver *resolver, struct str hostname)
{
    struct resolver_answer known;
    struct resolved *fixed;
    if (resolve_fixed(hostname, &fixed))
        return fixed;
    if (!resolver_cache_find(resolver->cache, hostname, clock_mono_ms(), &known) ||
        known.err != CW_OK)
        return NULL;
    return resolved_hold(known.addresses);
}

void resolver_prefer(struct resolver *resolver, struct str hostname, const char *address)
{
    resolver_cache_prefer(resolver->cache, hostname, address);
}

static void answer_all(struct lookup *l, enum cw_err err, const struct resolved *addresses,
                       const char *detail)
{
    while (l->waiting != NULL)
        query_answer(l->waiting, err, addresses, detail);
}

static bool was_heard(const struct lookup *l)
{
    return dns_channel_heard(l->resolver->channel) != l->heard;
}

/* The class of a look-up that no server could answer: was it this name, or everybody's silence? */
static enum cw_err err_of_failure(const struct lookup *l)
{
    return was_heard(l) ? CW_EDNSTEMP : CW_ERESOLVER;
}

static void count(struct resolver *r, enum cw_err err, bool timed_out)
{
    int64_t now_ms = clock_mono_ms();
    window_add(&r->ended, now_ms, 1);
    if (timed_out || err == CW_ERESOLVER)
        window_add(&r->unanswered, now_ms, 1);
    else if (err == CW_EDNSTEMP)
        window_add(&r->failed, now_ms, 1);
}

/* Nobody listens, and there is time left: true, it will be asked again. */
static bool put_off(struct lookup *l, enum cw_err err)
{
    struct resolver *r = l->resolver;
    if (err != CW_ERESOLVER || l->is_late || clock_mono_ms() + AGAIN_MS >= l->deadline_ms)
        return false;
    l->is_asking = false;
    if (!uv_is_active((const uv_handle_t *)&r->again))
        (void)uv_timer_start(&r->again, on_again, AGAIN_MS, 0);
    return true;
}

/* Those that are answered at once leave the list under way. */
static void on_again(uv_timer_t *timer)
{
    struct resolver *r = resolver_from(timer->data);
    struct lookup *l, *next;
    DL_FOREACH_SAFE (r->by_deadline, l, next) {
        if (!l->is_asking && !r->is_closing)
            ask_servers(l);
    }
}

/* From c-ares: on_soon() tells the callers, since they may do anything, c-ares calls included. */
static void on_answer(void *arg, const struct dns_answer *answer)
{
    struct lookup *l = arg;
    assert(l->magic == LOOKUP_MAGIC);
    struct resolver *r = l->resolver;
    struct str name = str_from(l->name, l->name_len);
    struct resolved *addresses = NULL;
    enum cw_err err = answer->err;

    if (err == CW_EDNSTEMP)
        err = err_of_failure(l);
    if (!r->is_closing && put_off(l, err))
        return;
    if (!l->is_late) {
        lookup_forget(l);
        count(r, err, answer->timed_out);
    }
    if (err == CW_OK) {
        addresses = resolver_cache_keep(r->cache, name, answer->addresses, answer->count,
                                        answer->ttl_s, clock_mono_ms());
        err = addresses != NULL ? CW_OK : CW_ENOMEM;
    } else if ((err == CW_EDNS || err == CW_EDNSTEMP || err == CW_ERESOLVER) && !l->is_late) {
        resolver_cache_keep_failure(r->cache, name, err, answer->detail, clock_mono_ms());
    }
    answer_all(l, err, addresses, answer->detail);
    resolved_drop(addresses);
    free(l);
}

static void on_deadline(uv_timer_t *timer)
{
    struct resolver *r = resolver_from(timer->data);
    const char *detail = "no answer within the limit";
    int64_t now_ms = clock_mono_ms();

    while (r->by_deadline != NULL && r->by_deadline->deadline_ms <= now_ms) {
        struct lookup *l = r->by_deadline;
        lookup_forget(l);
        l->is_late = true;
        enum cw_err err = err_of_failure(l);
        count(r, err, true);
        resolver_cache_keep_failure(r->cache, str_from(l->name, l->name_len), err, detail, now_ms);
        answer_all(l, err, NULL, detail);
        if (!l->is_asking)
            free(l);
    }
    if (r->by_deadline != NULL)
        (void)uv_timer_start(timer, on_deadline, (uint64_t)(r->by_deadline->deadline_ms - now_ms),
                             0);
}

static void query_deliver(struct resolver_query *q)
{
    q->done(q->arg, q->err, q->addresses, q->detail);
    resolved_drop(q->addresses);
    free(q);
}

/* Tells those whose answer was there when the turn began; what their callbacks ask for waits for
 * the next turn, so that the loop is never kept busy here. */
static void on_soon(uv_idle_t *idle)
{
    struct resolver *r = resolver_from(idle->data);
    struct resolver_query *batch = r->answered;

    r->answered = NULL;
    while (batch != NULL) {
        struct resolver_query *q = batch;
        DL_DELETE(batch, q);
        query_deliver(q);
    }
    if (r->answered != NULL)
        return;
    (void)uv_idle_stop(&r->soon);
    if (r->is_closing && r->channel != NULL)
        dns_channel_close(STEAL(r->channel), on_channel_closed, r);
}

/* Everybody is told first; then the channel goes, then the handles, then the resolver. */
void resolver_close(struct resolver *resolver, void (*on_closed)(void *arg), void *arg)
{
    assert(!resolver->is_closing);
    resolver->is_closing = true;
    resolver->on_closed = on_closed;
    resolver->arg = arg;
    for (struct lookup *l = resolver->by_deadline; l != NULL; l = l->next)
        answer_all(l, CW_ECANCELED, NULL, "");
    for (struct resolver_query *q = resolver->answered; q != NULL; q = q->next)
        resolver_cancel(q);
    (void)uv_idle_start(&resolver->soon, on_soon);
}

static void on_channel_closed(void *arg)
{
    struct resolver *r = resolver_from(arg);
    while (r->by_deadline != NULL) { /* those that waited to be asked again */
        struct lookup *l = r->by_deadline;
        lookup_forget(l);
        free(l);
    }
    uv_close((uv_handle_t *)&r->again, on_handle_closed);
    uv_close((uv_handle_t *)&r->soon, on_handle_closed);
    uv_close((uv_handle_t *)&r->deadline, on_handle_closed);
}

static void on_handle_closed(uv_handle_t *handle)
{
    struct resolver *r = resolver_from(handle->data);
    if (--r->open_handles > 0)
        return;
    void (*on_closed)(void *) = r->on_closed;
    void *arg = r->arg;
    resolver_cache_free(r->cache);
    free(r);
    on_closed(arg);
}

void resolver_status(const struct resolver *resolver, struct resolver_status *ret)
{
    int64_t now_ms = clock_mono_ms();
    *ret = (struct resolver_status){
        .open = HASH_COUNT(resolver->by_name),
        .ended = (unsigned)window_sum(&resolver->ended, now_ms),
        .unanswered = (unsigned)window_sum(&resolver->unanswered, now_ms),
        .failed = (unsigned)window_sum(&resolver->failed, now_ms),
    };
}
