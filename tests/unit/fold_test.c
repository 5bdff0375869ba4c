#include "crawler/parse/fold.h"

#include "crawler/base/utf8.h"

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

/* The definition, in one piece: words with one space between them, cut on the border of a
 * character, and no space behind the last. */
static void fold_slowly(struct buf *to, const char *text, size_t len)
{
    struct buf all = BUF_INIT(TEXT_BYTES + 2);
    bool is_due = false;
    for (size_t i = 0; i < len; i++) {
        bool is_nbsp = i + 1 < len && text[i] == '\xC2' && text[i + 1] == '\xA0';
        bool is_space = is_nbsp || ascii_is_space(text[i]);
        if (!is_space && is_due)
            assert_int_equal(buf_add_char(&all, ' '), CW_OK);
        if (!is_space)
            assert_int_equal(buf_add_char(&all, text[i]), CW_OK);
        is_due = is_space && all.len > 0;
        i += is_nbsp;
    }
    struct str fitting = utf8_cut(buf_str(&all), to->max);
    while (fitting.len > 0 && fitting.ptr[fitting.len - 1] == ' ')
        fitting.len--;
    assert_int_equal(buf_add(to, fitting), CW_OK);
    buf_release(&all);
}

static void text_that_is_kept__is_folded_and_cut(void **state)
{
    (void)state;
    char text[TEXT_BYTES + 2];
    uint32_t seed = 7;
    for (unsigned i = 0; i < PIECE_COUNT; i++) {
        size_t len = make_text(text, &seed, i % 2 == 0), max = next_random(&seed) % TEXT_BYTES;
        CLEANUP(buf_release) struct buf kept = BUF_INIT(max), expected = BUF_INIT(max);
        struct fold fold = fold_to(&kept);
        assert_int_equal(fold_add(&fold, str_from(text, len)), CW_OK);
        fold_slowly(&expected, text, len);
        if (!str_eq(buf_str(&kept), buf_str(&expected)))
            fail_msg("%u: \"%s\", not \"%s\"", i, kept.ptr, expected.ptr);
        assert_int_equal(fold.word_count, count_slowly(text, len));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_that_are_only_counted__are_counted_exactly),
        cmocka_unit_test(text_in_two_pieces__counts_as_in_one),
        cmocka_unit_test(text_that_is_kept__is_folded_and_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
