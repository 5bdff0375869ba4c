/* explain_p: what the files that explain a URL share. */
#ifndef STORAGE_SQLITE_EXPLAIN_P_H
#define STORAGE_SQLITE_EXPLAIN_P_H

#include "storage/explain.h"
#include "storage/sqlite/reader_p.h"

struct explain {
    struct db *db;
    const struct store_explain_want *want;
    struct store_explanation *to;
    int64_t id, found_on, last_fetch; /* rows of url_ and fetch_ */
    int64_t now_unix_ms;
};

/* A text of the row, copied; fails the database when memory is out. */
struct str explain_text(struct explain *e, const struct query *q, int column);

/* Zeroed room in the explanation; NULL has failed the database. */
void *explain_alloc(struct explain *e, size_t count, size_t size);

/* The text of a URL's row. */
struct str explain_url(struct explain *e, int64_t id);

/* explain_page.c: requests, answer, redirects, links. */
void explain_tries(struct explain *e);
void explain_answer(struct explain *e);
void explain_redirects(struct explain *e);
void explain_links(struct explain *e);

/* explain_place.c: its host and what stands before it, robots.txt, the run. */
void explain_place(struct explain *e);
void explain_robots(struct explain *e);
void explain_run(struct explain *e, const char *path);

#endif
