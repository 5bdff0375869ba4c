#include "crawler/parse/charset_prescan.h"

#include "crawler/parse/charset.h"

/* HTML, "get an attribute". Running out of bytes ends the whole prescan. */
enum attribute_result { ATTRIBUTE_FOUND, ATTRIBUTE_NONE, ATTRIBUTE_OUT_OF_BYTES };

struct attribute {
    struct str name, value;
};

static size_t skip_space(struct str s, size_t at)
{
    while (at < s.len && ascii_is_space(s.ptr[at]))
        at++;
    return at;
}

static bool ends_name(char c)
{
    return ascii_is_space(c) || c == '/' || c == '>';
}

/* Reads the value that starts at *at, behind the equals sign. */
static enum attribute_result read_value(struct str s, size_t *at, struct str *ret)
{
    size_t start = skip_space(s, *at), end;
    if (start == s.len)
        return ATTRIBUTE_OUT_OF_BYTES;
    char quote = s.ptr[start];
    if (quote == '"' || quote == '\'') {
        start++;
        end = start + str_find_char(str_skip(s, start), quote);
        *at = end + 1;
    } else {
        for (end = start; end < s.len && !ascii_is_space(s.ptr[end]) && s.ptr[end] != '>';)
            end++;
        *at = end;
    }
    *ret = str_from(s.ptr + start, end - start);
    return end < s.len ? ATTRIBUTE_FOUND : ATTRIBUTE_OUT_OF_BYTES;
}

static enum attribute_result next_attribute(struct str s, size_t *at, struct attribute *ret)
{
    size_t i = *at;
    while (i < s.len && (ascii_is_space(s.ptr[i]) || s.ptr[i] == '/'))
        i++;
    *at = i;
    if (i == s.len)
        return ATTRIBUTE_OUT_OF_BYTES;
    if (s.ptr[i] == '>')
        return ATTRIBUTE_NONE;
    size_t start = i++; /* an equals sign in the first place belongs to the name */
    while (i < s.len && !ends_name(s.ptr[i]) && s.ptr[i] != '=')
        i++;
    *ret = (struct attribute){str_from(s.ptr + start, i - start), STR("")};
    *at = i;
    i = skip_space(s, i);
    if (i == s.len)
        return ATTRIBUTE_OUT_OF_BYTES;
    if (s.ptr[i] != '=')
        return ATTRIBUTE_FOUND;
    *at = i + 1;
    return read_value(s, at, &ret->value);
}

/* The value behind an equals sign in `s`: quoted, or up to white space or a semicolon. */
static struct str equals_value(struct str s)
{
    s = str_skip(s, skip_space(s, 0));
    if (s.len == 0)
        return STR_NONE;
    if (s.ptr[0] == '"' || s.ptr[0] == '\'') {
        struct str inner = str_skip(s, 1);
        size_t end = str_find_char(inner, s.ptr[0]);
        return end < inner.len ? str_first(inner, end) : STR_NONE;
    }
    size_t end = 0;
    while (end < s.len && !ascii_is_space(s.ptr[end]) && s.ptr[end] != ';')
        end++;
    return str_first(s, end);
}

/* HTML, "extracting a character encoding from a meta element". */
static struct str charset_of_content(struct str content)
{
    for (size_t at = 0; at < content.len; at++) {
        struct str rest = str_skip(content, at);
        if (!str_starts_nocase(rest, STR("charset")))
            continue;
        rest = str_skip(rest, sizeof "charset" - 1);
        rest = str_skip(rest, skip_space(rest, 0));
        if (rest.len > 0 && rest.ptr[0] == '=')
            return charset_of_label(equals_value(str_skip(rest, 1)));
    }
    return STR_NONE;
}

/* What the attributes of one <meta> said so far; of equal names the first counts. */
struct meta {
    bool has_http_equiv, has_content, has_charset;
    bool got_pragma;
    struct str from_content, from_charset;
};

static void read_meta_attribute(struct meta *m, const struct attribute *a)
{
    if (str_eq_nocase(a->name, STR("http-equiv")) && !m->has_http_equiv) {
        m->has_http_equiv = true;
        m->got_pragma = str_eq_nocase(a->value, STR("content-type"));
    } else if (str_eq_nocase(a->name, STR("content")) && !m->has_content) {
        m->has_content = true;
        m->from_content = charset_of_content(a->value);
    } else if (str_eq_nocase(a->name, STR("charset")) && !m->has_charset) {
        m->has_charset = true;
        m->from_charset = charset_of_label(a->value);
    }
}

/* A document whose <meta> can be read byte by byte is not UTF-16. */
static struct str as_declared_inside(struct str name)
{
    if (str_eq(name, STR("UTF-16BE")) || str_eq(name, STR("UTF-16LE")))
        return STR("UTF-8");
    return str_eq(name, STR("x-user-defined")) ? STR("windows-1252") : name;
}

static struct str meta_encoding(const struct meta *m)
{
    if (m->has_charset)
        return as_declared_inside(m->from_charset);
    return m->got_pragma ? as_declared_inside(m->from_content) : STR_NONE;
}

/* Reads the attributes of a tag from *at on, into `m` when it is a <meta> (else NULL). False: out
 * of bytes. */
static bool read_attributes(struct str s, size_t *at, struct meta *m)
{
    struct attribute a;
    enum attribute_result result;
    while ((result = next_attribute(s, at, &a)) == ATTRIBUTE_FOUND)
        if (m != NULL)
            read_meta_attribute(m, &a);
    return result == ATTRIBUTE_NONE;
}

static bool starts_meta(struct str rest)
{
    return str_starts_nocase(rest, STR("<meta")) && rest.len > 5 &&
           (ascii_is_space(rest.ptr[5]) || rest.ptr[5] == '/');
}

static bool starts_tag(struct str rest)
{
    size_t letter = str_starts(rest, STR("</")) ? 2 : 1;
    return letter < rest.len && ascii_is_alpha(rest.ptr[letter]);
}

/* The place behind the first `end` at or after `from`; past the end when there is none. */
static size_t place_behind(struct str s, size_t from, struct str end)
{
    return from + str_find(str_skip(s, from), end) + end.len;
}

struct str charset_prescan_meta(struct str head)
{
    for (size_t at = str_find_char(head, '<'); at < head.len;
         at += str_find_char(str_skip(head, at), '<')) {
        struct str rest = str_skip(head, at);
        if (str_starts(rest, STR("<!--"))) {
            at = place_behind(head, at + 2, STR("-->"));
        } else if (starts_meta(rest)) {
            struct meta m = {0};
            at += 5;
            if (!read_attributes(head, &at, &m))
                return STR_NONE;
            struct str name = meta_encoding(&m);
            if (!str_is_absent(name))
                return name;
        } else if (starts_tag(rest)) {
            while (at < head.len && !ascii_is_space(head.ptr[at]) && head.ptr[at] != '>')
                at++;
            if (!read_attributes(head, &at, NULL))
                return STR_NONE;
        } else if (rest.len > 1 && strchr("!/?", rest.ptr[1]) != NULL && rest.ptr[1] != '\0') {
            at = place_behind(head, at, STR(">"));
        } else {
            at++;
        }
        at = MIN(at, head.len);
    }
    return STR_NONE;
}

struct str charset_prescan_xml(struct str head)
{
    if (!str_starts(head, STR("<?xml")))
        return STR_NONE;
    struct str declaration = str_first(head, str_find_char(head, '>'));
    struct str rest = str_skip(declaration, str_find(declaration, STR("encoding")));
    rest = str_skip(rest, sizeof "encoding" - 1);
    rest = str_skip(rest, skip_space(rest, 0));
    if (rest.len == 0 || rest.ptr[0] != '=')
        return STR_NONE;
    rest = str_skip(rest, 1);
    rest = str_skip(rest, skip_space(rest, 0));
    if (rest.len == 0 || (rest.ptr[0] != '"' && rest.ptr[0] != '\''))
        return STR_NONE;
    return as_declared_inside(charset_of_label(equals_value(rest)));
}
