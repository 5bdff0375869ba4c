/* Any text as a style sheet: it ends, and every URL is one that url("...") gives back. */
#include <assert.h>
#include <stdint.h>

#include "crawler/base/utf8.h"
#include "crawler/parse/charset.h"
#include "crawler/parse/css.h"

enum { URL_MAX = 1 << 12 };

/* The URL in quotes, every byte of it that could mean something escaped. */
static void assert_reads_back(struct str url)
{
    struct buf css = BUF_INIT(1 << 17);
    struct str rest = url, again;
    assert(buf_add(&css, STR("url(\"")) == CW_OK);
    while (rest.len > 0)
        assert(buf_addf(&css, "\\%X ", (unsigned)utf8_take(&rest)) == CW_OK);
    assert(buf_add(&css, STR("\")")) == CW_OK);
    struct css_reader reader = css_reader_on(buf_str(&css), URL_MAX);
    assert(css_next_url(&reader, &again) && str_eq(again, url));
    assert(!css_next_url(&reader, &again));
    css_reader_release(&reader);
    buf_release(&css);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf css = BUF_INIT(1 << 20);
    if (size > 1 << 16)
        return 0;
    assert(charset_to_utf8(&css, str_from((const char *)data, size), STR("utf-8")) == CW_OK);
    struct css_reader reader = css_reader_on(buf_str(&css), URL_MAX);
    for (struct str url; css_next_url(&reader, &url);) {
        assert(url.len > 0 && url.len <= URL_MAX && utf8_is_valid(url));
        if (memchr(url.ptr, '\0', url.len) == NULL) /* which an escape cannot write */
            assert_reads_back(url);
    }
    assert(reader.err == CW_OK);
    css_reader_release(&reader);
    buf_release(&css);
    return 0;
}
