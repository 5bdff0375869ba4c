/* conditions: what makes a request conditional (RFC 9110, 13.1): If-None-Match and
 * If-Modified-Since from the answer on record, beside the headers that go out anyway. Thread: the
 * loop's. */
#ifndef CRAWLER_ENGINE_CONDITIONS_H
#define CRAWLER_ENGINE_CONDITIONS_H

#include <stdbool.h>

#include "crawler/base/err.h"
#include "storage/store.h"

enum { VALIDATOR_MAX_BYTES = 1024 }; /* a longer ETag or date is no use to anyone */

struct conditions {
    char *lines[2];       /* owned; "If-None-Match: ..." */
    const char **headers; /* owned; of the request that was prepared last */
    unsigned count;       /* of lines; 0: the request asks for the answer whatever it is */
};

#define CONDITIONS_INIT ((struct conditions){0})

/* Makes the lines from what is on record. None is made unless that was a whole 200 whose body is
 * kept (`needs_body`: it is to be), for 304 brings no other; and of a validator:
 *   an ETag counts when it is one (8.8.3), weak or not: If-None-Match compares weakly;
 *   a Last-Modified when it is a date, and at least a second older than the answer was: else the
 * page may have changed once more within that second, and nobody would ever tell (8.8.2.2).
 * CW_ENOMEM: there are none. */
enum cw_err conditions_make(struct conditions *c, const struct store_known *known,
                            bool needs_body) MUST_CHECK;

/* `base` and the lines, borrowed until the next call or the release; `base` when there are none, or
 * no memory (then count is 0, too). */
const char *const *conditions_add_to(struct conditions *c, const char *const *base);

void conditions_release(struct conditions *c);

#endif
