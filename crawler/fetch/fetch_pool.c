/* All transfers of a loop: where each stands, who waits for a first byte, what is kept for the
 * next. */
#include <assert.h>
#include <utlist.h>

#include "crawler/base/clock.h"
#include "crawler/fetch/fetch.h"
#include "crawler/fetch/fetch_p.h"

enum { IDLE_PINS = 1024 };

static void on_finished(void *arg, CURL *easy, CURLcode code);
static void on_turn(void *arg);
static void on_first_byte_due(uv_timer_t *timer);
static void on_glue_closed(void *arg);
static void on_timer_closed(uv_handle_t *handle);

struct fetch_pool *fetch_pool_from(void *arg)
{
    struct fetch_pool *pool = arg;
    assert(pool->magic == POOL_MAGIC);
    return pool;
}

static void pool_free(struct fetch_pool *pool)
{
    pins_free(pool->pins);
    jars_free(pool->jars);
    heap_release(&pool->silent);
    free(pool->spare);
    free(pool);
    curl_global_cleanup();
}

static enum cw_err pool_fill(struct fetch_pool *pool, const struct fetch_pool_options *options)
{
    const struct curl_loop_hooks hooks = {on_finished, on_turn, pool};
    pool->pins = pins_new(IDLE_PINS);
    pool->spare = calloc(pool->max_spare, sizeof(CURL *));
    if (pool->pins == NULL || pool->spare == NULL)
        return CW_ENOMEM;
    return curl_loop_new(&pool->glue, options->loop, &hooks);
}

enum cw_err fetch_pool_new(struct fetch_pool **ret, const struct fetch_pool_options *options)
{
    struct fetch_pool *pool = malloc(sizeof *pool);
    if (pool == NULL || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        free(pool);
        return CW_ENOMEM;
    }
    *pool = (struct fetch_pool){.magic = POOL_MAGIC,
                                .loop = options->loop,
                                .max_spare = MAX(options->connections, 1),
                                .tight_until_ms = INT64_MIN,
                                .cut_off_ms = INT64_MIN,
                                .plain_kept = options->plain_kept,
                                .silent = HEAP_INIT,
                                .open_parts = 2};
    enum cw_err err = pool_fill(pool, options);
    if (err != CW_OK) {
        pool_free(pool);
        return err;
    }
    (void)uv_timer_init(pool->loop, &pool->first_byte);
    pool->first_byte.data = pool;
    *ret = pool;
    return CW_OK;
}

/* libcurl walks over all hosts it ever met when it makes room among its connections, so it never
 * has to: a connection that is opened while there are too many is not kept. That also serves better
 * than closing the oldest, for with more hosts than places the oldest is the one needed next. */
bool fetch_pool_is_crowded(const struct fetch_pool *pool, bool is_tls)
{
    unsigned kept = 2 * pool->max_spare;
    return curl_loop_sockets(pool->glue) > (is_tls ? kept : MAX(kept, pool->plain_kept)) ||
           fetch_pool_is_tight(pool);
}

bool fetch_pool_is_tight(const struct fetch_pool *pool)
{
    return pool->tight_until_ms != INT64_MIN && clock_mono_ms() < pool->tight_until_ms;
}

static CURL *easy_new(struct fetch_pool *pool)
{
    CURL *easy = curl_easy_init();
    if (easy == NULL || fetch_set_constants(easy, pool) == CW_OK)
        return easy;
    curl_easy_cleanup(easy);
    return NULL;
}

CURL *fetch_pool_take_easy(struct fetch_pool *pool)
{
    return pool->spare_count > 0 ? pool->spare[--pool->spare_count] : easy_new(pool);
}

/* As new, but for its memory. */
static enum cw_err easy_renew(CURL *easy, struct fetch_pool *pool)
{
    (void)curl_easy_setopt(easy, CURLOPT_SHARE, NULL);      /* what a reset leaves */
    (void)curl_easy_setopt(easy, CURLOPT_COOKIEFILE, NULL); /* what a reset (7.88) leaks */
    curl_easy_reset(easy);
    return fetch_set_constants(easy, pool);
}

void fetch_pool_put_easy(struct fetch_pool *pool, CURL *easy, bool has_traces)
{
    if (easy == NULL)
        return;
    (void)curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, NULL); /* it goes with the fetch */
    if (pool->spare_count == pool->max_spare || pool->is_closing ||
        (has_traces && easy_renew(easy, pool) != CW_OK))
        curl_easy_cleanup(easy);
    else
        pool->spare[pool->spare_count++] = easy;
}

void fetch_move(struct fetch *f, struct fetch_list *place)
{
    if (f->place != NULL) {
        DL_DELETE(f->place->first, f);
        f->place->count--;
    }
    f->place = place;
    if (place != NULL) {
        DL_APPEND(place->first, f);
        place->count++;
    }
}

static void first_byte_timer_set(struct fetch_pool *pool)
{
    const struct heap_item *first = heap_first(&pool->silent);
    if (first == NULL) {
        (void)uv_timer_stop(&pool->first_byte);
        return;
    }
    uint64_t wait_ms = (uint64_t)MAX(first->key - clock_mono_ms(), 0);
    (void)uv_timer_start(&pool->first_byte, on_first_byte_due, wait_ms, 0);
}

/* Again when libcurl sends the request once more, on a fresh connection. */
enum cw_err fetch_pool_await_first_byte(struct fetch *f)
{
    struct fetch_pool *pool = f->pool;
    heap_remove(&pool->silent, &f->first_byte);
    enum cw_err err =
        heap_push(&pool->silent, &f->first_byte, clock_mono_ms() + f->limits.first_byte_ms);
    if (err == CW_OK && heap_first(&pool->silent) == &f->first_byte)
        first_byte_timer_set(pool);
    return err;
}

/* The timer is left as it is: when it fires for nothing it is set again. */
void fetch_pool_has_first_byte(struct fetch *f)
{
    heap_remove(&f->pool->silent, &f->first_byte);
}

static void on_first_byte_due(uv_timer_t *timer)
{
    struct fetch_pool *pool = fetch_pool_from(timer->data);
    int64_t now_ms = clock_mono_ms();
    for (struct heap_item *item; (item = heap_first(&pool->silent)) != NULL;) {
        if (item->key > now_ms)
            break;
        fetch_stop(CONTAINER_OF(item, struct fetch, first_byte), CW_EFIRSTBYTE, NULL);
    }
    first_byte_timer_set(pool);
}

static void on_finished(void *arg, CURL *easy, CURLcode code)
{
    char *private = NULL;
    (void)arg;
    (void)curl_easy_getinfo(easy, CURLINFO_PRIVATE, &private);
    fetch_finish(fetch_from(private), code);
}

/* Callbacks may start, cancel and close: only the head of the list is looked at. */
static void deliver(struct fetch_pool *pool)
{
    while (pool->finished.first != NULL) {
        struct fetch *f = pool->finished.first;
        fetch_move(f, NULL);
        f->done(f->arg, &f->result);
        fetch_free(f);
    }
}

static void tear_down(struct fetch_pool *pool)
{
    while (pool->spare_count > 0)
        curl_easy_cleanup(pool->spare[--pool->spare_count]);
    uv_close((uv_handle_t *)&pool->first_byte, on_timer_closed);
    curl_loop_close(STEAL(pool->glue), on_glue_closed, pool);
}

static void on_turn(void *arg)
{
    struct fetch_pool *pool = fetch_pool_from(arg);
    while (pool->is_closing && pool->running.first != NULL)
        fetch_stop(pool->running.first, CW_ECANCELED, NULL);
    deliver(pool);
    if (pool->is_closing && pool->running.first == NULL && pool->glue != NULL)
        tear_down(pool);
}

void fetch_pool_close(struct fetch_pool *pool, void (*on_closed)(void *arg), void *arg)
{
    assert(!pool->is_closing);
    pool->is_closing = true;
    pool->on_closed = on_closed;
    pool->closed_arg = arg;
    curl_loop_wake(pool->glue);
}

static void part_closed(struct fetch_pool *pool)
{
    if (--pool->open_parts > 0)
        return;
    void (*on_closed)(void *) = pool->on_closed;
    void *arg = pool->closed_arg;
    pool_free(pool);
    on_closed(arg);
}

static void on_glue_closed(void *arg)
{
    part_closed(fetch_pool_from(arg));
}

static void on_timer_closed(uv_handle_t *handle)
{
    part_closed(fetch_pool_from(handle->data));
}

void fetch_pool_status(const struct fetch_pool *pool, struct fetch_pool_status *ret)
{
    *ret = (struct fetch_pool_status){
        .running = pool->running.count,
        .started = pool->started,
        .connections_opened = pool->connections_opened,
        .bytes_received = pool->bytes_received,
    };
}
