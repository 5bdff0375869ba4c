#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <zlib.h>

#include "crawler/page.h"
#include "crawler/parse/sitemap.h"

/* The entries of one file served from http://ex.test/sitemap.xml, a line each, with a mark for what
 * is no page. */
struct reading {
    enum cw_err err;
    struct sitemap_summary summary;
    struct buf list;
};

static enum cw_err on_entry(void *arg, const struct sitemap_entry *entry)
{
    static const char *const marks[] = {
        [SITEMAP_PAGE] = "", [SITEMAP_ALTERNATE] = "+", [SITEMAP_FILE] = "*"};
    struct buf *list = arg;
    assert_true(entry->url.len <= URL_MAX_BYTES);
    return buf_addf(list, "%s" STR_FMT "\n", marks[entry->role], STR_ARG(entry->url));
}

static struct reading read_file(struct sitemap_input input)
{
    struct reading r = {.list = BUF_INIT(64 << 20)};
    struct url url = URL_INIT;
    assert_int_equal(url_parse(&url, STR("http://ex.test/sitemap.xml"), NULL), CW_OK);
    input.url = &url;
    r.err = sitemap_read(&r.summary, &input, on_entry, &r.list);
    url_release(&url);
    return r;
}

static void assert_reads(struct sitemap_input input, enum sitemap_kind kind, const char *list)
{
    struct reading r = read_file(input);
    assert_int_equal(r.err, CW_OK);
    assert_int_equal(r.summary.kind, kind);
    assert_string_equal(r.list.ptr != NULL ? r.list.ptr : "", list);
    buf_release(&r.list);
}

static void assert_body_reads(const char *body, enum sitemap_kind kind, const char *list)
{
    assert_reads((struct sitemap_input){.body = str_of(body)}, kind, list);
}

/* `head`, then `unit` `count` times, then `tail`. */
static struct buf repeat(const char *head, const char *unit, size_t count, const char *tail)
{
    struct buf b = BUF_INIT(2 * (size_t)SITEMAP_MAX_BYTES);
    assert_int_equal(buf_add(&b, str_of(head)), CW_OK);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(buf_add(&b, str_of(unit)), CW_OK);
    assert_int_equal(buf_add(&b, str_of(tail)), CW_OK);
    return b;
}

static struct buf gzip(struct str raw)
{
    struct buf out = BUF_INIT(SIZE_MAX / 2);
    z_stream z = {0};
    assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    assert_int_equal(buf_reserve(&out, deflateBound(&z, raw.len)), CW_OK);
    z.next_in = (Bytef *)raw.ptr;
    z.avail_in = (uInt)raw.len;
    z.next_out = (Bytef *)out.ptr;
    z.avail_out = (uInt)out.cap;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    out.len = z.total_out;
    (void)deflateEnd(&z);
    return out;
}

static void an_ampersand__is_kept_however_it_is_written(void **state)
{
    (void)state;
    static const char *const bodies[] = {
        "<urlset><url><loc>http://ex.test/?a=1&amp;b=2</loc></url></urlset>",
        "<urlset><url><loc>http://ex.test/?a=1&b=2</loc></url></urlset>",
        "<urlset><url><loc>http://ex.test/?a=1&#38;b=2</loc></url></urlset>",
        "<urlset><url><loc>http://ex.test/?a=1&#x26;b=2</loc></url></urlset>",
        "<urlset><url><loc><![CDATA[http://ex.test/?a=1&b=2]]></loc></url></urlset>",
        /* libxml2 drops it after an error, unless it is a character reference */
        "<urlset><url><loc>&no;</loc></url><url><loc>http://ex.test/?a=1&amp;b=2</loc></url>",
        /* ... and keeps it escaped in attributes */
        "<feed><entry><link href='http://ex.test/?a=1&amp;b=2'/></entry></feed>",
    };
    for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
        struct reading r = read_file((struct sitemap_input){.body = str_of(bodies[i])});
        assert_int_equal(r.err, CW_OK);
        assert_string_equal(r.list.ptr, "http://ex.test/?a=1&b=2\n");
        buf_release(&r.list);
    }
}

static void what_a_file_is__its_root_says(void **state)
{
    (void)state;
    assert_body_reads(
        "  \n<?xml version='1.0'?><urlset><url><loc>http://ex.test/a</loc></url></urlset>",
        SITEMAP_URLSET, "http://ex.test/a\n");
    assert_body_reads(
        "<sitemapindex><sitemap><loc>http://ex.test/b.xml</loc></sitemap></sitemapindex>",
        SITEMAP_INDEX, "*http://ex.test/b.xml\n");
    assert_body_reads(
        "<rdf:RDF xmlns:rdf='r' xmlns='s'><channel><link>http://ex.test/</link></channel>"
        "<item><link>http://ex.test/c</link></item></rdf:RDF>",
        SITEMAP_FEED, "http://ex.test/c\n");
    assert_body_reads("<html><body><a href='http://ex.test/d'>d</a></body></html>", SITEMAP_NONE,
                      "");
    assert_body_reads("no such page", SITEMAP_NONE, "");
    assert_body_reads("{\"url\": \"http://ex.test/\"}", SITEMAP_NONE, "");
    assert_reads((struct sitemap_input){.body = STR("http://ex.test/\n"),
                                        .content_type = STR("text/html; charset=utf-8")},
                 SITEMAP_NONE, "");
}

static void a_feeds_item__is_named_by_its_link_or_its_permalink(void **state)
{
    (void)state;
    assert_body_reads(
        "<rss><channel><atom:link xmlns:atom='a' rel='self' href='/feed'/>"
        "<item><guid>http://ex.test/guid</guid><link>http://ex.test/link</link></item>"
        "<item><guid isPermaLink='false'>http://ex.test/none</guid></item>"
        "<item><guid>http://ex.test/only</guid></item></channel></rss>",
        SITEMAP_FEED, "http://ex.test/link\nhttp://ex.test/only\n");
    assert_body_reads("<feed><entry><link rel='edit' href='/edit'/><link href='/page'/>"
                      "<source><link href='/source'/></source></entry></feed>",
                      SITEMAP_FEED, "http://ex.test/page\n");
}

static void an_extension__adds_alternates_and_no_images(void **state)
{
    (void)state;
    assert_body_reads("<urlset><url><loc>http://ex.test/en</loc>"
                      "<image:image><image:loc>http://ex.test/i.png</image:loc></image:image>"
                      "<video:video><video:priority>0.1</video:priority></video:video>"
                      "<xhtml:link rel='alternate' hreflang='de' href='http://ex.test/de'/>"
                      "<xhtml:link rel='stylesheet' href='http://ex.test/css'/></url></urlset>",
                      SITEMAP_URLSET, "+http://ex.test/de\nhttp://ex.test/en\n");
}

static void another_host__counts_only_where_it_vouches(void **state)
{
    (void)state;
    struct str body = STR("http://ex.test/a\nhttps://ex.test/b\nhttp://ex.test:81/c\n"
                          "http://www.ex.test/d\n");
    assert_reads((struct sitemap_input){.body = body}, SITEMAP_URLSET,
                 "http://ex.test/a\nhttps://ex.test/b\n");
    assert_reads((struct sitemap_input){.body = body, .also_host = STR("www.ex.test")},
                 SITEMAP_URLSET, "http://ex.test/a\nhttps://ex.test/b\nhttp://www.ex.test/d\n");
}

static void a_gzipped_file__is_known_by_its_magic_number(void **state)
{
    (void)state;
    struct buf packed = gzip(STR("<urlset><url><loc>http://ex.test/z</loc></url></urlset>"));
    assert_reads((struct sitemap_input){.body = buf_str(&packed)}, SITEMAP_URLSET,
                 "http://ex.test/z\n");
    struct reading r = read_file((struct sitemap_input){.body = str_first(buf_str(&packed), 40)});
    assert_int_equal(r.err, CW_OK);
    assert_true(r.summary.cut);
    buf_release(&r.list);
    buf_release(&packed);
}

static void a_gzip_bomb__ends_at_its_ceiling(void **state)
{
    (void)state;
    struct buf plain = BUF_INIT(4 * (size_t)SITEMAP_MAX_BYTES);
    assert_int_equal(buf_reserve(&plain, 3 * (size_t)SITEMAP_MAX_BYTES), CW_OK);
    memset(plain.ptr, ' ', 3 * (size_t)SITEMAP_MAX_BYTES);
    plain.len = 3 * (size_t)SITEMAP_MAX_BYTES;
    struct buf packed = gzip(buf_str(&plain));
    struct reading r = read_file((struct sitemap_input){.body = buf_str(&packed)});
    assert_true(r.err == CW_EBOMB || (r.err == CW_OK && r.summary.cut));
    assert_int_equal(r.summary.entries, 0);
    buf_release(&r.list);
    buf_release(&packed);
    buf_release(&plain);
}

static void a_charset__is_the_headers_or_the_declarations(void **state)
{
    (void)state;
    assert_body_reads("<?xml version='1.0' encoding='ISO-8859-1'?><urlset><url>"
                      "<loc>http://ex.test/\xe9</loc></url></urlset>",
                      SITEMAP_URLSET, "http://ex.test/%C3%A9\n");
    assert_reads(
        (struct sitemap_input){.body = STR("<?xml version='1.0' encoding='utf-8'?><urlset>"
                                           "<url><loc>http://ex.test/\xe9</loc></url></urlset>"),
                               .content_type = STR("text/xml; charset=latin1")},
        SITEMAP_URLSET, "http://ex.test/%C3%A9\n");
}

static void a_broken_file__gives_what_is_whole(void **state)
{
    (void)state;
    assert_body_reads("<urlset><url><loc>http://ex.test/a</loc><url><loc>http://ex.test/b</loc>"
                      "</urlset>",
                      SITEMAP_URLSET, "http://ex.test/a\nhttp://ex.test/b\n");
    assert_body_reads("<urlset><url><loc>http://ex.test/a</loc><lastmod>2", SITEMAP_URLSET,
                      "http://ex.test/a\n");
    assert_reads(
        (struct sitemap_input){.body = STR("<urlset><url><loc>http://ex.test/\x01"
                                           "a</loc></url>\0<url><loc>http://ex.test/b</loc>"
                                           "</url></urlset>")},
        SITEMAP_URLSET, "http://ex.test/%20a\nhttp://ex.test/b\n");
}

static void a_long_url__keeps_its_head(void **state)
{
    (void)state;
    struct buf body = repeat("http://ex.test/", "x", 5000, "\nhttp://ex.test/short\n");
    struct reading r = read_file((struct sitemap_input){.body = buf_str(&body)});
    assert_int_equal(r.summary.entries, 2);
    assert_int_equal(r.list.len, URL_MAX_BYTES + 1 + sizeof "http://ex.test/short\n" - 1);
    buf_release(&r.list);
    buf_release(&body);
}

/* Rows D17 and D18 of the hostile suite: in every format, no file is opened, nothing is expanded.
 */
static void an_entity__is_never_expanded(void **state)
{
    (void)state;
    static const char *const bodies[] = {
        "<!DOCTYPE u [<!ENTITY x SYSTEM \"file:///etc/hostname\">]>"
        "<urlset><url><loc>http://ex.test/&x;</loc></url></urlset>",
        "<!DOCTYPE u [<!ENTITY x \"secret\">]>"
        "<rss><channel><item><link>http://ex.test/&x;</link></item></channel></rss>",
        "<!DOCTYPE u [<!ENTITY % p SYSTEM \"http://127.0.0.1:1/p.dtd\"> %p;]>"
        "<sitemapindex><sitemap><loc>http://ex.test/&x;</loc></sitemap></sitemapindex>",
    };
    for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
        struct reading r = read_file((struct sitemap_input){.body = str_of(bodies[i])});
        assert_int_equal(r.err, CW_OK);
        assert_int_equal(r.summary.entries, 0);
        buf_release(&r.list);
    }
    /* in an attribute, too: whatever is made of it, it is not the entity's text */
    struct reading r = read_file((struct sitemap_input){
        .body = STR("<!DOCTYPE u [<!ENTITY x \"secret\">]>"
                    "<feed><entry><link href=\"http://ex.test/&x;\"/></entry></feed>")});
    assert_int_equal(r.err, CW_OK);
    assert_true(r.list.len == 0 || strstr(r.list.ptr, "secret") == NULL);
    buf_release(&r.list);
}

static void entities_made_of_entities__end_the_reading(void **state)
{
    (void)state;
    struct reading r = read_file((struct sitemap_input){
        .body = STR("<!DOCTYPE l [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;\">]>"
                    "<rss><channel><item><link>http://ex.test/&b;</link></item></channel></rss>")});
    assert_int_equal(r.err, CW_EBOMB);
    buf_release(&r.list);
}

static void a_large_entity_named_often__costs_nothing(void **state)
{
    (void)state;
    struct buf head = repeat("<!DOCTYPE u [<!ENTITY x \"", "x", 100000, "\">]><urlset>");
    struct buf body = repeat(head.ptr, "<url><loc>http://ex.test/&x;&x;&x;&x;</loc></url>", 20000,
                             "<url><loc>http://ex.test/</loc></url></urlset>");
    assert_reads((struct sitemap_input){.body = buf_str(&body)}, SITEMAP_URLSET,
                 "http://ex.test/\n");
    buf_release(&head);
    buf_release(&body);
}

static void a_file_nested_100_000_deep__is_read_as_far_as_it_goes(void **state)
{
    (void)state;
    struct buf body = repeat("<urlset><url><loc>http://ex.test/</loc></url>", "<x>", 100000, "");
    struct reading r = read_file((struct sitemap_input){.body = buf_str(&body)});
    assert_int_equal(r.err, CW_OK);
    assert_string_equal(r.list.ptr, "http://ex.test/\n");
    buf_release(&r.list);
    buf_release(&body);
}

/* Row D19. */
static void more_than_50_000_entries__are_cut_and_it_says_so(void **state)
{
    (void)state;
    struct buf body =
        repeat("<sitemapindex>", "<sitemap><loc>http://ex.test/sitemap.xml</loc></sitemap>",
               SITEMAP_ENTRIES_MAX + 1, "</sitemapindex>");
    struct reading r = read_file((struct sitemap_input){.body = buf_str(&body)});
    assert_int_equal(r.err, CW_OK);
    assert_int_equal(r.summary.entries, SITEMAP_ENTRIES_MAX);
    assert_true(r.summary.cut);
    buf_release(&r.list);
    buf_release(&body);
}

static void only_ampersands__stay_within_the_ceiling(void **state)
{
    (void)state;
    struct buf body = BUF_INIT(SITEMAP_MAX_BYTES);
    assert_int_equal(buf_reserve(&body, SITEMAP_MAX_BYTES), CW_OK);
    memset(body.ptr, '&', SITEMAP_MAX_BYTES);
    memcpy(body.ptr, "<urlset>", 8);
    body.len = SITEMAP_MAX_BYTES;
    struct reading r = read_file((struct sitemap_input){.body = buf_str(&body)});
    assert_int_equal(r.err, CW_OK);
    assert_true(r.summary.cut);
    buf_release(&r.list);
    buf_release(&body);
}

static enum cw_err refuse(void *arg, const struct sitemap_entry *entry)
{
    (void)entry;
    ++*(int *)arg;
    return CW_ENOMEM;
}

static void an_owner_that_refuses__ends_the_reading(void **state)
{
    (void)state;
    static const char *const bodies[] = {"http://ex.test/a\nhttp://ex.test/b",
                                         "<urlset><url><loc>http://ex.test/a</loc></"
                                         "url><url><loc>http://ex.test/b</loc></url></urlset>"};
    struct url url = URL_INIT;
    assert_int_equal(url_parse(&url, STR("http://ex.test/"), NULL), CW_OK);
    for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
        struct sitemap_input input = {.body = str_of(bodies[i]), .url = &url};
        struct sitemap_summary summary;
        int calls = 0;
        assert_int_equal(sitemap_read(&summary, &input, refuse, &calls), CW_ENOMEM);
        assert_int_equal(calls, 1);
    }
    url_release(&url);
}

static enum cw_err keep_numbers(void *arg, const struct sitemap_entry *entry)
{
    *(struct sitemap_entry *)arg = *entry;
    return CW_OK;
}

static void numbers__are_read_or_left_at_their_defaults(void **state)
{
    (void)state;
    static const struct {
        const char *priority, *changefreq;
        int32_t per_mille;
        enum sitemap_changefreq expected;
    } cases[] = {
        {"0.8", "monthly", 800, CHANGEFREQ_MONTHLY}, {"1", " Always ", 1000, CHANGEFREQ_ALWAYS},
        {"1.0", "never", 1000, CHANGEFREQ_NEVER},    {"0.125", "", 125, CHANGEFREQ_UNKNOWN},
        {"0.12345", "x", 123, CHANGEFREQ_UNKNOWN},   {"1.5", "", 500, CHANGEFREQ_UNKNOWN},
        {"2", "", 500, CHANGEFREQ_UNKNOWN},          {"-1", "", 500, CHANGEFREQ_UNKNOWN},
        {"high", "", 500, CHANGEFREQ_UNKNOWN},       {"0.x", "", 500, CHANGEFREQ_UNKNOWN},
    };
    struct url url = URL_INIT;
    assert_int_equal(url_parse(&url, STR("http://ex.test/"), NULL), CW_OK);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct buf body = BUF_INIT(4096);
        struct sitemap_entry entry = {0};
        struct sitemap_summary summary;
        assert_int_equal(buf_addf(&body,
                                  "<urlset><url><loc>http://ex.test/</loc><priority>%s</priority>"
                                  "<changefreq>%s</changefreq></url></urlset>",
                                  cases[i].priority, cases[i].changefreq),
                         CW_OK);
        struct sitemap_input input = {.body = buf_str(&body), .url = &url};
        assert_int_equal(sitemap_read(&summary, &input, keep_numbers, &entry), CW_OK);
        assert_int_equal(entry.priority_per_mille, cases[i].per_mille);
        assert_int_equal(entry.changefreq, cases[i].expected);
        buf_release(&body);
    }
    url_release(&url);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_ampersand__is_kept_however_it_is_written),
        cmocka_unit_test(what_a_file_is__its_root_says),
        cmocka_unit_test(a_feeds_item__is_named_by_its_link_or_its_permalink),
        cmocka_unit_test(an_extension__adds_alternates_and_no_images),
        cmocka_unit_test(another_host__counts_only_where_it_vouches),
        cmocka_unit_test(a_gzipped_file__is_known_by_its_magic_number),
        cmocka_unit_test(a_gzip_bomb__ends_at_its_ceiling),
        cmocka_unit_test(a_charset__is_the_headers_or_the_declarations),
        cmocka_unit_test(a_broken_file__gives_what_is_whole),
        cmocka_unit_test(a_long_url__keeps_its_head),
        cmocka_unit_test(an_entity__is_never_expanded),
        cmocka_unit_test(entities_made_of_entities__end_the_reading),
        cmocka_unit_test(a_large_entity_named_often__costs_nothing),
        cmocka_unit_test(a_file_nested_100_000_deep__is_read_as_far_as_it_goes),
        cmocka_unit_test(more_than_50_000_entries__are_cut_and_it_says_so),
        cmocka_unit_test(only_ampersands__stay_within_the_ceiling),
        cmocka_unit_test(an_owner_that_refuses__ends_the_reading),
        cmocka_unit_test(numbers__are_read_or_left_at_their_defaults),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
