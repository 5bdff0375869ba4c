#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <math.h>

#include "crawler/base/buf.h"
#include "crawler/cli/render.h"

static const char *const names[] = {"a", "b"};
#define INTEGER(n)                                                                                 \
    {                                                                                              \
        .type = STORE_INTEGER, .integer = (n)                                                      \
    }
#define REAL(x)                                                                                    \
    {                                                                                              \
        .type = STORE_REAL, .real = (x)                                                            \
    }
#define TEXT(s)                                                                                    \
    {                                                                                              \
        .type = STORE_TEXT, .text = {(s), sizeof(s) - 1 }                                          \
    }
#define BLOB(s)                                                                                    \
    {                                                                                              \
        .type = STORE_BLOB, .text = {(s), sizeof(s) - 1 }                                          \
    }
#define NOTHING                                                                                    \
    {                                                                                              \
        .type = STORE_NULL                                                                         \
    }

/* A render on a real file, and all that was written to it. */
struct rendering {
    struct render *render;
    FILE *out;
    struct buf text;
};

static void begin(struct rendering *r, enum render_format format)
{
    r->out = tmpfile();
    assert_non_null(r->out);
    r->text = BUF_INIT(16 << 20);
    assert_int_equal(render_new(&r->render, format, r->out), CW_OK);
}

static const char *finish(struct rendering *r)
{
    assert_int_equal(render_end(r->render), CW_OK);
    size_t size = (size_t)ftell(r->out);
    rewind(r->out);
    assert_int_equal(buf_reserve(&r->text, size), CW_OK);
    assert_int_equal(fread(r->text.ptr, 1, size, r->out), size);
    r->text.len = size;
    r->text.ptr[size] = '\0';
    return r->text.ptr;
}

static void end(struct rendering *r)
{
    render_free(r->render);
    assert_int_equal(fclose(r->out), 0);
    buf_release(&r->text);
}

static const struct store_value rows[][2] = {
    {INTEGER(-5), REAL(0.5)},
    {NOTHING, TEXT("")},
    {TEXT("x,y"), TEXT("say \"hi\"\r\nthere")},
    {BLOB("\x00\xff"), TEXT("\x01\xc3\xa4\xff")},
    {INTEGER(INT64_MIN), REAL(1e300)},
};

/* Two statements, the second without rows. */
static const char *render_all(struct rendering *r, enum render_format format)
{
    begin(r, format);
    assert_true(render_columns(r->render, names, 2));
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        assert_true(render_row(r->render, rows[i], 2));
    static const char *const one[] = {"a,\"b\""};
    static const struct store_value last[] = {INTEGER(7)};
    assert_true(render_columns(r->render, one, 1));
    assert_true(render_row(r->render, last, 1));
    return finish(r);
}

/* RFC 4180, 2: lines end in CRLF, fields with commas, quotes or line breaks are quoted, quotes in
 * them doubled. */
static void csv__is_quoted_as_rfc_4180_says(void **state)
{
    (void)state;
    struct rendering r;
    assert_string_equal(render_all(&r, RENDER_CSV), "a,b\r\n"
                                                    "-5,0.5\r\n"
                                                    ",\r\n"
                                                    "\"x,y\",\"say \"\"hi\"\"\r\nthere\"\r\n"
                                                    "\"00ff\",\x01\xc3\xa4\xff\r\n"
                                                    "-9223372036854775808,1e+300\r\n"
                                                    "\"a,\"\"b\"\"\"\r\n"
                                                    "7\r\n");
    end(&r);
}

static void expect_objects(json_t *const *objects)
{
    assert_int_equal(json_integer_value(json_object_get(objects[0], "a")), -5);
    assert_true(fabs(json_real_value(json_object_get(objects[0], "b")) - 0.5) < 1e-9);
    assert_true(json_is_null(json_object_get(objects[1], "a")));
    assert_string_equal(json_string_value(json_object_get(objects[1], "b")), "");
    assert_string_equal(json_string_value(json_object_get(objects[2], "b")), "say \"hi\"\r\nthere");
    assert_string_equal(json_string_value(json_object_get(objects[3], "a")), "00ff");
    assert_string_equal(json_string_value(json_object_get(objects[3], "b")),
                        "\x01\xc3\xa4\xef\xbf\xbd"); /* what is not UTF-8 */
    assert_true(json_integer_value(json_object_get(objects[4], "a")) == INT64_MIN);
    assert_int_equal(json_integer_value(json_object_get(objects[5], "a,\"b\"")), 7);
}

static void json__is_one_array_of_objects(void **state)
{
    (void)state;
    struct rendering r;
    json_t *objects[6];
    json_t *array = json_loads(render_all(&r, RENDER_JSON), 0, NULL);
    assert_non_null(array);
    assert_int_equal(json_array_size(array), 6);
    for (size_t i = 0; i < 6; i++)
        objects[i] = json_array_get(array, i);
    expect_objects(objects);
    json_decref(array);
    end(&r);
}

static void json_lines__are_an_object_each(void **state)
{
    (void)state;
    struct rendering r;
    json_t *objects[6];
    size_t count = 0;
    struct str rest = str_of(render_all(&r, RENDER_JSONL));
    while (rest.len > 0) {
        struct str line = str_first(rest, str_find_char(rest, '\n'));
        assert_true(count < 6 && line.len < rest.len);
        objects[count] = json_loadb(line.ptr, line.len, 0, NULL);
        assert_non_null(objects[count++]);
        rest = str_skip(rest, line.len + 1);
    }
    assert_int_equal(count, 6);
    expect_objects(objects);
    for (size_t i = 0; i < 6; i++)
        json_decref(objects[i]);
    end(&r);
}

static void without_rows__the_output_is_still_valid(void **state)
{
    (void)state;
    static const char *const expected[] = {
        [RENDER_CSV] = "a,b\r\n", [RENDER_JSON] = "[]\n", [RENDER_JSONL] = ""};
    for (enum render_format format = RENDER_CSV; format <= RENDER_JSONL; format++) {
        struct rendering r;
        begin(&r, format);
        assert_true(render_columns(r.render, names, 2));
        assert_string_equal(finish(&r), expected[format]);
        end(&r);
    }
}

/* JSON has no word for what is not finite. */
static void not_a_number__is_null(void **state)
{
    (void)state;
    const struct store_value row[] = {REAL(INFINITY), REAL(NAN)};
    struct rendering r;
    begin(&r, RENDER_JSONL);
    assert_true(render_columns(r.render, names, 2));
    assert_true(render_row(r.render, row, 2));
    assert_string_equal(finish(&r), "{\"a\":null,\"b\":null}\n");
    end(&r);
}

static size_t count_lines(const char *text)
{
    size_t count = 0;
    for (; *text != '\0'; text++)
        count += *text == '\n';
    return count;
}

static void a_long_table__has_one_heading_and_every_row(void **state)
{
    (void)state;
    struct rendering r;
    enum { ROWS = 2 * RENDER_TABLE_ROWS + 3 };
    begin(&r, RENDER_TABLE);
    assert_true(render_columns(r.render, names, 2));
    for (int i = 0; i < ROWS; i++) {
        const struct store_value row[] = {INTEGER(i), TEXT("x")};
        assert_true(render_row(r.render, row, 2));
    }
    const char *text = finish(&r);
    assert_int_equal(count_lines(text), ROWS + 1);
    assert_true(strncmp(text, "a ", 2) == 0);
    assert_null(strstr(text, "\n\n"));
    assert_non_null(strstr(text, "\n10002 "));
    end(&r);
}

static void a_table_after_another__has_a_heading_of_its_own(void **state)
{
    (void)state;
    struct rendering r;
    const char *text = render_all(&r, RENDER_TABLE);
    assert_non_null(strstr(text, "say \"hi\""));
    assert_non_null(strstr(text, "\n\na,\"b\"\n"));
    assert_non_null(strstr(text, "7\n"));
    end(&r);
}

static void an_output_that_cannot_be_written__is_an_error(void **state)
{
    (void)state;
    struct render *render;
    const struct store_value row[] = {INTEGER(1), INTEGER(2)};
    for (enum render_format format = RENDER_TABLE; format <= RENDER_JSONL; format++) {
        FILE *full = fopen("/dev/full", "w");
        assert_non_null(full);
        assert_int_equal(render_new(&render, format, full), CW_OK);
        assert_true(render_columns(render, names, 2));
        for (int i = 0; i < 3; i++)
            (void)render_row(render, row, 2);
        assert_int_equal(render_end(render), CW_ESTORAGE);
        render_free(render);
        (void)fclose(full);
    }
    render_free(NULL);
}

static void formats__have_names(void **state)
{
    (void)state;
    enum render_format format = RENDER_TABLE;
    assert_true(render_format_by_name("jsonl", &format));
    assert_int_equal(format, RENDER_JSONL);
    assert_true(render_format_by_name("table", &format));
    assert_int_equal(format, RENDER_TABLE);
    assert_false(render_format_by_name("JSON", &format));
    assert_false(render_format_by_name("", &format));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(csv__is_quoted_as_rfc_4180_says),
        cmocka_unit_test(json__is_one_array_of_objects),
        cmocka_unit_test(json_lines__are_an_object_each),
        cmocka_unit_test(without_rows__the_output_is_still_valid),
        cmocka_unit_test(not_a_number__is_null),
        cmocka_unit_test(a_long_table__has_one_heading_and_every_row),
        cmocka_unit_test(a_table_after_another__has_a_heading_of_its_own),
        cmocka_unit_test(an_output_that_cannot_be_written__is_an_error),
        cmocka_unit_test(formats__have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
