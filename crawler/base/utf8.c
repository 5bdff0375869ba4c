#include "crawler/base/utf8.h"

static bool in_range(struct str s, size_t at, unsigned char low, unsigned char high)
{
    return at < s.len && (unsigned char)s.ptr[at] >= low && (unsigned char)s.ptr[at] <= high;
}

static bool tail_ok(struct str s, size_t at)
{
    return in_range(s, at, 0x80, 0xBF);
}

size_t utf8_char_size(struct str s)
{
    if (s.len == 0)
        return 0;
    unsigned char c = (unsigned char)s.ptr[0];
    if (c < 0x80)
        return 1;
    if (c >= 0xC2 && c <= 0xDF)
        return tail_ok(s, 1) ? 2 : 0;
    if (c >= 0xE0 && c <= 0xEF) {
        unsigned char low = c == 0xE0 ? 0xA0 : 0x80, high = c == 0xED ? 0x9F : 0xBF;
        return in_range(s, 1, low, high) && tail_ok(s, 2) ? 3 : 0;
    }
    if (c >= 0xF0 && c <= 0xF4) {
        unsigned char low = c == 0xF0 ? 0x90 : 0x80, high = c == 0xF4 ? 0x8F : 0xBF;
        return in_range(s, 1, low, high) && tail_ok(s, 2) && tail_ok(s, 3) ? 4 : 0;
    }
    return 0;
}

static inline uint64_t eight_at(const char *bytes)
{
    uint64_t eight;
    memcpy(&eight, bytes, sizeof eight);
    return eight;
}

static inline uint64_t any_of_32(const char *bytes)
{
    return eight_at(bytes) | eight_at(bytes + 8) | eight_at(bytes + 16) | eight_at(bytes + 24);
}

/* Where the ASCII that starts at `at` ends, give or take seven bytes: 64, or eight, are looked at
 * in one go. */
static size_t skip_ascii(struct str s, size_t at)
{
    const uint64_t tops = UINT64_C(0x8080808080808080);
    while (s.len - at >= 64 && ((any_of_32(s.ptr + at) | any_of_32(s.ptr + at + 32)) & tops) == 0)
        at += 64;
    while (s.len - at >= 8 && (eight_at(s.ptr + at) & tops) == 0)
        at += 8;
    return at;
}

bool utf8_is_ascii(struct str s)
{
    size_t at = skip_ascii(s, 0);
    while (at < s.len && (unsigned char)s.ptr[at] < 0x80)
        at++;
    return at == s.len;
}

bool utf8_is_valid(struct str s)
{
    for (size_t i = skip_ascii(s, 0), size; i < s.len; i = skip_ascii(s, i + size))
        if ((size = utf8_char_size(str_skip(s, i))) == 0)
            return false;
    return true;
}

struct str utf8_cut(struct str s, size_t max_bytes)
{
    if (s.len <= max_bytes)
        return s;
    while (max_bytes > 0 && ((unsigned char)s.ptr[max_bytes] & 0xC0) == 0x80)
        max_bytes--;
    return str_first(s, max_bytes);
}

size_t utf8_encode(char ret[UTF8_CHAR_MAX], uint32_t c)
{
    static const unsigned char lead_marks[UTF8_CHAR_MAX + 1] = {0, 0, 0xC0, 0xE0, 0xF0};
    size_t size = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (size_t i = size - 1; i > 0; i--, c >>= 6)
        ret[i] = (char)(0x80 | (c & 0x3F));
    ret[0] = (char)(lead_marks[size] | c);
    return size;
}

uint32_t utf8_take(struct str *rest)
{
    static const unsigned char lead_bits[UTF8_CHAR_MAX + 1] = {0, 0x7F, 0x1F, 0x0F, 0x07};
    size_t size = utf8_char_size(*rest);
    uint32_t c = size > 0 ? (unsigned char)rest->ptr[0] & lead_bits[size] : 0xFFFD;
    for (size_t i = 1; i < size; i++)
        c = c << 6 | ((unsigned char)rest->ptr[i] & 0x3F);
    *rest = str_skip(*rest, MAX(size, (size_t)1));
    return c;
}
