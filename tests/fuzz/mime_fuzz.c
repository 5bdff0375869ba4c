/* The first line is a Content-Type value, the rest a body. */
#include <stdlib.h>

#include "crawler/parse/mime.h"

static void check(bool promise)
{
    if (!promise)
        abort();
}

/* What was parsed parses to itself. */
static void check_essence(struct str essence)
{
    struct buf again = BUF_INIT(256), charset = BUF_INIT(256);
    check(mime_parse(essence, &again, &charset));
    check(str_eq(buf_str(&again), essence) && charset.len == 0);
    buf_release(&again);
    buf_release(&charset);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str body = str_from((const char *)data, size);
    struct str value = str_cut(&body, '\n');
    struct buf essence = BUF_INIT(256), charset = BUF_INIT(256);
    if (mime_parse(value, &essence, &charset))
        check_essence(buf_str(&essence));
    else
        check(essence.len == 0 && charset.len == 0);
    struct str type = mime_sniff(buf_str(&essence), body);
    check(type.len > 0);
    check(mime_is_text(type) || !mime_is_html(type));
    check(mime_sniff(STR_NONE, body).len > 0);
    buf_release(&essence);
    buf_release(&charset);
    return 0;
}
