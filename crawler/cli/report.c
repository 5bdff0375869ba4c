#include "crawler/cli/report.h"

#include <inttypes.h>

#include "crawler/base/clock.h"
#include "crawler/base/units.h"

static enum cw_err add_text(struct buf *line, const char *name, struct str value)
{
    enum cw_err err = buf_addf(line, ",\"%s\":", name);
    return err == CW_OK ? buf_add_json(line, value) : err;
}

static enum cw_err add_number(struct buf *line, const char *name, int64_t value)
{
    return value < 0 ? buf_addf(line, ",\"%s\":null", name)
                     : buf_addf(line, ",\"%s\":%" PRId64, name, value);
}

static enum cw_err add_texts(struct buf *line, const struct page *page)
{
    const struct {
        const char *name;
        struct str value;
    } texts[] = {
        {"content_type", page->content_type},
        {"charset", page->charset},
        {"language", page->language},
        {"title", page->title},
        {"description", page->description},
        {"canonical_url", page->canonical_url},
        {"etag", page->etag},
        {"last_modified", page->last_modified},
        {"redirect_to", page->redirect != NULL ? page->redirect->url : STR_NONE},
    };
    enum cw_err err = CW_OK;
    for (size_t i = 0; err == CW_OK && i < ARRAY_LEN(texts); i++)
        err = add_text(line, texts[i].name, texts[i].value);
    return err;
}

static enum cw_err add_numbers(struct buf *line, const struct outcome *o)
{
    const struct {
        const char *name;
        int64_t value;
    } numbers[] = {
        {"noindex", o->page.noindex},
        {"depth", o->depth},
        {"elapsed_ms", o->attempt.time.total_ms},
        {"first_byte_ms", o->attempt.time.first_byte_ms},
        {"size", o->page.size},
        {"links", (int64_t)o->page.link_count},
        {"words", o->page.words},
    };
    enum cw_err err = CW_OK;
    for (size_t i = 0; err == CW_OK && i < ARRAY_LEN(numbers); i++)
        err = add_number(line, numbers[i].name, numbers[i].value);
    return err;
}

static enum cw_err add_hash(struct buf *line, const uint8_t *hash)
{
    enum cw_err err = buf_addf(line, ",\"body_hash\":\"");
    for (size_t i = 0; err == CW_OK && i < sizeof((struct page *)0)->body_hash; i++)
        err = buf_addf(line, "%02x", hash[i]);
    return err == CW_OK ? buf_add(line, STR("\"")) : err;
}

enum cw_err report_add_jsonl(struct buf *line, const struct outcome *o)
{
    char fetched_at[CLOCK_TEXT_SIZE];
    clock_format(o->attempt.time.ended_unix_ms, fetched_at);
    enum cw_err err = buf_addf(line, "{\"url\":");
    if (err == CW_OK)
        err = buf_add_json(line, o->url);
    if (err == CW_OK)
        err = add_number(line, "status", o->page.status);
    if (err == CW_OK)
        err = add_texts(line, &o->page);
    if (err == CW_OK)
        err = add_numbers(line, o);
    if (err == CW_OK)
        err = add_hash(line, o->page.body_hash);
    return err == CW_OK ? buf_addf(line, ",\"fetched_at\":\"%s\"}\n", fetched_at) : err;
}

static void print_counts(FILE *out, const char *head, const struct store_count *counts,
                         size_t count)
{
    if (count == 0)
        return;
    (void)fprintf(out, "  %-12s", head);
    for (size_t i = 0; i < count; i++)
        (void)fprintf(out, "%s" STR_FMT ": %" PRId64, i > 0 ? ", " : "", STR_ARG(counts[i].name),
                      counts[i].count);
    (void)fprintf(out, "\n");
}

/* How long the crawl stood still, the longest cause first; in shares of the whole time. */
static void print_held(FILE *out, const struct crawl_result *result)
{
    bool said[CAUSE_COUNT] = {false};
    for (unsigned n = 0;; n++) {
        int longest = -1;
        char held[UNITS_TEXT_SIZE];
        for (int i = 0; i < CAUSE_COUNT; i++)
            if (!said[i] && result->held_ms[i] > 0 &&
                (longest < 0 || result->held_ms[i] > result->held_ms[longest]))
                longest = i;
        if (longest < 0) {
            (void)fprintf(out, "%s", n > 0 ? "\n" : "");
            return;
        }
        said[longest] = true;
        units_format_duration(result->held_ms[longest], held);
        (void)fprintf(out, "%s%s: %s (%" PRId64 " %%)", n == 0 ? "  held up by  " : ", ",
                      stall_cause_word((enum stall_cause)longest), held,
                      result->held_ms[longest] * 100 / MAX(result->elapsed_ms, 1));
    }
}

void report_print_summary(FILE *out, const struct crawl_result *result, const char *db_path)
{
    char elapsed[UNITS_TEXT_SIZE];
    const struct store_summary *summary = result->summary;
    int64_t rate = result->elapsed_ms > 0 ? result->pages * 1000 / result->elapsed_ms : 0;
    units_format_duration(result->elapsed_ms, elapsed);
    (void)fprintf(out, "%s: %" PRId64 " page%s in %s (%" PRId64 "/s), stored in %s\n",
                  result->end_reason, result->pages, result->pages == 1 ? "" : "s", elapsed, rate,
                  db_path);
    if (result->unchanged > 0)
        (void)fprintf(out, "  unchanged    %" PRId64 "\n", result->unchanged);
    if (!result->has_summary)
        return;
    print_counts(out, "answers", summary->statuses, summary->status_count);
    print_counts(out, "not fetched", summary->reasons, summary->reason_count);
    if (summary->queued > 0)
        (void)fprintf(out, "  still queued %" PRId64 "\n", summary->queued);
    if (result->held_ms != NULL)
        print_held(out, result);
}
