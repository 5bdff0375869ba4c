#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "crawler/parse/shingles.h"

static int by_value(const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
    return left < right ? -1 : left > right;
}

/* Runs are parted by '|'. `s` holds the items. */
static struct print print_of(struct shingles *s, const char *url, const char *text)
{
    struct print print;
    shingles_init(s, str_of(url));
    for (struct str rest = str_of(text); !str_is_absent(rest);) {
        shingles_add(s, str_cut(&rest, '|'));
        shingles_end_run(s);
    }
    shingles_finish(s, STR_NONE, &print);
    qsort(s->items, print.count, sizeof s->items[0], by_value);
    return print;
}

/* How many shingles `b` has that `a` lacks. */
static unsigned count_new(const struct print *a, const struct print *b)
{
    unsigned count = 0;
    for (unsigned i = 0; i < b->count; i++)
        count += bsearch(&b->items[i], a->items, a->count, sizeof *a->items, by_value) == NULL;
    return count;
}

#define PLAIN "http://h/page"

static const struct pair_case {
    const char *name, *url, *a, *other_url, *b;
    bool is_equal;
} pairs[] = {
    {"equal text", PLAIN, "one two three four five", PLAIN, "one two three four five", true},
    {"case does not matter", PLAIN, "One Two THREE four", PLAIN, "one two three four", true},
    {"nor do signs", PLAIN, "one, two; (three) four!", PLAIN, "one two three - four", true},
    {"nor the order of runs", PLAIN, "red apple|green pear|blue plum", PLAIN,
     "blue plum|red apple|green pear", true},
    {"words within a run do", PLAIN, "red green blue plum", PLAIN, "plum blue green red", false},
    {"numbers say nothing", PLAIN, "at 12:30 of 17 visitors 1.5 s", PLAIN,
     "at 09:01 of 99999 visitors 0.2 s", true},
    {"identifiers neither", PLAIN, "request 8f3a01c2 served", PLAIN, "request 77aa00b1c9 served",
     true},
    {"but the URL's own number does", "http://h/a/17", "article 17", "http://h/a/18", "article 18",
     false},
    {"with others beside it", "http://h/a/17", "article 17 of 900", "http://h/a/17",
     "article 17 of 901", true},
    {"not where it is a date: a year", "http://h/2024/5", "may 2024 5", "http://h/2024/6",
     "may 2024 6", true},
    {"nor by a name of the query", "http://h/c?m=5", "month 5", "http://h/c?m=6", "month 6", true},
    {"nor by a folder", "http://h/calendar/5", "no 5", "http://h/calendar/6", "no 6", true},
    {"a folder of one letter is none", "http://h/d/5", "no 5", "http://h/d/6", "no 6", false},
    {"what is not ASCII is letters", PLAIN, "\u4e00\u4e01", PLAIN, "\u4e00\u4e02", false},
    {"nothing is nothing", PLAIN, "", PLAIN, " ,;|  ", true},
};

static void two_texts__are_equal_where_people_find_them_so(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
        static struct shingles a, b;
        struct print left = print_of(&a, pairs[i].url, pairs[i].a);
        struct print right = print_of(&b, pairs[i].other_url, pairs[i].b);
        bool is_equal =
            left.sum == right.sum && left.count == right.count && count_new(&left, &right) == 0;
        if (is_equal != pairs[i].is_equal)
            fail_msg("%s", pairs[i].name);
    }
}

static void a_word_that_goes_on_in_the_next_piece__is_one(void **state)
{
    (void)state;
    static struct shingles a, b;
    struct print whole = print_of(&a, PLAIN, "elephant"), parts;
    shingles_init(&b, STR(PLAIN));
    shingles_add(&b, STR("ele"));
    shingles_add(&b, STR("phant"));
    shingles_finish(&b, STR_NONE, &parts);
    assert_int_equal(whole.sum, parts.sum);
}

static void pages_that_say_there_is_none__are_known(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool is_lost;
    } cases[] = {
        {"Error 404", true},     {"Page not found.", true},  {"This page does not exist", true},
        {"room 405", false},     {"found, not lost", false}, {"do not|found a firm", true},
        {"a knot found", false},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        static struct shingles s;
        struct print print = print_of(&s, PLAIN, cases[i].text);
        if (print.is_lost != cases[i].is_lost)
            fail_msg("%s", cases[i].text);
    }
}

/* `count` words, the n-th of which is the same in every text of that seed. */
static char *make_text(unsigned seed, unsigned count)
{
    char *text = malloc((size_t)count * 16 + 1);
    size_t len = 0;
    assert_non_null(text);
    for (unsigned i = 0; i < count; i++) {
        unsigned value = (seed * 1000003 + i) * 2654435761u;
        for (int n = 0; n < 7; n++, value /= 16)
            text[len++] = (char)('a' + value % 16);
        text[len++] = i % 50 == 49 ? '|' : ' ';
    }
    text[len] = '\0';
    return text;
}

static void a_long_page__is_a_sample_that_can_still_be_compared(void **state)
{
    (void)state;
    static struct shingles a, b, c;
    char *text = make_text(1, 6000), *longer = make_text(1, 8000), *other = make_text(2, 6000);
    struct print first = print_of(&a, PLAIN, text), same = print_of(&b, PLAIN, longer);
    struct print different = print_of(&c, PLAIN, other);
    assert_in_range(first.count, SHINGLES_MAX / 3, SHINGLES_MAX);
    assert_in_range(count_new(&first, &same), 1, same.count / 2); /* a quarter is new */
    assert_in_range(count_new(&first, &different), different.count * 9 / 10, different.count);
    free(text);
    free(longer);
    free(other);
}

static void a_long_run_in_known_words__says_something(void **state)
{
    (void)state;
    static struct shingles a, b;
    /* every four words in a row of the second stand in the first */
    struct print known = print_of(&a, PLAIN, "a b a b a b a b a b a b a b a b a b a b");
    struct print longer = print_of(&b, PLAIN, "a b a b a b a b a b a b a b a b a b a b a");
    assert_in_range(count_new(&known, &longer), 4, 4);
}

static void a_picture__counts_by_its_file_and_what_is_short_in_its_query(void **state)
{
    (void)state;
    static const struct {
        const char *a, *b;
        bool is_equal;
    } cases[] = {
        {"http://h/x/logo.png", "http://h/x/y/x/y/logo.png", true},
        {"http://h/1.png", "http://h/2.png", false},
        {"http://h/i.php?id=1", "http://h/i.php?id=2", false},
        {"http://h/i.png?s=8f3a01c2d4e5f607", "http://h/i.png?s=77aa00b1c92244ff", true},
        {"http://h/i.png?", "http://h/i.png", true},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        static struct shingles a, b;
        struct print left, right;
        shingles_init(&a, STR(PLAIN));
        shingles_init(&b, STR(PLAIN));
        shingles_add_part(&a, str_of(cases[i].a));
        shingles_add_part(&b, str_of(cases[i].b));
        shingles_finish(&a, STR_NONE, &left);
        shingles_finish(&b, STR_NONE, &right);
        assert_int_equal(left.count, 4);
        if ((left.sum == right.sum) != cases[i].is_equal)
            fail_msg("%s and %s", cases[i].a, cases[i].b);
    }
}

enum { TEXT_BYTES = 600, TEXT_COUNT = 400 };

static unsigned draw(uint32_t *seed)
{
    *seed = *seed * 1664525 + 1013904223;
    return *seed >> 16;
}

/* Words of 1 to 30 bytes: letters of both cases, digits, two-byte characters. */
static size_t make_odd_text(char *text, uint32_t *seed)
{
    static const char *const pieces[] = {"a", "b", "C", "Z", "z", "x", "7", "\xC3\xA9"};
    size_t len = 0;
    while (len < TEXT_BYTES - 40) {
        for (unsigned count = draw(seed) % 15; count > 0; count--) {
            const char *piece = pieces[draw(seed) % (draw(seed) % 4 == 0 ? 8 : 6)];
            memcpy(text + len, piece, strlen(piece));
            len += strlen(piece);
        }
        text[len++] = " ,.@[`{/:\n"[draw(seed) % 10];
    }
    return len;
}

/* Begins a page; `is_deep`: so much text is on it that not all of what follows is read. */
static void begin_page(struct shingles *s, bool is_deep)
{
    const struct str line = STR("One line of a page on which there are many more. ");
    shingles_init(s, STR(PLAIN));
    for (size_t len = 0; is_deep && len <= SHINGLES_WHOLE_MAX; len += line.len)
        shingles_add(s, line);
    shingles_end_run(s);
}

static void far_down_a_page__one_run_in_four_is_read(void **state)
{
    (void)state;
    static struct shingles s;
    unsigned counts[2];
    for (int is_deep = 0; is_deep <= 1; is_deep++) {
        struct print print;
        begin_page(&s, is_deep);
        unsigned before = s.count;
        for (unsigned i = 0; i < 100; i++) {
            char run[] = {(char)('a' + i / 10), (char)('a' + i % 10), 'x'};
            shingles_add(&s, str_from(run, sizeof run));
            shingles_end_run(&s);
        }
        shingles_finish(&s, STR_NONE, &print);
        assert_int_equal(print.each, 1);
        counts[is_deep] = print.count - before;
    }
    assert_int_equal(counts[0], 100);
    assert_in_range(counts[1], 10, 45);
}

static void text_in_any_pieces__says_the_same(void **state)
{
    (void)state;
    static struct shingles whole, parts;
    char text[TEXT_BYTES], piece[TEXT_BYTES];
    uint32_t seed = 1;
    for (unsigned i = 0; i < TEXT_COUNT; i++) {
        size_t len = make_odd_text(text, &seed), most = 1 + i % 20;
        struct print print, print_of_whole;
        begin_page(&whole, i % 4 == 3);
        shingles_add(&whole, str_from(text, len));
        shingles_finish(&whole, STR_NONE, &print_of_whole);
        begin_page(&parts, i % 4 == 3);
        for (size_t at = 0, count; at < len; at += count) {
            count = 1 + draw(&seed) % most;
            count = MIN(count, len - at);
            memcpy(piece, text + at, count);
            memset(piece + count, 'q', sizeof piece - count); /* where reading on would show */
            shingles_add(&parts, str_from(piece, count));
        }
        shingles_finish(&parts, STR_NONE, &print);
        assert_true(print.count > 1);
        assert_int_equal(print.count, print_of_whole.count);
        assert_int_equal(print.sum, print_of_whole.sum);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_in_any_pieces__says_the_same),
        cmocka_unit_test(far_down_a_page__one_run_in_four_is_read),
        cmocka_unit_test(two_texts__are_equal_where_people_find_them_so),
        cmocka_unit_test(a_word_that_goes_on_in_the_next_piece__is_one),
        cmocka_unit_test(pages_that_say_there_is_none__are_known),
        cmocka_unit_test(a_long_page__is_a_sample_that_can_still_be_compared),
        cmocka_unit_test(a_long_run_in_known_words__says_something),
        cmocka_unit_test(a_picture__counts_by_its_file_and_what_is_short_in_its_query),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
