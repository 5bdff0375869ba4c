#include "crawler/parse/fold.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { TEXT_BYTES = 400, PIECE_COUNT = 3000 };

/* The definition: a word begins at a byte of one that follows white space or the start. */
static size_t count_slowly(const char *text, size_t len)
{
    size_t words = 0;
    bool in_word = false;
    for (size_t i = 0; i < len; i++) {
        bool is_nbsp = i + 1 < len && text[i] == '\xC2' && text[i + 1] == '\xA0';
        bool is_space = is_nbsp || ascii_is_space(text[i]);
        words += !is_space && !in_word;
        in_word = !is_space;
        i += is_nbsp;
    }
    return words;
}

static unsigned next_random(uint32_t *seed)
{
    *seed = *seed * 1664525 + 1013904223;
    return *seed >> 16;
}

/* Text of letters, all kinds of white space and two-byte characters, `nbsp` of them NBSP. */
static size_t make_text(char *text, uint32_t *seed, bool with_nbsp)
{
    static const char *const pieces[] = {"a",  "b",  " ",  "\n",       "\t",
                                         "\f", "\r", "\v", "\xC3\xA0", "\xC2\xA0"};
    size_t len = 0, wanted = next_random(seed) % TEXT_BYTES;
    while (len < wanted) {
        const char *piece = pieces[next_random(seed) % (with_nbsp ? 10 : 9)];
        memcpy(text + len, piece, strlen(piece));
        len += strlen(piece);
    }
    return len;
}

static void words_that_are_only_counted__are_counted_exactly(void **state)
{
    (void)state;
    char text[TEXT_BYTES + 2];
    uint32_t seed = 5;
    for (unsigned i = 0; i < PIECE_COUNT; i++) {
        size_t len = make_text(text, &seed, i % 2 == 0);
        struct fold fold = fold_to(NULL);
        assert_int_equal(fold_add(&fold, str_from(text, len)), CW_OK);
        assert_int_equal(fold.word_count, count_slowly(text, len));
    }
}

/* A word may go on from one piece of text to the next. */
static void text_in_two_pieces__counts_as_in_one(void **state)
{
    (void)state;
    char text[TEXT_BYTES + 2];
    uint32_t seed = 6;
    for (unsigned i = 0; i < PIECE_COUNT; i++) {
        size_t len = make_text(text, &seed, false), cut = len > 0 ? next_random(&seed) % len : 0;
        struct fold fold = fold_to(NULL);
        assert_int_equal(fold_add(&fold, str_from(text, cut)), CW_OK);
        assert_int_equal(fold_add(&fold, str_from(text + cut, len - cut)), CW_OK);
        assert_int_equal(fold.word_count, count_slowly(text, len));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_that_are_only_counted__are_counted_exactly),
        cmocka_unit_test(text_in_two_pieces__counts_as_in_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
