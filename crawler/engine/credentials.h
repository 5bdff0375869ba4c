/* credentials: what a person gave to prove who they are, and to whom it may go. The headers
 * Authorization, Cookie and Proxy-Authorization, and the user name and password of a start URL,
 * travel only to the origins (scheme, name and port; RFC 6454) of the start URLs that the person
 * named; never to those that enter a crawl by a redirect, a link or a wider scope. All other
 * headers go everywhere. Memory: an entry an origin, while there is anything to keep from the
 * others. Thread: the loop's. */
#ifndef CRAWLER_ENGINE_CREDENTIALS_H
#define CRAWLER_ENGINE_CREDENTIALS_H

#include <stdbool.h>

#include "crawler/base/buf.h"
#include "crawler/base/err.h"
#include "crawler/base/str.h"
#include "crawler/parse/url.h"

struct credentials;

/* `headers`: `count` of "Name: value", borrowed for its life. */
enum cw_err credentials_new(struct credentials **ret, char *const *headers,
                            size_t count) MUST_CHECK;
void credentials_free(struct credentials *c); /* NULL is fine */

/* The person named the URL `text`, any spelling. With a user name its origin gets basic
 * authentication (RFC 7617) in place of an Authorization header; the first of several counts. What
 * is no http(s) URL changes nothing. CW_ENOMEM. */
enum cw_err credentials_name(struct credentials *c, struct str text) MUST_CHECK;

/* The headers of a request to `url` (canonical), NULL-terminated, borrowed for the life of the
 * credentials. NULL: what may go to anyone. */
const char *const *credentials_headers(const struct credentials *c, const struct url *url);

/* Appends `text` (an URL, a header, an option with either) fit for a log or a database: the
 * password of a URL's authority, or a user name that stands alone, and the value of one of the
 * three headers become "***". CW_ETOOBIG, CW_ENOMEM. */
enum cw_err credentials_mask(struct buf *ret, struct str text) MUST_CHECK;

#endif
