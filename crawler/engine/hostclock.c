#include "crawler/engine/hostclock.h"

#include "crawler/base/clock.h"
#include "crawler/engine/engine_p.h"

enum { LONGEST_REST_MS = 24 * 3600 * 1000 };

/* A monotonic time on another clock, which reads `now_ms` now; 0 for "never". */
static int64_t on_clock(int64_t now_ms, int64_t mono_ms)
{
    return mono_ms == INT64_MIN ? 0 : now_ms + mono_ms - clock_mono_ms();
}

struct store_host hostclock_read(const struct host *host, struct str name)
{
    struct host_status status;
    host_status(host, &status);
    return (struct store_host){
        .host = name,
        .delay_ms = (int32_t)status.delay_ms,
        .quiet_until_boot_ms = on_clock(clock_boot_ms(), status.quiet_until_ms),
        .last_fetch_unix_ms = on_clock(clock_unix_ms(), status.last_end_ms),
        .backoff_until_unix_ms = on_clock(clock_unix_ms(), status.backoff_until_ms),
    };
}

void hostclock_restore(struct engine *engine, struct host *host, const struct host_policy *policy,
                       const struct store_host *stored)
{
    if (stored->quiet_until_boot_ms == 0)
        return; /* never asked */
    int64_t longer_ms = MAX(policy->delay_ms - stored->delay_ms, 0);
    int64_t wait_ms = stored->quiet_until_boot_ms + longer_ms - clock_boot_ms();
    wait_ms = MIN(MAX(wait_ms, 0), LONGEST_REST_MS);
    hosts_restore(engine->hosts, host, stored->delay_ms, clock_mono_ms() + wait_ms);
}

enum cw_err hostclock_restore_all(struct engine *engine, const struct host_policy *policy,
                                  const struct store_clocks *stored)
{
    for (size_t i = 0; i < stored->count; i++) {
        struct host *host = hosts_get(engine->hosts, stored->hosts[i].host, policy);
        if (host == NULL)
            return CW_ENOMEM;
        hostclock_restore(engine, host, policy, &stored->hosts[i]);
        hosts_drop(engine->hosts, host); /* remembered until its time has come */
    }
    if (stored->was_killed)
        hosts_assume_start(engine->hosts, clock_mono_ms());
    return CW_OK;
}
