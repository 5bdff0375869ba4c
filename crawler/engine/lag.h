/* lag: how long one turn of the loop runs callbacks before it looks at its sockets again. That is
 * the time for which everything else waits, so it has a promise (design, section 3). Thread: the
 * loop's. */
#ifndef CRAWLER_ENGINE_LAG_H
#define CRAWLER_ENGINE_LAG_H

#include <stdint.h>
#include <uv.h>

#include "crawler/base/loghist.h"

struct lag {
    uv_prepare_t before_poll;
    uint64_t turn_ns;     /* when the last turn began */
    uint64_t idle_ns;     /* how long the loop had slept by then */
    struct loghist turns; /* microseconds */
};

void lag_open(struct lag *lag, uv_loop_t *loop); /* does not keep the loop alive */
void lag_close(struct lag *lag, uv_close_cb on_closed, void *data);
int64_t lag_max_us(const struct lag *lag);
int64_t lag_p999_us(const struct lag *lag); /* of a thousand turns, all but one were shorter */

#endif
