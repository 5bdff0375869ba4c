#include "tests/sim/support/crawler.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <utlist.h>

enum { PER_HOST = 2, PER_ADDRESS = 4, HEAD = 4, RETRIES = 2 };
enum event_kind { EVENT_WAKE, EVENT_SWEEP, EVENT_LOOKED_UP, EVENT_ENDED };
static const int64_t TIMEOUT_US = 30 * SECOND_US, SWEEP_US = 600 * SECOND_US;

/* One request, robots.txt or a page; in its site's list until it is settled. */
struct request {
    struct turn turn;
    struct event event;
    struct request *prev, *next;
    struct site *site;
    uint32_t page;
    unsigned tries;
    bool is_robots;
    enum cw_err err;
    struct origin_answer answer;
    int64_t start_us;
};

/* An address with its server. */
struct place {
    UT_hash_handle hh;
    uint32_t number, users, running;
    struct origin_kind kind;
    struct origin origin;
};

/* An active host. Its pages below `asked` were asked for, those below `found` are wanted, those
 * below `seen` are known: the rest is excluded. */
struct site {
    struct site *prev, *next;
    struct web_host web;
    struct host *host;
    struct place *place;
    struct referee_host books;
    struct request *requests; /* utlist */
    uint32_t asked, found, seen, out;
    bool is_ready, is_looked_up; /* robots.txt is read; the address is known */
    bool was_served;
    int64_t active_us;
};

static void *must(void *memory)
{
    if (memory == NULL) {
        (void)fputs("out of memory\n", stderr);
        exit(2);
    }
    return memory;
}

/* ---- hosts that become active ---- */

static struct place *place_hold(struct crawler *k, uint32_t number)
{
    struct place *place = NULL;
    HASH_FIND(hh, k->places, &number, sizeof number, place);
    if (place == NULL) {
        place = must(calloc(1, sizeof *place));
        place->number = number;
        place->kind = web_server(&k->web, number);
        origin_init(&place->origin, &place->kind, DAY_US,
                    chance_of(k->web.seed, 'O', number).state);
        HASH_ADD(hh, k->places, number, sizeof number, place);
    }
    place->users++;
    k->counts.most_at_address = MAX(k->counts.most_at_address, place->users);
    return place;
}

static void place_drop(struct crawler *k, struct place *place)
{
    if (--place->users > 0)
        return;
    HASH_DELETE(hh, k->places, place);
    free(place);
}

static void ask(struct crawler *k, struct site *site, uint32_t page, bool is_robots)
{
    struct request *r = must(calloc(1, sizeof *r));
    r->site = site;
    r->page = page;
    r->is_robots = is_robots;
    DL_APPEND(site->requests, r);
    site->out++;
    hosts_ask(k->hosts, site->host, &r->turn, is_robots ? TURN_FIRST : TURN_LAST,
              agenda_now_ms(&k->agenda));
}

static void activate(struct crawler *k, uint32_t number)
{
    struct site *site = must(calloc(1, sizeof *site));
    char name[32];
    int len = snprintf(name, sizeof name, "h%u.example", number);
    /* Every other host has a pause that the operator fixed, which the referee knows. */
    struct host_policy policy = {.per_host = PER_HOST,
                                 .delay_ms = number % 2 == 0 ? HOST_DELAY_AUTO : 1000};
    site->web = web_host(&k->web, number);
    site->place = place_hold(k, site->web.address);
    site->books =
        (struct referee_host){.slots = PER_HOST, .pause_us = 1000 * MAX(policy.delay_ms, 0)};
    site->found = site->seen = 1;
    site->active_us = k->agenda.now_us;
    site->host = must(hosts_get(k->hosts, str_from(name, (size_t)len), &policy));
    DL_APPEND(k->sites, site);
    k->active++;
    ask(k, site, 0, /* robots */ true);
}

static void retire(struct crawler *k, struct site *site)
{
    hosts_drop(k->hosts, site->host);
    place_drop(k, site->place);
    DL_DELETE(k->sites, site);
    free(site);
    k->active--;
    k->counts.finished_hosts++;
}

static void activate_waiting(struct crawler *k)
{
    while (k->active < k->options.active && k->waiting_count > 0) {
        uint32_t number = k->waiting[k->waiting_at];
        k->waiting_at = (k->waiting_at + 1) % k->options.hosts;
        k->waiting_count--;
        activate(k, number);
    }
}

/* ---- what a page yields ---- */

/* Whether the scope lets the page in; what is over the budget bears a path that it excludes. */
static bool is_wanted(struct crawler *k, uint32_t host, uint32_t page)
{
    char url[96], name[32];
    const char *path = page >= k->options.pages_per_host ? "over" : "page";
    int url_len = snprintf(url, sizeof url, "https://h%u.example/%s/%u", host, path, page);
    int name_len = snprintf(name, sizeof name, "h%u.example", host);
    struct verdict verdict =
        scope_judge(k->scope, str_from(url, (size_t)url_len), str_from(name, (size_t)name_len), 1);
    return verdict.reason == EXCLUDE_NONE;
}

static void find_host(struct crawler *k, uint32_t number)
{
    if (k->known[number / 8] & 1 << number % 8)
        return;
    k->known[number / 8] |= (uint8_t)(1 << number % 8);
    k->counts.found++;
    k->waiting[(k->waiting_at + k->waiting_count++) % k->options.hosts] = number;
}

static void read_links(struct crawler *k, struct site *site)
{
    for (uint64_t own = 1 + chance_below(&k->chance, 8); own > 0; own--) {
        if (site->seen == site->web.pages)
            break;
        k->counts.found++;
        if (is_wanted(k, site->web.number, site->seen++))
            site->found++;
        else
            k->counts.excluded++;
    }
    if (chance_happens(&k->chance, 0.3))
        find_host(k, web_link(&k->web, &k->chance));
}

/* ---- one request ---- */

static void start(struct crawler *k, struct request *r);

static void launch(struct crawler *k)
{
    int64_t wake_ms;
    struct turn *turn;
    while ((turn = hosts_next(k->hosts, agenda_now_ms(&k->agenda), &wake_ms)) != NULL) {
        struct request *r = CONTAINER_OF(turn, struct request, turn);
        struct site *site = r->site;
        if (!site->was_served)
            k->counts.longest_wait_us =
                MAX(k->counts.longest_wait_us, k->agenda.now_us - site->active_us);
        site->was_served = true;
        if (site->is_looked_up) {
            start(k, r);
            continue;
        }
        r->event.kind = EVENT_LOOKED_UP;
        agenda_put(&k->agenda, &r->event,
                   k->agenda.now_us + 1000 * (int64_t)(1 + chance_below(&k->chance, 80)));
    }
    if (wake_ms != INT64_MAX)
        agenda_put(&k->agenda, &k->wake, wake_ms * 1000);
    else
        agenda_drop(&k->agenda, &k->wake);
}

static void arrive(struct crawler *k, struct request *r)
{
    int64_t now_us = k->agenda.now_us;
    struct site *site = r->site;
    enum web_trouble trouble = site->web.trouble;
    bool is_down = trouble == WEB_FINE && web_is_down(&k->web, site->web.number, now_us);
    r->err = CW_OK;
    if (is_down && site->web.number % 4 < 2) { /* down for maintenance, and says so */
        r->answer = (struct origin_answer){503, now_us + 20000, site->place->kind.retry_after_s, 0};
        return;
    }
    if (trouble == WEB_FINE && !is_down) {
        r->answer = origin_ask(&site->place->origin, now_us);
        if (r->answer.at_us > now_us + TIMEOUT_US)
            r->err = CW_ETIMEOUT, r->answer.at_us = now_us + TIMEOUT_US;
        return;
    }
    r->err = trouble == WEB_SILENT ? CW_ECONNTIMEO : CW_ECONNECT;
    r->answer.at_us = now_us + (trouble == WEB_SILENT ? TIMEOUT_US : 50000);
}

static void end(struct crawler *k, struct request *r);

/* Its name is known, or is known not to exist. */
static void start(struct crawler *k, struct request *r)
{
    struct site *site = r->site;
    char address[16];
    if (site->web.trouble == WEB_NO_NAME) {
        r->err = CW_EDNS;
        end(k, r);
        return;
    }
    site->is_looked_up = true;
    int len = snprintf(address, sizeof address, "a%u", site->web.address);
    if (!hosts_locate(k->hosts, &r->turn, str_from(address, (size_t)len),
                      agenda_now_ms(&k->agenda)))
        return; /* it waits again */
    r->start_us = k->agenda.now_us;
    arrive(k, r);
    referee_start(&k->referee, &site->books, ++site->place->running, k->agenda.now_us);
    trace_note(&k->trace, 'S', (uint64_t)site->web.number << 32 | r->page, k->agenda.now_us);
    k->counts.requests++;
    k->counts.answer_us += r->answer.at_us - r->start_us;
    r->event.kind = EVENT_ENDED;
    agenda_put(&k->agenda, &r->event, r->answer.at_us);
}

static int status_of(const struct crawler *k, const struct request *r)
{
    if (r->err != CW_OK)
        return 0;
    struct chance c = chance_of(k->web.seed ^ r->site->web.number, 'P', r->page);
    bool is_broken = !r->is_robots && chance_happens(&c, (double)r->site->web.error_rate);
    return r->answer.status == 200 && is_broken ? 500 : r->answer.status;
}

static void tell_referee(struct crawler *k, const struct request *r, int status)
{
    struct site *site = r->site;
    int64_t retry_us = r->answer.retry_after_s >= 0 ? r->answer.retry_after_s * SECOND_US : -1;
    enum referee_end how = status == 0     ? REFEREE_LOST
                           : status == 503 ? REFEREE_REFUSAL
                                           : REFEREE_ANSWER;
    site->place->running--;
    referee_end(&k->referee, &site->books, how, retry_us, r->start_us, k->agenda.now_us);
    k->counts.refused += status == 503;
    k->counts.lost += status == 0;
    trace_note(&k->trace, (uint64_t)status, (uint64_t)site->web.number << 32 | r->page,
               k->agenda.now_us);
}

/* robots.txt was read, or cannot be: then nothing of the host is asked for. */
static void settle_robots(struct crawler *k, struct site *site, bool is_read)
{
    k->counts.robots++;
    if (!is_read) {
        k->counts.failed += site->found - site->asked;
        site->asked = site->found;
        return;
    }
    site->is_ready = true;
    site->books.robots_us = 1000 * MAX(site->web.crawl_delay_ms, 0);
    hosts_set_crawl_delay(k->hosts, site->host, site->web.crawl_delay_ms);
}

static void settle(struct crawler *k, struct request *r, int status)
{
    struct site *site = r->site;
    if (r->is_robots) {
        settle_robots(k, site, status == 200);
    } else if (status == 200) {
        k->counts.done++;
        read_links(k, site);
    } else {
        k->counts.failed++;
    }
    DL_DELETE(site->requests, r);
    free(r);
    site->out--;
    while (site->is_ready && site->out < HEAD && site->asked < site->found)
        ask(k, site, site->asked++, /* robots */ false);
    if (site->out == 0)
        retire(k, site);
    activate_waiting(k);
}

static void end(struct crawler *k, struct request *r)
{
    struct site *site = r->site;
    bool is_sent = r->err != CW_EDNS;
    int status = status_of(k, r);
    struct turn_result result = {.err = r->err,
                                 .status = status,
                                 .elapsed_ms = (k->agenda.now_us - r->start_us) / 1000,
                                 .retry_after_ms = -1,
                                 .sent = is_sent};
    if (is_sent && status == 503 && r->answer.retry_after_s >= 0)
        result.retry_after_ms = 1000LL * r->answer.retry_after_s;
    if (is_sent)
        tell_referee(k, r, status);
    hosts_done(k->hosts, &r->turn, &result, agenda_now_ms(&k->agenda));
    bool again = (status == 0 || status >= 500) && r->tries++ < RETRIES;
    if (again)
        hosts_ask(k->hosts, site->host, &r->turn, r->is_robots ? TURN_FIRST : TURN_LAST,
                  agenda_now_ms(&k->agenda));
    else
        settle(k, r, status);
}

/* ---- the whole ---- */

void crawler_init(struct crawler *k, const struct crawler_options *o)
{
    static const struct str exclude = {.ptr = "*/over/*", .len = 8};
    struct errmsg msg;
    *k = (struct crawler){
        .options = *o,
        .web = {.seed = o->seed, .hosts = o->hosts},
        .agenda = AGENDA_INIT,
        .limits = {o->connections, PER_ADDRESS, 60000, 3600 * 1000},
        .wake = {.kind = EVENT_WAKE},
        .sweep = {.kind = EVENT_SWEEP},
        .chance = chance_of(o->seed, 'C', 0),
        .referee = {.limits = {o->connections, PER_HOST, PER_ADDRESS, 3600 * SECOND_US}},
        .trace = TRACE_INIT,
        .known = must(calloc(o->hosts / 8 + 1, 1)),
        .waiting = must(malloc(o->hosts * sizeof(uint32_t))),
    };
    struct scope_options scope = {
        .kind = SCOPE_ANY, .exclude = &exclude, .exclude_count = 1, .max_depth = -1};
    if (hosts_new(&k->hosts, &k->limits) != CW_OK || scope_new(&k->scope, &scope, &msg) != CW_OK)
        must(NULL);
    for (uint32_t i = 0; i < o->seeds; i++)
        find_host(k, i == 0 ? 0 : web_link(&k->web, &k->chance));
    activate_waiting(k);
    agenda_put(&k->agenda, &k->sweep, SWEEP_US);
}

void crawler_run(struct crawler *k, int64_t end_us)
{
    struct event *event;
    launch(k);
    while (k->active > 0 && (event = agenda_next(&k->agenda, end_us)) != NULL) {
        switch ((enum event_kind)event->kind) {
        case EVENT_WAKE: break;
        case EVENT_SWEEP:
            hosts_forget_idle(k->hosts, agenda_now_ms(&k->agenda));
            agenda_put(&k->agenda, &k->sweep, k->agenda.now_us + SWEEP_US);
            break;
        case EVENT_LOOKED_UP: start(k, CONTAINER_OF(event, struct request, event)); break;
        case EVENT_ENDED: end(k, CONTAINER_OF(event, struct request, event)); break;
        }
        launch(k);
    }
}

uint64_t crawler_queued(const struct crawler *k)
{
    uint64_t queued = k->waiting_count;
    for (const struct site *site = k->sites; site != NULL; site = site->next) {
        queued += site->found - site->asked;
        for (const struct request *r = site->requests; r != NULL; r = r->next)
            queued += !r->is_robots;
    }
    return queued;
}

void crawler_release(struct crawler *k)
{
    static const struct turn_result canceled = {.err = CW_ECANCELED, .retry_after_ms = -1};
    struct site *site, *next_site;
    struct request *r, *next;
    DL_FOREACH_SAFE (k->sites, site, next_site) {
        DL_FOREACH_SAFE (site->requests, r, next) {
            if (r->turn.running)
                hosts_done(k->hosts, &r->turn, &canceled, agenda_now_ms(&k->agenda));
            else
                hosts_withdraw(k->hosts, &r->turn, agenda_now_ms(&k->agenda));
            free(r);
        }
        retire(k, site);
    }
    hosts_free(k->hosts);
    scope_drop(k->scope);
    agenda_release(&k->agenda);
    free(k->known);
    free(k->waiting);
}
