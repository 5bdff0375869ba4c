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
void jars_free(struct jar *jars); /* no easy handle may use one; NULL is fine */

#endif
