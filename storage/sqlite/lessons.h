/* lessons: what budgets and traps need to be told again when a host comes back: how many pages it
 * and its registrable domain have, and what was learned of its URLs. */
#ifndef STORAGE_SQLITE_LESSONS_H
#define STORAGE_SQLITE_LESSONS_H

#include "storage/sqlite/work.h"

/* The host may have got, or lost, pages since they were last counted: its domain counts them. */
void lessons_count_domain(struct work *w, struct host_row *host);

void lessons_store(struct work *w, const struct trap_lesson *lessons, size_t count);

/* What is known of a host that was not leased before, into the reply; `to` is its place there. */
void lessons_read(struct work *w, const struct host_row *host, struct store_reply *reply,
                  struct store_host *to);

/* ---- the same for readers ---- */

enum { LESSONS_MAX = 512 }; /* of a host; what is learned is bounded by frontier/traps.h */

/* The lessons of a host, a row each: for query_next(). False: no memory for the name. */
struct query lessons_list(struct db *db, int64_t host_id);
bool lessons_read_row(const struct query *q, struct arena *arena,
                      struct trap_lesson *lesson) MUST_CHECK;

/* Counts of a domain; its name is borrowed. */
void lessons_read_domain(struct db *db, struct str domain, struct budget_stored *to);

#endif
