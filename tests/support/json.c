#include "tests/support/json.h"

#include <errno.h>
#include <stdarg.h>

enum { FILE_MAX_BYTES = 64 * 1024 * 1024 };

static void give_up(const char *path, const char *why)
{
    (void)fprintf(stderr, "%s: %s\n", path, why);
    exit(1);
}

/* Adds a line to the file that suites_table.py reads; a suite that cannot be counted is a failure.
 */
static void PRINTF_LIKE(1, 2) record(const char *format, ...)
{
    const char *path = getenv("CRAWLD_SUITES_FILE");
    if (path == NULL) /* run by hand */
        return;
    FILE *file = fopen(path, "a");
    va_list args;
    va_start(args, format);
    bool written = file != NULL && vfprintf(file, format, args) > 0;
    va_end(args);
    if (file == NULL || fclose(file) != 0 || !written)
        give_up(path, "cannot be written");
}

struct buf suite_load_text(const char *path)
{
    struct buf text = BUF_INIT(FILE_MAX_BYTES);
    FILE *file = fopen(path, "rb");
    if (file == NULL && errno == ENOENT) {
        printf("skipped: %s is not there\n", path);
        record("%s and what follows\tskipped\n", strrchr(path, '/') + 1);
        exit(SUITE_SKIPPED);
    }
    if (file == NULL)
        give_up(path, strerror(errno));
    char chunk[16 * 1024];
    for (size_t count; (count = fread(chunk, 1, sizeof chunk, file)) > 0;)
        if (buf_add_bytes(&text, chunk, count) != CW_OK)
            give_up(path, "too big");
    if (ferror(file))
        give_up(path, "cannot be read");
    (void)fclose(file);
    return text;
}

/* The code unit of the `\uXXXX` at the front of `text`, or -1. */
static int escaped_unit(struct str text)
{
    int unit = 0;
    if (!str_starts(text, STR("\\u")) || text.len < 6)
        return -1;
    for (size_t i = 2; i < 6; i++) {
        int digit = ascii_hex_value(text.ptr[i]);
        if (digit < 0)
            return -1;
        unit = unit * 16 + digit;
    }
    return unit;
}

static bool is_high_surrogate(int unit)
{
    return unit >= 0xD800 && unit <= 0xDBFF;
}

static bool is_low_surrogate(int unit)
{
    return unit >= 0xDC00 && unit <= 0xDFFF;
}

/* Works in place: the replacement is as long as what it replaces. */
static void replace_lone_surrogates(struct buf *json)
{
    for (size_t i = 0; i + 1 < json->len;) {
        struct str rest = str_skip(buf_str(json), i);
        int unit = escaped_unit(rest);
        bool high = is_high_surrogate(unit);
        if (high && is_low_surrogate(escaped_unit(str_skip(rest, 6)))) {
            i += 12;
        } else if (high || is_low_surrogate(unit)) {
            memcpy(json->ptr + i, "\\ufffd", 6);
            i += 6;
        } else {
            i += rest.ptr[0] == '\\' ? 2 : 1;
        }
    }
}

json_t *suite_load_json(const char *path)
{
    struct buf text = suite_load_text(path);
    json_error_t error;
    replace_lone_surrogates(&text);
    json_t *root = json_loadb(text.ptr, text.len, JSON_ALLOW_NUL | JSON_DECODE_ANY, &error);
    if (root == NULL)
        give_up(path, error.text);
    buf_release(&text);
    return root;
}

void suite_answer_lines(void (*answer)(const json_t *question))
{
    char *line = NULL;
    size_t room = 0;
    json_error_t error;
    for (ssize_t len; (len = getline(&line, &room, stdin)) > 0;) {
        json_t *question = json_loadb(line, (size_t)len, JSON_ALLOW_NUL, &error);
        if (question == NULL)
            give_up("standard input", error.text);
        answer(question);
        json_decref(question);
        (void)fflush(stdout);
    }
    free(line);
}

struct str suite_str_of(const json_t *string)
{
    return json_is_string(string) ? str_from(json_string_value(string), json_string_length(string))
                                  : STR_NONE;
}

struct str suite_str(const json_t *object, const char *key)
{
    return suite_str_of(json_object_get(object, key));
}

static void print_escaped(const char *label, struct str value)
{
    CLEANUP(buf_release) struct buf text = BUF_INIT(FILE_MAX_BYTES);
    enum cw_err err = buf_add_json(&text, value);
    printf("    %s %s\n", label, err == CW_OK ? text.ptr : cw_err_text(err));
}

void suite_count(struct suite *suite, bool passed, struct str input, struct str expected,
                 struct str got)
{
    suite->total++;
    suite->passed += passed;
    if (passed)
        return;
    printf("%s: case %zu fails\n", suite->name, suite->total);
    print_escaped("input   ", input);
    print_escaped("expected", expected);
    print_escaped("got     ", got);
}

void suite_check(struct suite *suite, struct str input, struct str expected, struct str got)
{
    bool same = str_is_absent(expected) == str_is_absent(got) && str_eq(expected, got);
    suite_count(suite, same, input, expected, got);
}

int suite_finish(const struct suite *suite, size_t at_least)
{
    printf("%s: %zu/%zu\n", suite->name, suite->passed, suite->total);
    record("%s\t%zu\t%zu\n", suite->name, suite->passed, suite->total);
    if (suite->passed < at_least)
        printf("%s: at least %zu must pass\n", suite->name, at_least);
    return suite->passed < at_least;
}
