/* robots: what became of each origin's robots.txt, kept for crawld explain. */
#ifndef STORAGE_SQLITE_ROBOTS_H
#define STORAGE_SQLITE_ROBOTS_H

#include "storage/sqlite/work.h"

/* The row of the origin that a canonical URL belongs to, on the host `host_id`: a host has two. */
int64_t robots_key(int64_t host_id, struct str url);

/* Replaces what is known of the origin; a text is kept once, however many origins send it. */
void robots_store(struct work *w, const struct store_robots *robots);

#endif
