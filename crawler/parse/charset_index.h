/* charset_index: the indexes of the Encoding Standard's multi-byte encodings: sequence of bytes to
 * code point and back. ICU's tables, with what they have otherwise put right (compared with the
 * standard's own indexes, sequence by sequence: see DESIGN.md). One thread at a time. */
#ifndef CRAWLER_PARSE_CHARSET_INDEX_H
#define CRAWLER_PARSE_CHARSET_INDEX_H

#include <stdint.h>

#include "crawler/base/err.h"
#include "crawler/base/util.h"

enum charset_table {
    TABLE_BIG5,
    TABLE_EUC_JP,
    TABLE_EUC_KR,
    TABLE_GB18030,
    TABLE_SHIFT_JIS,
};

struct charset_index {
    enum charset_table table;
    struct UConverter *icu; /* owned */
};

/* CW_ENOMEM. */
enum cw_err charset_index_open(struct charset_index *ret, enum charset_table table) MUST_CHECK;
void charset_index_close(struct charset_index *index);

/* The code point of a well-formed sequence of `count` (2 to 4) bytes, 0 when the index has none.
 * Of Big5's four sequences that mean two code points it is the first: see charset_multi.c. */
uint32_t charset_index_find(struct charset_index *index, const unsigned char *bytes, size_t count);

/* The sequence that the standard's encoder writes for a code point above U+007F: its bytes (up to
 * 4) and their number, 0 when it writes none. */
size_t charset_index_find_bytes(struct charset_index *index, uint32_t c, unsigned char ret[4]);

#endif
