#include "crawler/parse/url_percent_p.h"

#include "crawler/base/utf8.h"
#include "crawler/parse/charset_encode.h"

/* Each set contains those before it in this list of sums, as the standard defines them. */
#define IN_USERINFO URL_SET_USERINFO
#define IN_PATH     (URL_SET_PATH | IN_USERINFO)
#define IN_QUERY    (URL_SET_QUERY | URL_SET_SPECIAL_QUERY | IN_PATH)
#define IN_FRAGMENT (URL_SET_FRAGMENT | IN_QUERY)
#define IN_ALL      (URL_SET_C0 | IN_FRAGMENT)
#define NOT_IN_HOST (URL_BYTE_NOT_IN_HOST | URL_BYTE_NOT_IN_DOMAIN)
#define CONTROL     (IN_ALL | URL_BYTE_NOT_IN_DOMAIN)
#define STRIPPED    (IN_ALL | NOT_IN_HOST | URL_BYTE_STRIPPED)

const uint16_t url_byte_classes[256] = {
    [0x00] = IN_ALL | NOT_IN_HOST,
    [0x01 ... 0x08] = CONTROL,
    ['\t'] = STRIPPED,
    ['\n'] = STRIPPED,
    [0x0B ... 0x0C] = CONTROL,
    ['\r'] = STRIPPED,
    [0x0E ... 0x1F] = CONTROL,
    [' '] = IN_FRAGMENT | NOT_IN_HOST,
    ['"'] = IN_FRAGMENT,
    ['#'] = IN_QUERY | NOT_IN_HOST | URL_BYTE_ENDS_PART,
    ['%'] = URL_BYTE_NOT_IN_DOMAIN,
    ['\''] = URL_SET_SPECIAL_QUERY,
    ['+'] = URL_BYTE_IN_SCHEME,
    ['-'] = URL_BYTE_IN_SCHEME,
    ['.'] = URL_BYTE_IN_SCHEME,
    ['/'] = IN_USERINFO | NOT_IN_HOST | URL_BYTE_ENDS_PART,
    ['0' ... '9'] = URL_BYTE_IN_SCHEME,
    [':'] = IN_USERINFO | NOT_IN_HOST | URL_BYTE_ENDS_SCHEME,
    [';'] = IN_USERINFO,
    ['<'] = IN_FRAGMENT | NOT_IN_HOST,
    ['='] = IN_USERINFO,
    ['>'] = IN_FRAGMENT | NOT_IN_HOST,
    ['?'] = IN_PATH | NOT_IN_HOST | URL_BYTE_ENDS_PART,
    ['@'] = IN_USERINFO | NOT_IN_HOST,
    ['A' ... 'Z'] = URL_BYTE_IN_SCHEME,
    ['['] = IN_USERINFO | NOT_IN_HOST,
    ['\\'] = IN_USERINFO | NOT_IN_HOST | URL_BYTE_BACKSLASH,
    [']'] = IN_USERINFO | NOT_IN_HOST,
    ['^'] = IN_PATH | NOT_IN_HOST,
    ['`'] = URL_SET_FRAGMENT | IN_PATH, /* in the path's and the fragment's set, not the query's */
    ['a' ... 'z'] = URL_BYTE_IN_SCHEME,
    ['{'] = IN_PATH,
    ['|'] = IN_USERINFO | NOT_IN_HOST,
    ['}'] = IN_PATH,
    [0x7F] = CONTROL,
    [0x80 ... 0xFF] = IN_ALL | URL_BYTE_NOT_ASCII,
};

unsigned url_classes_of(struct str s)
{
    unsigned seen = 0;
    for (size_t i = 0; i < s.len; i++)
        seen |= url_byte_class(s.ptr[i]);
    return seen;
}

static void write_triple(char to[3], char c)
{
    static const char hex[] = "0123456789ABCDEF";
    unsigned char byte = (unsigned char)c;
    to[0] = '%';
    to[1] = hex[byte >> 4];
    to[2] = hex[byte & 0xF];
}

/* Adds the character that `s` starts with in %XX form; *ret_taken are its bytes. */
static enum cw_err encode_char(struct buf *ret, struct str s, size_t *ret_taken)
{
    char text[UTF8_CHAR_MAX * 3];
    size_t size = utf8_char_size(s);
    *ret_taken = MAX(size, (size_t)1);
    if (size == 0)
        return buf_add(ret, STR("%EF%BF%BD"));
    for (size_t i = 0; i < size; i++)
        write_triple(text + i * 3, s.ptr[i]);
    return buf_add_bytes(ret, text, size * 3);
}

enum cw_err url_percent_encode(struct buf *ret, struct str s, enum url_byte_class set)
{
    enum cw_err err = CW_OK;
    while (err == CW_OK && s.len > 0) {
        size_t plain = 0, taken = 0;
        while (plain < s.len && !(url_byte_class(s.ptr[plain]) & set))
            plain++;
        err = buf_add(ret, str_first(s, plain));
        s = str_skip(s, plain);
        if (err == CW_OK && s.len > 0)
            err = encode_char(ret, s, &taken);
        s = str_skip(s, taken);
    }
    return err;
}

static enum cw_err put_written(struct buf *ret, const struct charset_written *w,
                               enum url_byte_class set)
{
    enum cw_err err = CW_OK;
    for (size_t i = 0; err == CW_OK && i < w->count; i++) {
        char c = (char)w->bytes[i], triple[3];
        write_triple(triple, c);
        err = url_byte_class(c) & set ? buf_add_bytes(ret, triple, sizeof triple)
                                      : buf_add_char(ret, c);
    }
    if (err == CW_OK && w->lacked != 0)
        err = buf_addf(ret, "%%26%%23%u%%3B", (unsigned)w->lacked);
    return err;
}

enum cw_err url_percent_encode_in(struct buf *ret, struct str s, enum url_byte_class set,
                                  struct str charset)
{
    struct charset_encoder encoder;
    struct charset_written w;
    enum cw_err err = charset_encoder_open(&encoder, charset);
    if (err != CW_OK)
        return err;
    while (err == CW_OK && s.len > 0) {
        w = charset_encoder_put(&encoder, utf8_take(&s));
        err = put_written(ret, &w, set);
    }
    w = charset_encoder_finish(&encoder);
    if (err == CW_OK)
        err = put_written(ret, &w, set);
    charset_encoder_close(&encoder);
    return err;
}

/* The byte that the %XX at the front of `s` stands for, or -1. */
static int percent_triple(struct str s)
{
    if (s.len < 3 || s.ptr[0] != '%')
        return -1;
    int high = ascii_hex_value(s.ptr[1]), low = ascii_hex_value(s.ptr[2]);
    return high >= 0 && low >= 0 ? high * 16 + low : -1;
}

enum cw_err url_percent_decode(struct buf *ret, struct str s)
{
    enum cw_err err = CW_OK;
    while (err == CW_OK && s.len > 0) {
        int byte = percent_triple(s);
        err = buf_add_char(ret, byte >= 0 ? (char)byte : s.ptr[0]);
        s = str_skip(s, byte >= 0 ? 3 : 1);
    }
    return err;
}
