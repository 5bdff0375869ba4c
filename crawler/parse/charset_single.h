/* charset_single: the single-byte encodings of the WHATWG Encoding Standard. Static data. */
#ifndef CRAWLER_PARSE_CHARSET_SINGLE_H
#define CRAWLER_PARSE_CHARSET_SINGLE_H

#include <stdint.h>

#include "crawler/base/str.h"

/* What the bytes 0x80 to 0xFF mean (128 of them) in the encoding of that name; U+FFFD: nothing.
 * Bytes below are ASCII. NULL: not a single-byte encoding. */
const uint16_t *charset_single_upper(struct str encoding);

#endif
