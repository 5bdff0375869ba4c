#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <jansson.h>

#include "crawler/base/log.h"

/* What one call of the log wrote; freed by the caller. */
struct capture {
    struct log log;
    char *text;
    size_t len;
};

static void capture_open(struct capture *c, enum log_format format)
{
    *c = (struct capture){.log = {.threshold = LOG_INFO, .format = format}};
    c->log.out = open_memstream(&c->text, &c->len);
    assert_non_null(c->log.out);
}

static void capture_close(struct capture *c)
{
    (void)fclose(c->log.out);
    free(c->text);
}

static json_t *parse_line(const struct capture *c)
{
    json_error_t error;
    json_t *line = json_loadb(c->text, c->len, JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES, &error);
    if (line == NULL)
        fail_msg("not JSON: %s", error.text);
    return line;
}

static void text_line__quotes_what_is_not_plain(void **state)
{
    struct capture c;
    (void)state;
    capture_open(&c, LOG_FORMAT_TEXT);
    log_warn(&c.log, "fetch failed", F_TEXT("url", "http://a/?b=c"), F_TEXT("err", "timeout"),
             F_STR("title", STR("two\nlines \"x\"")), F_STR("none", STR_NONE), F_INT("try", -2));
    assert_string_equal(c.text, "warn: fetch failed url=\"http://a/?b=c\" err=timeout "
                                "title=\"two\\nlines \\\"x\\\"\" try=-2\n");
    capture_close(&c);
}

static void text_line_with_time__starts_with_it(void **state)
{
    struct capture c;
    (void)state;
    capture_open(&c, LOG_FORMAT_TEXT);
    c.log.with_time = true;
    log_info(&c.log, "started", F_INT("pid", 1));
    assert_string_equal(c.text + strlen("2026-01-01T00:00:00.000Z"), " info: started pid=1\n");
    assert_int_equal(c.text[10], 'T');
    capture_close(&c);
}

static void json_line__is_an_object_with_the_fields(void **state)
{
    struct capture c;
    (void)state;
    capture_open(&c, LOG_FORMAT_JSON);
    log_error(&c.log, "odd", F_STR("bytes", STR("\xFF\0\n\"")), F_INT("n", INT64_MIN),
              F_STR("none", STR_NONE));
    json_t *line = parse_line(&c);
    assert_string_equal(json_string_value(json_object_get(line, "level")), "error");
    assert_string_equal(json_string_value(json_object_get(line, "event")), "odd");
    assert_int_equal(json_string_length(json_object_get(line, "bytes")), 6);
    assert_true(json_integer_value(json_object_get(line, "n")) == INT64_MIN);
    assert_true(json_is_null(json_object_get(line, "none")));
    assert_ptr_equal(strchr(c.text, '\n'), c.text + c.len - 1);
    json_decref(line);
    capture_close(&c);
}

/* Whatever the length of a field: it is there whole, or not at all. */
static void field_that_does_not_fit__is_dropped_whole(void **state)
{
    static char big[20000];
    struct capture c;
    (void)state;
    memset(big, '\n', sizeof big); /* each is two bytes in JSON */
    for (size_t len = 8000; len < 8300; len++) {
        capture_open(&c, LOG_FORMAT_JSON);
        log_info(&c.log, "big", F_STR("big", str_from(big, len)), F_INT("after", 1));
        assert_true(c.len <= 16 * 1024 + 2);
        json_t *line = parse_line(&c), *field = json_object_get(line, "big");
        assert_true(field == NULL || json_string_length(field) == len);
        json_decref(line);
        capture_close(&c);
    }
}

static void field_after_one_that_does_not_fit__is_kept(void **state)
{
    static char big[20000];
    struct capture c;
    (void)state;
    memset(big, 'x', sizeof big);
    capture_open(&c, LOG_FORMAT_TEXT);
    log_info(&c.log, "big", F_INT("before", 1), F_STR("big", str_from(big, sizeof big)),
             F_INT("after", 2));
    assert_string_equal(c.text, "info: big before=1 after=2\n");
    capture_close(&c);
}

static void event_finer_than_the_threshold__is_dropped(void **state)
{
    struct capture c;
    (void)state;
    capture_open(&c, LOG_FORMAT_TEXT);
    log_debug(&c.log, "detail", F_INT("n", 1));
    assert_int_equal(c.len, 0);
    log_info(&c.log, "said", F_INT("n", 1));
    assert_int_not_equal(c.len, 0);
    log_error(NULL, "nobody listens", F_INT("n", 1));
    capture_close(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_line__quotes_what_is_not_plain),
        cmocka_unit_test(text_line_with_time__starts_with_it),
        cmocka_unit_test(json_line__is_an_object_with_the_fields),
        cmocka_unit_test(field_that_does_not_fit__is_dropped_whole),
        cmocka_unit_test(field_after_one_that_does_not_fit__is_kept),
        cmocka_unit_test(event_finer_than_the_threshold__is_dropped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
