/* hosts_p: what hosts.c (turns) and place.c (places and slots) share. */
#ifndef CRAWLER_FRONTIER_HOSTS_P_H
#define CRAWLER_FRONTIER_HOSTS_P_H

#include "crawler/base/heap.h"
#include "crawler/base/table.h"
#include "crawler/frontier/hosts.h"
#include "crawler/frontier/pace.h"

/* Where a host stands; see hosts.h. */
enum host_place { HOST_IDLE, HOST_READY, HOST_FULL, HOST_CROWDED, HOST_PLACES };

/* An address that some host was found at. It lives while a host or a turn refers to it.
 * Invariant: while hosts stand in its crowd, its slots are all taken. */
struct address {
    UT_hash_handle hh;
    struct host *crowd; /* utlist; first come, first served; each could start at once but for us */
    unsigned taken; /* slots: those of running turns, and those kept for hosts that were called */
    unsigned users; /* hosts and turns that refer to it */
    size_t name_len;
    char name[];
};

/* Invariants, between calls:
 * - place follows from the rest (host_settle): IDLE if and only if `waiting` is empty, FULL if and
 *   only if one waits and (`locating` or running >= pace_slots()).
 * - READY: in the heap under due_ms. CROWDED: in address->crowd, and pace_start_ms() <= due_ms.
 * - keeps_slot implies READY: a slot of `address` is taken for this host's next turn. */
struct host {
    UT_hash_handle hh;
    struct heap_item ready;
    struct host *next, *prev; /* utlist; in address->crowd */
    enum host_place place;
    int64_t due_ms;          /* may start; valid while READY or CROWDED */
    int64_t in_line_ms;      /* since when it waits for its turn among the hosts */
    struct turn *waiting;    /* utlist */
    struct turn *locating;   /* handed out, its address not yet known: one at a time */
    struct address *address; /* where the last turn found it; NULL: not known or not limited */
    bool keeps_slot;
    bool is_resting; /* counted in hosts->resting */
    unsigned waiting_count, running;
    unsigned holders; /* hosts_get() without hosts_drop() */
    struct pace pace;
    size_t name_len;
    char name[];
};

struct hosts {
    struct hosts_limits limits;
    int64_t assumed_start_ms; /* of a request to any host; INT64_MIN: none */
    struct host *table;
    struct address *addresses;
    struct heap ready;
    unsigned running, waiting;
    unsigned place_counts[HOST_PLACES];
    unsigned resting; /* READY ones that wait for the end of a rest */
};

/* The only way from one place to another. A slot kept for a host that leaves READY without using it
 * goes to the next of the address's crowd. */
void host_enter(struct hosts *hosts, struct host *host, enum host_place place);

/* Moves a host to where it belongs after anything about it changed. */
void host_settle(struct hosts *hosts, struct host *host);

/* The address called `name`, made when unknown; one user more. NULL when memory is out. */
struct address *address_hold(struct hosts *hosts, struct str name) MUST_CHECK;
void address_drop(struct hosts *hosts, struct address *address); /* NULL is fine */

/* Calls hosts out of the crowd, first come first served, while there are slots for them. */
void address_call(struct hosts *hosts, struct address *address);

/* Gives `turn` a slot of `address` (NULL: it is not limited). False when there is none. */
bool turn_take_slot(struct hosts *hosts, struct turn *turn, struct address *address) MUST_CHECK;
void turn_give_slot(struct hosts *hosts, struct turn *turn); /* nothing happens without one */

#endif
