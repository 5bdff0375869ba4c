#include "crawler/parse/css.h"

#include "crawler/base/utf8.h"

enum { ESCAPE_DIGITS_MAX = 6, CODE_POINT_MAX = 0x10FFFF };

struct css_reader css_reader_on(struct str css, size_t url_max)
{
    return (struct css_reader){.rest = css, .text = BUF_INIT(url_max)};
}

void css_reader_release(struct css_reader *r)
{
    buf_release(&r->text);
}

static char peek(const struct css_reader *r, size_t ahead)
{
    return ahead < r->rest.len ? r->rest.ptr[ahead] : '\0';
}

static void skip(struct css_reader *r, size_t count)
{
    r->rest = str_skip(r->rest, count);
}

static bool is_newline(char c)
{
    return c == '\n' || c == '\r' || c == '\f';
}

static void skip_space(struct css_reader *r)
{
    while (r->rest.len > 0 && ascii_is_space(peek(r, 0)))
        skip(r, 1);
}

/* What does not fit makes the token longer than any that matters: *fits says so. */
static void put(struct css_reader *r, struct str s, bool *fits)
{
    enum cw_err err = *fits ? buf_add(&r->text, s) : CW_OK;
    if (err == CW_ENOMEM)
        r->err = err;
    *fits = *fits && err == CW_OK;
}

/* "Check if two code points are a valid escape". */
static bool sees_escape(const struct css_reader *r)
{
    return peek(r, 0) == '\\' && r->rest.len > 1 && !is_newline(peek(r, 1));
}

/* "Consume an escaped code point"; the backslash is next. */
static void put_escaped(struct css_reader *r, bool *fits)
{
    char text[UTF8_CHAR_MAX];
    uint32_t c = 0;
    size_t digits = 0;
    skip(r, 1);
    for (; digits < ESCAPE_DIGITS_MAX && ascii_hex_value(peek(r, digits)) >= 0; digits++)
        c = c * 16 + (uint32_t)ascii_hex_value(peek(r, digits));
    if (digits == 0) {
        size_t size = MAX(utf8_char_size(r->rest), (size_t)1);
        put(r, str_first(r->rest, size), fits);
        skip(r, size);
        return;
    }
    skip(r, digits);
    if (r->rest.len > 0 && ascii_is_space(peek(r, 0)))
        skip(r, str_starts(r->rest, STR("\r\n")) ? 2 : 1);
    if (c == 0 || c > CODE_POINT_MAX || (c >= 0xD800 && c <= 0xDFFF))
        c = 0xFFFD;
    put(r, str_from(text, utf8_encode(text, c)), fits);
}

static bool is_name_char(char c)
{
    return ascii_is_alpha(c) || ascii_is_digit(c) || c == '-' || c == '_' || (c & 0x80) != 0;
}

/* "Consume an ident sequence" into r->text; of a number's unit and a hash's name it makes no
 * difference here. */
static void read_name(struct css_reader *r)
{
    bool fits = true;
    buf_clear(&r->text);
    while (r->rest.len > 0) {
        size_t count = 0;
        while (count < r->rest.len && is_name_char(r->rest.ptr[count]))
            count++;
        put(r, str_first(r->rest, count), &fits);
        skip(r, count);
        if (!sees_escape(r))
            break;
        put_escaped(r, &fits);
    }
    if (!fits)
        buf_clear(&r->text);
}

/* "Consume a string token" into r->text; the quote is next. False: a line ends in it. */
static bool read_string(struct css_reader *r)
{
    char quote = peek(r, 0);
    bool fits = true;
    buf_clear(&r->text);
    for (skip(r, 1); r->rest.len > 0 && peek(r, 0) != quote;) {
        if (is_newline(peek(r, 0)))
            return false;
        if (sees_escape(r)) {
            put_escaped(r, &fits);
        } else if (peek(r, 0) == '\\') { /* before a line's end, or the end of all: nothing */
            skip(r, 1);
            skip(r, str_starts(r->rest, STR("\r\n")) ? 2 : 1);
        } else {
            put(r, str_first(r->rest, 1), &fits);
            skip(r, 1);
        }
    }
    skip(r, 1);
    return fits;
}

/* "Consume the remnants of a bad url". */
static void skip_bad_url(struct css_reader *r)
{
    while (r->rest.len > 0 && peek(r, 0) != ')')
        skip(r, sees_escape(r) ? 2 : 1);
    skip(r, 1);
}

static bool is_not_in_url(char c)
{
    return c == '"' || c == '\'' || c == '(' || c == '\\' || (c >= '\0' && c < ' ') || c == 0x7F;
}

/* "Consume a url token" into r->text, from behind `url(` and white space. False: a bad one. */
static bool read_url(struct css_reader *r)
{
    bool fits = true;
    buf_clear(&r->text);
    while (r->rest.len > 0 && peek(r, 0) != ')' && !ascii_is_space(peek(r, 0))) {
        if (sees_escape(r)) {
            put_escaped(r, &fits);
        } else if (is_not_in_url(peek(r, 0))) {
            skip_bad_url(r);
            return false;
        } else {
            put(r, str_first(r->rest, 1), &fits);
            skip(r, 1);
        }
    }
    skip_space(r);
    if (r->rest.len > 0 && peek(r, 0) != ')') {
        skip_bad_url(r);
        return false;
    }
    skip(r, 1);
    return fits;
}

/* A name, and when it is `url` before a parenthesis, what that holds. */
static bool read_ident(struct css_reader *r)
{
    read_name(r);
    if (peek(r, 0) != '(' || !str_eq_nocase(buf_str(&r->text), STR("url")))
        return false;
    skip(r, 1);
    skip_space(r);
    bool is_quoted = peek(r, 0) == '"' || peek(r, 0) == '\'';
    bool ok = is_quoted ? read_string(r) : read_url(r);
    return ok && r->rule != CSS_NAMESPACE;
}

static void read_at_keyword(struct css_reader *r)
{
    skip(r, 1);
    read_name(r);
    struct str name = buf_str(&r->text);
    r->rule = str_eq_nocase(name, STR("import"))      ? CSS_IMPORT
              : str_eq_nocase(name, STR("namespace")) ? CSS_NAMESPACE
                                                      : CSS_ANY;
}

static void skip_comment(struct css_reader *r)
{
    size_t end = 2 + str_find(str_skip(r->rest, 2), STR("*/"));
    skip(r, end + 2);
}

/* Takes one token off the front. True: it was a URL, now in r->text. */
static bool read_token(struct css_reader *r)
{
    char c = peek(r, 0);
    bool is_import = r->rule == CSS_IMPORT;
    if (c == '/' && peek(r, 1) == '*') {
        skip_comment(r);
        return false;
    }
    if (ascii_is_space(c)) {
        skip_space(r);
        return false;
    }
    if (c == '@') {
        read_at_keyword(r);
        return false;
    }
    if (is_import)
        r->rule = CSS_ANY; /* only what comes first is imported */
    if (c == '"' || c == '\'')
        return read_string(r) && is_import;
    if (is_name_char(c) || sees_escape(r))
        return read_ident(r);
    if (c == '#') { /* a hash token: `#url(` is none */
        skip(r, 1);
        read_name(r);
        return false;
    }
    if (c == ';' || c == '{' || c == '}')
        r->rule = CSS_ANY;
    skip(r, 1);
    return false;
}

bool css_next_url(struct css_reader *r, struct str *ret_url)
{
    while (r->rest.len > 0 && r->err == CW_OK) {
        if (!read_token(r) || r->text.len == 0 || r->text.ptr[0] == '#')
            continue;
        *ret_url = buf_str(&r->text);
        return r->err == CW_OK;
    }
    return false;
}
