/* audit_p: what the files of the audit share. audit.c reads what lies beneath, the runs and the
 * wall clock's set-backs; audit_host.c and audit_address.c each walk over all requests in the order
 * of their start, with the heap of audit_flight.c, which holds those that have not ended yet. */
#ifndef STORAGE_SQLITE_AUDIT_P_H
#define STORAGE_SQLITE_AUDIT_P_H

#include "crawler/base/arena.h"
#include "crawler/base/heap.h"
#include "storage/audit.h"
#include "storage/sqlite/db.h"

/* What a file of some schema can tell. */
enum { AUDIT_SINCE_RETRY_AFTER = 2, AUDIT_SINCE_LIMITS = 3 };

struct run {
    int64_t first_fetch; /* the id of its first request; INT64_MAX: it made none */
    bool asks_robots;
};

struct audit {
    struct db *db;
    const struct audit_sink *sink;
    struct audit_totals totals;
    int64_t version; /* of the schema */
    int64_t *steps;  /* owned; the first row (its id) after each set-back */
    size_t step_count, step_cap;
    struct run *runs; /* owned; in their order */
    size_t run_count, run_cap;
    struct arena urls; /* of the violations of one host or address */
    bool goes_on;
};

void audit_walk_hosts(struct audit *a);
void audit_walk_addresses(struct audit *a);

void audit_fail_memory(struct audit *a);

/* The run that made the request `id`; NULL: the file knows of none. */
struct run *audit_find_run(const struct audit *a, int64_t id);

/* Adds a violation by the request `id` to a list, with its URL in a->urls; beyond
 * AUDIT_LISTED_MAX it is only counted. */
void audit_report(struct audit *a, struct audit_violation list[AUDIT_LISTED_MAX], int64_t *count,
                  const struct audit_violation *violation, int64_t id);

/* ---- SQL of the requests, for a file of the schema of now or an older one ---- */

/* No packet left for the host. */
#define AUDIT_UNSENT                                                                               \
    "(f.status IS NULL AND (coalesce(f.error, '') = 'blocked' OR f.remote_ip IS NULL AND"          \
    " coalesce(f.error, '') IN ('dns', 'dns-temp', 'resolver', 'canceled', 'memory', "             \
    "'descriptors')))"
#define AUDIT_REQUESTS                                                                             \
    " FROM fetch_ AS f LEFT JOIN url_ AS u ON u.id = f.url_id"                                     \
    " WHERE f.started_ms > 0 AND f.ended_ms > 0 AND NOT " AUDIT_UNSENT

/* Times that may be compared: all on the steady clock (clocks.h), which nobody can set; of older
 * rows those between two set-backs of the wall clock. A request during which that was set back
 * counts from its end. */
#define AUDIT_OLD_TIMES                                                                            \
    "audit_epoch(f.id) AS epoch, min(f.started_ms, f.ended_ms) AS start,"                          \
    " f.ended_ms AS end"
#define AUDIT_TIMES                                                                                \
    "CASE WHEN f.steady_start_ms IS NULL THEN audit_epoch(f.id) ELSE 9223372036854775807 END AS "  \
    "epoch,"                                                                                       \
    " coalesce(f.steady_start_ms, min(f.started_ms, f.ended_ms)) AS start,"                        \
    " coalesce(f.steady_end_ms, f.ended_ms) AS end"

/* ---- requests under way ---- */

struct flight {
    struct heap_item item; /* keyed by its end */
    int64_t rest_ms;       /* that its answer asked for; -1: none */
};

void audit_take_off(struct audit *a, struct heap *flying, int64_t end_ms, int64_t rest_ms);
struct flight *audit_first_landing(struct heap *flying, int64_t until_ms); /* NULL: none by then */
void audit_land(struct heap *flying, struct flight *first);
void audit_land_all(struct heap *flying);

#endif
