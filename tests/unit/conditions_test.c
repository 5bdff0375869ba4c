/* What makes a request conditional: RFC 9110, 13.1, and what may not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "crawler/engine/conditions.h"

#define FETCHED INT64_C(784111778000) /* Sun, 06 Nov 1994 08:49:38 GMT */
#define DATE    "Sun, 06 Nov 1994 08:49:37 GMT"

static const struct condition_case {
    const char *name, *etag, *date, *match, *since;
} cases[] = {
    {"8.8.3: a strong tag", "\"xyzzy\"", NULL, "\"xyzzy\"", NULL},
    {"8.8.3: a weak tag, for If-None-Match compares weakly (13.1.2)", "W/\"xyzzy\"", NULL,
     "W/\"xyzzy\"", NULL},
    {"8.8.3: an empty tag", "\"\"", NULL, "\"\"", NULL},
    {"8.8.3: any byte from 0x80 on", "\"\xE2\x82\xAC\"", NULL, "\"\xE2\x82\xAC\"", NULL},
    {"both go out (13.1.3: the tag then counts)", "\"a\"", DATE, "\"a\"", DATE},
    {"a date alone", NULL, DATE, NULL, DATE},
    {"5.6.7: obsolete dates are sent as they came", NULL, "Sunday, 06-Nov-94 08:49:37 GMT", NULL,
     "Sunday, 06-Nov-94 08:49:37 GMT"},
    {"no quotes", "xyzzy", NULL, NULL, NULL},
    {"a star would match anything (13.1.2)", "*", NULL, NULL, NULL},
    {"one quote", "\"", NULL, NULL, NULL},
    {"W/ is case-sensitive", "w/\"a\"", NULL, NULL, NULL},
    {"a quote within would be two tags", "\"a\", \"b\"", NULL, NULL, NULL},
    {"a blank within", "\"a b\"", NULL, NULL, NULL},
    {"a line break within", "\"a\r\nX: y\"", NULL, NULL, NULL},
    {"8.8.2.2: of the same second, the page may change unseen", NULL,
     "Sun, 06 Nov 1994 08:49:38 GMT", NULL, NULL},
    {"a date of the future", NULL, "Sun, 06 Nov 2044 08:49:37 GMT", NULL, NULL},
    {"no date", NULL, "yesterday", NULL, NULL},
    {"a date with more behind it", NULL, DATE "\r\nX: y", NULL, NULL},
    {"empty ones", "", "", NULL, NULL},
};

static struct store_known page_with(const char *etag, const char *date)
{
    return (struct store_known){
        .status = 200,
        .has_body = true,
        .fetched_unix_ms = FETCHED,
        .etag = str_of(etag),
        .last_modified = str_of(date),
    };
}

static const char *value_of(const struct conditions *c, const char *name)
{
    for (unsigned i = 0; i < c->count; i++)
        if (str_starts(str_of(c->lines[i]), str_of(name)))
            return c->lines[i] + strlen(name) + 2;
    return NULL;
}

static void expect_line(const struct condition_case *c, const char *got, const char *expected)
{
    if ((got == NULL) != (expected == NULL) || (got != NULL && strcmp(got, expected) != 0))
        fail_msg("%s: %s instead of %s", c->name, got != NULL ? got : "nothing",
                 expected != NULL ? expected : "nothing");
}

static void validators__are_sent_when_they_can_be_trusted(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct store_known known = page_with(cases[i].etag, cases[i].date);
        struct conditions c = CONDITIONS_INIT;
        assert_int_equal(conditions_make(&c, &known, true), CW_OK);
        expect_line(&cases[i], value_of(&c, "If-None-Match"), cases[i].match);
        expect_line(&cases[i], value_of(&c, "If-Modified-Since"), cases[i].since);
        conditions_release(&c);
    }
}

static void longest_tag__passes_and_a_longer_one_does_not(void **state)
{
    (void)state;
    char tag[VALIDATOR_MAX_BYTES + 2];
    for (size_t len = VALIDATOR_MAX_BYTES; len <= VALIDATOR_MAX_BYTES + 1; len++) {
        struct conditions c = CONDITIONS_INIT;
        memset(tag, 'x', len);
        tag[0] = tag[len - 1] = '"';
        tag[len] = '\0';
        const struct store_known known = page_with(tag, NULL);
        assert_int_equal(conditions_make(&c, &known, true), CW_OK);
        assert_int_equal(c.count, len == VALIDATOR_MAX_BYTES);
        conditions_release(&c);
    }
}

static void answer_that_304_could_not_stand_for__gets_none(void **state)
{
    (void)state;
    static const struct {
        int32_t status;
        bool has_body, is_cut, needs_body;
        unsigned count;
    } answers[] = {
        {200, true, false, true, 1},  {200, false, false, false, 1}, {200, false, false, true, 0},
        {200, true, true, true, 0},   {404, true, false, true, 0},   {301, true, false, true, 0},
        {203, true, false, false, 0}, {0, false, false, false, 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
        struct store_known known = page_with("\"a\"", NULL);
        struct conditions c = CONDITIONS_INIT;
        known.status = answers[i].status;
        known.has_body = answers[i].has_body;
        known.is_cut = answers[i].is_cut;
        assert_int_equal(conditions_make(&c, &known, answers[i].needs_body), CW_OK);
        assert_int_equal(c.count, answers[i].count);
        conditions_release(&c);
    }
}

static void headers__come_behind_those_that_go_out_anyway(void **state)
{
    (void)state;
    static const char *const base[] = {"A: 1", "B: 2", NULL};
    const struct store_known known = page_with("\"a\"", DATE);
    struct conditions c = CONDITIONS_INIT;
    assert_ptr_equal(conditions_add_to(&c, base), base);
    assert_int_equal(conditions_make(&c, &known, true), CW_OK);
    for (int i = 0; i < 2; i++) { /* a request may be prepared again */
        const char *const *headers = conditions_add_to(&c, base);
        assert_string_equal(headers[0], "A: 1");
        assert_string_equal(headers[1], "B: 2");
        assert_string_equal(headers[2], "If-None-Match: \"a\"");
        assert_string_equal(headers[3], "If-Modified-Since: " DATE);
        assert_null(headers[4]);
    }
    assert_string_equal(conditions_add_to(&c, NULL)[0], "If-None-Match: \"a\"");
    conditions_release(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(validators__are_sent_when_they_can_be_trusted),
        cmocka_unit_test(longest_tag__passes_and_a_longer_one_does_not),
        cmocka_unit_test(answer_that_304_could_not_stand_for__gets_none),
        cmocka_unit_test(headers__come_behind_those_that_go_out_anyway),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
