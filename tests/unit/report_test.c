#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>

#include "crawler/cli/progress.h"
#include "crawler/cli/report.h"

static json_t *line_of(const struct outcome *o, size_t max)
{
    CLEANUP(buf_release) struct buf line = BUF_INIT(max);
    assert_int_equal(report_add_jsonl(&line, o), CW_OK);
    assert_int_equal(line.ptr[line.len - 1], '\n');
    assert_int_equal(str_find_char(buf_str(&line), '\n'), line.len - 1); /* one line */
    json_t *object = json_loadb(line.ptr, line.len, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(object);
    return object;
}

static const char *text(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

static void a_page__is_one_json_object_a_line(void **state)
{
    (void)state;
    struct page_link redirect = {.url = STR("http://a/to")};
    const struct outcome o = {
        .url = STR("http://a/\"q\""),
        .depth = 3,
        .attempt.time = {.ended_unix_ms = 1700000000123, .total_ms = 12, .first_byte_ms = -1},
        .page = {.status = 301,
                 .title = STR("a\n\"\\\t\x01\xe2\x82\xac\xff</script>"),
                 .description = STR(""),
                 .noindex = true,
                 .size = INT64_C(5000000000),
                 .words = 7,
                 .link_count = 9,
                 .redirect = &redirect,
                 .body_hash = {0, 1, 0xff}},
    };
    json_t *object = line_of(&o, 65536);
    assert_string_equal(text(object, "url"), "http://a/\"q\"");
    assert_string_equal(text(object, "title"), "a\n\"\\\t\x01\xe2\x82\xac\xef\xbf\xbd</script>");
    assert_string_equal(text(object, "description"), "");
    assert_string_equal(text(object, "redirect_to"), "http://a/to");
    assert_string_equal(text(object, "fetched_at"), "2023-11-14T22:13:20.123Z");
    assert_string_equal(text(object, "body_hash"), "0001ff00000000000000000000000000");
    assert_true(json_is_null(json_object_get(object, "charset")));
    assert_true(json_is_null(json_object_get(object, "first_byte_ms")));
    assert_int_equal(json_integer_value(json_object_get(object, "status")), 301);
    assert_int_equal(json_integer_value(json_object_get(object, "depth")), 3);
    assert_int_equal(json_integer_value(json_object_get(object, "noindex")), 1);
    assert_int_equal(json_integer_value(json_object_get(object, "elapsed_ms")), 12);
    assert_int_equal(json_integer_value(json_object_get(object, "links")), 9);
    assert_int_equal(json_integer_value(json_object_get(object, "words")), 7);
    assert_true(json_integer_value(json_object_get(object, "size")) == INT64_C(5000000000));
    json_decref(object);
}

/* Every text at its ceiling, of characters that JSON makes six of: crawl_run.c has room for it. */
static void the_longest_page__fits_the_line(void **state)
{
    (void)state;
    char ones[URL_MAX_BYTES], urls[URL_MAX_BYTES];
    memset(ones, 1, sizeof ones);
    memset(urls, 'u', sizeof urls);
    struct page_link redirect = {.url = str_from(urls, URL_MAX_BYTES)};
    const struct outcome o = {
        .url = str_from(urls, URL_MAX_BYTES),
        .page = {.title = str_from(ones, TITLE_MAX),
                 .description = str_from(ones, DESCRIPTION_MAX),
                 .canonical_url = str_from(urls, URL_MAX_BYTES),
                 .content_type = str_from(ones, 1024),
                 .etag = str_from(ones, 1024),
                 .last_modified = str_from(ones, 1024),
                 .redirect = &redirect},
    };
    json_decref(line_of(&o, 64 * 1024));
}

static void a_line_without_room__is_refused(void **state)
{
    (void)state;
    const struct outcome o = {.url = STR("http://a/")};
    for (size_t max = 1; max < 300; max++) {
        struct buf line = BUF_INIT(max);
        assert_int_equal(report_add_jsonl(&line, &o), CW_ETOOBIG);
        buf_release(&line);
    }
}

static void the_summary__counts_by_kind(void **state)
{
    (void)state;
    struct store_count statuses[] = {{STR("200"), 5}, {STR("404"), 1}};
    struct store_count reasons[] = {{STR("excluded: robots"), 2}};
    const struct store_summary summary = {.statuses = statuses,
                                          .status_count = 2,
                                          .reasons = reasons,
                                          .reason_count = 1,
                                          .queued = 3};
    const int64_t held_ms[CAUSE_COUNT] = {[CAUSE_BACKOFF] = 400, [CAUSE_DNS_TIMEOUT] = 1200};
    struct crawl_result result = {.end_reason = "interrupted",
                                  .has_summary = true,
                                  .summary = &summary,
                                  .pages = 6,
                                  .elapsed_ms = 2000,
                                  .held_ms = held_ms};
    char got[1024];
    FILE *out = tmpfile();
    assert_non_null(out);
    report_print_summary(out, &result, "a.db");
    result.has_summary = false;
    result.elapsed_ms = 0;
    report_print_summary(out, &result, "b.db");
    rewind(out);
    got[fread(got, 1, sizeof got - 1, out)] = '\0';
    assert_int_equal(fclose(out), 0);
    assert_string_equal(got, "interrupted: 6 pages in 2.0s (3/s), stored in a.db\n"
                             "  answers     200: 5, 404: 1\n"
                             "  not fetched excluded: robots: 2\n"
                             "  still queued 3\n"
                             "  held up by  dns-timeout: 1.2s (60 %), back-off: 400ms (20 %)\n"
                             "interrupted: 6 pages in 0ms (0/s), stored in b.db\n");
}

static const struct forecast slow_host = {.left_ms = 7800000,
                                          .by_host = true,
                                          .host = "example.org",
                                          .queued = 7800,
                                          .interval_ms = 1000},
                             quick_host = {.left_ms = 9000,
                                           .by_host = true,
                                           .host = "example.org",
                                           .queued = 9,
                                           .interval_ms = 1000};
static const struct diagnosis stall = {
    .reasons = {{.cause = CAUSE_BACKOFF, .words = "217 hosts in back-off"},
                {.cause = CAUSE_WRITER, .words = "writer behind by 4.1s"}},
    .count = 2,
};

static const struct progress_case {
    const char *name;
    int64_t max_pages, max_time_ms, elapsed_ms;
    struct crawl_status status;
    const char *text;
} progress_cases[] = {
    {"at the start", -1, -1, 0, {0}, "0 pages, 0/s, 0 queued, 2 active, 0 errors, 0 B"},
    {"without a limit nobody knows the end",
     -1,
     -1,
     2000,
     {.pages = 30, .run_pages = 20, .queued = 7, .errors = 1, .bytes = 3},
     "30 pages, 10/s, 7 queued, 2 active, 1 errors, 3 B"},
    {"by pages",
     40,
     -1,
     2000,
     {.pages = 30, .run_pages = 20},
     "30 pages, 10/s, 0 queued, 2 active, 0 errors, 0 B, 1.0s left"},
    {"by time",
     -1,
     5000,
     2000,
     {.pages = 30, .run_pages = 20},
     "30 pages, 10/s, 0 queued, 2 active, 0 errors, 0 B, 3.0s left"},
    {"by what comes first",
     40,
     5000,
     2000,
     {.pages = 30, .run_pages = 20},
     "30 pages, 10/s, 0 queued, 2 active, 0 errors, 0 B, 1.0s left"},
    {"over time", -1, 1000, 2000, {0}, "0 pages, 0/s, 0 queued, 2 active, 0 errors, 0 B, 0ms left"},
    {"before the first page nothing is known by pages",
     40,
     -1,
     2000,
     {.pages = 30},
     "30 pages, 0/s, 0 queued, 2 active, 0 errors, 0 B"},
    {"draining",
     40,
     -1,
     2000,
     {.pages = 30, .run_pages = 20, .draining = true},
     "30 pages, 10/s, 0 queued, 2 active, 0 errors, 0 B, finishing what is under way"},
    {"by the slowest host's queue",
     -1,
     -1,
     2000,
     {.pages = 30, .run_pages = 20, .queued = 9000, .forecast = &slow_host},
     "30 pages, 10/s, 9000 queued, 2 active, 0 errors, 0 B, about 2h 10m left: example.org has "
     "7,800 queued at one each 1.0s"},
    {"by a limit of pages that ends it before",
     40,
     -1,
     2000,
     {.pages = 30, .run_pages = 20, .queued = 9000, .forecast = &slow_host},
     "30 pages, 10/s, 9000 queued, 2 active, 0 errors, 0 B, 1.0s left"},
    {"by a limit of time that ends it before",
     -1,
     5000,
     2000,
     {.pages = 30, .run_pages = 20, .queued = 9000, .forecast = &slow_host},
     "30 pages, 10/s, 9000 queued, 2 active, 0 errors, 0 B, 3.0s left"},
    {"a limit that is further away than the queue is long",
     100000,
     -1,
     2000,
     {.pages = 30, .run_pages = 20, .queued = 9000, .forecast = &slow_host},
     "30 pages, 10/s, 9000 queued, 2 active, 0 errors, 0 B, about 2h 10m left: example.org has "
     "7,800 queued at one each 1.0s"},
    {"a moment is not worth telling",
     -1,
     -1,
     2000,
     {.pages = 30, .run_pages = 20, .queued = 9, .forecast = &quick_host},
     "30 pages, 10/s, 9 queued, 2 active, 0 errors, 0 B"},
    {"why it stands still",
     -1,
     -1,
     2000,
     {.pages = 30, .run_pages = 20, .queued = 9000, .forecast = &slow_host, .stall = &stall},
     "30 pages, 9000 queued, 2 active, stalled: 217 hosts in back-off; writer behind by 4.1s"},
    {"why it does not come to its end",
     -1,
     -1,
     2000,
     {.pages = 30, .draining = true, .stall = &stall},
     "30 pages, 0 queued, 2 active, finishing: 217 hosts in back-off; writer behind by 4.1s"},
};

static void the_progress_line__tells_what_can_be_known(void **state)
{
    (void)state;
    const struct engine_status engine = {.running = 2};
    for (size_t i = 0; i < ARRAY_LEN(progress_cases); i++) {
        const struct progress_case *c = &progress_cases[i];
        const struct progress p = {.max_pages = c->max_pages, .max_time_ms = c->max_time_ms};
        char got[PROGRESS_TEXT_MAX];
        progress_format(&p, &c->status, &engine, c->elapsed_ms, got);
        if (strcmp(got, c->text) != 0)
            fail_msg("%s: \"%s\"", c->name, got);
    }
}

/* The widest figures there are must not overrun the line. */
static void the_progress_line__is_bounded(void **state)
{
    (void)state;
    const struct engine_status engine = {.running = UINT32_MAX};
    const struct crawl_status status = {
        .pages = INT64_MAX, .queued = INT64_MAX, .errors = INT64_MAX, .bytes = INT64_MAX};
    const struct progress p = {.max_pages = -1, .max_time_ms = INT64_MAX};
    char got[PROGRESS_TEXT_MAX];
    progress_format(&p, &status, &engine, 1, got);
    assert_in_range(strlen(got), 100, PROGRESS_TEXT_MAX - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_page__is_one_json_object_a_line),
        cmocka_unit_test(the_longest_page__fits_the_line),
        cmocka_unit_test(a_line_without_room__is_refused),
        cmocka_unit_test(the_summary__counts_by_kind),
        cmocka_unit_test(the_progress_line__tells_what_can_be_known),
        cmocka_unit_test(the_progress_line__is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
