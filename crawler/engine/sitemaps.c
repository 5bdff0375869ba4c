#include "crawler/engine/sitemaps.h"

#include <assert.h>
#include <utlist.h>

#include "crawler/base/clock.h"
#include "crawler/base/table.h"
#include "crawler/engine/announced.h"
#include "crawler/engine/crawl_p.h"
#include "crawler/engine/errand.h"
#include "crawler/parse/robots.h"

enum { FILE_MAGIC = 0x534d4150 };

/* Where a file stands; what is pending in each place. */
enum file_state {
    FILE_QUEUED,  /* in all->queue */
    FILE_ROBOTS,  /* waits for robots.txt (waiter) */
    FILE_ERRAND,  /* waits for its turn, or is being fetched (errand) */
    FILE_READING, /* on a worker (job) */
    FILE_FEEDING, /* its URLs go to the sink */
};

/* One that is queued or being worked on. */
struct file {
    unsigned magic;
    enum file_state state;
    struct file *next, *prev; /* in all->queue or all->working */
    struct sitemaps *all;
    struct url url;  /* being asked */
    char *also_host; /* owned; the politeness host whose robots.txt led here */
    unsigned depth;  /* 1: not from an index */
    int32_t tries, hops;
    struct robots_waiter waiter;
    struct host *host; /* held from the errand on */
    struct errand errand;
    struct announced *announced; /* owned; from the answer on */
    size_t fed;
    struct job job;
};

/* The name of a file, for each once; in a crawl that goes on, once in SITEMAPS_FRESH_MS. */
struct name {
    UT_hash_handle hh;
    int64_t asked_ms;
    char url[];
};

struct sitemaps {
    struct crawl *crawl; /* borrowed */
    struct name *names;  /* owned */
    struct file *queue, *working;
    unsigned working_count;
    bool told_full;
};

/* In order of time. */
static void ask_robots(struct file *f);
static void on_robots(struct robots_waiter *waiter);
static void on_answer(struct errand *errand, struct fetch_result *res,
                      const struct errand_terms *terms);
static void on_read(struct job *job);
static void on_was_read(struct job *job);

enum cw_err sitemaps_new(struct sitemaps **ret, struct crawl *crawl)
{
    struct sitemaps *all = malloc(sizeof *all);
    if (all == NULL)
        return CW_ENOMEM;
    *all = (struct sitemaps){.crawl = crawl};
    *ret = all;
    return CW_OK;
}

static void free_file(struct file *f)
{
    if (f->host != NULL)
        hosts_drop(f->all->crawl->engine->hosts, f->host);
    announced_free(f->announced);
    url_release(&f->url);
    free(f->also_host);
    f->magic = 0;
    free(f);
}

static void drop_queue(struct sitemaps *all)
{
    struct file *f, *next;
    DL_FOREACH_SAFE (all->queue, f, next) {
        DL_DELETE(all->queue, f);
        free_file(f);
    }
}

void sitemaps_free(struct sitemaps *all)
{
    struct name *name, *next;
    if (all == NULL)
        return;
    assert(all->working == NULL);
    drop_queue(all);
    HASH_ITER (hh, all->names, name, next) {
        HASH_DEL(all->names, name);
        free(name);
    }
    free(all);
}

unsigned sitemaps_count(const struct sitemaps *all)
{
    unsigned count = all->working_count;
    const struct file *f;
    DL_FOREACH (all->queue, f)
        count++;
    return count;
}

bool sitemaps_are_done(const struct sitemaps *all)
{
    return all->queue == NULL && all->working == NULL;
}

bool sitemaps_are_under_way(const struct sitemaps *all)
{
    return all->working != NULL;
}

/* ---- what there is to fetch ---- */

static bool is_known(const struct sitemaps *all, struct str url)
{
    struct name *name;
    HASH_FIND(hh, all->names, url.ptr, url.len, name);
    if (name == NULL || !revisits_go_on(&all->crawl->revisits))
        return name != NULL;
    return clock_mono_ms() - name->asked_ms < SITEMAPS_FRESH_MS;
}

/* Notes that it is asked for once more; false: it never was. */
static bool renew_name(struct sitemaps *all, struct str url)
{
    struct name *name;
    HASH_FIND(hh, all->names, url.ptr, url.len, name);
    if (name != NULL)
        name->asked_ms = clock_mono_ms();
    return name != NULL;
}

/* False: there are enough, or memory is out. */
static bool add_name(struct sitemaps *all, struct str url)
{
    if (renew_name(all, url))
        return true;
    if (HASH_COUNT(all->names) >= SITEMAPS_MAX) {
        if (!all->told_full)
            log_warn(all->crawl->engine->log, "too many sitemaps: the rest is left out",
                     F_INT("limit", SITEMAPS_MAX), F_STR("url", url));
        all->told_full = true;
        return false;
    }
    struct name *name = malloc(sizeof *name + url.len + 1);
    if (name == NULL)
        return false;
    memcpy(name->url, url.ptr, url.len);
    name->url[url.len] = '\0';
    name->asked_ms = clock_mono_ms();
    HASH_ADD_KEYPTR(hh, all->names, name->url, url.len, name);
    if (table_took(name))
        return true;
    free(name);
    return false;
}

/* Queues `text`, an absolute URL, unless it has been. What is none is passed over, and so is what
 * memory does not suffice for: a sitemap is a hint. */
static void add_file(struct sitemaps *all, struct str text, struct str also_host, unsigned depth)
{
    struct file *f = calloc(1, sizeof *f);
    if (f == NULL)
        return;
    *f = (struct file){
        .magic = FILE_MAGIC,
        .state = FILE_QUEUED,
        .all = all,
        .url = URL_INIT,
        .also_host = str_dup(also_host),
        .depth = depth,
        .waiter.ready = on_robots,
    };
    if (f->also_host == NULL || url_parse(&f->url, text, NULL) != CW_OK ||
        url_canonicalize(&f->url) != CW_OK || url_href(&f->url).len > URL_MAX_BYTES ||
        is_known(all, url_href(&f->url)) || !add_name(all, url_href(&f->url))) {
        free_file(f);
        return;
    }
    DL_APPEND(all->queue, f);
}

void sitemaps_note(struct sitemaps *all, const struct url *url, const struct robots *robots)
{
    struct url usual = URL_INIT;
    struct str host = url_host_key(url);
    if (url_parse(&usual, STR("/sitemap.xml"), url) == CW_OK && !is_known(all, url_href(&usual))) {
        add_file(all, url_href(&usual), host, 1);
        for (size_t i = 0; robots != NULL && i < robots_sitemap_count(robots); i++)
            add_file(all, robots_sitemap(robots, i), host, 1);
        if (all->queue != NULL)
            crawl_look_soon(all->crawl, 0); /* not inline: the robots cache may be at work */
    }
    url_release(&usual);
}

/* ---- one file ---- */

/* It is over; nothing of it is pending anywhere. */
static void end_file(struct file *f)
{
    struct sitemaps *all = f->all;
    DL_DELETE(all->working, f);
    all->working_count--;
    free_file(f);
    crawl_look_soon(all->crawl, 0);
}

static void send_errand(struct file *f)
{
    struct crawl *crawl = f->all->crawl;
    struct hosts *hosts = crawl->engine->hosts;
    struct host *host = hosts_get(hosts, url_host_key(&f->url), &crawl->policy);
    if (f->host != NULL)
        hosts_drop(hosts, f->host);
    f->host = host;
    if (host == NULL) {
        end_file(f);
        return;
    }
    f->state = FILE_ERRAND;
    f->errand = (struct errand){
        .engine = crawl->engine,
        .host = host,
        .request = crawl->request,
        .hostname = url_hostname(&f->url),
        .place = f->depth == 1 ? TURN_NEXT : TURN_LAST, /* those of an index are many */
        .done = on_answer,
    };
    f->errand.request.url = url_href(&f->url);
    f->errand.request.headers = credentials_headers(crawl->credentials, &f->url);
    f->errand.request.limits.body_bytes = SITEMAP_MAX_BYTES;
    f->errand.request.cut_body = true;
    f->tries++;
    errand_start(&f->errand);
}

static void ask_robots(struct file *f)
{
    struct robots_answer answer;
    f->state = FILE_ROBOTS;
    if (robotcache_ask(f->all->crawl->robots, &f->url, &f->waiter, &answer) != CW_OK ||
        answer.verdict == ROBOTS_DENIED || answer.verdict == ROBOTS_UNREACHABLE)
        end_file(f);
    else if (answer.verdict == ROBOTS_ALLOWED)
        send_errand(f);
}

static void on_robots(struct robots_waiter *waiter)
{
    struct file *f = CONTAINER_OF(waiter, struct file, waiter);
    assert(f->magic == FILE_MAGIC);
    ask_robots(f);
}

static void record_attempt(struct file *f, const struct fetch_result *res,
                           const struct errand_terms *terms)
{
    struct crawl *crawl = f->all->crawl;
    const struct attempt attempt = errand_attempt(FETCH_SITEMAP, url_href(&f->url),
                                                  url_host_key(&f->url), f->tries, res, terms);
    crawl_record_attempt(crawl, &attempt);
}

static bool is_running(const struct file *f)
{
    return f->all->crawl->state == CRAWL_RUNNING;
}

static bool is_worth_another_try(const struct file *f, const struct fetch_result *res)
{
    bool may_help = res->err != CW_OK ? cw_err_retry(res->err) == CW_RETRY_LATER
                                      : res->status >= 500 || res->status == 429;
    return may_help && is_running(f) && f->tries <= (int32_t)f->all->crawl->config->retries;
}

/* True: the answer led on to another URL. */
static bool follow(struct file *f, const struct fetch_result *res)
{
    struct url to = URL_INIT;
    bool leads_on = false;
    if (res->status >= 300 && res->status < 400 && f->hops < SITEMAPS_REDIRECTS_MAX &&
        is_running(f) && !str_is_absent(res->headers.location) &&
        url_parse(&to, res->headers.location, &f->url) == CW_OK && url_canonicalize(&to) == CW_OK &&
        !is_known(f->all, url_href(&to)) && add_name(f->all, url_href(&to)) &&
        url_copy(&f->url, &to) == CW_OK) {
        f->hops++;
        f->tries = 0;
        leads_on = true;
    }
    url_release(&to);
    return leads_on;
}

static void start_reading(struct file *f, struct fetch_result *res)
{
    struct crawl *crawl = f->all->crawl;
    struct announced *a = f->announced = announced_new();
    if (a == NULL) {
        end_file(f);
        return;
    }
    a->raw = res->body;
    res->body = BUF_INIT(0);
    a->raw_cut = res->body_cut;
    a->content_encoding = res->headers.content_encoding;
    a->content_type = res->headers.content_type;
    a->url = &f->url;
    a->also_host = str_of(f->also_host);
    a->scope = crawl_hold_scope(crawl);
    a->now_unix_ms = clock_unix_ms();
    if (a->scope == NULL || !arena_keep(&a->arena, &a->content_encoding) ||
        !arena_keep(&a->arena, &a->content_type)) {
        end_file(f);
        return;
    }
    f->state = FILE_READING;
    executor_run(crawl->engine->executor, LANE_PARSE, &f->job, on_read, on_was_read);
}

/* Many hosts have none: that is no news. */
static void on_answer(struct errand *errand, struct fetch_result *res,
                      const struct errand_terms *terms)
{
    struct file *f = CONTAINER_OF(errand, struct file, errand);
    assert(f->magic == FILE_MAGIC);
    if (res->err != CW_ECANCELED)
        record_attempt(f, res, terms);
    if (is_worth_another_try(f, res))
        send_errand(f);
    else if (res->err == CW_OK && follow(f, res))
        ask_robots(f);
    else if (res->err == CW_OK && res->status >= 200 && res->status < 300 && is_running(f))
        start_reading(f, res);
    else
        end_file(f);
}

/* On a worker: the job's own memory and an immutable scope, nothing else. */
static void on_read(struct job *job)
{
    struct file *f = CONTAINER_OF(job, struct file, job);
    announced_read(f->announced);
}

static void log_reading(const struct file *f)
{
    const struct log *log = f->all->crawl->engine->log;
    const struct announced *a = f->announced;
    if (a->err != CW_OK)
        log_info(log, "sitemap broken", F_STR("url", url_href(&f->url)),
                 F_TEXT("error", cw_err_name(a->err)));
    else if (a->summary.kind != SITEMAP_NONE)
        log_info(log, "sitemap read", F_STR("url", url_href(&f->url)),
                 F_INT("urls", (int64_t)a->found_count), F_INT("sitemaps", (int64_t)a->file_count),
                 F_INT("of_other_hosts", a->summary.foreign), F_INT("cut", a->summary.cut));
}

static void on_was_read(struct job *job)
{
    struct file *f = CONTAINER_OF(job, struct file, job);
    assert(f->magic == FILE_MAGIC);
    log_reading(f);
    if (!is_running(f)) {
        end_file(f);
        return;
    }
    for (size_t i = 0; i < f->announced->file_count && f->depth < SITEMAPS_DEPTH_MAX; i++)
        add_file(f->all, f->announced->files[i], str_of(f->also_host), f->depth + 1);
    f->state = FILE_FEEDING;
    crawl_look_soon(f->all->crawl, 0);
}

/* ---- all of them ---- */

/* Up to `room` URLs of one file to the sink. Returns what is left of the room. */
static size_t feed(struct file *f, size_t room)
{
    struct crawl *crawl = f->all->crawl;
    const struct announced *a = f->announced;
    for (; room > 0 && f->fed < a->found_count && !sink_is_full(crawl->sink); room--)
        if (sink_add_found(crawl->sink, &a->found[f->fed++]) != CW_OK) {
            log_warn(crawl->engine->log, "out of memory: URLs of a sitemap are left out",
                     F_STR("url", url_href(&f->url)));
            f->fed = a->found_count;
        }
    if (f->fed == a->found_count)
        end_file(f);
    return room;
}

void sitemaps_go_on(struct sitemaps *all)
{
    struct file *f, *next;
    size_t room = SITEMAPS_FEED_MAX;
    DL_FOREACH_SAFE (all->working, f, next)
        if (f->state == FILE_FEEDING)
            room = feed(f, room);
    while (all->queue != NULL && all->working_count < SITEMAPS_AT_ONCE) {
        f = all->queue;
        DL_DELETE(all->queue, f);
        DL_APPEND(all->working, f);
        all->working_count++;
        ask_robots(f);
    }
}

/* True: nothing of the file is under way, it may end. */
static bool let_go(struct file *f)
{
    switch (f->state) {
    case FILE_ROBOTS: robotcache_leave(&f->waiter); return true;
    case FILE_ERRAND: return errand_cancel(&f->errand);
    case FILE_READING: return false; /* it will be over in a moment */
    case FILE_QUEUED:
    case FILE_FEEDING: return true;
    }
    return false;
}

void sitemaps_drop(struct sitemaps *all)
{
    struct file *f, *next;
    drop_queue(all);
    DL_FOREACH_SAFE (all->working, f, next)
        if (let_go(f))
            end_file(f);
}
