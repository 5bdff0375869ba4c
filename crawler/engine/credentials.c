#include "crawler/engine/credentials.h"

#include "crawler/base/table.h"
#include <stdlib.h>

/* An origin that a person named. */
struct named {
    UT_hash_handle hh;
    char *origin;         /* owned; the key */
    char *authorization;  /* owned; "Authorization: Basic ...", or NULL */
    const char **headers; /* owned; those of requests to it, when it has one */
};

struct credentials {
    char *const *headers; /* borrowed */
    size_t count;
    const char **all, **open; /* owned; NULL-terminated, of borrowed strings */
    bool has_secrets;
    struct named *named; /* owned */
};

static bool is_authorization(struct str header)
{
    return str_eq_nocase(str_trim(str_cut(&header, ':')), STR("authorization"));
}

static bool is_secret(struct str header)
{
    struct str name = str_trim(str_cut(&header, ':'));
    return str_eq_nocase(name, STR("authorization")) || str_eq_nocase(name, STR("cookie")) ||
           str_eq_nocase(name, STR("proxy-authorization"));
}

static void free_named(struct named *named)
{
    if (named == NULL)
        return;
    free(named->origin);
    free(named->authorization);
    free(named->headers);
    free(named);
}

void credentials_free(struct credentials *c)
{
    struct named *named, *next;
    if (c == NULL)
        return;
    HASH_ITER (hh, c->named, named, next) {
        HASH_DEL(c->named, named);
        free_named(named);
    }
    free(c->all);
    free(c->open);
    free(c);
}

enum cw_err credentials_new(struct credentials **ret, char *const *headers, size_t count)
{
    struct credentials *c = calloc(1, sizeof *c);
    if (c == NULL)
        return CW_ENOMEM;
    c->headers = headers;
    c->count = count;
    c->all = calloc(count + 1, sizeof *c->all);
    c->open = calloc(count + 1, sizeof *c->open);
    if (c->all == NULL || c->open == NULL) {
        credentials_free(c);
        return CW_ENOMEM;
    }
    size_t open_count = 0;
    for (size_t i = 0; i < count; i++) {
        c->all[i] = headers[i];
        if (!is_secret(str_of(headers[i])))
            c->open[open_count++] = headers[i];
    }
    c->has_secrets = open_count < count;
    *ret = c;
    return CW_OK;
}

/* ---- basic authentication ---- */

static enum cw_err add_decoded(struct buf *ret, struct str encoded)
{
    enum cw_err err = CW_OK;
    for (size_t i = 0; err == CW_OK && i < encoded.len; i++) {
        const char *at = encoded.ptr + i;
        bool is_triple = *at == '%' && encoded.len - i >= 3 && ascii_hex_value(at[1]) >= 0 &&
                         ascii_hex_value(at[2]) >= 0;
        err = buf_add_char(
            ret, is_triple ? (char)(ascii_hex_value(at[1]) << 4 | ascii_hex_value(at[2])) : *at);
        i += is_triple ? 2 : 0;
    }
    return err;
}

/* RFC 4648, section 4. */
static enum cw_err add_base64(struct buf *ret, struct str bytes)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    enum cw_err err = CW_OK;
    for (size_t i = 0; err == CW_OK && i < bytes.len; i += 3) {
        size_t count = MIN(bytes.len - i, (size_t)3);
        unsigned bits = 0;
        for (size_t k = 0; k < 3; k++)
            bits = bits << 8 | (k < count ? (unsigned char)bytes.ptr[i + k] : 0u);
        char group[4] = {digits[bits >> 18], digits[bits >> 12 & 63],
                         count > 1 ? digits[bits >> 6 & 63] : '=',
                         count > 2 ? digits[bits & 63] : '='};
        err = buf_add_bytes(ret, group, sizeof group);
    }
    return err;
}

/* "Authorization: Basic ..." (owned by the caller), NULL when memory is out. */
static char *make_basic(const struct url *url)
{
    enum { USERINFO_MAX = 1 << 20 }; /* as long as a URL can be */
    struct buf pair = BUF_INIT(USERINFO_MAX), header = BUF_INIT(2 * USERINFO_MAX);
    enum cw_err err = add_decoded(&pair, url_username(url));
    if (err == CW_OK)
        err = buf_add_char(&pair, ':');
    if (err == CW_OK)
        err = add_decoded(&pair, url_password(url));
    if (err == CW_OK)
        err = buf_add(&header, STR("Authorization: Basic "));
    if (err == CW_OK)
        err = add_base64(&header, buf_str(&pair));
    char *made = err == CW_OK ? buf_take(&header, NULL) : NULL;
    buf_release(&pair);
    buf_release(&header);
    return made;
}

/* From now on requests to `named` say who asks. The headers of those under way stay where they are.
 */
static enum cw_err identify(const struct credentials *c, struct named *named, const struct url *url)
{
    char *authorization = make_basic(url);
    const char **headers = calloc(c->count + 2, sizeof *headers);
    if (authorization == NULL || headers == NULL) {
        free(authorization);
        free(headers);
        return CW_ENOMEM;
    }
    size_t count = 0;
    headers[count++] = authorization;
    for (size_t i = 0; i < c->count; i++)
        if (!is_authorization(str_of(c->headers[i])))
            headers[count++] = c->headers[i];
    named->authorization = authorization;
    named->headers = headers;
    return CW_OK;
}

/* ---- who gets what ---- */

static struct named *find(const struct credentials *c, struct str origin)
{
    struct named *named;
    HASH_FIND(hh, c->named, origin.ptr, origin.len, named);
    return named;
}

static struct named *find_or_add(struct credentials *c, struct str origin)
{
    struct named *named = find(c, origin);
    if (named != NULL)
        return named;
    named = calloc(1, sizeof *named);
    if (named == NULL || (named->origin = str_dup(origin)) == NULL) {
        free_named(named);
        return NULL;
    }
    HASH_ADD_KEYPTR(hh, c->named, named->origin, origin.len, named);
    return named;
}

/* `url` as it was written, `bare` without its user name. */
static enum cw_err name_origin(struct credentials *c, const struct url *url, struct url *bare)
{
    bool has_user = url_username(url).len + url_password(url).len > 0;
    if (!has_user && !c->has_secrets)
        return CW_OK;
    enum cw_err err = url_copy(bare, url);
    if (err == CW_OK)
        err = url_canonicalize(bare);
    if (err != CW_OK)
        return err;
    struct named *named = find_or_add(c, url_origin(bare));
    if (named == NULL)
        return CW_ENOMEM;
    return has_user && named->authorization == NULL ? identify(c, named, url) : CW_OK;
}

enum cw_err credentials_name(struct credentials *c, struct str text)
{
    struct url url = URL_INIT, bare = URL_INIT;
    enum cw_err err = url_parse(&url, text, NULL);
    if (err == CW_OK && url_is_http(&url))
        err = name_origin(c, &url, &bare);
    url_release(&url);
    url_release(&bare);
    return err == CW_ENOMEM ? err : CW_OK;
}

const char *const *credentials_headers(const struct credentials *c, const struct url *url)
{
    const struct named *named = url != NULL ? find(c, url_origin(url)) : NULL;
    if (named == NULL)
        return c->open;
    return named->headers != NULL ? named->headers : c->all;
}

/* ---- for other people's eyes ---- */

/* Where the value of a secret header begins, or text.len. Finds it behind "-H" and "--header=" as
 * well. */
static size_t find_secret_value(struct str text)
{
    static const struct str names[] = {{"authorization", 13}, {"cookie", 6}};
    for (size_t at = 0; at < text.len; at++)
        for (size_t i = 0; i < ARRAY_LEN(names); i++) {
            struct str rest = str_skip(text, at);
            if (!str_starts_nocase(rest, names[i]))
                continue;
            rest = str_trim(str_skip(rest, names[i].len));
            if (rest.len > 0 && rest.ptr[0] == ':')
                return (size_t)(rest.ptr - text.ptr) + 1;
        }
    return text.len;
}

static bool is_in_scheme(char c)
{
    return ascii_is_alpha(c) || ascii_is_digit(c) || c == '+' || c == '-' || c == '.';
}

/* Does a URL's scheme end at the colon? It begins the text, or follows the mark of an option. */
static bool ends_scheme(struct str text, size_t colon)
{
    size_t start = colon;
    while (start > 0 && is_in_scheme(text.ptr[start - 1]))
        start--;
    return start < colon && (start == 0 || memchr("= \t\r\n", text.ptr[start - 1], 5) != NULL);
}

/* What of `text`, behind a scheme's colon, is a user name and password; absent when nothing is. */
static struct str userinfo_of(struct str text)
{
    size_t start = 0, end, at = 0;
    while (start < text.len && memchr("/\\\t\r\n", text.ptr[start], 5) != NULL)
        start++;
    if (start < text.len && text.ptr[start] == ' ') /* "From: me@example.org" */
        return STR_NONE;
    for (end = start; end < text.len && memchr("/\\?#", text.ptr[end], 4) == NULL; end++)
        if (text.ptr[end] == '@')
            at = end;
    return at > 0 ? str_from(text.ptr + start, at - start) : STR_NONE;
}

/* Goes by the marks that the URL parser goes by, but in any text: what is no valid URL holds its
 * password no less. */
static struct str find_userinfo(struct str text)
{
    struct str found = STR_NONE;
    for (size_t i = 0; i < text.len && str_is_absent(found); i++)
        if (text.ptr[i] == ':' && ends_scheme(text, i))
            found = userinfo_of(str_skip(text, i + 1));
    return found;
}

/* Adds `text`, of which *** takes the place of what lies from `start` to `end`. */
static enum cw_err add_without(struct buf *ret, struct str text, size_t start, size_t end)
{
    enum cw_err err = buf_add(ret, str_first(text, start));
    if (err == CW_OK)
        err = buf_add(ret, STR("***"));
    return err == CW_OK ? buf_add(ret, str_skip(text, end)) : err;
}

enum cw_err credentials_mask(struct buf *ret, struct str text)
{
    size_t value = find_secret_value(text);
    if (value < text.len) {
        bool has_space = text.ptr[value] == ' ';
        return add_without(ret, text, value + has_space, text.len);
    }
    struct str userinfo = find_userinfo(text);
    if (str_is_absent(userinfo))
        return buf_add(ret, text);
    size_t start = (size_t)(userinfo.ptr - text.ptr), colon = str_find_char(userinfo, ':');
    size_t masked_from = colon < userinfo.len ? start + colon + 1 : start;
    return add_without(ret, text, masked_from, start + userinfo.len);
}
