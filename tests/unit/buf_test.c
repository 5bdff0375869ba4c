#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "crawler/base/buf.h"

/* The invariants at the head of buf.h. */
static void assert_sane(const struct buf *b)
{
    assert_int_equal(b->ptr == NULL, b->cap == 0);
    assert_true(b->len <= b->max);
    if (b->ptr != NULL) {
        assert_true(b->len < b->cap);
        assert_int_equal(b->ptr[b->len], '\0');
    }
}

static void assert_holds(const struct buf *b, struct str expected)
{
    assert_sane(b);
    assert_int_equal(b->len, expected.len);
    assert_memory_equal(buf_str(b).ptr, expected.ptr, expected.len);
}

static void new_buffer__is_empty_and_printable(void **state)
{
    struct buf b = BUF_INIT(10);
    (void)state;
    assert_holds(&b, STR(""));
    assert_false(str_is_absent(buf_str(&b)));
    buf_clear(&b);
    assert_sane(&b);
    assert_int_equal(buf_add(&b, STR_NONE), CW_OK);
    assert_holds(&b, STR(""));
    buf_release(&b);
}

static void content__may_reach_its_ceiling_and_not_pass_it(void **state)
{
    struct buf b = BUF_INIT(5);
    (void)state;
    assert_int_equal(buf_add(&b, STR("abc")), CW_OK);
    assert_int_equal(buf_add(&b, STR("def")), CW_ETOOBIG);
    assert_holds(&b, STR("abc"));
    assert_int_equal(buf_addf(&b, "%d", 123), CW_ETOOBIG);
    assert_holds(&b, STR("abc"));
    assert_int_equal(buf_add_char(&b, 'd'), CW_OK);
    assert_int_equal(buf_addf(&b, "%c", 'e'), CW_OK);
    assert_holds(&b, STR("abcde"));
    assert_int_equal(buf_add_char(&b, 'f'), CW_ETOOBIG);
    assert_int_equal(buf_reserve(&b, SIZE_MAX), CW_ETOOBIG);
    assert_holds(&b, STR("abcde"));
    buf_release(&b);
    assert_int_equal(b.max, 5); /* usable again */
    assert_int_equal(buf_add(&b, STR("12345")), CW_OK);
    buf_release(&b);
}

static void room__is_kept_by_clear_and_made_by_reserve(void **state)
{
    struct buf b = BUF_INIT(1 << 20);
    (void)state;
    assert_int_equal(buf_reserve(&b, 1000), CW_OK);
    const char *memory = b.ptr;
    for (int i = 0; i < 1000; i++)
        assert_int_equal(buf_add_char(&b, 'x'), CW_OK);
    assert_ptr_equal(b.ptr, memory);
    buf_clear(&b);
    assert_ptr_equal(b.ptr, memory);
    assert_holds(&b, STR(""));
    buf_release(&b);
}

static void taken_content__is_the_callers(void **state)
{
    struct buf b = BUF_INIT(10);
    size_t len = 9;
    (void)state;
    assert_null(buf_take(&b, &len));
    assert_int_equal(len, 0);
    assert_int_equal(buf_add(&b, STR("abc")), CW_OK);
    char *content = buf_take(&b, &len);
    assert_string_equal(content, "abc");
    assert_int_equal(len, 3);
    assert_holds(&b, STR(""));
    free(content);
}

/* RFC 8259, 7: quotation mark, reverse solidus and control characters must be escaped. */
static void json_string__is_escaped_and_valid_utf8(void **state)
{
    struct buf b = BUF_INIT(200);
    (void)state;
    assert_int_equal(buf_add_json(&b, STR("a\"\\\n\r\t\x01\x7F\0/")), CW_OK);
    assert_holds(&b, STR("\"a\\\"\\\\\\n\\r\\t\\u0001\\u007f\\u0000/\""));
    buf_clear(&b);
    assert_int_equal(buf_add_json(&b, STR("\xC3\xA4\xF0\x9F\x98\x80")), CW_OK);
    assert_holds(&b, STR("\"\xC3\xA4\xF0\x9F\x98\x80\""));
    buf_clear(&b);
    /* ECMA-48: what a terminal may take for CSI or OSC */
    assert_int_equal(buf_add_json(&b, STR("\xC2\x9B\xC2\xA0")), CW_OK);
    assert_holds(&b, STR("\"\\u009b\xC2\xA0\""));
    buf_clear(&b);
    assert_int_equal(buf_add_json(&b, STR("\xFF\xED\xA0\x80\xC3")), CW_OK);
    for (size_t i = 1; i + 1 < b.len; i += 3)
        assert_memory_equal(b.ptr + i, "\xEF\xBF\xBD", 3);
    buf_clear(&b);
    assert_int_equal(buf_add_json(&b, STR_NONE), CW_OK);
    assert_holds(&b, STR("null"));
    buf_release(&b);
}

static void json_string_over_the_ceiling__leaves_nothing_behind(void **state)
{
    (void)state;
    for (size_t max = 1; max < 11; max++) {
        struct buf b = BUF_INIT(max);
        assert_int_equal(buf_add_char(&b, '['), CW_OK);
        assert_int_equal(buf_add_json(&b, STR("ab\n\n\x01")), CW_ETOOBIG);
        assert_holds(&b, STR("["));
        buf_release(&b);
    }
}

static void numbers__are_written_in_decimal(void **state)
{
    (void)state;
    CLEANUP(buf_release) struct buf b = BUF_INIT(64);
    assert_int_equal(buf_add_u64(&b, 0), CW_OK);
    assert_int_equal(buf_add_char(&b, ' '), CW_OK);
    assert_int_equal(buf_add_u64(&b, 10), CW_OK);
    assert_int_equal(buf_add_char(&b, ' '), CW_OK);
    assert_int_equal(buf_add_u64(&b, UINT64_MAX), CW_OK);
    assert_string_equal(b.ptr, "0 10 18446744073709551615");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers__are_written_in_decimal),
        cmocka_unit_test(new_buffer__is_empty_and_printable),
        cmocka_unit_test(content__may_reach_its_ceiling_and_not_pass_it),
        cmocka_unit_test(room__is_kept_by_clear_and_made_by_reserve),
        cmocka_unit_test(taken_content__is_the_callers),
        cmocka_unit_test(json_string__is_escaped_and_valid_utf8),
        cmocka_unit_test(json_string_over_the_ceiling__leaves_nothing_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
