/* httpdate: the three date forms of RFC 9110, 5.6.7, and Retry-After (10.2.3). Pure. */
#ifndef CRAWLER_PARSE_HTTPDATE_H
#define CRAWLER_PARSE_HTTPDATE_H

#include <stdbool.h>
#include <stdint.h>

#include "crawler/base/str.h"

bool httpdate_parse(struct str text, int64_t *ret_unix_ms) MUST_CHECK;

/* Milliseconds to wait from now, seconds or date; clamped to [0, max_ms]; -1 when it is neither. */
int64_t httpdate_retry_after_ms(struct str value, int64_t now_unix_ms, int64_t max_ms);

#endif
