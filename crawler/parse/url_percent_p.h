/* url_percent_p: the byte classes of the URL Standard ("Percent-encoded bytes", "Hosts") as one
 * table, and percent-encoding by them. Private to url*.c. */
#ifndef CRAWLER_PARSE_URL_PERCENT_P_H
#define CRAWLER_PARSE_URL_PERCENT_P_H

#include "crawler/base/buf.h"

enum url_byte_class {
    /* The percent-encode sets. */
    URL_SET_C0 = 1 << 0,
    URL_SET_FRAGMENT = 1 << 1,
    URL_SET_QUERY = 1 << 2,
    URL_SET_SPECIAL_QUERY = 1 << 3,
    URL_SET_PATH = 1 << 4,
    URL_SET_USERINFO = 1 << 5,
    /* Hosts. */
    URL_BYTE_NOT_IN_HOST = 1 << 6,   /* a forbidden host code point */
    URL_BYTE_NOT_IN_DOMAIN = 1 << 7, /* a forbidden domain code point */
    URL_BYTE_NOT_ASCII = 1 << 8,
    /* Shape. */
    URL_BYTE_ENDS_PART = 1 << 9, /* slash, question mark, number sign */
    URL_BYTE_BACKSLASH = 1 << 10,
    URL_BYTE_IN_SCHEME = 1 << 11,
    URL_BYTE_STRIPPED = 1 << 12,    /* tab, line feed, carriage return: removed wherever they are */
    URL_BYTE_ENDS_SCHEME = 1 << 13, /* the colon */
};
extern const uint16_t url_byte_classes[256];

static inline unsigned url_byte_class(char c)
{
    return url_byte_classes[(unsigned char)c];
}

/* The classes of all bytes of `s`, or'ed. */
unsigned url_classes_of(struct str s);

/* Appends `s`, with the bytes in `set` written as %XX; what is not UTF-8 as %EF%BF%BD (U+FFFD). */
enum cw_err url_percent_encode(struct buf *ret, struct str s, enum url_byte_class set) MUST_CHECK;

/* The same after encoding `s` into `charset`, one that charset_writes_legacy() ("percent-encode
 * after encoding"). A character that the charset lacks becomes %26%23 (&#), its number and %3B (;).
 */
enum cw_err url_percent_encode_in(struct buf *ret, struct str s, enum url_byte_class set,
                                  struct str charset) MUST_CHECK;

/* Appends `s` with its %XX undone. A percent sign that starts no such triple stays. */
enum cw_err url_percent_decode(struct buf *ret, struct str s) MUST_CHECK;

#endif
