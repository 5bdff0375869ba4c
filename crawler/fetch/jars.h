/* jars: cookies, one jar for each cookie file, shared by the transfers that name it and kept in
 * memory as long as the pool. The file is read once and never written. Thread: the loop's. */
#ifndef CRAWLER_FETCH_JARS_H
#define CRAWLER_FETCH_JARS_H

#include <curl/curl.h>

#include "crawler/base/err.h"

struct jar;

/* The jar of `cookie_file` (a Netscape cookie file; one that cannot be read is an empty jar), for
 * CURLOPT_SHARE; borrowed from *jars. */
enum cw_err jars_find(CURLSH **ret, struct jar **jars, const char *cookie_file) MUST_CHECK;
void jars_free(struct jar *jars); /* no easy handle may use one; NULL is fine */

#endif
