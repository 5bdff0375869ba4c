/* pressure: what happens when this machine, not a host, is at fault: descriptors or local ports ran
 * out, or no packet leaves it. Nothing starts for a pause that doubles; then fewer connections are
 * tried than before, and they grow back slowly. Pure: the time is a parameter (monotonic ms). The
 * congestion control of TCP (RFC 5681: halve, then add), with the process's descriptors for a link.
 */
#ifndef CRAWLER_ENGINE_PRESSURE_H
#define CRAWLER_ENGINE_PRESSURE_H

#include <stdint.h>

enum trouble {
    TROUBLE_NONE,
    TROUBLE_DESCRIPTORS, /* or ports: half as many connections */
    TROUBLE_NETWORK,     /* one at a time until something answers */
};

enum {
    PRESSURE_FIRST_PAUSE_MS = 250,
    PRESSURE_LONGEST_PAUSE_MS = 30 * 1000,
    PRESSURE_GROW_MS = 1000, /* between two steps back up, each a sixteenth of the limit */
};

struct pressure {
    unsigned limit;        /* connections as configured */
    unsigned allowed;      /* ... in force: 1 to limit */
    enum trouble trouble;  /* until all of them are back */
    int64_t hold_until_ms; /* nothing starts before; INT64_MIN: nothing is held */
    int64_t pause_ms;      /* the last one; 0 after a request that went well */
    int64_t grown_ms;
};

void pressure_init(struct pressure *p, unsigned limit);
void pressure_set_limit(struct pressure *p, unsigned limit);

/* A request failed of `trouble` while `running` were under way. Those that fail before the pause is
 * over belong to the same blow. */
void pressure_on_trouble(struct pressure *p, enum trouble trouble, unsigned running,
                         int64_t now_ms);

/* A request was answered. */
void pressure_on_answer(struct pressure *p, int64_t now_ms);

#endif
