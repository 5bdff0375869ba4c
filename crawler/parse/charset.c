#include "crawler/parse/charset.h"

#include <uchardet.h>
#include <unicode/ucnv.h>
#include <unicode/ucnv_cb.h>

#include "crawler/base/utf8.h"
#include "crawler/parse/charset_labels.h"
#include "crawler/parse/charset_multi.h"
#include "crawler/parse/charset_prescan.h"
#include "crawler/parse/charset_single.h"

enum {
    PRESCAN_BYTES = 1024,        /* HTML, "determining the character encoding" */
    LATE_META_BYTES = 64 * 1024, /* where a browser would still change its mind at a <meta> */
    DETECTION_BYTES = 64 * 1024, /* fed to the detector, from the first non-ASCII byte on */
    LABEL_MAX_BYTES = 32         /* the longest label has 19 */
};

struct str charset_of_label(struct str label)
{
    char lower[LABEL_MAX_BYTES];
    label = str_trim(label);
    if (label.len > sizeof lower)
        return STR_NONE;
    for (size_t i = 0; i < label.len; i++)
        lower[i] = ascii_lower(label.ptr[i]);
    struct str wanted = str_from(lower, label.len);
    size_t low = 0, high = CHARSET_LABEL_COUNT;
    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = str_compare(charset_labels[middle].label, wanted);
        if (order == 0)
            return charset_labels[middle].name;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return STR_NONE;
}

static const struct bom {
    struct str bytes, encoding;
} boms[] = {
    {STR("\xEF\xBB\xBF"), STR("UTF-8")},
    {STR("\xFE\xFF"), STR("UTF-16BE")},
    {STR("\xFF\xFE"), STR("UTF-16LE")},
};

static struct str encoding_of_bom(struct str bytes)
{
    for (size_t i = 0; i < ARRAY_LEN(boms); i++)
        if (str_starts(bytes, boms[i].bytes))
            return boms[i].encoding;
    return STR_NONE;
}

static struct str without_bom(struct str bytes, struct str encoding)
{
    for (size_t i = 0; i < ARRAY_LEN(boms); i++)
        if (str_eq(encoding, boms[i].encoding) && str_starts(bytes, boms[i].bytes))
            return str_skip(bytes, boms[i].bytes.len);
    return bytes;
}

/* The start of an XML declaration in UTF-16, without a BOM (HTML, prescan, step 3). */
static struct str encoding_of_wide_xml(struct str bytes)
{
    if (str_starts(bytes, str_from("<\0?\0x\0", 6)))
        return STR("UTF-16LE");
    return str_starts(bytes, str_from("\0<\0?\0x", 6)) ? STR("UTF-16BE") : STR_NONE;
}

static struct str declared_inside(struct str bytes, bool is_html)
{
    struct str name = encoding_of_wide_xml(bytes);
    if (str_is_absent(name) && is_html)
        name = charset_prescan_meta(str_first(bytes, PRESCAN_BYTES));
    if (str_is_absent(name))
        name = charset_prescan_xml(str_first(bytes, PRESCAN_BYTES));
    if (str_is_absent(name) && is_html && bytes.len > PRESCAN_BYTES)
        name = charset_prescan_meta(str_first(bytes, LATE_META_BYTES));
    return name;
}

/* The place of the first byte that tells encodings apart: not ASCII, or an escape. */
static size_t first_telling_byte(struct str bytes)
{
    size_t i = 0;
    while (i < bytes.len && (unsigned char)bytes.ptr[i] < 0x80 && bytes.ptr[i] != 0x1B)
        i++;
    return i;
}

/* UTF-8 throughout, but for a character that the end of the bytes may have cut. */
static bool is_utf8_head(struct str bytes)
{
    size_t tail = 0;
    while (tail < 3 && tail < bytes.len &&
           ((unsigned char)bytes.ptr[bytes.len - 1 - tail] & 0xC0) == 0x80)
        tail++;
    if (tail < bytes.len && (unsigned char)bytes.ptr[bytes.len - 1 - tail] >= 0xC2)
        tail++;
    return utf8_is_valid(bytes) || utf8_is_valid(str_first(bytes, bytes.len - tail));
}

static struct str detect(struct str bytes, struct str fallback)
{
    size_t start = first_telling_byte(bytes);
    if (start == bytes.len)
        return fallback;
    bytes = str_skip(bytes, start);
    if (bytes.ptr[0] != 0x1B && is_utf8_head(bytes))
        return STR("UTF-8");
    bytes = str_first(bytes, DETECTION_BYTES);
    uchardet_t detector = uchardet_new();
    if (detector == NULL)
        return fallback;
    struct str name = STR_NONE;
    if (uchardet_handle_data(detector, bytes.ptr, bytes.len) == 0) {
        uchardet_data_end(detector);
        name = charset_of_label(str_of(uchardet_get_charset(detector)));
    }
    uchardet_delete(detector);
    return str_is_absent(name) ? fallback : name;
}

struct str charset_sniff(struct str bytes, struct str http_charset, bool is_html)
{
    struct str name = encoding_of_bom(bytes);
    if (str_is_absent(name))
        name = charset_of_label(http_charset);
    if (str_is_absent(name))
        name = declared_inside(bytes, is_html);
    /* HTML without any hint is windows-1252 in browsers; of other text plain ASCII is UTF-8. */
    return !str_is_absent(name) ? name
                                : detect(bytes, is_html ? STR("windows-1252") : STR("UTF-8"));
}

static enum cw_err decode_single_bytes(struct buf *ret, struct str bytes, const uint16_t *upper)
{
    char out[3 * 1024];
    while (bytes.len > 0) {
        struct str chunk = str_first(bytes, sizeof out / 3);
        size_t len = 0;
        for (size_t i = 0; i < chunk.len; i++) {
            unsigned char byte = (unsigned char)chunk.ptr[i];
            len += utf8_encode(out + len, byte < 0x80 ? byte : upper[byte - 0x80]);
        }
        enum cw_err err = buf_add_bytes(ret, out, len);
        if (err != CW_OK)
            return err;
        bytes = str_skip(bytes, chunk.len);
    }
    return CW_OK;
}

static enum cw_err decode_x_user_defined(struct buf *ret, struct str bytes)
{
    uint16_t upper[128];
    for (size_t i = 0; i < ARRAY_LEN(upper); i++)
        upper[i] = (uint16_t)(0xF780 + i);
    return decode_single_bytes(ret, bytes, upper);
}

/* ICU's own substitution writes U+001A for some bytes. */
static void U_CALLCONV on_undecodable(const void *context, UConverterToUnicodeArgs *args,
                                      const char *units, int32_t length,
                                      UConverterCallbackReason reason, UErrorCode *error)
{
    static const UChar replacement = 0xFFFD;
    (void)context;
    (void)units;
    (void)length;
    if (reason > UCNV_IRREGULAR)
        return; /* the converter is being reset or closed */
    *error = U_ZERO_ERROR;
    ucnv_cbToUWriteUChars(args, &replacement, 1, 0, error);
}

static enum cw_err convert(struct buf *ret, struct str bytes, UConverter *from, UConverter *to)
{
    char out[8 * 1024];
    UChar pivot[1024], *pivot_source = pivot, *pivot_target = pivot;
    const char *source = bytes.ptr, *source_end = bytes.ptr + bytes.len;
    UErrorCode error = U_BUFFER_OVERFLOW_ERROR;
    bool first = true;
    while (error == U_BUFFER_OVERFLOW_ERROR) {
        char *target = out;
        error = U_ZERO_ERROR;
        ucnv_convertEx(to, from, &target, out + sizeof out, &source, source_end, pivot,
                       &pivot_source, &pivot_target, pivot + ARRAY_LEN(pivot), first, true, &error);
        first = false;
        enum cw_err err = buf_add_bytes(ret, out, (size_t)(target - out));
        if (err != CW_OK)
            return err;
    }
    return U_SUCCESS(error) ? CW_OK : error == U_MEMORY_ALLOCATION_ERROR ? CW_ENOMEM : CW_EENCODING;
}

/* UTF-8 and UTF-16. */
static enum cw_err decode_by_icu(struct buf *ret, struct str bytes, struct str encoding)
{
    UErrorCode error = U_ZERO_ERROR;
    UConverter *from = ucnv_open(encoding.ptr, &error), *to = ucnv_open("UTF-8", &error);
    if (U_SUCCESS(error))
        ucnv_setToUCallBack(from, on_undecodable, NULL, NULL, NULL, &error);
    enum cw_err err = U_SUCCESS(error) ? convert(ret, bytes, from, to) : CW_ENOMEM;
    ucnv_close(from);
    ucnv_close(to);
    return err;
}

struct str charset_text_within(struct str bytes, struct str encoding)
{
    encoding = charset_of_label(encoding);
    if (str_eq(encoding, STR("UTF-8"))) {
        bytes = without_bom(bytes, encoding);
        return utf8_is_valid(bytes) ? bytes : STR_NONE;
    }
    return charset_single_upper(encoding) != NULL && utf8_is_ascii(bytes) ? bytes : STR_NONE;
}

static enum cw_err decode_utf8(struct buf *ret, struct str bytes)
{
    if (!utf8_is_valid(bytes))
        return decode_by_icu(ret, bytes, STR("UTF-8"));
    struct str head = utf8_cut(bytes, ret->max - ret->len);
    enum cw_err err = buf_add(ret, head);
    return err == CW_OK && head.len < bytes.len ? CW_ETOOBIG : err;
}

enum cw_err charset_to_utf8(struct buf *ret, struct str bytes, struct str encoding)
{
    encoding = charset_of_label(encoding);
    if (str_is_absent(encoding))
        return CW_EENCODING;
    bytes = without_bom(bytes, encoding);
    if (str_eq(encoding, STR("UTF-8")))
        return decode_utf8(ret, bytes);
    if (charset_is_multi(encoding))
        return charset_multi_decode(ret, bytes, encoding);
    const uint16_t *upper = charset_single_upper(encoding);
    if (upper != NULL)
        return decode_single_bytes(ret, bytes, upper);
    if (str_eq(encoding, STR("x-user-defined")))
        return decode_x_user_defined(ret, bytes);
    if (str_eq(encoding, STR("replacement"))) /* decodes to one U+FFFD, as a whole */
        return bytes.len > 0 ? buf_add(ret, STR("\xEF\xBF\xBD")) : CW_OK;
    return decode_by_icu(ret, bytes, encoding);
}
