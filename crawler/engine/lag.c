#include "crawler/engine/lag.h"

#include "crawler/base/util.h"

/* From one prepare to the next lies a whole turn: the sleep in poll, the callbacks of sockets and
 * workers that poll itself runs, and the timers. What is not sleep is lag. */
static void on_before_poll(uv_prepare_t *prepare)
{
    struct lag *lag = CONTAINER_OF(prepare, struct lag, before_poll);
    uint64_t now_ns = uv_hrtime(), idle_ns = uv_metrics_idle_time(prepare->loop);
    if (lag->turn_ns != 0) {
        uint64_t slept_ns = idle_ns - lag->idle_ns, took_ns = now_ns - lag->turn_ns;
        loghist_add(&lag->turns, (took_ns - MIN(slept_ns, took_ns)) / 1000);
    }
    lag->turn_ns = now_ns;
    lag->idle_ns = idle_ns;
}

void lag_open(struct lag *lag, uv_loop_t *loop)
{
    *lag = (struct lag){0};
    (void)uv_loop_configure(loop, UV_METRICS_IDLE_TIME); /* these three cannot fail */
    (void)uv_prepare_init(loop, &lag->before_poll);
    (void)uv_prepare_start(&lag->before_poll, on_before_poll);
    uv_unref((uv_handle_t *)&lag->before_poll);
}

void lag_close(struct lag *lag, uv_close_cb on_closed, void *data)
{
    lag->before_poll.data = data;
    uv_close((uv_handle_t *)&lag->before_poll, on_closed);
}

int64_t lag_max_us(const struct lag *lag)
{
    return (int64_t)lag->turns.max;
}

int64_t lag_p999_us(const struct lag *lag)
{
    return (int64_t)loghist_quantile(&lag->turns, 999);
}
