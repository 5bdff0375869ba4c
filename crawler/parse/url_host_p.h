/* url_host_p: the host parser and serialiser of the URL Standard ("Host parsing"). Private to
 * url*.c.
 *
 * Stricter than the standard in one thing: a domain name longer than 253 bytes, or with a label
 * longer than 63 (RFC 1035, 2.3.4), is refused, since no resolver would take it. */
#ifndef CRAWLER_PARSE_URL_HOST_P_H
#define CRAWLER_PARSE_URL_HOST_P_H

#include <stdbool.h>

#include "crawler/base/buf.h"

/* Appends the serialised host. `host` is not empty. CW_EURL: it is none (what was appended then is
 * the caller's to cut off). */
enum cw_err url_host_add(struct buf *ret, struct str host, bool scheme_is_special) MUST_CHECK;

/* ---- url_ip.c */

/* "ends in a number": only an IPv4 address may look so. */
bool url_ip_looks_like_v4(struct str domain);

/* "IPv4 parser": decimal, octal and hexadecimal, one to four parts. */
bool url_ip_parse_v4(struct str domain, uint32_t *ret) MUST_CHECK;
enum cw_err url_ip_add_v4(struct buf *ret, uint32_t address) MUST_CHECK;

/* "IPv6 parser", without the brackets; the pieces in host byte order. */
bool url_ip_parse_v6(struct str text, uint16_t ret[8]) MUST_CHECK;
enum cw_err url_ip_add_v6(struct buf *ret, const uint16_t pieces[8]) MUST_CHECK;

/* ---- url_idna.c */

/* "domain to ASCII" for a name that is not plain ASCII. CW_EURL when it is not valid, or too long
 * to be one. */
enum cw_err url_idna_add(struct buf *ret, struct str domain) MUST_CHECK;

#endif
