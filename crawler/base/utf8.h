/* utf8: what is valid UTF-8, by the table of the Unicode Standard, section 3.9 (table 3-7): no
 * overlong forms, no surrogates, nothing above U+10FFFF. */
#ifndef CRAWLER_BASE_UTF8_H
#define CRAWLER_BASE_UTF8_H

#include <stdbool.h>
#include <stdint.h>

#include "crawler/base/str.h"

/* The bytes (1 to 4) of the valid character that `s` starts with; 0 when there is none. */
size_t utf8_char_size(struct str s);

bool utf8_is_valid(struct str s);
bool utf8_is_ascii(struct str s);

/* `s` cut to at most `max_bytes`, on the border of a character. */
struct str utf8_cut(struct str s, size_t max_bytes);

enum { UTF8_CHAR_MAX = 4 };

/* Writes the code point (up to U+10FFFF, no surrogate) in UTF-8; returns the number of bytes. */
size_t utf8_encode(char ret[UTF8_CHAR_MAX], uint32_t c);

/* Takes one code point off the front of *rest, which is not empty. A byte that starts no valid
 * character is taken as U+FFFD. */
uint32_t utf8_take(struct str *rest);

#endif
