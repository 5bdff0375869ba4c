/* Sitemaps and feeds, against crawler/parse/sitemap.h. A list of results reads "URL lastmod
 * changefreq priority +alternate", an item a line. */
#include "crawler/base/clock.h"
#include "crawler/parse/sitemap.h"
#include "tests/support/json.h"

enum { LIST_MAX = 1 << 20 };
static const int64_t in_2026_ms = 1767225600000;
static const char *const frequencies[] = {"",       "always",  "hourly", "daily",
                                          "weekly", "monthly", "yearly", "never"};

struct reading {
    struct buf list, alternates; /* alternates: of the page that comes next */
};

static void must(enum cw_err err)
{
    if (err != CW_OK)
        abort();
}

static void add_time(struct buf *list, int64_t unix_ms)
{
    char text[32];
    time_t seconds = (time_t)(unix_ms / 1000);
    struct tm parts;
    size_t len = strftime(text, sizeof text, " %Y-%m-%dT%H:%M:%SZ", gmtime_r(&seconds, &parts));
    must(buf_add(list, str_from(text, len)));
}

static enum cw_err on_entry(void *arg, const struct sitemap_entry *entry)
{
    struct reading *r = arg;
    if (entry->role == SITEMAP_ALTERNATE) {
        must(buf_addf(&r->alternates, " +" STR_FMT, STR_ARG(entry->url)));
        return CW_OK;
    }
    must(buf_add(&r->list, entry->url));
    if (entry->role == SITEMAP_PAGE) {
        if (entry->lastmod_unix_ms >= 0)
            add_time(&r->list, entry->lastmod_unix_ms);
        if (entry->changefreq != CHANGEFREQ_UNKNOWN)
            must(buf_addf(&r->list, " %s", frequencies[entry->changefreq]));
        if (entry->priority_per_mille != SITEMAP_PRIORITY_DEFAULT)
            must(buf_addf(&r->list, " %d", (int)entry->priority_per_mille));
    }
    must(buf_add(&r->list, buf_str(&r->alternates)));
    buf_clear(&r->alternates);
    return buf_add_char(&r->list, '\n');
}

static void add_expected_url(struct buf *list, const json_t *url)
{
    struct str lastmod = suite_str(url, "lastmod"), changefreq = suite_str(url, "changefreq");
    const json_t *priority = json_object_get(url, "priority");
    must(buf_add(list, suite_str(url, "loc")));
    if (!str_is_absent(lastmod))
        must(buf_addf(list, " " STR_FMT, STR_ARG(lastmod)));
    if (!str_is_absent(changefreq))
        must(buf_addf(list, " " STR_FMT, STR_ARG(changefreq)));
    if (priority != NULL)
        must(buf_addf(list, " %.0f", json_number_value(priority) * 1000));
    const json_t *alternates = json_object_get(url, "alternates");
    for (size_t i = 0; i < json_array_size(alternates); i++)
        must(buf_addf(list, " +" STR_FMT, STR_ARG(suite_str_of(json_array_get(alternates, i)))));
    must(buf_add_char(list, '\n'));
}

static void add_expected(struct buf *list, const json_t *expect)
{
    const json_t *urls = json_object_get(expect, "urls");
    for (size_t i = 0; i < json_array_size(urls); i++)
        add_expected_url(list, json_array_get(urls, i));
    const json_t *sitemaps = json_object_get(expect, "sitemaps");
    for (size_t i = 0; i < json_array_size(sitemaps); i++)
        must(buf_addf(list, STR_FMT "\n", STR_ARG(suite_str_of(json_array_get(sitemaps, i)))));
}

static const char *kind_name(enum cw_err err, enum sitemap_kind kind)
{
    static const char *const names[] = {[SITEMAP_NONE] = "none",
                                        [SITEMAP_URLSET] = "urlset",
                                        [SITEMAP_INDEX] = "index",
                                        [SITEMAP_FEED] = "feed"};
    return err != CW_OK ? "failed" : names[kind];
}

static enum cw_err count_entry(void *arg, const struct sitemap_entry *entry)
{
    (void)entry;
    ++*(size_t *)arg;
    return CW_OK;
}

/* The case "limits" is a sentence: "more: take the first 50,000 and note it; never read beyond 50
 * MiB decoded". */
static void check_limits(struct suite *suite, const struct url *url)
{
    struct buf body = BUF_INIT(2 * SITEMAP_MAX_BYTES);
    struct sitemap_summary many, big;
    size_t count = 0, count_big = 0;
    for (int i = 0; i < 50001; i++)
        must(buf_addf(&body, "http://www.ex.test/%d\n", i));
    struct sitemap_input input = {.body = buf_str(&body), .url = url};
    must(sitemap_read(&many, &input, count_entry, &count));
    while (body.len <= SITEMAP_MAX_BYTES)
        must(buf_add(&body, STR("\n                                                           ")));
    memset(body.ptr, ' ', body.len); /* what stands beyond the limit is not found */
    must(buf_add(&body, STR("\nhttp://www.ex.test/late\n")));
    input.body = buf_str(&body);
    must(sitemap_read(&big, &input, count_entry, &count_big));
    suite_count(suite, count == 50000 && many.cut && count_big == 0 && big.cut, STR("limits"),
                STR_NONE, STR_NONE);
    buf_release(&body);
}

static void check_case(struct suite *suite, const json_t *test, const struct url *url)
{
    struct reading r = {.list = BUF_INIT(LIST_MAX), .alternates = BUF_INIT(LIST_MAX)};
    struct buf expected = BUF_INIT(LIST_MAX);
    struct sitemap_summary summary;
    const json_t *expect = json_object_get(test, "expect");
    struct str kind = suite_str(expect, "kind");
    struct sitemap_input input = {.body = suite_str(test, "body"),
                                  .content_type = suite_str(test, "content_type"),
                                  .url = url,
                                  .now_unix_ms = in_2026_ms};
    enum cw_err err = sitemap_read(&summary, &input, on_entry, &r);
    const char *got_kind = kind_name(err, summary.kind);
    add_expected(&expected, expect);
    bool is_any = str_eq(kind, STR("any"));
    suite_count(
        suite,
        is_any || (str_eq(kind, str_of(got_kind)) && str_eq(buf_str(&r.list), buf_str(&expected))),
        suite_str(test, "id"), buf_str(&expected), buf_str(&r.list));
    buf_release(&r.list);
    buf_release(&r.alternates);
    buf_release(&expected);
}

int main(void)
{
    json_t *tests = suite_load_json(CONFORMANCE_DIR "/sitemap/cases.json");
    struct suite suite = {.name = "sitemap/cases.json"};
    struct url url = URL_INIT;
    must(url_parse(&url, STR("http://www.ex.test/sitemap.xml"), NULL));
    for (size_t i = 0; i < json_array_size(tests); i++) {
        const json_t *test = json_array_get(tests, i);
        if (str_eq(suite_str(test, "id"), STR("limits")))
            check_limits(&suite, &url);
        else
            check_case(&suite, test, &url);
    }
    url_release(&url);
    json_decref(tests);
    return suite_finish(&suite, 28);
}
