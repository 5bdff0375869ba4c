#include "crawler/engine/diagnosis.h"

#include <stdio.h>
#include <string.h>

#include "crawler/base/clock.h"
#include "crawler/base/units.h"

enum {
    BEHIND_MS = 500,           /* a batch that takes longer holds up the crawl */
    LOOKUPS_MIN = 10,          /* fewer prove no trouble with names */
    FAR_MS = 20 * 3600 * 1000, /* further away the date is told, too */
};

/* ---- causes ---- */

static const struct {
    const char *word;
    bool fault;
    const char *words;
} causes[] = {
#define X(symbol, word, fault, words) {word, fault, words},
    STALL_CAUSES(X)
#undef X
};

const char *stall_cause_word(enum stall_cause cause)
{
    return cause < CAUSE_COUNT ? causes[cause].word : "";
}

bool stall_cause_is_fault(enum stall_cause cause)
{
    return cause < CAUSE_COUNT && causes[cause].fault;
}

static enum stall_cause cause_of_names(const struct vitals *v)
{
    return v->lookups_failed > v->lookups_unanswered ? CAUSE_DNS_FAILURE : CAUSE_DNS_TIMEOUT;
}

enum stall_cause stall_cause_of_failure(const struct vitals *v, enum cw_err err)
{
    switch (err) {
    case CW_EFILES: return CAUSE_DESCRIPTORS;
    case CW_ENOMEM: return CAUSE_MEMORY;
    case CW_ENETDOWN: return CAUSE_NETWORK;
    case CW_EDNSTEMP:
    case CW_ERESOLVER: return v->proxied ? CAUSE_PROXY : cause_of_names(v);
    case CW_EDNS: return v->proxied ? CAUSE_PROXY : CAUSE_DNS_FAILURE;
    case CW_ECONNECT: return v->proxied ? CAUSE_PROXY : CAUSE_REFUSED;
    case CW_ECONNTIMEO: return v->proxied ? CAUSE_PROXY : CAUSE_CONNECT;
    case CW_EFIRSTBYTE: return CAUSE_SILENT;
    case CW_ETIMEOUT: return CAUSE_BODY;
    case CW_ETLS: return CAUSE_TLS;
    case CW_EEMPTY:
    case CW_ERESET: return CAUSE_RESET;
    case CW_EROBOTS: return CAUSE_ROBOTS;
    default: return CAUSE_COUNT;
    }
}

/* What at least half of the last minute's requests failed of; `otherwise` when nothing. */
static enum stall_cause cause_of_most(const struct vitals *v, enum stall_cause otherwise)
{
    unsigned counts[CAUSE_COUNT] = {0};
    for (int err = CW_OK + 1; err < CW_ERR_COUNT; err++) {
        enum stall_cause cause = stall_cause_of_failure(v, (enum cw_err)err);
        if (cause == CAUSE_COUNT)
            continue;
        counts[cause] += v->failed[err];
        if (v->failed[err] > 0 && 2 * counts[cause] >= v->ended)
            return cause;
    }
    return otherwise;
}

/* ---- hosts ---- */

static void add_hosts(struct waiting *w, unsigned hosts, bool resting, int64_t until_unix_ms)
{
    w->hosts += hosts;
    w->resting += resting ? hosts : 0;
    if (until_unix_ms > 0 && (w->until_unix_ms == 0 || until_unix_ms < w->until_unix_ms))
        w->until_unix_ms = until_unix_ms;
}

void vitals_add(struct vitals *v, enum stall_cause cause, const char *name, bool resting,
                int64_t until_unix_ms)
{
    struct waiting *w = &v->waiting[cause];
    if (w->hosts == 0)
        (void)snprintf(w->name, sizeof w->name, "%s", name);
    add_hosts(w, 1, resting, until_unix_ms);
}

/* ---- words ---- */

static const char *format_when(int64_t unix_ms, int64_t now_unix_ms, char room[CLOCK_TEXT_SIZE])
{
    clock_format(unix_ms, room); /* YYYY-MM-DDTHH:MM:SS.mmmZ */
    memcpy(room + 19, "Z", 2);
    return unix_ms - now_unix_ms > FAR_MS ? room : room + 11;
}

/* "example.org in back-off until 12:04:10Z", "217 hosts in back-off, the first until ..." */
static void say_hosts(const struct vitals *v, const struct waiting *w, struct stall_reason *r)
{
    char who[HOST_TEXT_SIZE], when[CLOCK_TEXT_SIZE];
    if (w->hosts == 1 && w->name[0] != '\0')
        (void)snprintf(who, sizeof who, "%s", w->name);
    else
        (void)snprintf(who, sizeof who, "%u host%s", w->hosts, w->hosts == 1 ? "" : "s");
    int len = snprintf(r->words, sizeof r->words, "%s %s", who, causes[r->cause].words);
    if (w->until_unix_ms > v->now_unix_ms && len < (int)sizeof r->words)
        (void)snprintf(r->words + len, sizeof r->words - (size_t)len, "%s until %s",
                       w->hosts == 1 ? "" : ", the first",
                       format_when(w->until_unix_ms, v->now_unix_ms, when));
}

/* Of look-ups that ended there is a share to tell. */
static void say_names(const struct vitals *v, struct stall_reason *r)
{
    bool timing_out = r->cause == CAUSE_DNS_TIMEOUT;
    unsigned bad = timing_out ? v->lookups_unanswered : v->lookups_failed;
    if (bad > 0)
        (void)snprintf(r->words, sizeof r->words, "DNS %s for %u %%",
                       timing_out ? "timing out" : "failing", bad * 100 / v->lookups);
}

static void say_writer(const struct vitals *v, struct stall_reason *r)
{
    char behind[UNITS_TEXT_SIZE];
    units_format_duration(r->cause == CAUSE_LOCKED ? v->locked_ms : v->writer_behind_ms, behind);
    if (r->cause == CAUSE_WRITER)
        (void)snprintf(r->words, sizeof r->words, "writer behind by %s", behind);
    else if (v->locked_by > 0)
        (void)snprintf(r->words, sizeof r->words, "database locked by process %d for %s",
                       (int)v->locked_by, behind);
    else
        (void)snprintf(r->words, sizeof r->words, "database locked by another program for %s",
                       behind);
}

static void say(const struct vitals *v, struct stall_reason *r, const char *words)
{
    if (words != NULL)
        (void)snprintf(r->words, sizeof r->words, "%s", words);
    else if (r->cause == CAUSE_DESCRIPTORS)
        (void)snprintf(r->words, sizeof r->words,
                       "out of descriptors or ports: %u of %u connections in use", v->connections,
                       v->connections_limit);
    else if (r->cause == CAUSE_SITEMAPS)
        (void)snprintf(r->words, sizeof r->words, "%u sitemap%s still to come", v->sitemaps,
                       v->sitemaps == 1 ? "" : "s");
    else
        say_writer(v, r);
}

/* ---- the whole crawl ---- */

static void add_whole(const struct vitals *v, struct diagnosis *d, bool is_so,
                      enum stall_cause cause, const char *words)
{
    if (!is_so || d->count == DIAGNOSIS_MAX)
        return;
    struct stall_reason *r = &d->reasons[d->count++];
    *r = (struct stall_reason){.cause = cause, .percent = 100};
    say(v, r, words);
}

static void diagnose_whole(const struct vitals *v, struct diagnosis *d)
{
    bool is_locked = v->locked_ms > 0;
    add_whole(v, d, v->database_err == CW_EDISKFULL, CAUSE_DISK_FULL, "the disk is full");
    add_whole(v, d, is_locked, CAUSE_LOCKED, NULL);
    add_whole(v, d, !is_locked && v->writer_behind_ms >= BEHIND_MS, CAUSE_WRITER, NULL);
    add_whole(v, d, v->at_database && !is_locked, CAUSE_DATABASE,
              v->draining ? "closing the database" : "opening the database");
    add_whole(v, d, v->network_down, CAUSE_NETWORK, "the network is down");
    add_whole(v, d, v->short_of_descriptors, CAUSE_DESCRIPTORS, NULL);
}

static void diagnose_rest(const struct vitals *v, struct diagnosis *d)
{
    add_whole(v, d, v->sitemaps > 0, CAUSE_SITEMAPS, NULL);
    add_whole(v, d, v->input_open, CAUSE_INPUT, "the queue is empty, the input still open");
    add_whole(v, d, d->count == 0 && v->draining, CAUSE_DRAINING, "finishing what is under way");
}

/* ---- all together ---- */

/* Hosts that wait in the database, under what the crawl as a whole suffers from. */
static void add_later(const struct vitals *v, struct waiting *waiting)
{
    enum stall_cause rest = cause_of_most(v, CAUSE_BACKOFF), retry = cause_of_most(v, CAUSE_RETRY);
    add_hosts(&waiting[rest], v->later_resting, true, v->later_until_unix_ms);
    add_hosts(&waiting[retry], v->later - v->later_resting, retry != CAUSE_RETRY,
              v->later_until_unix_ms);
    if (v->later_resting == 0 && waiting[rest].hosts == 0)
        waiting[rest].until_unix_ms = 0;
}

static enum stall_cause largest(const struct waiting *waiting)
{
    enum stall_cause best = CAUSE_COUNT;
    for (int i = 0; i < CAUSE_COUNT; i++)
        if (waiting[i].hosts > 0 && (best == CAUSE_COUNT || waiting[i].hosts > waiting[best].hosts))
            best = (enum stall_cause)i;
    return best;
}

static bool is_said(const struct diagnosis *d, enum stall_cause cause)
{
    for (size_t i = 0; i < d->count; i++)
        if (d->reasons[i].cause == cause)
            return true;
    return false;
}

static void add_host_reason(const struct vitals *v, struct diagnosis *d, enum stall_cause cause,
                            const struct waiting *w, unsigned total)
{
    if (is_said(d, cause) || d->count == DIAGNOSIS_MAX)
        return;
    struct stall_reason *r = &d->reasons[d->count++];
    *r = (struct stall_reason){.cause = cause,
                               .hosts = w->hosts,
                               .percent = w->hosts * 100 / total,
                               .until_unix_ms = w->until_unix_ms};
    say_hosts(v, w, r);
    if (cause == CAUSE_DNS_TIMEOUT || cause == CAUSE_DNS_FAILURE)
        say_names(v, r);
}

/* A crawl that keeps its connections busy moves, however many hosts are beyond its reach. */
static bool is_crippled(const struct vitals *v, const struct waiting *waiting, unsigned total,
                        unsigned resting)
{
    unsigned bad_names = v->lookups_unanswered + v->lookups_failed;
    bool wants_names = waiting[CAUSE_DNS_TIMEOUT].hosts + waiting[CAUSE_DNS_FAILURE].hosts > 0;
    bool has_no_names = wants_names && v->lookups >= LOOKUPS_MIN && 2 * bad_names >= v->lookups;
    bool has_no_hosts = resting > 0 && 2 * resting >= total;
    return (has_no_names || has_no_hosts) && 2 * v->active < v->connections;
}

static void diagnose_hosts(const struct vitals *v, struct diagnosis *d)
{
    struct waiting waiting[CAUSE_COUNT];
    unsigned total = 0, resting = 0;
    memcpy(waiting, v->waiting, sizeof waiting);
    add_later(v, waiting);
    for (int i = 0; i < CAUSE_COUNT; i++) {
        total += waiting[i].hosts;
        resting += waiting[i].resting;
    }
    d->is_crippled = is_crippled(v, waiting, total, resting);
    for (enum stall_cause cause; (cause = largest(waiting)) != CAUSE_COUNT;) {
        add_host_reason(v, d, cause, &waiting[cause], total);
        waiting[cause].hosts = 0;
    }
    if (total == 0)
        diagnose_rest(v, d);
}

void diagnose(const struct vitals *v, struct diagnosis *ret)
{
    *ret = (struct diagnosis){0};
    diagnose_whole(v, ret);
    diagnose_hosts(v, ret);
}

enum stall_cause diagnosis_cause(const struct diagnosis *d)
{
    return d->count > 0 ? d->reasons[0].cause : CAUSE_COUNT;
}

void diagnosis_text(const struct diagnosis *d, char ret_text[DIAGNOSIS_TEXT_SIZE])
{
    size_t len = 0;
    ret_text[0] = '\0';
    for (size_t i = 0; i < d->count; i++)
        len += (size_t)snprintf(ret_text + len, DIAGNOSIS_TEXT_SIZE - len, "%s%s",
                                i > 0 ? "; " : "", d->reasons[i].words);
}

void diagnosis_shares(const struct diagnosis *d, char ret_text[DIAGNOSIS_TEXT_SIZE])
{
    size_t len = 0;
    ret_text[0] = '\0';
    for (size_t i = 0; i < d->count; i++)
        len += (size_t)snprintf(ret_text + len, DIAGNOSIS_TEXT_SIZE - len, "%s%s %u",
                                i > 0 ? ", " : "", causes[d->reasons[i].cause].word,
                                d->reasons[i].percent);
}
