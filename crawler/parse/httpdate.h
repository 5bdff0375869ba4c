/* httpdate: the three date forms of RFC 9110, 5.6.7, Retry-After (10.2.3), and ISO 8601. Pure. */
#ifndef CRAWLER_PARSE_HTTPDATE_H
#define CRAWLER_PARSE_HTTPDATE_H

#include <stdbool.h>
#include <stdint.h>

#include "crawler/base/str.h"

/* Reads a date as servers write it: RFC 9110's three forms, and what is as clear in any other order
 * ("25 Jun 2010 15:00:00 PST", "06-Nov-94"; cookies need this). A two-digit year that would lie
 * more than 50 years after `now_unix_ms` belongs to the century before. Years 1583 to 9999. */
bool httpdate_parse(struct str text, int64_t now_unix_ms, int64_t *ret_unix_ms) MUST_CHECK;

/* Reads "2010-06-25", "2010-06-25T15:00", "2010-06-25T15:00:00.5+02:00" (W3C's profile of ISO 8601
 * with at least a day); without a zone it is UTC. */
bool httpdate_parse_iso(struct str text, int64_t *ret_unix_ms) MUST_CHECK;

/* Milliseconds to wait from now, seconds or date; clamped to [0, max_ms]; -1 when it is neither. */
int64_t httpdate_retry_after_ms(struct str value, int64_t now_unix_ms, int64_t max_ms);

#endif
