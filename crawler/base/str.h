/* str: a borrowed run of bytes, not NUL-terminated. {NULL, 0} means "absent", {"", 0} means
 * "empty". Letters are compared as ASCII only: results never depend on the locale. */
#ifndef CRAWLER_BASE_STR_H
#define CRAWLER_BASE_STR_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "crawler/base/util.h"

struct str {
    const char *ptr; /* borrowed; NULL when absent */
    size_t len;
};

#define STR(literal) ((struct str){"" literal, sizeof(literal) - 1})
#define STR_NONE     ((struct str){NULL, 0})
#define STR_FMT      "%.*s" /* with STR_ARG: printf("url " STR_FMT, STR_ARG(url)) */
#define STR_ARG(s)   (int)(s).len, (s).ptr

static inline struct str str_of(const char *cstr)
{
    return (struct str){cstr, cstr != NULL ? strlen(cstr) : 0};
}

static inline struct str str_from(const char *ptr, size_t len)
{
    return (struct str){ptr, len};
}

static inline bool str_is_absent(struct str s)
{
    return s.ptr == NULL;
}

static inline char ascii_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

static inline bool ascii_is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static inline bool ascii_is_alpha(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* HTML's ASCII whitespace: tab, LF, FF, CR, space. */
static inline bool ascii_is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

/* The value of a hexadecimal digit, or -1. */
int ascii_hex_value(char c);

static inline bool str_eq(struct str a, struct str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

bool str_eq_nocase(struct str a, struct str b);
bool str_starts(struct str s, struct str prefix);
bool str_starts_nocase(struct str s, struct str prefix);
bool str_ends(struct str s, struct str suffix);
int str_compare(struct str a, struct str b); /* by bytes, then by length; as for qsort */

/* The first position of `c`, or s.len. */
static inline size_t str_find_char(struct str s, char c)
{
    const char *at = s.len > 0 ? memchr(s.ptr, c, s.len) : NULL;
    return at != NULL ? (size_t)(at - s.ptr) : s.len;
}

/* The first position of `needle`, or s.len. */
size_t str_find(struct str s, struct str needle);

/* Without its first `count` bytes (or fewer). */
static inline struct str str_skip(struct str s, size_t count)
{
    count = MIN(count, s.len);
    return count > 0 ? str_from(s.ptr + count, s.len - count) : s;
}

/* Its first `count` bytes (or fewer). */
static inline struct str str_first(struct str s, size_t count)
{
    return str_from(s.ptr, MIN(count, s.len));
}

struct str str_trim(struct str s); /* without ASCII whitespace at both ends */

/* Takes the part up to `separator` off the front of *rest and returns it; the last part leaves
 * *rest absent. Loop: `while (!str_is_absent(rest)) part = str_cut(&rest, ',');` */
struct str str_cut(struct str *rest, char separator);

/* Reads all of `s` as a decimal number of at most `max`. False, and *ret untouched, when it is not
 * one. */
bool str_to_u64(struct str s, uint64_t max, uint64_t *ret) MUST_CHECK;

/* A heap copy with a NUL behind it (owned by the caller), NULL when memory is out. */
char *str_dup(struct str s) MUST_CHECK;

/* XXH3, 64 bits; and 128 bits in its canonical (big-endian) form, for what is stored. */
uint64_t str_hash(struct str s);
void str_hash128(struct str s, uint8_t ret[16]);

#endif
