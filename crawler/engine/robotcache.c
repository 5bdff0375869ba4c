#include "crawler/engine/robotcache.h"

#include <assert.h>
#include <utlist.h>

#include "crawler/base/clock.h"
#include "crawler/base/table.h"
#include "crawler/engine/engine_p.h"
#include "crawler/engine/errand.h"
#include "crawler/parse/decode.h"
#include "crawler/parse/robots.h"

enum {
    FRESH_MS = 24 * 3600 * 1000,
    FRESH_UNREACHABLE_MS = 3600 * 1000,
    FRESH_OURS_MS = 1000, /* this machine was at fault: nothing is known of the host */
    DETAIL_MAX = 256,
};

struct robots_entry {
    UT_hash_handle hh; /* in the order of fetching: the oldest first */
    struct robotcache *cache;
    char *origin;      /* owned; the key */
    struct host *host; /* held while known: its Crawl-delay is ours to keep */
    bool fetching;
    struct robots *rules; /* owned; NULL: nothing is forbidden */
    enum cw_err err;      /* not CW_OK: unreachable */
    char detail[DETAIL_MAX];
    int64_t expires_ms; /* monotonic */
    struct robots_waiter *waiters;
    /* while fetching */
    struct errand errand;
    struct url url;           /* being asked */
    struct host *errand_host; /* held */
    int32_t tries, hops;
};

struct robotcache {
    struct robotcache_options options;
    struct robots_entry *entries; /* owned */
    size_t rules_bytes;           /* of all entries */
    unsigned fetching;
    bool closing;
};

static void on_answer(struct errand *errand, struct fetch_result *res,
                      const struct errand_terms *terms);

enum cw_err robotcache_new(struct robotcache **ret, const struct robotcache_options *options)
{
    struct robotcache *cache = malloc(sizeof *cache);
    if (cache == NULL)
        return CW_ENOMEM;
    *cache = (struct robotcache){.options = *options};
    *ret = cache;
    return CW_OK;
}

static void drop_rules(struct robots_entry *entry)
{
    if (entry->rules != NULL)
        entry->cache->rules_bytes -= robots_footprint(entry->rules);
    robots_free(STEAL(entry->rules));
}

/* Of an entry that stands in no table. */
static void release_entry(struct robots_entry *entry)
{
    struct engine *engine = entry->cache->options.engine;
    drop_rules(entry);
    if (entry->host != NULL)
        engine_drop_host(engine, entry->host);
    if (entry->errand_host != NULL)
        engine_drop_host(engine, entry->errand_host);
    url_release(&entry->url);
    free(entry->origin);
    free(entry);
}

static void free_entry(struct robots_entry *entry)
{
    assert(entry->waiters == NULL && !entry->fetching);
    HASH_DEL(entry->cache->entries, entry);
    release_entry(entry);
}

static void close_if_done(struct robotcache *cache)
{
    if (!cache->closing || cache->fetching > 0)
        return;
    struct robots_entry *entry, *next;
    HASH_ITER (hh, cache->entries, entry, next)
        free_entry(entry);
    struct robotcache_options options = cache->options;
    free(cache);
    options.on_closed(options.arg);
}

static void end_fetching(struct robots_entry *entry)
{
    entry->fetching = false;
    entry->cache->fetching--;
}

void robotcache_close(struct robotcache *cache)
{
    struct robots_entry *entry, *next;
    cache->closing = true;
    HASH_ITER (hh, cache->entries, entry, next) {
        assert(entry->waiters == NULL);
        if (entry->fetching && errand_cancel(&entry->errand))
            end_fetching(entry);
    }
    close_if_done(cache);
}

/* Asks for entry->url. On failure nothing is under way. */
static enum cw_err send_request(struct robots_entry *entry)
{
    const struct robotcache_options *options = &entry->cache->options;
    struct hosts *hosts = options->engine->hosts;
    struct host *host = hosts_get(hosts, url_host_key(&entry->url), options->policy);
    if (host == NULL)
        return CW_ENOMEM;
    if (entry->errand_host != NULL)
        engine_drop_host(options->engine, entry->errand_host);
    entry->errand_host = host;
    entry->errand = (struct errand){
        .engine = options->engine,
        .host = host,
        .request = *options->request,
        .hostname = url_hostname(&entry->url),
        .place = TURN_FIRST,
        .done = on_answer,
    };
    entry->errand.request.url = url_href(&entry->url);
    entry->errand.request.headers = credentials_headers(options->credentials, &entry->url);
    entry->errand.request.limits.body_bytes = ROBOTS_MAX_BYTES;
    entry->errand.request.cut_body = true;
    entry->tries++;
    errand_start(&entry->errand);
    return CW_OK;
}

/* What the http and the https side of a host ask for counts for both: they share its clock. */
static int64_t crawl_delay_of_both(const struct robots_entry *entry)
{
    static const struct str schemes[] = {{"http", 4}, {"https", 5}};
    int64_t delay_ms = -1;
    struct str origin = str_of(entry->origin);
    struct str rest = str_skip(origin, str_find_char(origin, ':'));
    for (size_t i = 0; i < ARRAY_LEN(schemes); i++) {
        char name[URL_MAX_BYTES + 8];
        const struct robots_entry *side;
        int len = snprintf(name, sizeof name, STR_FMT STR_FMT, STR_ARG(schemes[i]), STR_ARG(rest));
        HASH_FIND(hh, entry->cache->entries, name, (size_t)len, side);
        if (side != NULL && side->rules != NULL)
            delay_ms = MAX(delay_ms, robots_crawl_delay_ms(side->rules));
    }
    return delay_ms;
}

static int64_t fresh_ms(enum cw_err err)
{
    switch (err) {
    case CW_OK: return FRESH_MS;
    case CW_EFILES:
    case CW_ENETDOWN:
    case CW_ERESOLVER: return FRESH_OURS_MS;
    default: return FRESH_UNREACHABLE_MS;
    }
}

/* The entry is known now; its waiters ask again. */
static void settle(struct robots_entry *entry, enum cw_err err, const char *detail, int32_t status,
                   struct str body)
{
    struct robotcache *cache = entry->cache;
    end_fetching(entry);
    entry->err = err;
    (void)snprintf(entry->detail, sizeof entry->detail, "%s", detail);
    entry->expires_ms = clock_mono_ms() + fresh_ms(err);
    if (entry->host != NULL) {
        hosts_set_crawl_delay(cache->options.engine->hosts, entry->host,
                              crawl_delay_of_both(entry));
        const struct robots_known known = {
            .origin = str_of(entry->origin),
            .host = host_name(entry->host),
            .status = status,
            .err = err,
            .detail = entry->detail,
            .body = body,
        };
        cache->options.on_known(cache->options.arg, &known);
    }
    while (entry->waiters != NULL) {
        struct robots_waiter *waiter = entry->waiters;
        DL_DELETE(entry->waiters, waiter);
        waiter->entry = NULL;
        waiter->ready(waiter);
    }
    close_if_done(cache);
}

static void record_attempt(struct robots_entry *entry, const struct fetch_result *res,
                           const struct errand_terms *terms)
{
    const struct robotcache_options *options = &entry->cache->options;
    const struct attempt attempt = errand_attempt(
        FETCH_ROBOTS, url_href(&entry->url), url_host_key(&entry->url), entry->tries, res, terms);
    options->on_attempt(options->arg, &attempt);
}

/* A body that cannot be decoded holds no rule; what can be read before an error counts. */
static enum cw_err read_rules(struct robots_entry *entry, const struct fetch_result *res,
                              struct buf *body)
{
    enum cw_err err = decode_content(body, buf_str(&res->body), res->headers.content_encoding);
    if (err == CW_ENOMEM)
        return err;
    err = robots_parse(&entry->rules, buf_str(body), entry->cache->options.engine->agent);
    if (err == CW_OK)
        entry->cache->rules_bytes += robots_footprint(entry->rules);
    return err;
}

static bool is_unreachable(const struct fetch_result *res)
{
    return res->err != CW_OK || res->status >= 500 || res->status == 429;
}

/* True when the answer leads on to another request, be it that there is no memory for one. */
static bool follow(struct robots_entry *entry, const struct fetch_result *res)
{
    struct url to = URL_INIT;
    bool leads_on = false;
    if (res->status >= 300 && res->status < 400 && entry->hops < ROBOTS_REDIRECTS_MAX &&
        !str_is_absent(res->headers.location) &&
        url_parse(&to, res->headers.location, &entry->url) == CW_OK && url_is_http(&to) &&
        url_canonicalize(&to) == CW_OK) {
        entry->hops++;
        entry->tries = 0;
        leads_on = true;
        if (url_copy(&entry->url, &to) != CW_OK || send_request(entry) != CW_OK)
            settle(entry, CW_ENOMEM, cw_err_text(CW_ENOMEM), 0, STR_NONE);
    }
    url_release(&to);
    return leads_on;
}

static bool try_again(struct robots_entry *entry, const struct fetch_result *res)
{
    bool may_help = res->err == CW_OK || cw_err_retry(res->err) != CW_RETRY_NEVER;
    return may_help && !entry->cache->closing &&
           entry->tries <= (int32_t)entry->cache->options.retries && send_request(entry) == CW_OK;
}

/* Pages fail with what kept robots.txt from us; the detail says that it was not they. */
static void settle_unreachable(struct robots_entry *entry, const struct fetch_result *res)
{
    char detail[DETAIL_MAX + sizeof "robots.txt: "];
    if (res->err != CW_OK) {
        (void)snprintf(detail, sizeof detail, "robots.txt: %s", res->detail);
        settle(entry, res->err, detail, 0, STR_NONE);
        return;
    }
    (void)snprintf(detail, sizeof detail, "robots.txt answered %d", (int)res->status);
    settle(entry, CW_EROBOTS, detail, res->status, STR_NONE);
}

static void on_answer(struct errand *errand, struct fetch_result *res,
                      const struct errand_terms *terms)
{
    struct robots_entry *entry = CONTAINER_OF(errand, struct robots_entry, errand);
    if (res->err != CW_ECANCELED)
        record_attempt(entry, res, terms);
    if (is_unreachable(res)) {
        if (!try_again(entry, res))
            settle_unreachable(entry, res);
        return;
    }
    if (follow(entry, res))
        return;
    CLEANUP(buf_release) struct buf body = BUF_INIT(ROBOTS_MAX_BYTES);
    enum cw_err err = CW_OK;
    if (res->status >= 200 && res->status < 300)
        err = read_rules(entry, res, &body);
    settle(entry, err, err != CW_OK ? cw_err_text(err) : "", res->status, buf_str(&body));
}

static void begin_fetching(struct robots_entry *entry)
{
    drop_rules(entry);
    entry->fetching = true;
    entry->cache->fetching++;
    entry->tries = entry->hops = 0;
}

static enum cw_err fetch_robots(struct robots_entry *entry)
{
    struct url base = URL_INIT;
    enum cw_err err = url_parse(&base, str_of(entry->origin), NULL);
    if (err == CW_OK)
        err = url_parse(&entry->url, STR("/robots.txt"), &base);
    url_release(&base);
    if (err != CW_OK)
        return err;
    begin_fetching(entry);
    if ((err = send_request(entry)) != CW_OK)
        end_fetching(entry);
    return err;
}

static struct robots_entry *add_entry(struct robotcache *cache, const struct url *url)
{
    struct robots_entry *entry = calloc(1, sizeof *entry);
    if (entry == NULL)
        return NULL;
    entry->cache = cache;
    entry->url = URL_INIT;
    entry->origin = str_dup(url_origin(url));
    entry->host = hosts_get(cache->options.engine->hosts, url_host_key(url), cache->options.policy);
    if (entry->origin == NULL || entry->host == NULL) {
        release_entry(entry);
        return NULL;
    }
    HASH_ADD_KEYPTR(hh, cache->entries, entry->origin, strlen(entry->origin), entry);
    if (table_took(entry))
        return entry;
    release_entry(entry);
    return NULL;
}

static bool is_too_large(const struct robotcache *cache)
{
    return HASH_COUNT(cache->entries) >= ROBOTCACHE_MAX ||
           cache->rules_bytes > ROBOTCACHE_MAX_BYTES;
}

/* Keeps the table within its bounds: the oldest entries that nobody needs leave. */
static void make_room(struct robotcache *cache)
{
    struct robots_entry *entry, *next;
    HASH_ITER (hh, cache->entries, entry, next) {
        if (!is_too_large(cache))
            return;
        if (!entry->fetching && entry->waiters == NULL)
            free_entry(entry);
    }
}

static void answer(const struct robots_entry *entry, const struct url *url,
                   struct robots_answer *ret)
{
    *ret = (struct robots_answer){.verdict = ROBOTS_ALLOWED, .rules = entry->rules};
    if (entry->err != CW_OK) {
        ret->verdict = ROBOTS_UNREACHABLE;
        ret->err = entry->err;
        ret->detail = entry->detail;
    } else if (entry->rules != NULL) {
        struct robots_match match = robots_match(entry->rules, url_path_and_query(url));
        ret->verdict = match.allowed ? ROBOTS_ALLOWED : ROBOTS_DENIED;
        ret->line = match.line;
        ret->rule = match.rule;
    }
}

enum cw_err robotcache_ask(struct robotcache *cache, const struct url *url,
                           struct robots_waiter *waiter, struct robots_answer *ret)
{
    struct robots_entry *entry;
    struct str origin = url_origin(url);
    HASH_FIND(hh, cache->entries, origin.ptr, origin.len, entry);
    bool known = entry != NULL && (entry->fetching || entry->expires_ms > clock_mono_ms());
    if (!known) {
        if (entry == NULL)
            make_room(cache);
        if (entry == NULL && (entry = add_entry(cache, url)) == NULL)
            return CW_ENOMEM;
        enum cw_err err = fetch_robots(entry);
        if (err != CW_OK)
            return err;
    }
    if (!entry->fetching) {
        answer(entry, url, ret);
        return CW_OK;
    }
    DL_APPEND(entry->waiters, waiter);
    waiter->entry = entry;
    *ret = (struct robots_answer){.verdict = ROBOTS_PENDING};
    return CW_OK;
}

const struct errand *robotcache_errand(const struct robots_waiter *waiter)
{
    return waiter->entry != NULL ? &waiter->entry->errand : NULL;
}

void robotcache_leave(struct robots_waiter *waiter)
{
    if (waiter->entry == NULL)
        return;
    DL_DELETE(waiter->entry->waiters, waiter);
    waiter->entry = NULL;
}
