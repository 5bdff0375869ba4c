/* Nearly every link is plain text that joins its document's URL as it is: nothing to encode, no
 * dots but in front, no host but the document's own. Such a link needs no parser, only a look at
 * each byte. Whatever else there is goes to url_parse.c, which would give the same answer to these:
 * tests/unit/url_join_test.c and tests/fuzz/url_fuzz.c compare. */
#include "crawler/parse/url_p.h"
#include "crawler/parse/url_percent_p.h"

/* Where the parts of a reference end. */
struct plain_parts {
    size_t path_end, query_end; /* the same when there is no query */
};

static size_t scan_until(struct str s, size_t at, unsigned classes)
{
    while (at < s.len && (url_byte_class(s.ptr[at]) & classes) == 0)
        at++;
    return at;
}

/* A path in which each segment stays as it is, and no colon could end a scheme. */
static bool scan_path(struct str s, size_t *at)
{
    const unsigned enders =
        URL_SET_PATH | URL_BYTE_ENDS_PART | URL_BYTE_BACKSLASH | URL_BYTE_ENDS_SCHEME;
    for (;; ++*at) {
        if (*at < s.len && (s.ptr[*at] == '.' || s.ptr[*at] == '%')) /* "..", or "%2e" for a dot */
            return false;
        *at = scan_until(s, *at, enders);
        if (*at == s.len || s.ptr[*at] != '/')
            return *at == s.len || s.ptr[*at] == '?' || s.ptr[*at] == '#';
    }
}

static bool scan_parts(struct str s, struct plain_parts *ret)
{
    size_t at = 0;
    if (!scan_path(s, &at))
        return false;
    ret->path_end = at;
    if (at < s.len && s.ptr[at] == '?')
        at = scan_until(s, at + 1, URL_SET_SPECIAL_QUERY);
    ret->query_end = at;
    if (at < s.len && s.ptr[at] == '#')
        at = scan_until(s, at + 1, URL_SET_FRAGMENT);
    return at == s.len;
}

/* The first `head_len` bytes of `from`, and `rest` behind them, become *ret, which may be `from`.
 * False: it does not fit. */
static bool join(struct url *ret, const struct url *from, size_t head_len, struct str rest,
                 const struct plain_parts *parts)
{
    struct buf href = ret->href;
    bool has_query = parts->query_end > parts->path_end, has_hash = parts->query_end < rest.len;
    bool keeps_query = head_len > url_path_end(from);
    href.len = ret == from ? head_len : 0;
    if (buf_reserve(&href, head_len - href.len + rest.len) != CW_OK)
        return false;
    memcpy(href.ptr + href.len, from->href.ptr + href.len, head_len - href.len);
    memcpy(href.ptr + head_len, rest.ptr, rest.len);
    href.len = head_len + rest.len;
    href.ptr[href.len] = '\0';
    *ret = *from;
    ret->href = href;
    if (!keeps_query)
        ret->search_start = has_query ? (uint32_t)(head_len + parts->path_end) : URL_NO_PART;
    ret->hash_start = has_hash ? (uint32_t)(head_len + parts->query_end) : URL_NO_PART;
    return true;
}

/* Where the folder ends that `end` bytes of the URL lead into: behind its last slash. */
static size_t folder_end(const struct url *url, size_t end)
{
    const char *path = url->href.ptr + url->pathname_start;
    const char *slash = memrchr(path, '/', end - url->pathname_start);
    return slash != NULL ? (size_t)(slash + 1 - url->href.ptr) : url->pathname_start;
}

/* Takes each "./" and "../" off the front of *rest; returns where the folder ends that is left. */
static size_t climb(const struct url *base, struct str *rest)
{
    size_t end = folder_end(base, url_path_end(base));
    for (;;) {
        if (str_starts(*rest, STR("../"))) {
            end = MAX(folder_end(base, end - 1), (size_t)base->pathname_start + 1);
            *rest = str_skip(*rest, 3);
        } else if (str_starts(*rest, STR("./"))) {
            *rest = str_skip(*rest, 2);
        } else {
            return end;
        }
    }
}

/* Does the text begin as the URL does up to its path, and with a path behind that? */
static bool starts_alike(struct str text, const struct url *url)
{
    size_t len = url->pathname_start;
    return text.len > len && text.ptr[len] == '/' && len > 0 &&
           memcmp(text.ptr, url->href.ptr, len) == 0 && url_is_http(url);
}

static bool join_path(struct url *ret, const struct url *from, size_t head_len, struct str rest)
{
    struct plain_parts parts;
    return scan_parts(rest, &parts) && join(ret, from, head_len, rest, &parts);
}

bool url_join_plain(struct url *ret, struct str input, const struct url *base)
{
    if (starts_alike(input, base))
        return join_path(ret, base, base->pathname_start, str_skip(input, base->pathname_start));
    if (starts_alike(input, ret)) /* most links lead to where the one before them did */
        return join_path(ret, ret, ret->pathname_start, str_skip(input, ret->pathname_start));
    if (input.len == 0 || !url_is_http(base))
        return false;
    switch (input.ptr[0]) {
    case '#': return join_path(ret, base, url_href_without_hash(base).len, input);
    case '?': return join_path(ret, base, url_path_end(base), input);
    case '/':
        return !str_starts(input, STR("//")) && join_path(ret, base, base->pathname_start, input);
    default: {
        size_t head_len = climb(base, &input);
        return join_path(ret, base, head_len, input);
    }
    }
}
