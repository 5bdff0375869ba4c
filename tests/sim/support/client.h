/* client: one crawler in front of one origin, with no end of URLs to ask for, so that nothing but
 * its own throttle holds it back. Ours is the real thing (frontier/hosts, `--delay auto`); the
 * others are the published formulas of other crawlers, given the same slots. */
#ifndef TESTS_SIM_SUPPORT_CLIENT_H
#define TESTS_SIM_SUPPORT_CLIENT_H

#include "crawler/frontier/hosts.h"
#include "tests/sim/support/origin.h"

enum { CLIENT_SLOTS_MAX = 16 };

enum client_kind {
    CLIENT_OURS,
    CLIENT_SCRAPY,   /* AutoThrottle with its defaults: target concurrency 1, start 5 s, most 60 s,
                        delay between starts, varied by half either way */
    CLIENT_HERITRIX, /* one at a time, delay = 5 times the last fetch, 3 s at least, 30 s at most */
    CLIENT_HERITRIX_1, /* ... = the last fetch, and no least delay */
    CLIENT_NONE,       /* all slots, no pause */
    CLIENT_KINDS
};
extern const char *const client_names[CLIENT_KINDS];

struct client {
    enum client_kind kind;
    unsigned slots, running;
    struct hosts *hosts; /* ours */
    struct hosts_limits limits;
    struct turn turns[CLIENT_SLOTS_MAX];
    struct chance chance; /* theirs, from here on */
    bool is_out[CLIENT_SLOTS_MAX];
    double delay_ms, drawn_ms; /* drawn: the delay before the next start */
    int64_t last_start_ms, last_end_ms;
};

void client_init(struct client *client, enum client_kind kind, unsigned slots, uint64_t seed);
void client_release(struct client *client);

/* Starts a request if one may start now: its slot, or -1; then *ret_wake_ms says when to ask again
 * (INT64_MAX: when one has ended). */
int client_start(struct client *client, int64_t now_ms, int64_t *ret_wake_ms);
void client_end(struct client *client, unsigned slot, const struct turn_result *result,
                int64_t now_ms);
int64_t client_delay_ms(const struct client *client); /* in force */

#endif
