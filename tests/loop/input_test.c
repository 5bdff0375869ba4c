#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <unistd.h>

#include "crawler/cli/input.h"
#include "tests/support/looptest.h"

struct reading {
    struct looptest loop;
    struct input *input;
    struct buf lines; /* "number:line;" each */
    unsigned count, room;
    uint64_t long_line;
    bool is_full, is_ended;
};

static bool on_line(void *arg, struct str line, uint64_t number)
{
    struct reading *r = arg;
    assert_false(r->is_ended);
    assert_int_equal(buf_addf(&r->lines, "%d:" STR_FMT ";", (int)number, STR_ARG(line)), CW_OK);
    r->is_full = ++r->count >= r->room;
    return !r->is_full;
}

static void on_long_line(void *arg, uint64_t number)
{
    ((struct reading *)arg)->long_line = number;
}

static void on_end(void *arg, const char *error)
{
    struct reading *r = arg;
    assert_null(error);
    assert_false(r->is_ended);
    r->is_ended = true;
}

static void begin(struct reading *r)
{
    *r = (struct reading){.lines = BUF_INIT(1 << 20), .room = UINT32_MAX};
    looptest_begin(&r->loop);
}

static void open_input(struct reading *r, const char *path)
{
    const struct input_options options = {.loop = &r->loop.loop,
                                          .path = path,
                                          .arg = r,
                                          .on_line = on_line,
                                          .on_long_line = on_long_line,
                                          .on_end = on_end};
    assert_int_equal(input_open(&r->input, &options, NULL), CW_OK);
}

static void end(struct reading *r)
{
    input_close(STEAL(r->input));
    looptest_end(&r->loop);
    buf_release(&r->lines);
}

static void expect_lines(const struct reading *r, const char *expected)
{
    assert_string_equal(r->lines.len > 0 ? r->lines.ptr : "", expected);
}

static void write_file(char path[32], const char *text, size_t len)
{
    (void)snprintf(path, 32, "%s", "/tmp/crawld-input.XXXXXX");
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, len), len);
    assert_int_equal(close(fd), 0);
}

/* Reads all of a file that holds `text`. */
static void read_file(struct reading *r, const char *text, size_t len)
{
    char path[32];
    write_file(path, text, len);
    open_input(r, path);
    looptest_run_until(&r->loop, &r->is_ended);
    assert_int_equal(unlink(path), 0);
}

static void a_file__gives_its_lines_with_their_numbers(void **state)
{
    (void)state;
    static const struct {
        const char *text, *lines;
    } cases[] = {
        {"", ""},
        {"a\nb\n", "1:a;2:b;"},
        {"a\nb", "1:a;2:b;"}, /* the last line needs no newline */
        {"a\r\n\r\n  b\t\r\n", "1:a;3:b;"},
        {"# comment\n\n#\na#b\n", "4:a#b;"},
        {"\n\n\n", ""},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct reading r;
        begin(&r);
        read_file(&r, cases[i].text, strlen(cases[i].text));
        expect_lines(&r, cases[i].lines);
        end(&r);
    }
}

/* Its head must not be taken for a line: "http://host/aaa..." cut short is another URL. */
static void a_line_over_the_limit__is_skipped_whole_and_counted(void **state)
{
    (void)state;
    static const size_t lens[] = {INPUT_LINE_MAX + 1, INPUT_LINE_MAX + 4096, 3 * INPUT_LINE_MAX,
                                  5 * INPUT_LINE_MAX + 7};
    for (size_t i = 0; i < ARRAY_LEN(lens); i++) {
        struct reading r;
        char *text = malloc(lens[i] + 8);
        assert_non_null(text);
        memcpy(text, "a\n", 2);
        memset(text + 2, 'x', lens[i]);
        memcpy(text + 2 + lens[i], "\nb\n", 3);
        begin(&r);
        read_file(&r, text, lens[i] + 5);
        expect_lines(&r, "1:a;3:b;");
        assert_int_equal(r.long_line, 2);
        end(&r);
        begin(&r);
        read_file(&r, text, lens[i] + 2); /* and no newline at the end */
        expect_lines(&r, "1:a;");
        assert_int_equal(r.long_line, 2);
        end(&r);
        free(text);
    }
}

static void the_longest_line__is_taken(void **state)
{
    (void)state;
    struct reading r;
    char *text = malloc(INPUT_LINE_MAX + 1);
    assert_non_null(text);
    memset(text, 'x', INPUT_LINE_MAX);
    text[INPUT_LINE_MAX] = '\n';
    begin(&r);
    read_file(&r, text, INPUT_LINE_MAX + 1);
    assert_int_equal(r.lines.len, INPUT_LINE_MAX + 3);
    assert_int_equal(r.long_line, 0);
    end(&r);
    free(text);
}

static void without_room__reading_pauses_until_it_is_resumed(void **state)
{
    (void)state;
    struct reading r;
    char path[32];
    write_file(path, "a\nb\nc\nd\ne\n", 10);
    begin(&r);
    r.room = 2;
    open_input(&r, path);
    looptest_run_until(&r.loop, &r.is_full);
    for (int i = 0; i < 5; i++)
        looptest_run_once(&r.loop);
    expect_lines(&r, "1:a;2:b;");
    assert_false(r.is_ended);
    r.room = 4;
    input_resume(r.input);
    looptest_run_once(&r.loop);
    expect_lines(&r, "1:a;2:b;3:c;4:d;");
    r.room = UINT32_MAX;
    input_resume(r.input);
    looptest_run_until(&r.loop, &r.is_ended);
    expect_lines(&r, "1:a;2:b;3:c;4:d;5:e;");
    input_resume(r.input); /* after the end: nothing */
    end(&r);
    assert_int_equal(unlink(path), 0);
}

/* Standard input is a pipe for the time of the test; gives its writing end. */
static int pipe_to_stdin(int *ret_saved)
{
    int ends[2];
    *ret_saved = dup(STDIN_FILENO);
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(dup2(ends[0], STDIN_FILENO), STDIN_FILENO);
    assert_int_equal(close(ends[0]), 0);
    return ends[1];
}

static void restore_stdin(int saved)
{
    assert_int_equal(dup2(saved, STDIN_FILENO), STDIN_FILENO);
    assert_int_equal(close(saved), 0);
}

static void a_pipe__gives_lines_as_they_come_and_parts_are_joined(void **state)
{
    (void)state;
    struct reading r;
    int saved, to = pipe_to_stdin(&saved);
    begin(&r);
    open_input(&r, "-");
    r.room = 1;
    assert_int_equal(write(to, "a\nb", 3), 3);
    looptest_run_until(&r.loop, &r.is_full);
    expect_lines(&r, "1:a;");
    r.room = 2;
    r.is_full = false;
    input_resume(r.input);
    assert_int_equal(write(to, "c\nd", 3), 3);
    looptest_run_until(&r.loop, &r.is_full);
    expect_lines(&r, "1:a;2:bc;");
    r.room = UINT32_MAX;
    input_resume(r.input);
    assert_int_equal(dup2(STDERR_FILENO, to), to); /* closes the pipe, keeps the count */
    looptest_run_until(&r.loop, &r.is_ended);
    expect_lines(&r, "1:a;2:bc;3:d;");
    end(&r);
    assert_int_equal(close(to), 0);
    restore_stdin(saved);
}

static void closing_before_the_end__is_silent(void **state)
{
    (void)state;
    struct reading r;
    int saved, to = pipe_to_stdin(&saved);
    begin(&r);
    open_input(&r, "-");
    looptest_run_once(&r.loop);
    assert_int_equal(write(to, "a\n", 2), 2);
    input_close(STEAL(r.input));
    end(&r);
    expect_lines(&r, "");
    assert_false(r.is_ended);
    assert_int_equal(close(to), 0);
    restore_stdin(saved);
}

static void a_file_that_is_not_there__is_named(void **state)
{
    (void)state;
    struct input *input = NULL;
    struct errmsg message;
    const struct input_options options = {.path = "/nowhere/urls.txt"};
    assert_int_equal(input_open(&input, &options, &message), CW_EINVAL);
    assert_non_null(strstr(message.text, "/nowhere/urls.txt"));
    assert_null(input);
    input_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file__gives_its_lines_with_their_numbers),
        cmocka_unit_test(a_line_over_the_limit__is_skipped_whole_and_counted),
        cmocka_unit_test(the_longest_line__is_taken),
        cmocka_unit_test(without_room__reading_pauses_until_it_is_resumed),
        cmocka_unit_test(a_pipe__gives_lines_as_they_come_and_parts_are_joined),
        cmocka_unit_test(closing_before_the_end__is_silent),
        cmocka_unit_test(a_file_that_is_not_there__is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
