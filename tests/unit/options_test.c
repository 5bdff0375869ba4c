#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <unistd.h>

#include "crawler/base/buf.h"
#include "crawler/cli/options.h"

static const struct option_spec specs[] = {
    {"depth", 'd', "N", "how deep"},
    {"fresh", 0, NULL, "forget first"},
    {"a-name-that-is-too-long-for-its-column", 0, "VALUE", "on a line of its own"},
};

static enum cw_err take(void *arg, const struct option_spec *spec, const char *value,
                        struct errmsg *reterr_msg)
{
    if (value != NULL && strcmp(value, "bad") == 0)
        return errmsg_set(reterr_msg, CW_ECONFIG, "--%s: not a number", spec->name);
    assert_int_equal(buf_addf(arg, "%s=%s;", spec->name, value != NULL ? value : ""), CW_OK);
    return CW_OK;
}

enum { WORDS = 8, TEXT_MAX = 4096 };

/* Standard output or error goes to a file for a while. */
struct capture {
    FILE *file;
    int fd, saved;
};

static void capture_begin(struct capture *c, FILE *stream)
{
    (void)fflush(stream);
    c->fd = fileno(stream);
    c->saved = dup(c->fd);
    c->file = tmpfile();
    assert_true(c->saved >= 0 && c->file != NULL);
    assert_int_equal(dup2(fileno(c->file), c->fd), c->fd);
}

static void capture_end(struct capture *c, FILE *stream, char text[TEXT_MAX])
{
    (void)fflush(stream);
    assert_int_equal(dup2(c->saved, c->fd), c->fd);
    (void)close(c->saved);
    rewind(c->file);
    text[fread(text, 1, TEXT_MAX - 1, c->file)] = '\0';
    assert_int_equal(fclose(c->file), 0);
}

struct parsed {
    enum options_verdict verdict;
    struct common_options common;
    struct buf taken;
    char operands[256], out[TEXT_MAX], err[TEXT_MAX];
};

static void parse(struct parsed *p, const char *const words[WORDS])
{
    struct capture out, err;
    char room[WORDS][64], *argv[WORDS + 2] = {(char[]){"test"}};
    int argc = 1, first = -1;
    *p = (struct parsed){.taken = BUF_INIT(1000)};
    for (; argc <= WORDS && words[argc - 1] != NULL; argc++) {
        (void)snprintf(room[argc - 1], sizeof room[0], "%s", words[argc - 1]);
        argv[argc] = room[argc - 1];
    }
    const struct options options = {.command = "test",
                                    .usage = "[options] X...",
                                    .about = "About it.",
                                    .closing = "The end.",
                                    .specs = specs,
                                    .spec_count = ARRAY_LEN(specs),
                                    .take = take,
                                    .arg = &p->taken};
    capture_begin(&out, stdout);
    capture_begin(&err, stderr);
    p->verdict = options_parse(&options, argc, argv, &p->common, &first);
    capture_end(&err, stderr, p->err);
    capture_end(&out, stdout, p->out);
    for (; p->verdict == OPTIONS_GO && first < argc; first++) {
        size_t len = strlen(p->operands);
        (void)snprintf(p->operands + len, sizeof p->operands - len, "%s;", argv[first]);
    }
}

static const struct options_case {
    const char *name, *words[WORDS];
    enum options_verdict verdict;
    const char *taken, *operands, *says; /* on standard error, or output when it ended */
} cases[] = {
    {"nothing", {NULL}, OPTIONS_GO, "", "", ""},
    {"a long option", {"--depth", "3", "x"}, OPTIONS_GO, "depth=3;", "x;", ""},
    {"with =", {"--depth=3"}, OPTIONS_GO, "depth=3;", "", ""},
    {"with an empty value", {"--depth="}, OPTIONS_GO, "depth=;", "", ""},
    {"a short one", {"-d", "3"}, OPTIONS_GO, "depth=3;", "", ""},
    {"and its value in one word", {"-d3"}, OPTIONS_GO, "depth=3;", "", ""},
    {"a switch", {"--fresh"}, OPTIONS_GO, "fresh=;", "", ""},
    {"short ones in one word", {"-qd3"}, OPTIONS_GO, "depth=3;", "", ""},
    {"operands between options",
     {"x", "--fresh", "y", "-d", "1", "z"},
     OPTIONS_GO,
     "fresh=;depth=1;",
     "x;y;z;",
     ""},
    {"-- ends options",
     {"--fresh", "--", "--depth", "-x"},
     OPTIONS_GO,
     "fresh=;",
     "--depth;-x;",
     ""},
    {"- is an operand", {"-"}, OPTIONS_GO, "", "-;", ""},
    {"the last of two is taken last", {"-d1", "-d2"}, OPTIONS_GO, "depth=1;depth=2;", "", ""},
    {"a value that looks like an option",
     {"--depth", "--fresh"},
     OPTIONS_GO,
     "depth=--fresh;",
     "",
     ""},
    {"help", {"--help"}, OPTIONS_ENDED, "", "", "usage: crawld test [options] X..."},
    {"-h, whatever follows", {"-h", "--nonsense"}, OPTIONS_ENDED, "", "", "on a line of its own"},
    {"version", {"--version"}, OPTIONS_ENDED, "", "", "crawld " CRAWLD_VERSION},
    {"an unknown option", {"--nonsense"}, OPTIONS_WRONG, "", "", "unknown option \"--nonsense\""},
    {"behind an operand",
     {"x", "--nonsense", "y"},
     OPTIONS_WRONG,
     "",
     "",
     "unknown option \"--nonsense\""},
    {"an unknown letter", {"-x"}, OPTIONS_WRONG, "", "", "unknown option \"-x\""},
    {"an unknown letter among others", {"-qx"}, OPTIONS_WRONG, "", "", "unknown option \"-x\""},
    {"a missing value", {"--depth"}, OPTIONS_WRONG, "", "", "\"--depth\" needs a value"},
    {"of a letter", {"x", "-d"}, OPTIONS_WRONG, "", "", "\"-d\" needs a value"},
    {"a value too many", {"--fresh=yes"}, OPTIONS_WRONG, "", "", "\"--fresh=yes\" takes no value"},
    {"a value that is refused", {"-d", "bad"}, OPTIONS_WRONG, "", "", "--depth: not a number"},
    {"a format of log lines",
     {"--log-format", "xml"},
     OPTIONS_WRONG,
     "",
     "",
     "--log-format \"xml\": must be text or json"},
};

static void a_command_line__is_taken_apart(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct options_case *c = &cases[i];
        struct parsed p;
        parse(&p, c->words);
        if (p.verdict != c->verdict || strcmp(p.operands, c->operands) != 0 ||
            strcmp(p.taken.len > 0 ? p.taken.ptr : "", c->taken) != 0)
            fail_msg("%s: verdict %d, took \"%s\", operands \"%s\"", c->name, (int)p.verdict,
                     p.taken.ptr, p.operands);
        const char *said = c->verdict == OPTIONS_ENDED ? p.out : p.err;
        if (strstr(said, c->says) == NULL || (c->says[0] == '\0' && said[0] != '\0'))
            fail_msg("%s: said \"%s\"", c->name, said);
        assert_string_equal(c->verdict == OPTIONS_ENDED ? p.err : p.out, ""); /* nothing else */
        if (c->verdict == OPTIONS_WRONG)
            assert_non_null(strstr(p.err, "Try 'crawld test --help'."));
        buf_release(&p.taken);
    }
}

static void common_options__are_kept(void **state)
{
    (void)state;
    struct parsed p;
    parse(&p, (const char *const[WORDS]){"-q", "-v", "--log-format", "json"});
    assert_true(p.common.quiet && p.common.verbose);
    assert_int_equal(p.common.log_format, LOG_FORMAT_JSON);
    buf_release(&p.taken);
    parse(&p, (const char *const[WORDS]){"--log-format=text"});
    assert_false(p.common.quiet || p.common.verbose);
    assert_int_equal(p.common.log_format, LOG_FORMAT_TEXT);
    buf_release(&p.taken);
}

static void the_help__names_every_option_within_80_columns(void **state)
{
    (void)state;
    struct parsed p;
    parse(&p, (const char *const[WORDS]){"--help"});
    static const char *const lines[] = {
        "  -d, --depth N             how deep\n", "      --fresh               forget first\n",
        "  -h, --help                show this help\n", "About it.", "The end."};
    for (size_t i = 0; i < ARRAY_LEN(lines); i++)
        if (strstr(p.out, lines[i]) == NULL)
            fail_msg("%s is not in %s", lines[i], p.out);
    for (struct str rest = str_of(p.out); !str_is_absent(rest);)
        assert_in_range(str_cut(&rest, '\n').len, 0, 80);
    buf_release(&p.taken);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_command_line__is_taken_apart),
        cmocka_unit_test(common_options__are_kept),
        cmocka_unit_test(the_help__names_every_option_within_80_columns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
