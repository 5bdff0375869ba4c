#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "crawler/base/heap.h"

enum { ITEM_COUNT = 1000 };

static uint32_t next_random(uint32_t *seed)
{
    return *seed = *seed * 1664525 + 1013904223;
}

static struct heap_item *pop(struct heap *h)
{
    struct heap_item *first = heap_first(h);
    if (first != NULL)
        heap_remove(h, first);
    return first;
}

static void items__leave_in_the_order_of_their_keys(void **state)
{
    struct heap h = HEAP_INIT;
    struct heap_item items[ITEM_COUNT];
    uint32_t seed = 1;
    int64_t last = INT64_MIN;
    (void)state;
    for (size_t i = 0; i < ITEM_COUNT; i++)
        assert_int_equal(heap_push(&h, &items[i], (int32_t)next_random(&seed)), CW_OK);
    for (size_t i = 0; i < ITEM_COUNT; i++) {
        struct heap_item *item = pop(&h);
        assert_true(item->key >= last);
        assert_int_equal(item->place, 0);
        last = item->key;
    }
    assert_null(heap_first(&h));
    heap_release(&h);
}

static void equal_keys__leave_in_the_order_of_arrival(void **state)
{
    struct heap h = HEAP_INIT;
    struct heap_item items[ITEM_COUNT];
    (void)state;
    for (size_t i = 0; i < ITEM_COUNT; i++)
        assert_int_equal(heap_push(&h, &items[i], 7), CW_OK);
    for (size_t i = 0; i < ITEM_COUNT; i++)
        assert_ptr_equal(pop(&h), &items[i]);
    heap_release(&h);
}

static void item_from_the_middle__leaves_the_rest_in_order(void **state)
{
    struct heap h = HEAP_INIT;
    struct heap_item items[ITEM_COUNT];
    uint32_t seed = 2;
    size_t left = ITEM_COUNT;
    int64_t last = INT64_MIN;
    (void)state;
    for (size_t i = 0; i < ITEM_COUNT; i++)
        assert_int_equal(heap_push(&h, &items[i], (int32_t)next_random(&seed)), CW_OK);
    for (size_t i = 0; i < ITEM_COUNT; i += 3, left--)
        heap_remove(&h, &items[i]);
    heap_remove(&h, &items[0]); /* in no heap any more: nothing happens */
    assert_int_equal(h.count, left);
    for (size_t i = 0; i < left; i++) {
        struct heap_item *item = pop(&h);
        assert_int_not_equal((item - items) % 3, 0);
        assert_true(item->key >= last);
        last = item->key;
    }
    assert_null(heap_first(&h));
    heap_release(&h);
}

static void extreme_keys__compare_without_overflow(void **state)
{
    struct heap h = HEAP_INIT;
    struct heap_item late, early, zero;
    (void)state;
    assert_int_equal(heap_push(&h, &late, INT64_MAX), CW_OK);
    assert_int_equal(heap_push(&h, &early, INT64_MIN), CW_OK);
    assert_int_equal(heap_push(&h, &zero, 0), CW_OK);
    assert_ptr_equal(pop(&h), &early);
    assert_ptr_equal(pop(&h), &zero);
    assert_ptr_equal(pop(&h), &late);
    heap_release(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(items__leave_in_the_order_of_their_keys),
        cmocka_unit_test(equal_keys__leave_in_the_order_of_arrival),
        cmocka_unit_test(item_from_the_middle__leaves_the_rest_in_order),
        cmocka_unit_test(extreme_keys__compare_without_overflow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
