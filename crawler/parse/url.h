/* url: the URL Standard's parser, resolver and serialiser (WHATWG URL, "URL parsing", "URL
 * serializing"), hosts through ICU's UTS 46. Pure. Input is UTF-8; each byte that is not becomes
 * U+FFFD. Linear in the input. The parsed URL is its own serialisation (href) plus offsets, so
 * reading a part costs nothing.
 * Stricter than the standard in one thing: a domain name over 253 bytes, or with a label over 63
 * (RFC 1035, 2.3.4), is refused. */
#ifndef CRAWLER_PARSE_URL_H
#define CRAWLER_PARSE_URL_H

#include <stdbool.h>
#include <stdint.h>

#include "crawler/base/buf.h"
#include "crawler/base/err.h"
#include "crawler/base/str.h"

/* Valid while `href` is unchanged. Reuse one struct for many parses: its buffer stays. */
struct url {
    struct buf href;       /* owned; the serialisation, ASCII only */
    uint32_t scheme_end;   /* offset of the colon after the scheme */
    uint32_t username_end; /* offsets into href; see url_p.h for the picture */
    uint32_t host_start, host_end;
    uint32_t pathname_start;
    uint32_t search_start; /* URL_NO_PART when there is none; at the '?' */
    uint32_t hash_start;   /* URL_NO_PART when there is none; at the '#' */
    int32_t port;          /* -1: the scheme's default, or none */
    bool has_opaque_path;
};
#define URL_NO_PART UINT32_MAX
/* An empty URL whose serialisation may take up to 1 MiB (longer input is CW_ETOOBIG). */
#define URL_INIT                                                                                   \
    ((struct url){.href = BUF_INIT(1 << 20),                                                       \
                  .search_start = URL_NO_PART,                                                     \
                  .hash_start = URL_NO_PART,                                                       \
                  .port = -1})

/* Parses `input`, against `base` (NULL: none). CW_EURL: the standard says failure. CW_ETOOBIG: over
 * 1 MiB, before or after. On every failure *ret is empty but valid. `ret` must not be `base`. */
enum cw_err url_parse(struct url *ret, struct str input, const struct url *base) MUST_CHECK;

/* The same for a reference in a document whose charset (a WHATWG encoding name; UTF-8 when absent)
 * is `charset`: browsers write the query of an http(s) URL in it, and what it lacks as "&#" number
 * ";".
 */
enum cw_err url_parse_in(struct url *ret, struct str input, const struct url *base,
                         struct str charset) MUST_CHECK;

/* Makes *ret the same URL. On failure (CW_ENOMEM, CW_ETOOBIG) it is empty. */
enum cw_err url_copy(struct url *ret, const struct url *url) MUST_CHECK;
void url_release(struct url *url);

/* Parts, borrowed from href. Absent where the URL has none (the path is at least empty). Names as
 * in the standard's API. */
struct str url_href(const struct url *url);
struct str url_href_without_hash(const struct url *url);
struct str url_scheme(const struct url *url);   /* "https", without the colon */
struct str url_username(const struct url *url); /* percent-encoded */
struct str url_password(const struct url *url);
struct str url_hostname(const struct url *url); /* "example.org", "[::1]" */
struct str url_pathname(const struct url *url);
struct str url_search(const struct url *url); /* with its '?', or absent */
struct str url_hash(const struct url *url);   /* with its '#', or absent */
struct str
url_path_and_query(const struct url *url); /* what robots.txt rules match and HTTP sends */

bool url_is_http(const struct url *url); /* http or https */
uint16_t
url_effective_port(const struct url *url); /* the port, or the scheme's default; 0 unknown */

/* "https://example.org:8443": whose robots.txt it is. Being the head of href, it is there for http,
 * https, ftp, ws and wss only, and only while there is no user name or password: ask a canonical
 * URL. Absent otherwise. */
struct str url_origin(const struct url *url);

/* The politeness host: hostname, and ":port" when it is not the scheme's default. */
struct str url_host_key(const struct url *url);

/* Brings an http(s) URL into crawld's canonical form, in place: the standard's serialisation
 * without fragment, user name and password. Every URL in the database has this form. CW_EINVAL: it
 * is another scheme, and stays as it was. */
enum cw_err url_canonicalize(struct url *url) MUST_CHECK;

/* The registrable domain of a host name (libpsl's built-in public suffix list), or the whole name
 * when it has none or is an IP address. Borrowed from `hostname`, a last dot included. */
struct str url_registrable_domain(struct str hostname);

#endif
