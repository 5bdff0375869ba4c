/* The basic URL parser of the URL Standard, without state override. Where the standard walks a
 * state machine byte by byte, this reads part by part: what one of its states does to a whole run
 * of bytes is one function here, named after it. */
#include "crawler/parse/charset_encode.h"
#include "crawler/parse/url_host_p.h"
#include "crawler/parse/url_parser_p.h"

enum { INPUT_MAX = 1 << 20, PORT_MAX = 65535 };

static void set_scheme(struct parser *p, enum url_scheme scheme)
{
    p->scheme = scheme;
    p->enders = URL_BYTE_ENDS_PART | (parser_is_special(p) ? URL_BYTE_BACKSLASH : 0);
}

/* Everything from here on belongs to the path: there is no authority. */
static void set_no_authority(struct parser *p)
{
    struct url *url = p->url;
    url->username_end = url->host_start = url->host_end = url->pathname_start = parser_offset(p);
}

static bool base_has_scheme(const struct parser *p, enum url_scheme scheme)
{
    return p->base != NULL && url_scheme_of(url_scheme(p->base)) == scheme;
}

/* ---- Query and fragment */

/* "query state": is the query written in the document's charset rather than in UTF-8? Of ASCII it
 * makes no difference, but for the controls that ISO-2022-JP takes for its own. */
static bool query_is_legacy(const struct parser *p, struct str query)
{
    if (str_is_absent(p->charset) || !parser_is_special(p) || p->scheme == SCHEME_WS ||
        p->scheme == SCHEME_WSS || !charset_writes_legacy(p->charset))
        return false;
    return (url_classes_of(query) & (URL_BYTE_NOT_ASCII | URL_BYTE_NOT_IN_DOMAIN)) != 0;
}

static void parse_query(struct parser *p)
{
    struct str query = str_first(p->rest, str_find_char(p->rest, '#'));
    p->url->search_start = parser_offset(p);
    parser_skip(p, query.len);
    parser_put(p, STR("?"));
    query = str_skip(query, 1);
    if (query_is_legacy(p, query)) {
        if (p->err == CW_OK)
            p->err = url_percent_encode_in(&p->url->href, query, URL_SET_SPECIAL_QUERY, p->charset);
    } else {
        parser_put_encoded(p, query, parser_is_special(p) ? URL_SET_SPECIAL_QUERY : URL_SET_QUERY);
    }
}

static void parse_fragment(struct parser *p)
{
    p->url->hash_start = parser_offset(p);
    parser_put(p, STR("#"));
    parser_put_encoded(p, str_skip(p->rest, 1), URL_SET_FRAGMENT);
}

static void parse_after_path(struct parser *p)
{
    if (parser_sees(p, '?'))
        parse_query(p);
    if (parser_sees(p, '#'))
        parse_fragment(p);
}

/* ---- Authority */

static void parse_credentials(struct parser *p, struct str credentials)
{
    size_t colon = str_find_char(credentials, ':');
    struct str password = str_skip(credentials, colon + 1);
    bool has_password = colon + 1 < credentials.len;
    parser_put_encoded(p, str_first(credentials, colon), URL_SET_USERINFO);
    p->url->username_end = parser_offset(p);
    if (has_password) {
        parser_put(p, STR(":"));
        parser_put_encoded(p, password, URL_SET_USERINFO);
    }
    if (has_password || colon > 0)
        parser_put(p, STR("@"));
}

/* Where the host ends: at the first colon that is not in brackets. */
static size_t find_port(struct str s)
{
    bool in_brackets = false;
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] == ':' && !in_brackets)
            return i;
        if (s.ptr[i] == '[' || s.ptr[i] == ']')
            in_brackets = s.ptr[i] == '[';
    }
    return s.len;
}

static void parse_port(struct parser *p, struct str digits)
{
    uint64_t port;
    if (digits.len == 0)
        return;
    if (!str_to_u64(digits, PORT_MAX, &port)) {
        parser_fail(p);
        return;
    }
    if ((int32_t)port == url_default_port(p->scheme))
        return;
    p->url->port = (int32_t)port;
    parser_put(p, STR(":"));
    if (p->err == CW_OK)
        p->err = buf_add_u64(&p->url->href, port);
}

static void parse_host(struct parser *p, struct str host)
{
    p->url->host_start = parser_offset(p);
    if (p->err == CW_OK && host.len > 0)
        p->err = url_host_add(&p->url->href, host, parser_is_special(p));
    p->url->host_end = parser_offset(p);
}

/* "authority state", "host state" and "port state"; the scheme is written. */
static void parse_authority(struct parser *p)
{
    struct str authority = parser_take_until(p, p->enders, NULL), host = authority;
    const char *at = authority.len > 0 ? memrchr(authority.ptr, '@', authority.len) : NULL;
    parser_put(p, STR("//"));
    p->url->username_end = parser_offset(p);
    if (at != NULL) {
        size_t credentials_len = (size_t)(at - authority.ptr);
        parse_credentials(p, str_first(authority, credentials_len));
        host = str_skip(authority, credentials_len + 1);
    }
    size_t colon = find_port(host);
    if (colon == 0 && (authority.len > 0 || parser_is_special(p)))
        parser_fail(p);
    parse_host(p, str_first(host, colon));
    parse_port(p, str_skip(host, colon + 1));
    p->url->pathname_start = parser_offset(p);
    url_path_start(p);
    parse_after_path(p);
}

/* "special authority ignore slashes state". */
static void parse_special_authority(struct parser *p)
{
    while (parser_sees_slash(p))
        parser_skip(p, 1);
    parse_authority(p);
}

/* ---- Relative to a base */

/* Scheme and authority of the base replace what was written. */
static void copy_base_authority(struct parser *p)
{
    const struct url *base = p->base;
    size_t len = url_has_authority(base) ? base->pathname_start : base->scheme_end + 1;
    buf_clear(&p->url->href);
    parser_put(p, str_first(url_href(base), len));
    p->url->scheme_end = base->scheme_end;
    p->url->username_end = base->username_end;
    p->url->host_start = base->host_start;
    p->url->host_end = base->host_end;
    p->url->port = base->port;
    p->url->pathname_start = parser_offset(p);
}

static void copy_base_query(struct parser *p)
{
    if (str_is_absent(url_search(p->base)))
        return;
    p->url->search_start = parser_offset(p);
    parser_put(p, url_search(p->base));
}

/* A reference without scheme, authority or leading slash. */
static void parse_relative_path(struct parser *p)
{
    bool keeps_query = p->rest.len == 0 || parser_sees(p, '#');
    copy_base_authority(p);
    parser_put(p, url_pathname(p->base));
    if (!keeps_query && !parser_sees(p, '?')) {
        if (p->scheme == SCHEME_FILE && url_path_starts_with_drive_letter(p->rest))
            url_path_empty(p);
        else
            url_path_shorten(p);
        url_path_add_segments(p);
    }
    url_path_guard(p);
    if (keeps_query)
        copy_base_query(p);
    parse_after_path(p);
}

/* "relative slash state", for one slash only. */
static void parse_absolute_path(struct parser *p)
{
    copy_base_authority(p);
    url_path_add_segments(p);
    url_path_guard(p);
    parse_after_path(p);
}

/* "relative state". */
static void parse_relative(struct parser *p)
{
    set_scheme(p, url_scheme_of(url_scheme(p->base)));
    if (!parser_sees_slash(p)) {
        parse_relative_path(p);
        return;
    }
    parser_skip(p, 1);
    if (!parser_sees_slash(p)) {
        parse_absolute_path(p);
        return;
    }
    parser_skip(p, 1);
    buf_clear(&p->url->href);
    parser_put(p, str_first(url_href(p->base), p->base->scheme_end + 1));
    p->url->scheme_end = p->base->scheme_end;
    if (parser_is_special(p))
        parse_special_authority(p);
    else
        parse_authority(p);
}

/* A base that is not a hierarchy ("mailto:x") takes fragments only. */
static void parse_fragment_of_opaque(struct parser *p)
{
    enum cw_err err = url_copy(p->url, p->base);
    if (err != CW_OK) {
        p->err = err;
        return;
    }
    p->url->href.len = url_href_without_hash(p->url).len;
    parse_fragment(p);
}

/* ---- file: */

/* "file host state". */
static void parse_file_host(struct parser *p)
{
    struct str ahead = str_first(p->rest, 2);
    if (url_path_is_drive_letter(ahead) && url_path_starts_with_drive_letter(p->rest)) {
        url_path_add_segments(p);
        return;
    }
    parse_host(p, parser_take_until(p, p->enders, NULL));
    if (str_eq(url_hostname(p->url), STR("localhost"))) {
        p->url->href.len = p->url->host_start;
        p->url->host_end = p->url->host_start;
    }
    p->url->pathname_start = parser_offset(p);
    url_path_start(p);
}

/* "file slash state", for one slash only: the drive of the base stays. */
static void parse_file_absolute_path(struct parser *p)
{
    if (base_has_scheme(p, SCHEME_FILE)) {
        struct str path = url_pathname(p->base);
        copy_base_authority(p);
        if (!url_path_starts_with_drive_letter(p->rest) && path.len >= 3 && path.ptr[2] == ':' &&
            url_path_starts_with_drive_letter(str_skip(path, 1)))
            parser_put(p, str_first(path, 3));
    }
    url_path_add_segments(p);
}

/* "file state"; the scheme is written. */
static void parse_file(struct parser *p)
{
    set_scheme(p, SCHEME_FILE);
    if (!parser_sees_slash(p) && base_has_scheme(p, SCHEME_FILE)) {
        parse_relative_path(p);
        return;
    }
    parser_put(p, STR("//"));
    set_no_authority(p);
    if (!parser_sees_slash(p)) {
        url_path_add_segments(p);
    } else {
        parser_skip(p, 1);
        if (parser_sees_slash(p)) {
            parser_skip(p, 1);
            parse_file_host(p);
        } else {
            parse_file_absolute_path(p);
        }
    }
    parse_after_path(p);
}

/* ---- Start */

/* The length of the scheme that `s` starts with, 0 when there is none. */
static size_t find_scheme(struct str s)
{
    size_t len = 0;
    if (s.len == 0 || !ascii_is_alpha(s.ptr[0]))
        return 0;
    while (len < s.len && (url_byte_class(s.ptr[len]) & URL_BYTE_IN_SCHEME))
        len++;
    return len < s.len && s.ptr[len] == ':' ? len : 0;
}

static void put_scheme(struct parser *p, size_t len)
{
    parser_put(p, str_first(p->rest, len + 1));
    parser_skip(p, len + 1);
    if (p->err != CW_OK)
        return;
    for (size_t i = 0; i < len; i++)
        p->url->href.ptr[i] = ascii_lower(p->url->href.ptr[i]);
    p->url->scheme_end = (uint32_t)len;
    set_scheme(p, url_scheme_of(url_scheme(p->url)));
}

/* A scheme that is not special, and no "//" after it. */
static void parse_without_authority(struct parser *p)
{
    set_no_authority(p);
    if (parser_sees(p, '/')) {
        parser_skip(p, 1);
        url_path_add_segments(p);
        url_path_guard(p);
    } else {
        url_path_add_opaque(p);
    }
    parse_after_path(p);
}

static void parse_with_scheme(struct parser *p, size_t scheme_len)
{
    put_scheme(p, scheme_len);
    bool has_two_slashes = str_starts(p->rest, STR("//"));
    if (p->scheme == SCHEME_FILE) {
        parse_file(p);
    } else if (parser_is_special(p)) {
        if (base_has_scheme(p, p->scheme) && !has_two_slashes)
            parse_relative(p);
        else
            parse_special_authority(p);
    } else if (has_two_slashes) {
        parser_skip(p, 2);
        parse_authority(p);
    } else {
        parse_without_authority(p);
    }
}

/* "no scheme state". */
static void parse_without_scheme(struct parser *p)
{
    bool base_is_opaque = p->base != NULL && p->base->has_opaque_path;
    if (p->base == NULL || (base_is_opaque && !parser_sees(p, '#'))) {
        parser_fail(p);
    } else if (base_is_opaque) {
        parse_fragment_of_opaque(p);
    } else if (base_has_scheme(p, SCHEME_FILE)) {
        parser_put(p, STR("file:"));
        p->url->scheme_end = 4;
        parse_file(p);
    } else {
        parse_relative(p);
    }
}

static struct str trim_controls(struct str s)
{
    while (s.len > 0 && (unsigned char)s.ptr[0] <= ' ')
        s = str_skip(s, 1);
    while (s.len > 0 && (unsigned char)s.ptr[s.len - 1] <= ' ')
        s.len--;
    return s;
}

static enum cw_err strip_tabs_and_newlines(struct buf *ret, struct str s)
{
    enum cw_err err = buf_reserve(ret, s.len);
    for (size_t i = 0; err == CW_OK && i < s.len; i++)
        if (!(url_byte_class(s.ptr[i]) & URL_BYTE_STRIPPED))
            err = buf_add_char(ret, s.ptr[i]);
    return err;
}

enum cw_err url_parse(struct url *ret, struct str input, const struct url *base)
{
    return url_parse_in(ret, input, base, STR_NONE);
}

enum cw_err url_parse_in(struct url *ret, struct str input, const struct url *base,
                         struct str charset)
{
    return base != NULL && url_join_plain(ret, input, base)
               ? CW_OK
               : url_parse_any(ret, input, base, charset);
}

enum cw_err url_parse_any(struct url *ret, struct str input, const struct url *base,
                          struct str charset)
{
    CLEANUP(buf_release) struct buf stripped = BUF_INIT(INPUT_MAX);
    struct parser p = {.url = ret, .base = base, .charset = charset};
    url_reset(ret);
    if (input.len > INPUT_MAX)
        return CW_ETOOBIG;
    p.rest = trim_controls(input);
    if (url_classes_of(p.rest) & URL_BYTE_STRIPPED) {
        p.err = strip_tabs_and_newlines(&stripped, p.rest);
        p.rest = buf_str(&stripped);
    }
    size_t scheme_len = find_scheme(p.rest);
    if (scheme_len > 0)
        parse_with_scheme(&p, scheme_len);
    else
        parse_without_scheme(&p);
    if (p.err != CW_OK)
        url_reset(ret);
    return p.err;
}
