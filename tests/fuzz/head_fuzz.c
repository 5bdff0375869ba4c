/* The lines of an answer's head. Its invariants: the limit holds, what is kept has no line ends and
 * no NULs, and no line after the first failure is given. */
#include "crawler/fetch/head.h"

#include <assert.h>

enum { LIMIT = 4096 };

static void check_value(struct str value)
{
    assert(str_find_char(value, '\0') == value.len);
    assert(str_find_char(value, '\n') == value.len);
    assert(str_find_char(value, '\r') == value.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str rest = str_from((const char *)data, size);
    struct head h = HEAD_INIT(LIMIT);
    struct fetch_headers headers;
    enum cw_err err = CW_OK;

    while (rest.len > 0 && err == CW_OK) {
        size_t len = MIN(str_find_char(rest, '\n') + 1, rest.len);
        err = head_add_line(&h, str_first(rest, len));
        rest = str_from(rest.ptr + len, rest.len - len);
    }
    assert(h.bytes <= LIMIT);
    assert(err != CW_OK || h.status == 0 || (h.status >= 100 && h.status <= 599));
    head_fields(&h, &headers);
    check_value(headers.content_type);
    check_value(headers.content_encoding);
    check_value(headers.location);
    check_value(headers.x_robots_tag);
    check_value(headers.link);
    head_release(&h);
    return 0;
}
