#include "crawler/base/buf.h"

#include <stdarg.h>

#include "crawler/base/utf8.h"

void buf_release(struct buf *b)
{
    free(b->ptr);
    *b = BUF_INIT(b->max);
}

void buf_clear(struct buf *b)
{
    b->len = 0;
    if (b->ptr != NULL)
        b->ptr[0] = '\0';
}

enum cw_err buf_reserve(struct buf *b, size_t more)
{
    if (more > b->max - b->len)
        return CW_ETOOBIG;
    size_t need = b->len + more + 1;
    if (need <= b->cap)
        return CW_OK;
    size_t cap = MIN(MAX(need, b->cap * 2), b->max + 1);
    cap = MAX(cap, MIN((size_t)64, b->max + 1));
    char *grown = realloc(b->ptr, cap);
    if (grown == NULL)
        return CW_ENOMEM;
    grown[b->len] = '\0';
    b->ptr = grown;
    b->cap = cap;
    return CW_OK;
}

enum cw_err buf_add_bytes(struct buf *b, const void *bytes, size_t count)
{
    enum cw_err err = buf_reserve(b, count);
    if (err != CW_OK || count == 0)
        return err;
    memcpy(b->ptr + b->len, bytes, count);
    b->len += count;
    b->ptr[b->len] = '\0';
    return CW_OK;
}

enum cw_err buf_add(struct buf *b, struct str s)
{
    return buf_add_bytes(b, s.ptr, s.len);
}

enum cw_err buf_add_char(struct buf *b, char c)
{
    return buf_add_bytes(b, &c, 1);
}

enum cw_err buf_addf(struct buf *b, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int need = vsnprintf(NULL, 0, format, args);
    enum cw_err err = need < 0 ? CW_EINVAL : buf_reserve(b, (size_t)need);
    if (err == CW_OK) {
        (void)vsnprintf(b->ptr + b->len, (size_t)need + 1, format, again);
        b->len += (size_t)need;
    }
    va_end(again);
    va_end(args);
    return err;
}

enum cw_err buf_add_u64(struct buf *b, uint64_t value)
{
    char digits[20]; /* of 2^64 - 1 */
    size_t at = sizeof digits;
    do {
        digits[--at] = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    return buf_add_bytes(b, digits + at, sizeof digits - at);
}

/* The two-character escape of JSON for `c`, or 0. */
static char json_short_escape(unsigned char c)
{
    switch (c) {
    case '"': return '"';
    case '\\': return '\\';
    case '\n': return 'n';
    case '\r': return 'r';
    case '\t': return 't';
    default: return 0;
    }
}

/* ASCII that stands in JSON as it is. */
static const bool json_plain[256] = {
    [' ' ... '!'] = true, ['#' ... '['] = true, [']' ... '~'] = true};

/* The character at the front of `s` where that stands in JSON as it is, else 0. */
static size_t json_char_size(struct str s)
{
    unsigned char c = (unsigned char)s.ptr[0];
    size_t size = c < 0x80 ? json_plain[c] : utf8_char_size(s);
    if (c == 0xC2 && size == 2 && (unsigned char)s.ptr[1] < 0xA0)
        return 0; /* U+0080 to U+009F: terminals obey them */
    return size;
}

/* Bytes at the front of `s` that stand in JSON as they are. */
static size_t json_plain_size(struct str s)
{
    size_t len = 0, size = 1;
    while (size > 0) {
        while (len < s.len && json_plain[(unsigned char)s.ptr[len]])
            len++;
        size = len < s.len ? json_char_size(str_skip(s, len)) : 0;
        len += size;
    }
    return len;
}

/* The character at the front of `s`, which cannot stand as it is. */
static enum cw_err add_json_escape(struct buf *b, struct str s, size_t *ret_size)
{
    unsigned char c = (unsigned char)s.ptr[0];
    size_t size = utf8_char_size(s);
    char escape = json_short_escape(c);
    *ret_size = MAX(size, (size_t)1);
    if (size == 0)
        return buf_add(b, STR("\xEF\xBF\xBD"));
    if (escape != 0)
        return buf_addf(b, "\\%c", escape);
    return buf_addf(b, "\\u%04x",
                    (unsigned char)s.ptr[size - 1]); /* of U+0080 on: the second byte */
}

static enum cw_err add_json_plain(struct buf *b, struct str s)
{
    enum cw_err err = buf_reserve(b, s.len + 2);
    if (err != CW_OK)
        return err;
    char *to = b->ptr + b->len;
    *to++ = '"';
    to = (char *)mempcpy(to, s.ptr, s.len);
    *to++ = '"';
    *to = '\0';
    b->len += s.len + 2;
    return CW_OK;
}

enum cw_err buf_add_json(struct buf *b, struct str s)
{
    if (str_is_absent(s))
        return buf_add(b, STR("null"));
    if (json_plain_size(s) == s.len)
        return add_json_plain(b, s);
    size_t before = b->len;
    enum cw_err err = buf_add_char(b, '"');
    while (err == CW_OK && s.len > 0) {
        size_t size = json_plain_size(s);
        err = size > 0 ? buf_add(b, str_first(s, size)) : add_json_escape(b, s, &size);
        s = str_skip(s, size);
    }
    if (err == CW_OK)
        err = buf_add_char(b, '"');
    if (err != CW_OK && b->ptr != NULL) {
        b->len = before;
        b->ptr[before] = '\0';
    }
    return err;
}

struct str buf_str(const struct buf *b)
{
    return b->ptr != NULL ? str_from(b->ptr, b->len) : STR("");
}

char *buf_take(struct buf *b, size_t *ret_len)
{
    char *content = b->ptr;
    if (ret_len != NULL)
        *ret_len = b->len;
    *b = BUF_INIT(b->max);
    return content;
}
