#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "crawler/parse/httpdate.h"

#define NO_DATE INT64_MIN

static const int64_t now_ms = 784111777000; /* Sun, 06 Nov 1994 08:49:37 GMT */

struct date_case {
    const char *text;
    int64_t unix_ms;
};

static void check(const struct date_case *cases, size_t count, bool iso)
{
    for (size_t i = 0; i < count; i++) {
        int64_t got = NO_DATE;
        struct str text = str_of(cases[i].text);
        bool is_date = iso ? httpdate_parse_iso(text, &got) : httpdate_parse(text, now_ms, &got);
        if (is_date != (cases[i].unix_ms != NO_DATE) || got != cases[i].unix_ms)
            fail_msg("%s: got %lld", cases[i].text, (long long)got);
    }
}

/* RFC 9110, 5.6.7: "A recipient that parses a timestamp value in an HTTP field MUST accept all
 * three HTTP-date formats." */
static void the_three_forms__are_the_same_moment(void **state)
{
    (void)state;
    static const struct date_case cases[] = {
        {"Sun, 06 Nov 1994 08:49:37 GMT", 784111777000},
        {"Sunday, 06-Nov-94 08:49:37 GMT", 784111777000},
        {"Sun Nov  6 08:49:37 1994", 784111777000},
    };
    check(cases, ARRAY_LEN(cases), false);
}

static void a_date__may_be_in_any_order_but_not_of_anything(void **state)
{
    (void)state;
    static const struct date_case cases[] = {
        {"25 Jun 2010 15:00:00 PST", 1277506800000},
        {"25 Jun 2010 15:00:00 -0800", 1277506800000},
        {"20100625", 1277424000000},
        {"1994 Nov 6", 784080000000},
        {"Thu, 01 Jan 1970 00:00:00 GMT", 0},
        {"Mon, 01 Jan 1900 00:00:00 GMT", -2208988800000},
        {"Sun, 06 Nov 1994 08:49:37 GMT+garbage behind the sixth part", 784111777000},
        {"Sun, 06 Nov 1994 08:49:37 ELSEWHERE", NO_DATE},
        {"Sun, 06 Nov 99999 08:49:37 GMT", NO_DATE},
        {"Sun, 99999999999999999999 Nov 1994", NO_DATE},
        {"Sun, 06 06 06 06 06 06", NO_DATE},
        {"Nov", NO_DATE},
        {"", NO_DATE},
        {":::::", NO_DATE},
    };
    check(cases, ARRAY_LEN(cases), false);
}

/* "more than 50 years in the future": seen from 1994, year 44 is 2044 and year 45 is 1945. */
static void a_two_digit_year__is_read_from_its_own_time(void **state)
{
    (void)state;
    static const struct date_case cases[] = {
        {"Sunday, 06-Nov-44 00:00:00 GMT", 2362003200000},
        {"Sunday, 06-Nov-45 00:00:00 GMT", -762220800000},
    };
    check(cases, ARRAY_LEN(cases), false);
}

static void an_iso_date__has_at_least_a_day(void **state)
{
    (void)state;
    static const struct date_case cases[] = {
        {"2010-06-25", 1277424000000},
        {" 2010-06-25T15:00Z ", 1277478000000},
        {"2010-06-25T15:00:00Z", 1277478000000},
        {"2010-06-25 15:00:00", 1277478000000},
        {"2010-06-25T15:00:00.123456+02:00", 1277470800000},
        {"2010-06-25T15:00:00-0800", 1277506800000},
        {"2010-06", NO_DATE},
        {"2010-13-01", NO_DATE},
        {"2010-06-25T", NO_DATE},
        {"2010-06-25T25:00Z", NO_DATE},
        {"2010-06-25T15:00:00+2", NO_DATE},
        {"2010-06-25T15:00:00Zx", NO_DATE},
        {"25 Jun 2010", NO_DATE},
        {"", NO_DATE},
    };
    check(cases, ARRAY_LEN(cases), true);
}

/* RFC 9110, 10.2.3: HTTP-date or delay-seconds. */
static void retry_after__is_seconds_or_a_date_within_the_limit(void **state)
{
    (void)state;
    static const struct {
        const char *value;
        int64_t ms;
    } cases[] = {
        {"0", 0},
        {"120", 120000},
        {"3600", 3600000},
        {"3601", 3600000},
        {"18446744073709551616", 3600000},
        {"Sun, 06 Nov 1994 08:49:38 GMT", 1000},
        {"Sun, 06 Nov 1994 08:49:37 GMT", 0},
        {"Mon, 07 Nov 1994 08:49:37 GMT", 3600000},
        {"Fri, 31 Dec 9999 23:59:59 GMT", 3600000},
        {"soon", -1},
        {"-1", -1},
        {"", -1},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        int64_t got = httpdate_retry_after_ms(str_of(cases[i].value), now_ms, 3600000);
        if (got != cases[i].ms)
            fail_msg("%s: got %lld", cases[i].value, (long long)got);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_three_forms__are_the_same_moment),
        cmocka_unit_test(a_date__may_be_in_any_order_but_not_of_anything),
        cmocka_unit_test(a_two_digit_year__is_read_from_its_own_time),
        cmocka_unit_test(an_iso_date__has_at_least_a_day),
        cmocka_unit_test(retry_after__is_seconds_or_a_date_within_the_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
