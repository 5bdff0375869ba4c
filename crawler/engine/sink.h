/* sink: what a crawl has to store, gathered into batches; one transaction at a time, off the loop.
 * While one is being written the next one grows. At rest a page lands at once: a batch goes in the
 * next turn of the loop after something was gathered. Under load it waits: SINK_PAUSE_MS after the
 * last one landed, unless it holds `enough` outcomes before or the owner is in a hurry
 * (sink_flush()); the transactions are what costs, not the pages in them. Beyond `most` outcomes
 * those that may wait go with the batch after it. The same transaction
 * brings back work: the owner says before each how much it wants. Ceiling: SINK_MAX_BYTES or
 * SINK_MAX_ITEMS not yet written; then sink_is_full(), and the owner starts nothing new until it is
 * called back: back-pressure instead of memory. A log that has grown long is folded beside the
 * batches; the next one waits only for the end of that, or all the while if the log is full.
 * Thread: the loop's. */
#ifndef CRAWLER_ENGINE_SINK_H
#define CRAWLER_ENGINE_SINK_H

#include <stdbool.h>

#include "crawler/engine/executor.h"
#include "crawler/page.h"
#include "storage/store.h"

enum {
    SINK_MAX_ITEMS = 4096,
    SINK_MAX_BYTES = 32 * 1024 * 1024,
    SINK_PAUSE_MS = 20,
};

struct sink;

struct sink_options {
    uv_loop_t *loop;
    struct executor *executor;
    struct store *store; /* borrowed; nobody else may call it while the sink is open */
    size_t enough;       /* outcomes that make a batch worth a transaction at once */
    size_t most;         /* outcomes of a batch, if the others may wait; 0: any number */
    void *arg;
    /* May `outcome` go with a later batch than those before it? Only where `most` is not 0. */
    bool (*may_wait)(void *arg, const struct outcome *outcome);
    /* Before each batch goes: fill hosts, idle_hosts and want of *batch; what they point to must
     * stay until on_landed or on_failed. */
    void (*on_prepare)(void *arg, struct store_batch *batch);
    /* An outcome of a batch that landed; borrowed for the call. */
    void (*on_stored)(void *arg, const struct outcome *outcome);
    /* The batch is in the database; `reply` is borrowed for the call. After all its on_stored. */
    void (*on_landed)(void *arg, const struct store_reply *reply);
    /* The database failed; nothing more will be written. Once. */
    void (*on_failed)(void *arg, enum cw_err err, const char *message);
    void (*on_closed)(void *arg); /* after sink_close(); the sink is gone by then */
};

enum cw_err sink_new(struct sink **ret, const struct sink_options *options) MUST_CHECK;
/* What was not written is dropped: flush first, or it never happened. */
void sink_close(struct sink *sink);

/* Takes the outcome, also on failure (then it never happened: CW_ENOMEM; the store still has the
 * URL). */
enum cw_err sink_push(struct sink *sink, struct outcome *outcome) MUST_CHECK;
/* Copies. */
enum cw_err sink_add_seed(struct sink *sink, const struct store_seed *seed) MUST_CHECK;
enum cw_err sink_add_found(struct sink *sink, const struct store_found *found) MUST_CHECK;
enum cw_err sink_add_attempt(struct sink *sink, const struct attempt *attempt) MUST_CHECK;
enum cw_err sink_add_robots(struct sink *sink, const struct store_robots *robots) MUST_CHECK;

void sink_flush(struct sink *sink); /* the next batch goes as soon as it can, even an empty one */
bool sink_is_full(const struct sink *sink);
size_t sink_unlanded(const struct sink *sink);   /* outcomes pushed and not yet in the database */
bool sink_has_gathered(const struct sink *sink); /* something waits for the next batch */
bool sink_is_idle(const struct sink *sink);      /* nothing gathered, nothing being written */
int64_t sink_behind_ms(const struct sink *sink); /* age of the batch being written, or since when
                                                    batches wait for the log; 0: neither */

#endif
