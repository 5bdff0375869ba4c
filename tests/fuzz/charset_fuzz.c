/* Any bytes in any encoding: the sniffed name is one of the standard's, the text is valid UTF-8 and
 * decoding it again changes nothing. The first byte picks the encoding, 0 to sniff it. */
#include <assert.h>
#include <stdint.h>

#include "crawler/base/utf8.h"
#include "crawler/parse/charset.h"
#include "crawler/parse/charset_labels.h"

static void decode(struct str bytes, struct str encoding)
{
    struct buf text = BUF_INIT(1 << 22), again = BUF_INIT(1 << 22);
    assert(charset_to_utf8(&text, bytes, encoding) == CW_OK);
    assert(utf8_is_valid(buf_str(&text)));
    if (!str_starts(buf_str(&text), STR("\xEF\xBB\xBF"))) { /* a second BOM is text, once */
        assert(charset_to_utf8(&again, buf_str(&text), STR("utf-8")) == CW_OK);
        assert(str_eq(buf_str(&text), buf_str(&again)));
    }
    buf_release(&text);
    buf_release(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0 || size > 1 << 18)
        return 0;
    struct str bytes = str_from((const char *)data + 1, size - 1);
    struct str encoding = charset_labels[data[0] % CHARSET_LABEL_COUNT].label;
    if (data[0] == 0)
        encoding = charset_sniff(bytes, STR_NONE, size % 2 == 0);
    assert(!str_is_absent(charset_of_label(encoding)));
    decode(bytes, encoding);
    return 0;
}
