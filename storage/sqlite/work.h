/* work: one transaction of the store under way, and all that is in memory for it. It is thrown away
 * at the end; only its totals are kept, and only when the transaction was committed. So a rollback
 * leaves nothing in memory to be undone. */
#ifndef STORAGE_SQLITE_WORK_H
#define STORAGE_SQLITE_WORK_H

#include "crawler/page.h"
#include "storage/sqlite/db.h"
#include "storage/store.h"

enum { STATUS_MAX = 999 };

/* How many URLs are where. done = seen - all others - failed - excluded. */
struct totals {
    int64_t seen, queued, active, pages;
};

/* What was added to table tally_. */
struct tally {
    int64_t statuses[STATUS_MAX + 1];
    int64_t failed[CW_ERR_COUNT];
    int64_t excluded[EXCLUDE_REASON_COUNT];
};

/* A host that this transaction has to do with: its row, read once and written at the end. */
struct host_row {
    struct host_row *next; /* of this transaction, in the order of their coming */
    int64_t id;
    struct str name;
    int64_t urls, queued, pages, errors, bytes;
    int64_t pages_read; /* as its domain counts them */
    bool leased;
    int64_t ready_ms, stored_ready_ms;
    struct store_host clock;
    bool changed;   /* must be written */
    bool in_line;   /* as stored, it is waiting with a ready_ms that counts */
    bool has_place; /* ready_ms is what it should be now */
    bool has_due;   /* a URL of it was queued that waits for no time */
    bool chosen;    /* to be leased from */
    bool is_read;   /* else there is only id and name: work_linked_host() */
};

struct work {
    struct db *db;                            /* borrowed */
    struct str (*domain_of)(struct str host); /* see store.h; set by whoever commits */
    struct arena arena;
    struct buf linkpack; /* the pack being written: linkpack.h */
    int64_t next_pack;   /* id of the next one; 0: not known yet */
    int64_t now_unix_ms;
    int64_t steady_base_ms; /* clocks.h */
    bool revisits;          /* store_options.revisits */
    struct totals totals;
    struct tally tally;
    int64_t errors, bytes;   /* of this transaction, for view `crawl` */
    struct host_row **hosts; /* in the arena: open addressing by name, host_slots of them */
    size_t host_slots, host_count;
    struct host_row *first, *last; /* the same as a list */
    struct host_row *linked;       /* the last that work_linked_host() gave */
    struct hostids *ids;           /* borrowed; NULL: none. Set by whoever commits */
    struct seenurls *seen;         /* the same */
    struct stored_dict *dicts;     /* in the arena: dicts.c */
};

/* Begins the transaction; at most `host_max` hosts will be asked for. */
void work_begin(struct work *w, struct db *db, const struct totals *totals, size_t host_max,
                int64_t now_unix_ms);

/* Writes hosts and tally, commits or rolls back, and frees. On success *totals is what it is now.
 */
enum cw_err work_end(struct work *w, struct totals *totals, struct errmsg *reterr_msg) MUST_CHECK;

/* Zeroed memory until work_end(); NULL fails the transaction. */
void *work_alloc(struct work *w, size_t count, size_t size) MUST_CHECK;

/* The row of a host, made when it is new. NULL only after a failure. */
struct host_row *work_host(struct work *w, struct str name) MUST_CHECK;

/* The same for a host that a link leads to: its row may not have been read yet, and needs to be by
 * work_read_host() before anything but id and name is looked at or changed. */
struct host_row *work_linked_host(struct work *w, struct str name) MUST_CHECK;
void work_read_host(struct work *w, struct host_row *h);

/* A URL of the host is queued from now on, to wait until `due_ms`; 0: for nothing. */
void work_count_queued(struct work *w, struct host_row *host, int64_t due_ms);

/* Gives hosts with work, if not leased, their place in the line, and writes those whose place is
 * another one now: what work_save_hosts() writes later does not change who may be leased. */
void work_save_line(struct work *w);

/* Writes what changed, places in the line included. */
void work_save_hosts(struct work *w);

/* Takes one URL out of the tally: it left the state FAILED or EXCLUDED, or its page is replaced. */
void work_uncount(struct work *w, int kind, struct str name);

#endif
