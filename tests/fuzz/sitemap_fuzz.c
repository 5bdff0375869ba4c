/* Any bytes as a sitemap: what comes out keeps the promises of sitemap.h. */
#include <assert.h>
#include <stdint.h>

#include "crawler/page.h"
#include "crawler/parse/sitemap.h"

struct owner {
    struct url again;
    uint32_t count;
};

static enum cw_err on_entry(void *arg, const struct sitemap_entry *entry)
{
    struct owner *owner = arg;
    assert(entry->url.len > 0 && entry->url.len <= URL_MAX_BYTES);
    assert(str_eq(entry->host, STR("ex.test")) || str_eq(entry->host, STR("also.test")));
    assert(entry->priority_per_mille >= 0 && entry->priority_per_mille <= 1000);
    if (!entry->is_cut) {
        assert(url_parse(&owner->again, entry->url, NULL) == CW_OK);
        assert(str_eq(url_href(&owner->again), entry->url));
    }
    owner->count++;
    return CW_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const types[] = {NULL, "text/xml", "text/plain",
                                        "text/xml; charset=utf-16le"};
    struct url url = URL_INIT;
    struct owner owner = {.again = URL_INIT};
    struct sitemap_summary summary;
    if (size > 1 << 16)
        return 0;
    assert(url_parse(&url, STR("https://ex.test/a/sitemap.xml"), NULL) == CW_OK);
    struct sitemap_input input = {
        .body = str_from((const char *)data, size),
        .content_type = str_of(types[size % ARRAY_LEN(types)]),
        .url = &url,
        .also_host = STR("also.test"),
    };
    enum cw_err err = sitemap_read(&summary, &input, on_entry, &owner);
    assert(err == CW_OK || err == CW_EBOMB || err == CW_EENCODING);
    assert(summary.entries == owner.count && summary.entries <= SITEMAP_ENTRIES_MAX);
    assert(summary.kind != SITEMAP_NONE || summary.entries == 0);
    url_release(&url);
    url_release(&owner.again);
    return 0;
}
