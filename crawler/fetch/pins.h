/* pins: which names libcurl's DNS cache holds, and with which addresses. libcurl is told where to
 * connect by CURLOPT_RESOLVE, once for each (host:port, serial); what it was told it keeps for ever
 * (a cache that expires is scanned whole at every finished transfer), so old names are taken out
 * here. A name in use is never taken out: libcurl would then look it up itself.
 * Thread: the loop's. */
#ifndef CRAWLER_FETCH_PINS_H
#define CRAWLER_FETCH_PINS_H

#include <curl/curl.h>
#include <stddef.h>

#include "crawler/base/err.h"
#include "crawler/base/str.h"
#include "crawler/fetch/resolver.h"

struct pins;
struct pin; /* one "host:port"; counted by the transfers that need it */

struct pins *pins_new(size_t max_idle) MUST_CHECK; /* NULL: out of memory */
void pins_free(struct pins *pins);                 /* every pin must have been put back */

/* Takes the pin of `host_port` and appends to *commands what libcurl must be told (a list for
 * CURLOPT_RESOLVE, the caller's to free, also on failure; it may stay NULL). `addresses` is NULL
 * when the host is an IPv4 literal; an IPv6 literal has no pin. */
enum cw_err pins_take(struct pin **ret, struct pins *pins, struct str host_port,
                      const struct resolved *addresses, struct curl_slist **commands) MUST_CHECK;

/* libcurl has read the commands that came with `addresses`: they need not be given again. */
void pin_set_loaded(struct pin *pin, const struct resolved *addresses);

void pins_put(struct pins *pins, struct pin *pin); /* ends one use; NULL is fine */

size_t pins_count(const struct pins *pins);

#endif
