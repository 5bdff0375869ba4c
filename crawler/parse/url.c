/* url: the parts of a parsed URL, by offset, and its canonical form. */
#include "crawler/parse/url.h"

#include "crawler/parse/url_p.h"

static const struct {
    struct str name;
    int32_t port;
} schemes[] = {
    [SCHEME_OTHER] = {{"", 0}, -1},       [SCHEME_FILE] = {{"file", 4}, -1},
    [SCHEME_FTP] = {{"ftp", 3}, 21},      [SCHEME_HTTP] = {{"http", 4}, 80},
    [SCHEME_HTTPS] = {{"https", 5}, 443}, [SCHEME_WS] = {{"ws", 2}, 80},
    [SCHEME_WSS] = {{"wss", 3}, 443},
};

enum url_scheme url_scheme_of(struct str lower_case_name)
{
    for (size_t i = ARRAY_LEN(schemes) - 1; i > SCHEME_OTHER; i--)
        if (str_eq(lower_case_name, schemes[i].name))
            return (enum url_scheme)i;
    return SCHEME_OTHER;
}

int32_t url_default_port(enum url_scheme scheme)
{
    return schemes[scheme].port;
}

void url_reset(struct url *url)
{
    struct buf href = url->href;
    buf_clear(&href);
    *url = URL_INIT;
    url->href = href;
}

bool url_has_authority(const struct url *url)
{
    return url->host_start > url->scheme_end + 1;
}

enum cw_err url_copy(struct url *ret, const struct url *url)
{
    url_reset(ret);
    enum cw_err err = buf_add(&ret->href, buf_str(&url->href));
    if (err != CW_OK)
        return err;
    struct buf href = ret->href;
    *ret = *url;
    ret->href = href;
    return CW_OK;
}

void url_release(struct url *url)
{
    buf_release(&url->href);
    url_reset(url);
}

static struct str slice(const struct url *url, size_t start, size_t end)
{
    return str_from(buf_str(&url->href).ptr + start, end - start);
}

static struct str slice_or_none(const struct url *url, size_t start, size_t end)
{
    return start < end ? slice(url, start, end) : STR_NONE;
}

/* Where the part before the fragment ends. */
static size_t hash_or_end(const struct url *url)
{
    return url->hash_start != URL_NO_PART ? url->hash_start : url->href.len;
}

size_t url_path_end(const struct url *url)
{
    return url->search_start != URL_NO_PART ? url->search_start : hash_or_end(url);
}

struct str url_href(const struct url *url)
{
    return buf_str(&url->href);
}

struct str url_href_without_hash(const struct url *url)
{
    return slice(url, 0, hash_or_end(url));
}

struct str url_scheme(const struct url *url)
{
    return slice(url, 0, url->scheme_end);
}

struct str url_username(const struct url *url)
{
    return url_has_authority(url) ? slice_or_none(url, url->scheme_end + 3, url->username_end)
                                  : STR_NONE;
}

/* The bytes between user name and host are ":PASSWORD@", "@" or none. */
struct str url_password(const struct url *url)
{
    return url_has_authority(url) ? slice_or_none(url, url->username_end + 1, url->host_start - 1)
                                  : STR_NONE;
}

struct str url_hostname(const struct url *url)
{
    return url_has_authority(url) ? slice(url, url->host_start, url->host_end) : STR_NONE;
}

struct str url_pathname(const struct url *url)
{
    return slice(url, url->pathname_start, url_path_end(url));
}

struct str url_search(const struct url *url)
{
    return slice_or_none(url, url_path_end(url), hash_or_end(url));
}

struct str url_hash(const struct url *url)
{
    return slice_or_none(url, hash_or_end(url), url->href.len);
}

struct str url_path_and_query(const struct url *url)
{
    return slice(url, url->pathname_start, hash_or_end(url));
}

bool url_is_http(const struct url *url)
{
    struct str scheme = url_scheme(url);
    return str_eq(scheme, STR("https")) || str_eq(scheme, STR("http"));
}

uint16_t url_effective_port(const struct url *url)
{
    int32_t port = url->port >= 0 ? url->port : url_default_port(url_scheme_of(url_scheme(url)));
    return port >= 0 ? (uint16_t)port : 0;
}

static bool has_credentials(const struct url *url)
{
    return url_has_authority(url) && url->host_start > url->scheme_end + 3;
}

struct str url_origin(const struct url *url)
{
    bool has_tuple_origin = url_default_port(url_scheme_of(url_scheme(url))) >= 0;
    return has_tuple_origin && !has_credentials(url) ? slice(url, 0, url->pathname_start)
                                                     : STR_NONE;
}

struct str url_host_key(const struct url *url)
{
    return url_has_authority(url) ? slice(url, url->host_start, url->pathname_start) : STR_NONE;
}

static void cut_hash(struct url *url)
{
    url->href.len = hash_or_end(url);
    url->href.ptr[url->href.len] = '\0';
    url->hash_start = URL_NO_PART;
}

static void cut_credentials(struct url *url)
{
    uint32_t start = url->scheme_end + 3, gap = url->host_start - start;
    struct buf *href = &url->href;
    if (gap == 0)
        return;
    memmove(href->ptr + start, href->ptr + url->host_start, href->len - url->host_start + 1);
    href->len -= gap;
    url->username_end = url->host_start = start;
    url->host_end -= gap;
    url->pathname_start -= gap;
    if (url->search_start != URL_NO_PART)
        url->search_start -= gap;
}

enum cw_err url_canonicalize(struct url *url)
{
    if (!url_is_http(url))
        return CW_EINVAL;
    cut_hash(url);
    cut_credentials(url);
    return CW_OK;
}
