#include "crawler/engine/lag.h"

#include "crawler/base/util.h"

static void on_after_poll(uv_check_t *check)
{
    struct lag *lag = CONTAINER_OF(check, struct lag, after_poll);
    lag->woke_ns = uv_hrtime();
}

static void on_before_poll(uv_prepare_t *prepare)
{
    struct lag *lag = CONTAINER_OF(prepare, struct lag, before_poll);
    if (lag->woke_ns == 0)
        return;
    uint64_t took_ns = uv_hrtime() - lag->woke_ns;
    if (took_ns > lag->max_ns)
        lag->max_ns = took_ns;
}

void lag_open(struct lag *lag, uv_loop_t *loop)
{
    lag->woke_ns = lag->max_ns = 0;
    (void)uv_prepare_init(loop, &lag->before_poll); /* these four cannot fail */
    (void)uv_check_init(loop, &lag->after_poll);
    (void)uv_prepare_start(&lag->before_poll, on_before_poll);
    (void)uv_check_start(&lag->after_poll, on_after_poll);
    uv_unref((uv_handle_t *)&lag->before_poll);
    uv_unref((uv_handle_t *)&lag->after_poll);
}

void lag_close(struct lag *lag, uv_close_cb on_closed, void *data)
{
    lag->before_poll.data = lag->after_poll.data = data;
    uv_close((uv_handle_t *)&lag->before_poll, on_closed);
    uv_close((uv_handle_t *)&lag->after_poll, on_closed);
}

int64_t lag_max_ms(const struct lag *lag)
{
    return (int64_t)(lag->max_ns / 1000000);
}
