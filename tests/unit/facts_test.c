/* Names and sentences, for people and for programs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "crawler/cli/facts.h"

struct fixture {
    struct arena arena;
    struct facts facts;
    char *text; /* of the last print() */
};

static int setup(void **state)
{
    struct fixture *fx = calloc(1, sizeof *fx);
    fx->arena = ARENA_INIT(1 << 20);
    fx->facts = (struct facts){.arena = &fx->arena};
    *state = fx;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fx = *state;
    arena_release(&fx->arena);
    free(fx->text);
    free(fx);
    return 0;
}

static const char *print(struct fixture *fx, const char *title, bool colour)
{
    size_t size;
    free(fx->text);
    FILE *out = open_memstream(&fx->text, &size);
    assert_int_equal(facts_print(&fx->facts, str_of(title), colour, out), CW_OK);
    assert_int_equal(fclose(out), 0);
    return fx->text;
}

static void names_stand_in_a_column(void **state)
{
    struct fixture *fx = *state;
    facts_add(&fx->facts, "Verdict", TONE_BAD, "no, %d times", 2);
    facts_add(&fx->facts, "", TONE_PLAIN, "and again");
    facts_add(&fx->facts, "Hint", TONE_PLAIN, "a");
    facts_add(&fx->facts, "Hint", TONE_PLAIN, "b");
    assert_string_equal(print(fx, "http://a/", false), "http://a/\n"
                                                       "  Verdict       no, 2 times\n"
                                                       "                and again\n"
                                                       "  Hint          a\n"
                                                       "                b\n");
}

static void colour_is_only_there_when_asked_for(void **state)
{
    struct fixture *fx = *state;
    facts_add(&fx->facts, "Verdict", TONE_BAD, "no");
    assert_null(strchr(print(fx, "x", false), '\033'));
    assert_non_null(strstr(print(fx, "x", true), "\033[31mno\033[0m\n"));
}

/* Escapes of the terminal: C0, DEL, and C1 as UTF-8. Other text stays as it is. */
static void what_strangers_wrote_cannot_steer_the_terminal(void **state)
{
    struct fixture *fx = *state;
    facts_add(&fx->facts, "Found", TONE_PLAIN, "%s",
              "a\033[2Jb\tc\x7F"
              "d\xC2\x9B"
              "e\xC3\xA9\xC2\xA0.");
    assert_string_equal(print(fx, "t\r", false),
                        "t?\n  Found         a?[2Jb?c?d?e\xC3\xA9\xC2\xA0.\n");
}

static void json_names_each_sentence(void **state)
{
    struct fixture *fx = *state;
    CLEANUP(buf_release) struct buf json = BUF_INIT(1 << 16);
    facts_add(&fx->facts, "Found", TONE_PLAIN, "a \"b\"");
    facts_add(&fx->facts, "", TONE_PLAIN, "c");
    assert_int_equal(facts_add_json(&fx->facts, &json), CW_OK);
    assert_string_equal(json.ptr, "[\n{\"about\":\"Found\",\"says\":\"a \\\"b\\\"\"},"
                                  "\n{\"about\":\"Found\",\"says\":\"c\"}]");
}

static void too_many_are_left_out_and_want_of_memory_is_told(void **state)
{
    struct fixture *fx = *state;
    for (int i = 0; i < FACTS_MAX + 5; i++)
        facts_add(&fx->facts, "x", TONE_PLAIN, "%d", i);
    assert_int_equal(fx->facts.count, FACTS_MAX);
    assert_int_equal(fx->facts.err, CW_OK);
    struct arena tiny = ARENA_INIT(8);
    fx->facts = (struct facts){.arena = &tiny};
    facts_add(&fx->facts, "x", TONE_PLAIN, "%s", "longer than eight bytes");
    assert_int_equal(fx->facts.err, CW_ENOMEM);
    assert_int_equal(facts_print(&fx->facts, STR("x"), false, stdout), CW_ENOMEM);
    arena_release(&tiny);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(names_stand_in_a_column),
        TEST(colour_is_only_there_when_asked_for),
        TEST(what_strangers_wrote_cannot_steer_the_terminal),
        TEST(json_names_each_sentence),
        TEST(too_many_are_left_out_and_want_of_memory_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
