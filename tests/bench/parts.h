/* parts: the bare parts of a crawler, each as its library's own examples would do it; see
 * parts_bench.c. */
#ifndef TESTS_BENCH_PARTS_H
#define TESTS_BENCH_PARTS_H

#include <stdbool.h>
#include <stddef.h>

#include "crawler/base/arena.h"
#include "crawler/base/buf.h"
#include "crawler/page.h"

struct body {
    struct buf bytes; /* the page */
    struct buf packed;
    struct arena arena; /* of what `page` holds */
    struct page page;   /* what crawld's parser makes of it */
};

struct pages {
    struct buf urls_text; /* the file; a NUL ends each URL */
    char **urls;          /* owned array, borrowed strings */
    struct body *bodies;  /* the first `kept` are there */
    size_t count, kept;
};

/* Ends the program unless `ok`. */
void must(bool ok, const char *what);

/* The URLs of a file, a line each. */
void pages_load(struct pages *pages, const char *path);
void pages_release(struct pages *pages);

enum connecting { KEEP_ALIVE, CONNECT_ANEW };

/* libcurl's multi-socket interface on libuv, `connections` requests at once. With is_page every
 * answer must have status 200 and the bodies stay in memory, at most 1 GiB of them. */
void parts_fetch(struct pages *pages, bool is_page, size_t connections, enum connecting connecting);

void parts_read(const struct pages *pages); /* libxml2's SAX, for hrefs and the title */
/* crawld's own parser: links resolved, and the print. What it finds is what `store` stores. */
void parts_parse(struct pages *pages);
void parts_compress(struct pages *pages);                      /* zstd, as crawld does it */
void parts_store(const struct pages *pages, const char *path); /* SQLite in batches */

#endif
