/* roots: what makes up a crawl's scope: one start URL for each host (or prefix) that start URLs
 * name. Bounded by hosts, not by URLs, so that a million URLs on standard input cost no memory
 * here. */
#ifndef CRAWLER_ENGINE_ROOTS_H
#define CRAWLER_ENGINE_ROOTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"
#include "crawler/base/err.h"
#include "crawler/base/str.h"

struct root;
struct roots {
    enum config_scope kind;
    struct root *table; /* owned */
    struct str *urls;   /* owned array; the strings live in the table */
    size_t count, cap;
    uint64_t mark; /* stands for the set of roots, in whatever order they came */
};

void roots_init(struct roots *roots, enum config_scope kind);
void roots_release(struct roots *roots);
/* *ret_added: it widens the scope. */
enum cw_err roots_add(struct roots *roots, struct str url, struct str host,
                      bool *ret_added) MUST_CHECK;

/* Does a start URL live on `host`? Known while hosts make up the scope (host, domain); else false.
 */
bool roots_name_host(const struct roots *roots, struct str host);

#endif
