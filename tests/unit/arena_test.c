#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdalign.h>

#include "crawler/base/arena.h"

static void memory__is_zero_and_aligned_and_its_own(void **state)
{
    struct arena a = ARENA_INIT(1 << 20);
    unsigned char *pieces[500];
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(pieces); i++) {
        pieces[i] = arena_alloc(&a, i + 1);
        assert_non_null(pieces[i]);
        assert_int_equal((uintptr_t)pieces[i] % alignof(max_align_t), 0);
        for (size_t k = 0; k <= i; k++)
            assert_int_equal(pieces[i][k], 0);
        memset(pieces[i], (int)(i % 255) + 1, i + 1);
    }
    for (size_t i = 0; i < ARRAY_LEN(pieces); i++)
        for (size_t k = 0; k <= i; k++)
            assert_int_equal(pieces[i][k], i % 255 + 1);
    assert_true(arena_footprint(&a) >= a.used);
    arena_release(&a);
    assert_int_equal(arena_footprint(&a), 0);
}

static void ceiling__is_met_and_not_passed(void **state)
{
    struct arena a = ARENA_INIT(4096);
    (void)state;
    assert_null(arena_alloc(&a, 4097));
    assert_non_null(arena_alloc(&a, 4096));
    assert_null(arena_alloc(&a, 1));
    assert_null(arena_take(&a, 1));
    arena_release(&a);
    assert_non_null(arena_alloc(&a, 4096)); /* usable again */
    arena_release(&a);
}

static void size_that_overflows__is_refused(void **state)
{
    struct arena a = ARENA_INIT(SIZE_MAX);
    (void)state;
    assert_null(arena_alloc(&a, SIZE_MAX));
    assert_null(arena_alloc(&a, SIZE_MAX - 7));
    assert_non_null(arena_alloc(&a, 0)); /* an empty array is no failure */
    arena_release(&a);
}

static void big_piece__gets_a_block_of_its_own(void **state)
{
    struct arena a = ARENA_INIT(8 << 20);
    (void)state;
    char *big = arena_alloc(&a, 4 << 20), *small = arena_alloc(&a, 8);
    assert_non_null(big);
    assert_non_null(small);
    memset(big, 'x', 4 << 20);
    assert_int_equal(*small, 0);
    arena_release(&a);
}

static void kept_string__outlives_its_source(void **state)
{
    struct arena a = ARENA_INIT(1 << 10);
    char source[] = "a\0b";
    struct str s = str_from(source, 3), absent = STR_NONE, empty = STR("");
    (void)state;
    assert_true(arena_keep(&a, &s));
    memset(source, 'x', sizeof source);
    assert_int_equal(s.len, 3);
    assert_memory_equal(s.ptr, "a\0b\0", 4);
    assert_true(arena_keep(&a, &absent) && str_is_absent(absent));
    assert_true(arena_keep(&a, &empty) && !str_is_absent(empty) && empty.len == 0);
    arena_release(&a);
}

static void string_that_does_not_fit__stays_as_it_was(void **state)
{
    struct arena a = ARENA_INIT(16);
    struct str s = STR("sixteen bytes ..");
    const char *ptr = s.ptr;
    (void)state;
    assert_false(arena_keep(&a, &s));
    assert_ptr_equal(s.ptr, ptr);
    assert_int_equal(a.used, 0);
    arena_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory__is_zero_and_aligned_and_its_own),
        cmocka_unit_test(ceiling__is_met_and_not_passed),
        cmocka_unit_test(size_that_overflows__is_refused),
        cmocka_unit_test(big_piece__gets_a_block_of_its_own),
        cmocka_unit_test(kept_string__outlives_its_source),
        cmocka_unit_test(string_that_does_not_fit__stays_as_it_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
