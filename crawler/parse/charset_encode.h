/* charset_encode: text out of UTF-8 into an encoding of the WHATWG Encoding Standard, character by
 * character: what a browser does to the query of a link. Pure, linear. */
#ifndef CRAWLER_PARSE_CHARSET_ENCODE_H
#define CRAWLER_PARSE_CHARSET_ENCODE_H

#include <stdbool.h>
#include <stdint.h>

#include "crawler/base/err.h"
#include "crawler/base/str.h"
#include "crawler/parse/charset_index.h"

/* Is what this encoding writes (Encoding 4.3, "get an output encoding") other than UTF-8? Not so
 * for UTF-16, "replacement", a name that is none, and an absent one. */
bool charset_writes_legacy(struct str encoding);

struct charset_encoder {
    const struct charset_writer *writer; /* static */
    const uint16_t *upper;               /* static; of a single-byte encoding */
    struct charset_index index;          /* owned; of a multi-byte one */
    int jis_set;                         /* of ISO-2022-JP: what the last escape chose */
};

/* `encoding`: one that charset_writes_legacy(). CW_ENOMEM. */
enum cw_err charset_encoder_open(struct charset_encoder *ret, struct str encoding) MUST_CHECK;
void charset_encoder_close(struct charset_encoder *e);

/* The bytes of one character. */
struct charset_written {
    unsigned char bytes[8];
    size_t count;
    uint32_t lacked; /* 0; or the encoding lacks the character, and this is the one to name. Then
                        there are no bytes but, in ISO-2022-JP, perhaps an escape. */
};
struct charset_written charset_encoder_put(struct charset_encoder *e, uint32_t c);

/* What ends the text: ISO-2022-JP goes back to ASCII. */
struct charset_written charset_encoder_finish(struct charset_encoder *e);

#endif
