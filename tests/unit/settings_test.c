/* The configuration of a run as it is kept in its database. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "config/keys.h"
#include "config/settings.h"
#include "crawler/engine/credentials.h"

struct fixture {
    struct crawl_config crawl;
    struct buf json;
    struct settings read;
};

static int setup(void **state)
{
    struct fixture *fx = calloc(1, sizeof *fx);
    assert_non_null(fx);
    crawl_config_init(&fx->crawl);
    crawl_config_init(&fx->read.crawl);
    fx->json = BUF_INIT(1 << 20);
    *state = fx;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fx = *state;
    crawl_config_release(&fx->crawl);
    settings_release(&fx->read);
    buf_release(&fx->json);
    free(fx);
    return 0;
}

static void set(struct fixture *fx, const char *key, const char *value)
{
    struct errmsg message = {0};
    if (crawl_config_set(&fx->crawl, key, value, &message) != CW_OK)
        fail_msg("%s", message.text);
}

static void write_and_read(struct fixture *fx)
{
    assert_int_equal(settings_write(&fx->json, &fx->crawl, "mill/2.0", true, credentials_mask),
                     CW_OK);
    assert_int_equal(settings_read(&fx->read, buf_str(&fx->json)), CW_OK);
}

static void what_was_written_is_read_again(void **state)
{
    struct fixture *fx = *state;
    set(fx, "name", "docs");
    set(fx, "scope", "prefix");
    set(fx, "include", "*\"quoted\"\\*");
    set(fx, "include", "re:^https?://caf\xC3\xA9\\.example/\\d+$");
    set(fx, "exclude", "*: {no} [yaml] #here*");
    set(fx, "depth", "0");
    set(fx, "delay", "1500ms");
    set(fx, "max_time", "6h");
    set(fx, "every", "auto");
    set(fx, "max_size", "65537");
    set(fx, "robots", "false");
    set(fx, "store", "none");
    set(fx, "headers", "Accept-Language: en");
    set(fx, "cookies", "null");
    write_and_read(fx);
    assert_true(crawl_config_equal(&fx->crawl, &fx->read.crawl));
    assert_string_equal(fx->read.user_agent, "mill/2.0");
    assert_true(fx->read.seeds_open_guard);
}

static void defaults_are_read_as_defaults(void **state)
{
    struct fixture *fx = *state;
    write_and_read(fx);
    assert_true(crawl_config_equal(&fx->crawl, &fx->read.crawl));
}

static void set_all_words(struct fixture *fx, bool others)
{
    size_t count;
    const struct config_key *keys = config_keys(CONFIG_OF_CRAWL, &count);
    for (size_t i = 0; i < count; i++) {
        const char *word = others ? keys[i].other_word : keys[i].word;
        if (word != NULL)
            set(fx, keys[i].name, word);
    }
}

static void words_for_numbers_are_read_again(void **state)
{
    struct fixture *fx = *state;
    for (int others = 0; others < 2; others++) {
        set_all_words(fx, others != 0);
        settings_release(&fx->read);
        buf_clear(&fx->json);
        write_and_read(fx);
        assert_true(crawl_config_equal(&fx->crawl, &fx->read.crawl));
    }
    assert_int_equal(fx->read.crawl.every_ms, CONFIG_EVERY_AUTO);
}

/* Whoever adds a key need not think of this file. */
static void every_key_but_seeds_is_kept(void **state)
{
    struct fixture *fx = *state;
    size_t count;
    const struct config_key *keys = config_keys(CONFIG_OF_CRAWL, &count);
    write_and_read(fx);
    for (size_t i = 0; i < count; i++) {
        char name[64];
        int len = snprintf(name, sizeof name, "\"%s\":", keys[i].name);
        bool is_kept = str_find(buf_str(&fx->json), str_from(name, (size_t)len)) < fx->json.len;
        if (is_kept != (strcmp(keys[i].name, "seeds") != 0))
            fail_msg("%s", keys[i].name);
    }
}

static void secrets_are_left_out(void **state)
{
    struct fixture *fx = *state;
    set(fx, "headers", "Authorization: Bearer s3cr3t");
    set(fx, "headers", "Cookie: id=s3cr3t");
    set(fx, "headers", "Proxy-Authorization: Basic s3cr3t");
    set(fx, "proxy", "http://me:s3cr3t@proxy.example:3128/");
    write_and_read(fx);
    assert_true(str_find(buf_str(&fx->json), STR("s3cr3t")) == fx->json.len);
    assert_true(str_find(buf_str(&fx->json), STR("Authorization: ***")) < fx->json.len);
    assert_int_equal(fx->read.crawl.headers.count, 3);
}

static void what_another_version_wrote_is_passed_over(void **state)
{
    struct fixture *fx = *state;
    struct str json =
        STR("{\"depth\":\"3\",\"novel\":[\"x\"],\"scope\":\"galaxy\",\"include\":\"x\"}");
    assert_int_equal(settings_read(&fx->read, json), CW_OK);
    assert_int_equal(fx->read.crawl.depth, 3);
    assert_int_equal(fx->read.crawl.scope, CONFIG_SCOPE_HOST);
    assert_int_equal(fx->read.crawl.include.count, 0);
}

static void what_is_no_object_is_refused(void **state)
{
    struct fixture *fx = *state;
    const char *const texts[] = {"", "[]", "\"text\"", "{\"depth\":", "\x01"};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        assert_int_equal(settings_read(&fx->read, str_of(texts[i])), CW_EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_was_written_is_read_again, setup, teardown),
        cmocka_unit_test_setup_teardown(defaults_are_read_as_defaults, setup, teardown),
        cmocka_unit_test_setup_teardown(words_for_numbers_are_read_again, setup, teardown),
        cmocka_unit_test_setup_teardown(every_key_but_seeds_is_kept, setup, teardown),
        cmocka_unit_test_setup_teardown(secrets_are_left_out, setup, teardown),
        cmocka_unit_test_setup_teardown(what_another_version_wrote_is_passed_over, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_no_object_is_refused, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
