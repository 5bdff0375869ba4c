#include "crawler/parse/charref.h"

#include <libxml/HTMLparser.h>

#include "crawler/parse/charset.h"

/* The names that HTML also reads without a semicolon, in the order of bytes. */
/* clang-format off */
static const struct str legacy_names[] = {
    STR("AElig"), STR("AMP"), STR("Aacute"), STR("Acirc"), STR("Agrave"), STR("Aring"),
    STR("Atilde"), STR("Auml"), STR("COPY"), STR("Ccedil"), STR("ETH"), STR("Eacute"),
    STR("Ecirc"), STR("Egrave"), STR("Euml"), STR("GT"), STR("Iacute"), STR("Icirc"),
    STR("Igrave"), STR("Iuml"), STR("LT"), STR("Ntilde"), STR("Oacute"), STR("Ocirc"),
    STR("Ograve"), STR("Oslash"), STR("Otilde"), STR("Ouml"), STR("QUOT"), STR("REG"),
    STR("THORN"), STR("Uacute"), STR("Ucirc"), STR("Ugrave"), STR("Uuml"), STR("Yacute"),
    STR("aacute"), STR("acirc"), STR("acute"), STR("aelig"), STR("agrave"), STR("amp"),
    STR("aring"), STR("atilde"), STR("auml"), STR("brvbar"), STR("ccedil"), STR("cedil"),
    STR("cent"), STR("copy"), STR("curren"), STR("deg"), STR("divide"), STR("eacute"),
    STR("ecirc"), STR("egrave"), STR("eth"), STR("euml"), STR("frac12"), STR("frac14"),
    STR("frac34"), STR("gt"), STR("iacute"), STR("icirc"), STR("iexcl"), STR("igrave"),
    STR("iquest"), STR("iuml"), STR("laquo"), STR("lt"), STR("macr"), STR("micro"), STR("middot"),
    STR("nbsp"), STR("not"), STR("ntilde"), STR("oacute"), STR("ocirc"), STR("ograve"),
    STR("ordf"), STR("ordm"), STR("oslash"), STR("otilde"), STR("ouml"), STR("para"),
    STR("plusmn"), STR("pound"), STR("quot"), STR("raquo"), STR("reg"), STR("sect"), STR("shy"),
    STR("sup1"), STR("sup2"), STR("sup3"), STR("szlig"), STR("thorn"), STR("times"),
    STR("uacute"), STR("ucirc"), STR("ugrave"), STR("uml"), STR("uuml"), STR("yacute"),
    STR("yen"), STR("yuml"),
};
/* clang-format on */
enum { LEGACY_MIN = 2, LEGACY_MAX = 6 }; /* bytes of their shortest and longest */

static bool is_legacy(struct str name)
{
    size_t low = 0, high = ARRAY_LEN(legacy_names);
    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = str_compare(legacy_names[middle], name);
        if (order == 0)
            return true;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return false;
}

static bool is_alphanumeric(char c)
{
    return ascii_is_alpha(c) || ascii_is_digit(c);
}

static enum cw_err add_code(struct buf *out, uint32_t code)
{
    unsigned char bytes[4];
    size_t count = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    static const unsigned char lead[] = {0, 0x00, 0xC0, 0xE0, 0xF0};
    for (size_t i = count - 1; i > 0; i--, code >>= 6)
        bytes[i] = (unsigned char)(0x80 | (code & 0x3F));
    bytes[0] = (unsigned char)(lead[count] | code);
    return buf_add_bytes(out, bytes, count);
}

/* HTML, "numeric character reference end state". The controls 0x80 to 0x9F mean windows-1252. */
static enum cw_err add_number(struct buf *out, uint32_t code)
{
    char byte = (char)code;
    if (code == 0 || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF))
        return buf_add(out, STR("\xEF\xBF\xBD"));
    if (code >= 0x80 && code <= 0x9F)
        return charset_to_utf8(out, str_from(&byte, 1), STR("windows-1252"));
    return add_code(out, code);
}

static enum cw_err decode_number(struct buf *out, struct str *rest)
{
    bool is_hex = rest->len > 2 && ascii_lower(rest->ptr[2]) == 'x';
    size_t start = is_hex ? 3 : 2, i = start;
    uint32_t code = 0;
    for (; i < rest->len; i++) {
        int digit = ascii_hex_value(rest->ptr[i]);
        if (digit < 0 || (digit > 9 && !is_hex))
            break;
        code = MIN(code * (is_hex ? 16 : 10) + (uint32_t)digit, 0x110000U);
    }
    if (i == start) {
        *rest = str_skip(*rest, 1);
        return buf_add_char(out, '&');
    }
    *rest = str_skip(*rest, i);
    if (rest->len > 0 && rest->ptr[0] == ';')
        *rest = str_skip(*rest, 1);
    return add_number(out, code);
}

/* The longest legacy name at the front of `s`, or an empty one. */
static struct str longest_legacy(struct str s)
{
    for (size_t len = MIN(s.len, (size_t)LEGACY_MAX); len >= LEGACY_MIN; len--)
        if (is_legacy(str_first(s, len)))
            return str_first(s, len);
    return STR("");
}

/* libxml2 has these in lower case only. */
static bool has_lower_case_twin(struct str name)
{
    return str_eq(name, STR("AMP")) || str_eq(name, STR("LT")) || str_eq(name, STR("GT")) ||
           str_eq(name, STR("QUOT")) || str_eq(name, STR("COPY")) || str_eq(name, STR("REG"));
}

/* What a name stands for; 0: it is none. */
static uint32_t code_of_name(struct str name)
{
    char known[16] = ""; /* the longest has 8 bytes */
    if (name.len == 0 || name.len >= sizeof known)
        return 0;
    bool to_lower = has_lower_case_twin(name);
    for (size_t i = 0; i < name.len; i++)
        known[i] = to_lower ? ascii_lower(name.ptr[i]) : name.ptr[i];
    const htmlEntityDesc *entity = htmlEntityLookup((const xmlChar *)known);
    return entity != NULL ? entity->value : 0;
}

enum cw_err charref_decode(struct buf *out, struct str *rest, bool in_attribute)
{
    struct str run = str_skip(*rest, 1);
    if (run.len > 0 && run.ptr[0] == '#')
        return decode_number(out, rest);
    size_t len = 0;
    while (len < run.len && is_alphanumeric(run.ptr[len]))
        len++;
    bool has_semicolon = len < run.len && run.ptr[len] == ';';
    struct str name = has_semicolon ? str_first(run, len) : STR("");
    uint32_t code = code_of_name(name);
    if (code == 0) {
        has_semicolon = false;
        name = longest_legacy(str_first(run, len));
        code = code_of_name(name);
    }
    char next = name.len < run.len ? run.ptr[name.len] : '\0';
    bool is_text = in_attribute && (next == '=' || is_alphanumeric(next));
    if (code == 0 || is_text) {
        *rest = run;
        return buf_add_char(out, '&');
    }
    *rest = str_skip(run, name.len + has_semicolon);
    return add_code(out, code);
}

static enum cw_err decode_references(struct buf *out, struct str text, bool in_attribute)
{
    enum cw_err err = CW_OK;
    while (text.len > 0 && err == CW_OK) {
        struct str plain = str_first(text, str_find_char(text, '&'));
        err = buf_add(out, plain);
        text = str_skip(text, plain.len);
        if (text.len > 0 && err == CW_OK)
            err = charref_decode(out, &text, in_attribute);
    }
    return err;
}

enum cw_err charref_decode_text(struct buf *out, struct str text, bool in_attribute)
{
    enum cw_err err = CW_OK;
    while (text.len > 0 && err == CW_OK) {
        struct str part = str_first(text, str_find_char(text, '\0'));
        err = decode_references(out, part, in_attribute);
        text = str_skip(text, part.len);
        if (text.len > 0 && err == CW_OK)
            err = buf_add(out, STR("\xEF\xBF\xBD"));
        text = str_skip(text, 1);
    }
    return err;
}

struct charref_lookout charref_lookout_on(struct str text)
{
    struct charref_lookout l = {
        .text = text, .reference = str_find_char(text, '&'), .nul = str_find_char(text, '\0')};
    l.plain_until = MIN(l.reference, l.nul);
    return l;
}

bool charref_lookout_moves(struct charref_lookout *l, struct str piece)
{
    size_t start = (size_t)(piece.ptr - l->text.ptr);
    struct str rest = str_skip(l->text, start);
    if (l->reference < start)
        l->reference = start + str_find_char(rest, '&');
    if (l->nul < start)
        l->nul = start + str_find_char(rest, '\0');
    l->plain_until = MIN(l->reference, l->nul);
    return l->plain_until < start + piece.len;
}
