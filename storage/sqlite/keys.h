/* keys: row ids that are computed from what they name, so that most rows need no index beside their
 * table. A host's id is 28 bits of the hash of its name; a URL's id is its host's id and 35 bits of
 * the hash of its text, so that one host's URLs lie together in the file. Different names may meet
 * in one id: whoever looks up compares what is stored there, and goes on to key_x_next() while it
 * differs. Nothing is ever deleted from such a table, so a chain has no holes. These numbers are
 * stored in databases: never change them. */
#ifndef STORAGE_SQLITE_KEYS_H
#define STORAGE_SQLITE_KEYS_H

#include <stdint.h>

#include "crawler/base/str.h"

enum { KEY_HOST_BITS = 28, KEY_URL_BITS = 35 };

int64_t key_host(struct str name);
int64_t key_host_next(int64_t id);
int64_t key_url(int64_t host_id, struct str url);
int64_t key_first_url(int64_t host_id), key_last_url(int64_t host_id); /* of a host's ids */
int64_t key_url_next(int64_t id);                                      /* stays within the host */

/* `to` less the first id of the host of `from`: 0 to 2^35 - 1 when they share it, and only then. */
int64_t key_url_offset(int64_t from, int64_t to);

/* The politeness host of a canonical URL, borrowed from it: what lies between "//" and the path. */
struct str key_host_of_url(struct str url);

#endif
