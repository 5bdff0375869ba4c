/* diagnosis: why a crawl stands still, from plain numbers. Pure: watch.c collects them, and says
 * when it is time to ask.
 * Every host that has something to do counts once, under what holds it up; shares are shares of
 * those hosts. What holds up the whole crawl (the writer, the network, ...) has the share 100 and
 * comes first; then the causes by how many hosts each holds. The words are stable: they stand in
 * the log and in scripts. */
#ifndef CRAWLER_ENGINE_DIAGNOSIS_H
#define CRAWLER_ENGINE_DIAGNOSIS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "crawler/base/err.h"

/*    symbol       word               fault  words after "3 hosts" or after the one host's name
 * A fault is something that somebody may want to mend; the rest is the way of the world. A host
 * that several hold up counts under the first of them. */
#define STALL_CAUSES(X)                                                                            \
    /* of the whole crawl */                                                                       \
    X(DISK_FULL, "disk-full", true, "")                                                            \
    X(LOCKED, "database-locked", true, "")                                                         \
    X(WRITER, "writer", true, "waiting for the writer")                                            \
    X(DATABASE, "database", false, "") /* being opened or closed */                                \
    X(NETWORK, "network-down", true, "without a network")                                          \
    X(DESCRIPTORS, "descriptors", true, "waiting for descriptors")                                 \
    X(MEMORY, "memory", true, "waiting for memory")                                                \
    /* of hosts */                                                                                 \
    X(PROXY, "proxy", true, "not reached through the proxy")                                       \
    X(DNS_TIMEOUT, "dns-timeout", true, "waiting for an address")                                  \
    X(DNS_FAILURE, "dns-failure", true, "without an address")                                      \
    X(REFUSED, "connection-refused", true, "refusing connections")                                 \
    X(CONNECT, "connect-timeout", true, "accepting no connection")                                 \
    X(TLS, "tls", true, "not getting through the TLS handshake")                                   \
    X(RESET, "reset", true, "breaking connections")                                                \
    X(ROBOTS, "robots", true, "owing robots.txt")                                                  \
    X(BACKOFF, "back-off", true, "in back-off")                                                    \
    X(PARSERS, "parsers", false, "waiting for the parsers")                                        \
    X(SLOTS, "host-slots", false, "with all slots in use")                                         \
    X(SILENT, "no-answer", true, "not answering")                                                  \
    X(BODY, "slow-body", true, "answering slowly")                                                 \
    X(ADDRESS, "address", false, "sharing a crowded address")                                      \
    X(CONNECTIONS, "connections", false, "waiting for a free connection")                          \
    X(DELAY, "delay", false, "in the pause between requests")                                      \
    X(RETRY, "retry-pause", true, "waiting for the next try")                                      \
    X(PAGES, "max-pages", false, "beyond the limit of pages")                                      \
    /* of a crawl without hosts to ask */                                                          \
    X(SITEMAPS, "sitemaps", false, "")                                                             \
    X(INPUT, "input", false, "")                                                                   \
    X(DRAINING, "draining", false, "")

enum stall_cause {
#define X(symbol, word, fault, words) CAUSE_##symbol,
    STALL_CAUSES(X)
#undef X
        CAUSE_COUNT /* none; of an array that has a place for each */
};
const char *stall_cause_word(enum stall_cause cause); /* "back-off"; "" of none */
bool stall_cause_is_fault(enum stall_cause cause);

enum { HOST_TEXT_SIZE = 64 };

/* The hosts that one cause holds up. */
struct waiting {
    unsigned hosts;
    unsigned resting;          /* of these: let alone for a while after failures */
    int64_t until_unix_ms;     /* when the first of them may go on; 0: not known */
    char name[HOST_TEXT_SIZE]; /* of one of them, perhaps cut */
};

struct vitals {
    int64_t now_unix_ms;
    struct waiting waiting[CAUSE_COUNT];
    unsigned later, later_resting; /* hosts in the database with nothing due yet; those that rest */
    int64_t later_until_unix_ms;
    /* the database */
    bool at_database; /* it is being opened or closed */
    enum cw_err database_err;
    int64_t writer_behind_ms; /* age of the batch that is being written; 0: none is */
    int64_t locked_ms;        /* how long it has waited for another program's lock */
    int32_t locked_by;        /* that program's process; 0: not known */
    /* this machine */
    bool network_down, short_of_descriptors;
    unsigned connections, connections_limit; /* in force, as configured */
    unsigned active;                         /* requests of the crawl under way */
    /* the last minute */
    unsigned lookups, lookups_unanswered, lookups_failed;
    unsigned ended, failed[CW_ERR_COUNT]; /* requests, however they ended; by error */
    /* what else there may be to do */
    unsigned sitemaps;
    bool proxied, input_open, draining;
};

/* One more host that waits. `until_unix_ms` is 0 when that is not known. */
void vitals_add(struct vitals *v, enum stall_cause cause, const char *name, bool resting,
                int64_t until_unix_ms);

/* What a request that failed so stands for; CAUSE_COUNT: nothing that holds up a crawl. */
enum stall_cause stall_cause_of_failure(const struct vitals *v, enum cw_err err);

struct stall_reason {
    enum stall_cause cause;
    unsigned hosts, percent;
    int64_t until_unix_ms; /* 0: not known */
    char words[112];       /* "217 hosts in back-off, the first until 12:04:10Z" */
};
enum { DIAGNOSIS_MAX = 4 };
struct diagnosis {
    struct stall_reason reasons[DIAGNOSIS_MAX]; /* what weighs most comes first */
    size_t count;
    bool is_crippled; /* at least half of the hosts rest, or wait for names while half of the
                         look-ups fail; and less than half of the connections are in use */
};
void diagnose(const struct vitals *v, struct diagnosis *ret);

/* CAUSE_COUNT when there is none. */
enum stall_cause diagnosis_cause(const struct diagnosis *d);

enum { DIAGNOSIS_TEXT_SIZE = 512 };
/* For people: the reasons' words, parted by "; ". */
void diagnosis_text(const struct diagnosis *d, char ret_text[DIAGNOSIS_TEXT_SIZE]);
/* For scripts: "back-off 71, dns-timeout 29". */
void diagnosis_shares(const struct diagnosis *d, char ret_text[DIAGNOSIS_TEXT_SIZE]);

#endif
