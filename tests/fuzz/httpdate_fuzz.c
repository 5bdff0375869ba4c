#include <stdlib.h>

#include "crawler/parse/httpdate.h"

static void check(bool promise)
{
    if (!promise)
        abort();
}

/* Years 1583 to 9999, and a zone of at most four days ("+1400" is 14 hours, ISO's "+99:99" more).
 */
static bool is_plausible(int64_t unix_ms)
{
    const int64_t slack_ms = 5LL * 86400000;
    return unix_ms >= -12212553600000 - slack_ms && unix_ms <= 253402300800000 + slack_ms;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = str_from((const char *)data, size);
    int64_t unix_ms = 0, iso_ms = 0;
    bool is_date = httpdate_parse(text, 784111777000, &unix_ms);
    check(is_plausible(unix_ms) && (is_date || unix_ms == 0));
    bool is_iso = httpdate_parse_iso(text, &iso_ms);
    check(is_plausible(iso_ms) && (is_iso || iso_ms == 0));
    int64_t wait_ms = httpdate_retry_after_ms(text, 784111777000, 3600000);
    check(wait_ms >= -1 && wait_ms <= 3600000);
    return 0;
}
