/* linkpack: the links of a page as the database keeps them, LINKS_A_PACK to a row of link_pack_: a
 * row a link would cost most of what a page costs. View link_ (migration_4.c) takes them apart.
 *
 * A pack is a JSON object (RFC 8259) in the order of the page. Of each link, the value is its text,
 * or null. The name begins with the target: its id less the first id of the page's own host
 * (keys.h), in decimal; so a target on that host, and no other, has 0 to 2^35 - 1. That is all for
 * a plain <a>; else there follow a space, nofollow (0 or 1), the element and, if there is a rel, a
 * space and the rel: {"123":"text","124 0img":"alt","125 1link icon":null}. A name may come twice.
 * (So json_each() alone takes it apart. SQLite's other functions of JSON are barred from views when
 * the schema is not trusted, as store_query() has it.) A NUL in a text, which parse never leaves,
 * would end it for SQLite.
 * This form is stored in databases: never change it. */
#ifndef STORAGE_SQLITE_LINKPACK_H
#define STORAGE_SQLITE_LINKPACK_H

#include "crawler/page.h"

/* Measured with 51 links a page, 31 bytes each: 24 leave 7 % of the leaves empty; all in one row
 * would leave 23 %, since two such rows do not fit in a leaf. Stored in databases: never change. */
enum { LINKS_A_PACK = 24 };

enum { LINKPACK_MAX = 1 << 20 }; /* bytes; twelve times what 24 links may need */

/* Replaces what `ret` holds by the pack of `count` links (one at least) of page `from_id`.
 * CW_ENOMEM, CW_ETOOBIG. */
enum cw_err linkpack_write(struct buf *ret, int64_t from_id, const struct page_link *links,
                           const int64_t *target_ids, size_t count) MUST_CHECK;

/* How many rows that many links take. */
int64_t linkpack_count(int64_t links);

#endif
