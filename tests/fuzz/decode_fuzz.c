/* The first line is a Content-Encoding value, the rest a body. */
#include <stdlib.h>

#include "crawler/parse/decode.h"

static void check(bool promise)
{
    if (!promise)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str raw = str_from((const char *)data, size);
    struct str codings = str_cut(&raw, '\n');
    struct buf small = BUF_INIT(1000), large = BUF_INIT(3 << 20);
    enum cw_err cut = decode_content(&small, raw, codings);
    enum cw_err err = decode_content(&large, raw, codings);
    check(small.len <= 1000 && small.cap <= 1001 && large.len <= 3 << 20);
    check(err != CW_ENOMEM && cut != CW_ENOMEM);
    check(cut != CW_ETOOBIG || small.len == 0 || small.len == 1000);
    /* What is sound as a whole is the same, or cut, under a lower ceiling. */
    check(err != CW_OK || cut == CW_ETOOBIG || (cut == CW_OK && small.len == large.len));
    check(err != CW_OK || str_starts(buf_str(&large), buf_str(&small)));
    buf_release(&small);
    buf_release(&large);
    return 0;
}
