/* robots_path: paths and path patterns of robots.txt in one comparable form, and the matching of
 * one against the other. Private to robots.c.
 *
 * The canonical form (RFC 9309, 2.2.2): an escape that stands for an unreserved character becomes
 * that character, every other escape gets upper-case digits, and whatever no URI may hold raw
 * (octets outside ASCII, controls, space, quotes, braces ...) is escaped. A raw `*` or `$` of a
 * path is escaped too, so that in a canonical pattern a raw `*` is always the wildcard and a raw
 * `$`, which can only be its last octet, always the anchor (2.2.3: "%2A" and "%24" name the
 * characters).
 *
 * In a query `/ : ? @` have no meaning of their own (RFC 3986, 3.4), and the RFC's own table wants
 * "?baz=https://foo.bar" to match "?baz=https%3A%2F%2Ffoo.bar": there, and only there, these four
 * are unescaped as well. */
#ifndef CRAWLER_PARSE_ROBOTS_PATH_P_H
#define CRAWLER_PARSE_ROBOTS_PATH_P_H

#include "crawler/base/buf.h"
#include "crawler/base/str.h"

/* Appends the canonical form of a path with query. CW_ETOOBIG, CW_ENOMEM. It is at most three times
 * as long. */
enum cw_err robots_path_add(struct buf *ret, struct str path) MUST_CHECK;

/* Appends the canonical form of a pattern. Behind a `*` nobody knows whether it stands in the query
 * of a path; `guess_query` decides. */
enum cw_err robots_pattern_add(struct buf *ret, struct str pattern, bool guess_query) MUST_CHECK;

/* How many octets of a canonical pattern stand before its first special character. */
size_t robots_pattern_literal_size(struct str pattern);

/* Whether the rest of a canonical pattern, from its first special character on, matches the rest of
 * a canonical path. Linear in their lengths: each `*` takes the leftmost place, and none is ever
 * tried again. */
bool robots_pattern_rest_matches(struct str pattern, struct str path);

#endif
