/* The shipped crawld.yaml against the table of keys. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "config/keys.h"
#include "crawler/base/buf.h"

static void read_sample(struct buf *text)
{
    char chunk[4096];
    FILE *file = fopen(CONFIG_SAMPLE, "re");
    assert_non_null(file);
    for (size_t count; (count = fread(chunk, 1, sizeof chunk, file)) > 0;)
        assert_int_equal(buf_add_bytes(text, chunk, count), CW_OK);
    assert_int_equal(fclose(file), 0);
}

/* As the sample tells people to do: takes the first # off every line from "#crawls:" on. */
static void uncomment_crawls(struct buf *ret, struct str text)
{
    bool is_crawl = false;
    while (!str_is_absent(text)) {
        struct str line = str_cut(&text, '\n');
        is_crawl = is_crawl || str_eq(line, STR("#crawls:"));
        assert_true(!is_crawl || line.len == 0 || line.ptr[0] == '#');
        assert_int_equal(buf_add(ret, str_skip(line, is_crawl)), CW_OK);
        assert_int_equal(buf_add_char(ret, '\n'), CW_OK);
    }
}

/* The table's words about a key, which the sample must repeat above it. */
static void describe(struct buf *ret, const struct config_key *key)
{
    char allowed[CONFIG_ALLOWED_SIZE];
    assert_int_equal(buf_add(ret, str_of(key->meaning)), CW_OK);
    if (key->type != CONFIG_CRAWLS)
        assert_int_equal(buf_addf(ret, " Allowed: %s%s.",
                                  key->type == CONFIG_LIST ? "a list, each item " : "",
                                  config_key_allowed(key, allowed)),
                         CW_OK);
}

static void expect_entry(const struct config_key *key, struct str comment, struct str value)
{
    struct buf words = BUF_INIT(4096);
    describe(&words, key);
    bool is_said = key->type == CONFIG_CRAWLS ? str_starts(comment, buf_str(&words))
                                              : str_eq(comment, buf_str(&words));
    if (!is_said)
        fail_msg("%s: the sample says\n" STR_FMT "\nthe table\n" STR_FMT, key->name,
                 STR_ARG(comment), STR_ARG(buf_str(&words)));
    if (!key->is_required && key->type != CONFIG_CRAWLS &&
        !str_eq(value, str_of(key->default_text)))
        fail_msg("%s: the sample's default is " STR_FMT ", the table's %s", key->name,
                 STR_ARG(value), key->default_text);
    buf_release(&words);
}

/* Walks the sample; every entry must be the next key of the table. */
static void expect_entries(struct str text, size_t *ret_entries)
{
    struct buf comment = BUF_INIT(8192);
    enum config_level level = CONFIG_OF_PROCESS;
    size_t count, at = 0;
    while (!str_is_absent(text)) {
        struct str line = str_trim(str_cut(&text, '\n'));
        if (str_starts(line, STR("# "))) {
            assert_int_equal(buf_addf(&comment, comment.len > 0 ? " " STR_FMT : STR_FMT,
                                      STR_ARG(str_skip(line, 2))),
                             CW_OK);
            continue;
        }
        line = str_starts(line, STR("- ")) ? str_skip(line, 2) : line;
        if (line.len > 0 && line.ptr[0] != '#') {
            const struct config_key *keys = config_keys(level, &count);
            struct str value = line, name = str_cut(&value, ':');
            assert_true(at < count && str_eq(name, str_of(keys[at].name)));
            expect_entry(&keys[at++], buf_str(&comment), str_trim(value));
            if (at == count && level == CONFIG_OF_PROCESS)
                level = CONFIG_OF_CRAWL, at = 0;
            (*ret_entries)++;
        }
        buf_clear(&comment);
    }
    buf_release(&comment);
}

static void the_sample__says_what_the_table_says(void **state)
{
    (void)state;
    struct buf text = BUF_INIT(1 << 16), whole = BUF_INIT(1 << 16);
    size_t entries = 0, process_count, crawl_count;
    (void)config_keys(CONFIG_OF_PROCESS, &process_count);
    (void)config_keys(CONFIG_OF_CRAWL, &crawl_count);
    read_sample(&text);
    uncomment_crawls(&whole, buf_str(&text));
    expect_entries(buf_str(&whole), &entries);
    assert_int_equal(entries, process_count + crawl_count);
    buf_release(&text);
    buf_release(&whole);
}

static struct config *expect_no_problem(struct str file)
{
    struct config *config = NULL;
    struct config_report report;
    enum cw_err err = config_parse(&config, file, NULL, &report);
    if (err != CW_OK)
        fail_msg("%u:%u: %s", report.problems[0].line, report.problems[0].column,
                 report.problems[0].text);
    config_report_release(&report);
    return config;
}

static void the_sample__loads_with_and_without_its_crawl(void **state)
{
    (void)state;
    struct config *config = NULL;
    struct config_report report;
    struct buf text = BUF_INIT(1 << 16), whole = BUF_INIT(1 << 16);
    assert_int_equal(config_load(&config, CONFIG_SAMPLE, NULL, &report), CW_OK);
    assert_int_equal(report.count, 0);
    assert_int_equal(config->crawl_count, 0);
    config_free(config);
    config_report_release(&report);
    read_sample(&text);
    uncomment_crawls(&whole, buf_str(&text));
    config = expect_no_problem(buf_str(&whole));
    assert_int_equal(config->crawl_count, 1);
    assert_string_equal(config->crawls[0].name, "example");
    config_free(config);
    buf_release(&text);
    buf_release(&whole);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_sample__says_what_the_table_says),
        cmocka_unit_test(the_sample__loads_with_and_without_its_crawl),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
