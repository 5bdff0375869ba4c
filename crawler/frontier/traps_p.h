/* traps_p: the inside of traps, for traps.c, which judges and learns, and trap_lessons.c, which
 * takes what was learned out and in. */
#ifndef CRAWLER_FRONTIER_TRAPS_P_H
#define CRAWLER_FRONTIER_TRAPS_P_H

#include "crawler/base/table.h"
#include "crawler/frontier/aliases.h"
#include "crawler/frontier/seen.h"
#include "crawler/frontier/traps.h"

enum { READ_ANEW = 200 };

struct trap_class {
    uint64_t key; /* 0: free */
    char *name;   /* owned; NULL before it is worth a row */
    uint32_t fetched, gain, wasted, refused;
    bool is_dirty;
};

struct trap_host {
    UT_hash_handle hh;
    struct trap_host *next, *prev; /* in traps->line, the one asked about last first */
    struct trap_host *next_dirty;  /* in traps->dirty */
    struct traps *traps;
    char *name;                 /* owned; the key */
    struct trap_class *classes; /* owned; sets of WAYS */
    size_t class_slots, class_count;
    size_t trap_count; /* classes that are believed to be poor: most hosts have none */
    struct seen seen;
    struct aliases aliases;
    int64_t gain, wasted; /* in parts of WHOLE */
    unsigned unread; /* pages to be read before what seems new is believed: it came from storage */
    size_t bytes;    /* as counted in traps->bytes */
    bool is_dirty, has_dirty; /* itself; something of it: then it stands in traps->dirty */
};

struct traps {
    struct trap_host *table, *line, *dirty;
    size_t bytes, max_bytes;
};

/* NULL: nothing is known of it. */
struct trap_class *trap_find_class(const struct trap_host *host, uint64_t key);

/* A place for a class: a free one, or that of the class of which least is known. NULL: of all is
 * known enough, so the wider classes speak for the new one. */
struct trap_class *trap_make_class(struct trap_host *host, uint64_t key);

/* So many pages of the class were fetched, with this gain in all. */
void trap_set_class(struct trap_host *host, struct trap_class *class, uint32_t fetched,
                    uint32_t gain);

/* Something of the host is to be stored again; `is_dirty` is its mark. */
void trap_note_change(struct trap_host *host, bool *is_dirty);

/* Its memory may have changed. */
void trap_count_bytes(struct trap_host *host);

#endif
