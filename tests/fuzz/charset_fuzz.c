/* Any bytes in any encoding: the sniffed name is one of the standard's, the text is valid UTF-8 and
 * decoding it again changes nothing. The first byte picks the encoding, 0 to sniff it. */
#include <assert.h>
#include <stdint.h>

#include "crawler/base/utf8.h"
#include "crawler/parse/charset.h"
#include "crawler/parse/charset_encode.h"
#include "crawler/parse/charset_labels.h"

static void decode(struct str bytes, struct str encoding)
{
    struct buf text = BUF_INIT(1 << 22), again = BUF_INIT(1 << 22);
    assert(charset_to_utf8(&text, bytes, encoding) == CW_OK);
    assert(utf8_is_valid(buf_str(&text)));
    struct str within = charset_text_within(bytes, encoding);
    assert(str_is_absent(within) || str_eq(within, buf_str(&text)));
    if (!str_starts(buf_str(&text), STR("\xEF\xBB\xBF"))) { /* a second BOM is text, once */
        assert(charset_to_utf8(&again, buf_str(&text), STR("utf-8")) == CW_OK);
        assert(str_eq(buf_str(&text), buf_str(&again)));
    }
    buf_release(&text);
    buf_release(&again);
}

/* What an encoding writes of a text, it reads as that text again, but for what it has no code or
 * two meanings for: so the second writing gives the first. */
static struct buf encode(struct str text, struct str encoding)
{
    struct buf out = BUF_INIT(1 << 24);
    struct charset_encoder encoder;
    assert(charset_encoder_open(&encoder, encoding) == CW_OK);
    while (text.len > 0) {
        struct charset_written w = charset_encoder_put(&encoder, utf8_take(&text));
        assert(buf_add_bytes(&out, w.bytes, w.count) == CW_OK);
    }
    struct charset_written w = charset_encoder_finish(&encoder);
    assert(buf_add_bytes(&out, w.bytes, w.count) == CW_OK);
    charset_encoder_close(&encoder);
    return out;
}

static void encode_twice(struct str text, struct str encoding)
{
    struct buf once = encode(text, encoding), decoded = BUF_INIT(1 << 24);
    assert(charset_to_utf8(&decoded, buf_str(&once), encoding) == CW_OK);
    struct buf twice = encode(buf_str(&decoded), encoding);
    assert(str_eq(buf_str(&once), buf_str(&twice)));
    buf_release(&once);
    buf_release(&decoded);
    buf_release(&twice);
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
    encoding = charset_of_label(encoding);
    if (charset_writes_legacy(encoding))
        encode_twice(bytes, encoding);
    return 0;
}
