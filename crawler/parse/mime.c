/* Sniffing. A browser distrusts a label in few cases only, because what it takes for HTML may run
 * scripts. A crawler runs nothing; it must not miss pages, and must not feed pictures to the HTML
 * parser. So the standard's rules hold for what has no label, and for the rest:
 *  - a doctype or an <html> tag at the front outvotes every label (the standard's other tags do
 * not: scripts may start with "<!--", and a mail with "<b>");
 *  - a known binary signature outvotes a label of text, HTML, or the same kind of medium;
 *  - a label of text or HTML is not believed when more than one byte in 32 is a control that no
 *    text has. NUL does not count: UTF-16 is full of it, and pages with holes of it exist. */
#include "crawler/parse/mime.h"

enum { HEADER_BYTES = 1445 }; /* MIME Sniffing, 5.2: what is looked at */

/* --- parsing (section 4.4) --- */

static bool is_token_char(char c)
{
    return ascii_is_alpha(c) || ascii_is_digit(c) ||
           (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static bool is_token(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (!is_token_char(s.ptr[i]))
            return false;
    return s.len > 0;
}

static bool is_quotable(struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.ptr[i];
        if (c != '\t' && (c < 0x20 || c == 0x7F))
            return false;
    }
    return true;
}

/* HTTP's white space has no form feed, unlike HTML's. */
static bool is_http_space(char c)
{
    return c != '\f' && ascii_is_space(c);
}

static struct str trim_front(struct str s)
{
    while (s.len > 0 && is_http_space(s.ptr[0]))
        s = str_skip(s, 1);
    return s;
}

static struct str trim_back(struct str s)
{
    while (s.len > 0 && is_http_space(s.ptr[s.len - 1]))
        s.len--;
    return s;
}

/* Takes a quoted string and what follows it up to the next ';' off the front of *rest. False when
 * the value does not fit into *ret. */
static bool take_quoted(struct str *rest, struct buf *ret)
{
    size_t i = 1;
    bool fits = true;
    for (; i < rest->len && rest->ptr[i] != '"'; i++) {
        i += rest->ptr[i] == '\\' && i + 1 < rest->len;
        fits = fits && buf_add_char(ret, rest->ptr[i]) == CW_OK;
    }
    *rest = str_skip(*rest, i);
    (void)str_cut(rest, ';');
    return fits;
}

/* Takes a parameter off the front of *rest (behind its ';'). True when it is the charset, and
 * *ret, which is empty before, then holds it. */
static bool take_charset(struct str *rest, struct buf *ret)
{
    *rest = trim_front(*rest);
    size_t end = 0;
    while (end < rest->len && rest->ptr[end] != ';' && rest->ptr[end] != '=')
        end++;
    bool is_charset = str_eq_nocase(str_first(*rest, end), STR("charset"));
    if (end == rest->len || rest->ptr[end] == ';') {
        *rest = end < rest->len ? str_skip(*rest, end + 1) : STR_NONE;
        return false;
    }
    *rest = str_skip(*rest, end + 1);
    if (rest->len > 0 && rest->ptr[0] == '"')
        return take_quoted(rest, ret) && is_charset && is_quotable(buf_str(ret));
    struct str value = trim_back(str_cut(rest, ';'));
    return is_charset && value.len > 0 && is_quotable(value) && buf_add(ret, value) == CW_OK;
}

/* The first valid charset parameter counts. */
static void add_charset(struct buf *ret, struct str parameters)
{
    CLEANUP(buf_release) struct buf charset = BUF_INIT(ret->max - ret->len);
    while (!str_is_absent(parameters)) {
        if (take_charset(&parameters, &charset)) {
            (void)(buf_add(ret, buf_str(&charset)) == CW_OK); /* too long: no charset */
            return;
        }
        buf_clear(&charset);
    }
}

bool mime_parse(struct str value, struct buf *ret_essence, struct buf *ret_charset)
{
    struct str rest = trim_back(trim_front(value));
    struct str type = str_cut(&rest, '/');
    if (!is_token(type) || str_is_absent(rest))
        return false;
    struct str subtype = trim_back(str_cut(&rest, ';'));
    if (!is_token(subtype) || buf_reserve(ret_essence, type.len + 1 + subtype.len) != CW_OK)
        return false;
    struct str essence = str_from(type.ptr, type.len + 1 + subtype.len);
    for (size_t i = 0; i < essence.len; i++)
        if (buf_add_char(ret_essence, ascii_lower(essence.ptr[i])) != CW_OK)
            return false; /* cannot be: reserved above */
    add_charset(ret_charset, rest);
    return true;
}

/* --- signatures (sections 6 and 7.1) --- */

struct signature {
    struct str pattern;
    struct str mask; /* absent: all bits count */
    struct str type;
};

/* A struct str for static tables. */
#define S(bytes)                                                                                   \
    {                                                                                              \
        "" bytes, sizeof(bytes) - 1                                                                \
    }

static const struct signature media[] = {
    {S("\0\0\1\0"), {0}, S("image/x-icon")},
    {S("\0\0\2\0"), {0}, S("image/x-icon")},
    {S("BM"), {0}, S("image/bmp")},
    {S("GIF87a"), {0}, S("image/gif")},
    {S("GIF89a"), {0}, S("image/gif")},
    {S("RIFF\0\0\0\0WEBPVP"), S("\xFF\xFF\xFF\xFF\0\0\0\0\xFF\xFF\xFF\xFF\xFF\xFF"),
     S("image/webp")},
    {S("\x89PNG\r\n\x1A\n"), {0}, S("image/png")},
    {S("\xFF\xD8\xFF"), {0}, S("image/jpeg")},
    {S("FORM\0\0\0\0AIFF"), S("\xFF\xFF\xFF\xFF\0\0\0\0\xFF\xFF\xFF\xFF"), S("audio/aiff")},
    {S("ID3"), {0}, S("audio/mpeg")},
    {S("OggS\0"), {0}, S("application/ogg")},
    {S("MThd\0\0\0\6"), {0}, S("audio/midi")},
    {S("RIFF\0\0\0\0AVI "), S("\xFF\xFF\xFF\xFF\0\0\0\0\xFF\xFF\xFF\xFF"), S("video/avi")},
    {S("RIFF\0\0\0\0WAVE"), S("\xFF\xFF\xFF\xFF\0\0\0\0\xFF\xFF\xFF\xFF"), S("audio/wave")},
};

static const struct signature archives[] = {
    {S("\x1F\x8B\x08"), {0}, S("application/x-gzip")},
    {S("PK\3\4"), {0}, S("application/zip")},
    {S("Rar!\x1A\7\0"), {0}, S("application/x-rar-compressed")},
    {S("%PDF-"), {0}, S("application/pdf")},
    {S("%!PS-Adobe-"), {0}, S("application/postscript")},
};

static const struct signature byte_order_marks[] = {
    {S("\xFE\xFF"), {0}, S("text/plain")},
    {S("\xFF\xFE"), {0}, S("text/plain")},
    {S("\xEF\xBB\xBF"), {0}, S("text/plain")},
};

static bool has_signature(struct str body, const struct signature *signature)
{
    if (body.len < signature->pattern.len)
        return false;
    for (size_t i = 0; i < signature->pattern.len; i++) {
        char mask = str_is_absent(signature->mask) ? '\xFF' : signature->mask.ptr[i];
        if ((body.ptr[i] & mask) != signature->pattern.ptr[i])
            return false;
    }
    return true;
}

static struct str find_signature(struct str body, const struct signature *table, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (has_signature(body, &table[i]))
            return table[i].type;
    return STR_NONE;
}

static uint32_t read_big_endian(struct str s)
{
    uint32_t value = 0;
    for (size_t i = 0; i < 4; i++)
        value = value << 8 | (unsigned char)s.ptr[i];
    return value;
}

/* Section 6.2.1: an "ftyp" box one of whose brands begins with "mp4". */
static bool is_mp4(struct str body)
{
    if (body.len < 12)
        return false;
    uint32_t box_len = read_big_endian(body);
    if (body.len < box_len || box_len % 4 != 0 || !str_starts(str_skip(body, 4), STR("ftyp")))
        return false;
    if (str_starts(str_skip(body, 8), STR("mp4")))
        return true;
    for (uint32_t i = 16; i + 4 <= box_len; i += 4)
        if (str_starts(str_skip(body, i), STR("mp4")))
            return true;
    return false;
}

/* Section 6.2.2: an EBML header with the document type "webm" in its first 38 bytes. */
static bool is_webm(struct str body)
{
    if (!str_starts(body, STR("\x1A\x45\xDF\xA3")))
        return false;
    struct str head = str_skip(str_first(body, 38), 4);
    size_t at = str_find(head, STR("\x42\x82"));
    if (at + 2 >= head.len)
        return false;
    unsigned char size = (unsigned char)head.ptr[at + 2];
    size_t size_len = 1;
    for (unsigned bit = 0x80; size_len < 8 && (size & bit) == 0; bit >>= 1)
        size_len++;
    struct str name = str_skip(head, at + 2 + size_len);
    while (name.len > 0 && name.ptr[0] == '\0')
        name = str_skip(name, 1);
    return str_starts(name, STR("webm"));
}

/* MP3 without ID3 (section 6.2.3) is not sought: it ends as application/octet-stream. */
static struct str find_media(struct str body)
{
    struct str type = find_signature(body, media, ARRAY_LEN(media));
    if (str_is_absent(type) && is_mp4(body))
        return STR("video/mp4");
    if (str_is_absent(type) && is_webm(body))
        return STR("video/webm");
    return type;
}

/* --- text or not --- */

static bool is_binary_byte(unsigned char c)
{
    return c <= 0x08 || c == 0x0B || (c >= 0x0E && c <= 0x1A) || (c >= 0x1C && c <= 0x1F);
}

static size_t count_binary_bytes(struct str head)
{
    size_t count = 0;
    for (size_t i = 0; i < head.len; i++)
        count += is_binary_byte((unsigned char)head.ptr[i]);
    return count;
}

static bool is_hardly_text(struct str head)
{
    size_t nul_count = 0;
    for (size_t i = 0; i < head.len; i++)
        nul_count += head.ptr[i] == '\0';
    return (count_binary_bytes(head) - nul_count) * 32 > MAX(head.len, (size_t)128);
}

/* Whether `head` starts with the tag, ended by a space or '>'. */
static bool starts_with_tag(struct str head, struct str tag)
{
    return head.len > tag.len && str_starts_nocase(head, tag) &&
           (head.ptr[tag.len] == ' ' || head.ptr[tag.len] == '>');
}

static struct str skip_space(struct str s)
{
    while (s.len > 0 && ascii_is_space(s.ptr[0]))
        s = str_skip(s, 1);
    return s;
}

static bool starts_a_document(struct str head)
{
    head = skip_space(str_starts(head, STR("\xEF\xBB\xBF")) ? str_skip(head, 3) : head);
    return starts_with_tag(head, STR("<!DOCTYPE HTML")) || starts_with_tag(head, STR("<HTML"));
}

static bool starts_with_html(struct str head)
{
    static const struct str tags[] = {
        S("<!DOCTYPE HTML"),
        S("<HTML"),
        S("<HEAD"),
        S("<SCRIPT"),
        S("<IFRAME"),
        S("<H1"),
        S("<DIV"),
        S("<FONT"),
        S("<TABLE"),
        S("<A"),
        S("<STYLE"),
        S("<TITLE"),
        S("<B"),
        S("<BODY"),
        S("<BR"),
        S("<P"),
        S("<!--"),
    };
    head = skip_space(head);
    for (size_t i = 0; i < ARRAY_LEN(tags); i++)
        if (starts_with_tag(head, tags[i]))
            return true;
    return false;
}

/* --- the calls --- */

/* Section 7.1, "rules for identifying an unknown MIME type". */
static struct str identify_unknown(struct str head)
{
    struct str type;
    if (starts_with_html(head))
        return STR("text/html");
    if (str_starts(skip_space(head), STR("<?xml")))
        return STR("text/xml");
    type = find_signature(head, byte_order_marks, ARRAY_LEN(byte_order_marks));
    if (str_is_absent(type))
        type = find_media(head);
    if (str_is_absent(type))
        type = find_signature(head, archives, ARRAY_LEN(archives));
    if (!str_is_absent(type))
        return type;
    return count_binary_bytes(head) > 0 ? STR("application/octet-stream") : STR("text/plain");
}

/* "image" of "image/png". */
static struct str kind_of(struct str essence)
{
    return str_first(essence, str_find_char(essence, '/'));
}

/* Some signatures are short and readable: a page may start with "BMW". */
static struct str check_text(struct str essence, struct str head)
{
    struct str type = count_binary_bytes(head) > 0 ? find_media(head) : STR_NONE;
    if (str_is_absent(type))
        type = find_signature(head, archives, ARRAY_LEN(archives));
    if (!str_is_absent(type))
        return type;
    return is_hardly_text(head) ? STR("application/octet-stream") : essence;
}

struct str mime_sniff(struct str essence, struct str body)
{
    struct str head = str_first(body, HEADER_BYTES);
    if (starts_a_document(head))
        return mime_is_html(essence) ? essence : STR("text/html");
    if (essence.len == 0 || str_eq(essence, STR("unknown/unknown")) ||
        str_eq(essence, STR("application/unknown")) || str_eq(essence, STR("*/*")))
        return identify_unknown(head);
    if (mime_is_text(essence))
        return check_text(essence, head);
    struct str type = find_media(head);
    return !str_is_absent(type) && str_eq(kind_of(type), kind_of(essence)) ? type : essence;
}

bool mime_is_html(struct str essence)
{
    return str_eq(essence, STR("text/html")) || str_eq(essence, STR("application/xhtml+xml"));
}

bool mime_is_text(struct str essence)
{
    static const struct str others[] = {
        S("application/json"),         S("application/xml"),        S("application/javascript"),
        S("application/x-javascript"), S("application/ecmascript"), S("application/x-ecmascript"),
        S("application/x-ndjson"),
    };
    for (size_t i = 0; i < ARRAY_LEN(others); i++)
        if (str_eq(essence, others[i]))
            return true;
    return str_starts(essence, STR("text/")) || str_ends(essence, STR("+xml")) ||
           str_ends(essence, STR("+json"));
}
