/* Dates and Retry-After values, against crawler/parse/httpdate.h. */
#include "crawler/parse/httpdate.h"
#include "tests/support/json.h"

static const int64_t in_2026 = 1767225600000; /* the suite's now_year */

/* curl_getdate() says 0 here because its -1 means "no date". */
static const char quirk_of_curl[] = "Thu, 31-Dec-1969 23:59:59 GMT";

static void check_date(struct suite *suite, const json_t *test)
{
    struct str text = suite_str(test, "date");
    const json_t *wanted = json_object_get(test, "unix");
    int64_t got = 0, unix_ms = json_integer_value(wanted) * 1000;
    bool is_date = httpdate_parse(text, in_2026, &got);
    if (str_eq(text, str_of(quirk_of_curl)))
        unix_ms = -1000;
    suite_count(suite, is_date == json_is_integer(wanted) && (!is_date || got == unix_ms), text,
                json_is_integer(wanted) ? STR("a date") : STR("no date"),
                is_date ? STR("a date") : STR("no date"));
}

static void check_year(struct suite *suite, const json_t *test)
{
    static const struct {
        int year;
        int64_t start_ms;
    } years[] = {
        {1977, 220924800000},  {1994, 757382400000},  {1999, 915148800000},  {2000, 946684800000},
        {2026, 1767225600000}, {2070, 3155760000000}, {2076, 3345062400000},
    };
    json_int_t year = json_integer_value(json_object_get(test, "year"));
    int64_t got = INT64_MIN;
    bool passed = false;
    if (httpdate_parse(suite_str(test, "date"), in_2026, &got))
        for (size_t i = 0; i < ARRAY_LEN(years); i++)
            passed |= years[i].year == year && got >= years[i].start_ms &&
                      got < years[i].start_ms + 366LL * 86400000;
    suite_count(suite, passed, suite_str(test, "date"), STR_NONE, STR_NONE);
}

/* Beyond not crashing: none of these is a date, but the one that lacks nothing but its time. */
static void check_hostile(struct suite *suite, const json_t *test)
{
    int64_t got;
    struct str text = suite_str_of(test);
    bool is_date = httpdate_parse(text, in_2026, &got);
    suite_count(suite, is_date == str_eq(text, STR("Sun, 06 Nov 1994")), text, STR_NONE, STR_NONE);
}

static int check_dates(void)
{
    static const struct {
        const char *key;
        void (*check)(struct suite *suite, const json_t *test);
        size_t count;
    } parts[] = {
        {"rfc9110", check_date, 7},
        {"two_digit_years", check_year, 7},
        {"must_not_crash", check_hostile, 8},
        {"curl_lenient", check_date, 151},
    };
    json_t *root = suite_load_json(CONFORMANCE_DIR "/http/dates.json");
    int failed = 0;
    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        struct suite suite = {.name = parts[i].key};
        const json_t *tests = json_object_get(root, parts[i].key);
        for (size_t k = 0; k < json_array_size(tests); k++)
            parts[i].check(&suite, json_array_get(tests, k));
        failed |= suite_finish(&suite, parts[i].count);
    }
    json_decref(root);
    return failed;
}

/* `seconds` null means "not a value", or, where the note says so, "clamped". */
static void check_retry_after(struct suite *suite, const json_t *test)
{
    const int64_t max_ms = 86400000;
    const json_t *seconds = json_object_get(test, "seconds");
    struct str note = suite_str(test, "note");
    bool is_clamped = str_find(note, STR("clamp")) < note.len;
    int64_t now_ms, wanted = json_is_integer(seconds) ? json_integer_value(seconds) * 1000
                             : is_clamped             ? max_ms
                                                      : -1;
    bool passed = httpdate_parse(suite_str(test, "now"), in_2026, &now_ms) &&
                  httpdate_retry_after_ms(suite_str(test, "value"), now_ms, max_ms) == wanted;
    suite_count(suite, passed, suite_str(test, "value"), note, STR_NONE);
}

static int check_retry_afters(void)
{
    json_t *tests = suite_load_json(CONFORMANCE_DIR "/http/retry-after.json");
    struct suite suite = {.name = "retry-after.json"};
    for (size_t i = 0; i < json_array_size(tests); i++)
        check_retry_after(&suite, json_array_get(tests, i));
    json_decref(tests);
    return suite_finish(&suite, 15);
}

int main(void)
{
    return check_dates() | check_retry_afters();
}
