/* url_p: what the files of the URL parser share. Private to url*.c.
 *
 * The picture, with every part present (any may be missing; see struct url):
 *
 *     https://user:pass@example.org:8443/foo/bar?baz#quux
 *          |      |     |          |    |       |   |
 *          |      |     |          |    |       |   hash_start
 *          |      |     |          |    |       search_start
 *          |      |     |          |    pathname_start
 *          |      |     |          host_end
 *          |      |     host_start
 *          |      username_end
 *          scheme_end
 *
 * Invariants: scheme_end < username_end <= host_start <= host_end <= pathname_start. Without an
 * authority ("mailto:x") the four offsets after the colon are scheme_end + 1; a path that would
 * then read as an authority is written "/." first, and pathname_start lies behind that. */
#ifndef CRAWLER_PARSE_URL_P_H
#define CRAWLER_PARSE_URL_P_H

#include "crawler/parse/url.h"

/* The special schemes of the URL Standard, and the rest. */
enum url_scheme {
    SCHEME_OTHER,
    SCHEME_FILE,
    SCHEME_FTP,
    SCHEME_HTTP,
    SCHEME_HTTPS,
    SCHEME_WS,
    SCHEME_WSS,
};
enum url_scheme url_scheme_of(struct str lower_case_name);
int32_t url_default_port(enum url_scheme scheme); /* -1: none */

void url_reset(struct url *url); /* empty but valid; keeps its buffer */
bool url_has_authority(const struct url *url);
size_t url_path_end(const struct url *url); /* offset of the query or fragment, or the length */

/* ---- url_join.c */

/* url_parse_in() for what needs no parser. False, and *ret as it was: `input` does; this says
 * nothing about whether it is a URL. */
bool url_join_plain(struct url *ret, struct str input, const struct url *base) MUST_CHECK;

/* ---- url_parse.c */

/* url_parse_in() by the parser, whatever `input` is. */
enum cw_err url_parse_any(struct url *ret, struct str input, const struct url *base,
                          struct str charset) MUST_CHECK;

#endif
