/* A srcset value and a refresh value: they end, and what they give lies within what they were
 * given. */
#include <assert.h>
#include <stdint.h>

#include "crawler/parse/links.h"

static void assert_within(struct str part, struct str whole)
{
    assert(part.len <= whole.len);
    assert(part.len == 0 ||
           (part.ptr >= whole.ptr && part.ptr + part.len <= whole.ptr + whole.len));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str whole = str_from((const char *)data, size), rest = whole, url;
    uint64_t seconds;
    for (size_t left = rest.len; links_next_srcset(&rest, &url); left = rest.len) {
        assert_within(url, whole);
        assert(url.len > 0 && rest.len < left);
    }
    if (links_parse_refresh(whole, &seconds, &url))
        assert_within(url, whole);
    return 0;
}
