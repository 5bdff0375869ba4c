#include "crawler/base/str.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

int ascii_hex_value(char c)
{
    if (ascii_is_digit(c))
        return c - '0';
    c = ascii_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool str_eq_nocase(struct str a, struct str b)
{
    return a.len == b.len && str_starts_nocase(a, b);
}

bool str_starts(struct str s, struct str prefix)
{
    return s.len >= prefix.len && (prefix.len == 0 || memcmp(s.ptr, prefix.ptr, prefix.len) == 0);
}

bool str_starts_nocase(struct str s, struct str prefix)
{
    if (s.len < prefix.len)
        return false;
    for (size_t i = 0; i < prefix.len; i++)
        if (ascii_lower(s.ptr[i]) != ascii_lower(prefix.ptr[i]))
            return false;
    return true;
}

bool str_ends(struct str s, struct str suffix)
{
    return s.len >= suffix.len && str_eq(str_skip(s, s.len - suffix.len), suffix);
}

int str_compare(struct str a, struct str b)
{
    size_t common = MIN(a.len, b.len);
    int order = common > 0 ? memcmp(a.ptr, b.ptr, common) : 0;
    return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

size_t str_find(struct str s, struct str needle)
{
    const char *at = s.len > 0 ? memmem(s.ptr, s.len, needle.ptr, needle.len) : NULL;
    return at != NULL ? (size_t)(at - s.ptr) : s.len;
}

struct str str_trim(struct str s)
{
    while (s.len > 0 && ascii_is_space(s.ptr[0]))
        s = str_skip(s, 1);
    while (s.len > 0 && ascii_is_space(s.ptr[s.len - 1]))
        s.len--;
    return s;
}

struct str str_cut(struct str *rest, char separator)
{
    size_t at = str_find_char(*rest, separator);
    struct str part = str_first(*rest, at);
    *rest = at < rest->len ? str_skip(*rest, at + 1) : STR_NONE;
    return part;
}

bool str_to_u64(struct str s, uint64_t max, uint64_t *ret)
{
    uint64_t value = 0;
    if (s.len == 0)
        return false;
    for (size_t i = 0; i < s.len; i++) {
        if (!ascii_is_digit(s.ptr[i]))
            return false;
        uint64_t digit = (uint64_t)(s.ptr[i] - '0');
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, digit, &value) || value > max)
            return false;
    }
    *ret = value;
    return true;
}

char *str_dup(struct str s)
{
    char *copy = malloc(s.len + 1);
    if (copy == NULL)
        return NULL;
    if (s.len > 0)
        memcpy(copy, s.ptr, s.len);
    copy[s.len] = '\0';
    return copy;
}

uint64_t str_hash(struct str s)
{
    return XXH3_64bits(s.ptr, s.len);
}

void str_hash128(struct str s, uint8_t ret[16])
{
    XXH128_canonical_t canonical;
    XXH128_canonicalFromHash(&canonical, XXH3_128bits(s.ptr, s.len));
    memcpy(ret, canonical.digest, sizeof canonical.digest);
}
