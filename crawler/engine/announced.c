#include "crawler/engine/announced.h"

#include "crawler/base/grow.h"
#include "crawler/engine/admit.h"
#include "crawler/frontier/priority.h"
#include "crawler/parse/decode.h"

enum { ARENA_MAX = 32 * 1024 * 1024, DEPTH = 1 /* as if a start URL had linked them */ };

static enum cw_err on_entry(void *arg, const struct sitemap_entry *entry);

struct announced *announced_new(void)
{
    struct announced *a = calloc(1, sizeof *a);
    if (a != NULL)
        a->arena = ARENA_INIT(ARENA_MAX);
    return a;
}

void announced_free(struct announced *a)
{
    if (a == NULL)
        return;
    buf_release(&a->raw);
    scope_drop(a->scope);
    free(a->found);
    arena_release(&a->arena);
    free(a);
}

static enum cw_err read_body(struct announced *a)
{
    CLEANUP(buf_release) struct buf body = BUF_INIT(SITEMAP_MAX_BYTES);
    enum cw_err err = decode_content(&body, buf_str(&a->raw), a->content_encoding);
    bool is_cut = a->raw_cut || err == CW_ETOOBIG || err == CW_ETRUNCATED;
    buf_release(&a->raw); /* before the next copy is made */
    if (err != CW_OK && !is_cut)
        return err;
    const struct sitemap_input input = {
        .body = buf_str(&body),
        .content_type = a->content_type,
        .url = a->url,
        .also_host = a->also_host,
        .now_unix_ms = a->now_unix_ms,
    };
    err = sitemap_read(&a->summary, &input, on_entry, a);
    a->summary.cut |= is_cut;
    return err;
}

void announced_read(struct announced *a)
{
    a->err = read_body(a);
    if (a->err == CW_ETOOBIG) { /* more than the arena holds: what is there counts */
        a->summary.cut = true;
        a->err = CW_OK;
    }
}

static enum cw_err keep_file(struct announced *a, struct str url)
{
    if (a->file_count == ANNOUNCED_FILES_MAX)
        return CW_ETOOBIG;
    if (!arena_keep(&a->arena, &url))
        return CW_ETOOBIG;
    a->files[a->file_count++] = url;
    return CW_OK;
}

static enum cw_err on_entry(void *arg, const struct sitemap_entry *entry)
{
    struct announced *a = arg;
    if (entry->role == SITEMAP_FILE)
        return entry->is_cut ? CW_OK : keep_file(a, entry->url);
    struct store_found found = {.url = entry->url,
                                .host = entry->host,
                                .depth = DEPTH,
                                .priority = priority_of_announced(DEPTH, entry->priority_per_mille),
                                .modified_unix_ms = MAX(entry->lastmod_unix_ms, 0)};
    found.verdict = entry->is_cut ? (struct verdict){.reason = EXCLUDE_TOO_LONG}
                                  : admit_url(a->scope, found.url, found.host, DEPTH);
    if (grow(&a->found, &a->found_cap, a->found_count, sizeof *a->found) != CW_OK)
        return CW_ENOMEM;
    if (!arena_keep(&a->arena, &found.url) || !arena_keep(&a->arena, &found.host))
        return CW_ETOOBIG;
    a->found[a->found_count++] = found;
    return CW_OK;
}
