/* Any bytes as a Link header: it ends, and what it gives lies within the value. */
#include <assert.h>
#include <stdint.h>

#include "crawler/parse/linkheader.h"

static void assert_within(struct str part, struct str value)
{
    assert(str_is_absent(part) ||
           (part.ptr >= value.ptr && part.ptr + part.len <= value.ptr + value.len));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str value = str_from((const char *)data, size), rest = value;
    struct linkheader_link link;
    for (size_t left = rest.len; linkheader_next(&rest, &link); left = rest.len) {
        assert(rest.len < left);
        assert_within(link.target, value);
        assert_within(link.rel, value);
        assert_within(link.hreflang, value);
        assert_within(link.type, value);
        assert(link.rels == 0 || link.rel.len > 0);
    }
    assert(rest.len == 0);
    return 0;
}
