#include "crawler/parse/robots_path_p.h"

enum place { IN_PATH, BEHIND_STAR, IN_QUERY };

static bool is_unreserved(char c)
{
    return ascii_is_alpha(c) || ascii_is_digit(c) || (c != '\0' && strchr("-._~", c) != NULL);
}

/* What a path may hold raw: RFC 3986's unreserved and reserved characters, without `*` and `$`. */
static bool may_stand_raw(char c)
{
    return is_unreserved(c) || (c != '\0' && strchr(":/?#[]@!&'()+,;=", c) != NULL);
}

static bool is_plain_in_query(char c)
{
    return c != '\0' && strchr(":/?@", c) != NULL;
}

static enum cw_err add_escaped(struct buf *ret, char c)
{
    static const char digits[] = "0123456789ABCDEF";
    unsigned char octet = (unsigned char)c;
    return buf_add_bytes(ret, (char[]){'%', digits[octet >> 4], digits[octet & 15]}, 3);
}

/* Whether `s` starts with a percent-encoded octet. */
static bool read_escape(struct str s, char *ret)
{
    if (s.len < 3 || s.ptr[0] != '%')
        return false;
    int high = ascii_hex_value(s.ptr[1]), low = ascii_hex_value(s.ptr[2]);
    if (high < 0 || low < 0)
        return false;
    *ret = (char)(high * 16 + low);
    return true;
}

static enum cw_err add_octet(struct buf *ret, char c, bool was_escaped, bool in_query)
{
    bool raw =
        was_escaped ? is_unreserved(c) || (in_query && is_plain_in_query(c)) : may_stand_raw(c);
    return raw ? buf_add_char(ret, c) : add_escaped(ret, c);
}

/* What stands at its front and stays as it is: nearly always all. */
static struct str raw_part(struct str path)
{
    size_t len = 0;
    while (len < path.len && may_stand_raw(path.ptr[len]))
        len++;
    return str_first(path, len);
}

enum cw_err robots_path_add(struct buf *ret, struct str path)
{
    struct str front = raw_part(path);
    bool in_query = str_find_char(front, '?') < front.len;
    enum cw_err err = buf_reserve(ret, path.len);
    if (err == CW_OK)
        err = buf_add(ret, front);
    for (size_t i = front.len; err == CW_OK && i < path.len; i++) {
        char c = path.ptr[i];
        bool escaped = read_escape(str_skip(path, i), &c);
        err = add_octet(ret, c, escaped, in_query);
        in_query |= !escaped && c == '?';
        i += escaped ? 2 : 0;
    }
    return err;
}

static enum place next_place(enum place place, char raw)
{
    if (raw == '?')
        return IN_QUERY;
    return raw == '*' && place == IN_PATH ? BEHIND_STAR : place;
}

enum cw_err robots_pattern_add(struct buf *ret, struct str pattern, bool guess_query)
{
    enum place place = IN_PATH;
    enum cw_err err = CW_OK;
    for (size_t i = 0; err == CW_OK && i < pattern.len; i++) {
        char c = pattern.ptr[i];
        bool escaped = read_escape(str_skip(pattern, i), &c);
        bool special = !escaped && (c == '*' || (c == '$' && i + 1 == pattern.len));
        bool in_query = place == IN_QUERY || (place == BEHIND_STAR && guess_query);
        err = special ? buf_add_char(ret, c) : add_octet(ret, c, escaped, in_query);
        place = escaped ? place : next_place(place, c);
        i += escaped ? 2 : 0;
    }
    return err;
}

size_t robots_pattern_literal_size(struct str pattern)
{
    size_t star = str_find_char(pattern, '*');
    return star == pattern.len && str_ends(pattern, STR("$")) ? star - 1 : star;
}

bool robots_pattern_rest_matches(struct str pattern, struct str path)
{
    bool is_anchored = str_ends(pattern, STR("$"));
    struct str rest = str_first(pattern, pattern.len - is_anchored);
    struct str part = str_cut(&rest, '*'); /* empty: the rest starts with its special character */
    if (str_is_absent(rest))
        return !is_anchored || path.len == 0;
    for (part = str_cut(&rest, '*'); !str_is_absent(rest); part = str_cut(&rest, '*')) {
        size_t at = part.len > 0 ? str_find(path, part) : 0;
        if (part.len > 0 && at == path.len)
            return false;
        path = str_skip(path, at + part.len);
    }
    if (is_anchored)
        return str_ends(path, part);
    return part.len == 0 || str_find(path, part) < path.len;
}
