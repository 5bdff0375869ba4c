#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "crawler/base/err.h"

static void every_error__has_a_name_a_text_and_a_retry_class(void **state)
{
    (void)state;
    for (int i = 0; i < CW_ERR_COUNT; i++) {
        enum cw_err err = (enum cw_err)i;
        assert_true(strlen(cw_err_name(err)) > 0 && strlen(cw_err_text(err)) > 0);
        assert_in_range(cw_err_retry(err), CW_RETRY_NEVER, CW_RETRY_NOW);
        assert_int_equal(cw_err_by_name(cw_err_name(err)), err);
    }
    assert_int_equal(cw_err_by_name("no such name"), CW_ERR_COUNT);
}

static void a_message__is_cut_at_its_room(void **state)
{
    (void)state;
    struct errmsg msg;
    assert_int_equal(errmsg_set(&msg, CW_EURL, "%0600d", 1), CW_EURL);
    assert_int_equal(strlen(msg.text), sizeof msg.text - 1);
    assert_int_equal(errmsg_set(NULL, CW_EURL, "no room"), CW_EURL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_error__has_a_name_a_text_and_a_retry_class),
        cmocka_unit_test(a_message__is_cut_at_its_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
