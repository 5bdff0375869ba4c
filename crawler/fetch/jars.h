/* jars: cookies. Transfers that name the same jar and cookie file share one, kept in memory as long
 * as the pool. The file is read once and never written. Thread: the loop's. */
#ifndef CRAWLER_FETCH_JARS_H
#define CRAWLER_FETCH_JARS_H

#include <curl/curl.h>
#include <stdint.h>

#include "crawler/base/err.h"

struct jar;

/* The jar `number` that began as `cookie_file` (a Netscape cookie file; one that cannot be read is
 * an empty jar), for CURLOPT_SHARE; borrowed from *jars. */
enum cw_err jars_find(CURLSH **ret, struct jar **jars, uint64_t number,
                      const char *cookie_file) MUST_CHECK;
/* After an answer: where a host refuses its own cookies for their size (431, or 400 to more than
 * COOKIES_MUCH_BYTES of them), all that it would be sent are dropped from the jar that `easy`
 * shares. Else each further request to it would be refused as well. Not to be called from within a
 * callback of libcurl. */
enum { COOKIES_MUCH_BYTES = 4096 };
void jars_after_answer(CURL *easy, int status);

void jars_free(struct jar *jars); /* no easy handle may use one; NULL is fine */

#endif
