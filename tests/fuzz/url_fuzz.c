/* url_fuzz: any bytes as base, line feed, reference; then what must hold for whatever came out. */
#include <assert.h>

#include "crawler/parse/url_p.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_inside(struct str part, struct str whole)
{
    return part.ptr >= whole.ptr && part.ptr + part.len <= whole.ptr + whole.len;
}

static void check_is_ascii(struct str href)
{
    for (size_t i = 0; i < href.len; i++)
        assert(href.ptr[i] >= ' ' && href.ptr[i] < 0x7F);
}

static void check_parts(const struct url *url)
{
    const struct str parts[] = {
        url_scheme(url),   url_username(url), url_password(url),       url_hostname(url),
        url_pathname(url), url_search(url),   url_hash(url),           url_href_without_hash(url),
        url_origin(url),   url_host_key(url), url_path_and_query(url),
    };
    for (size_t i = 0; i < ARRAY_LEN(parts); i++)
        assert(str_is_absent(parts[i]) || is_inside(parts[i], url_href(url)));
    struct str domain = url_registrable_domain(url_hostname(url));
    assert(str_is_absent(domain) || is_inside(domain, url_hostname(url)));
    assert(url->port >= -1 && url->port <= UINT16_MAX);
}

static void check_same(const struct url *a, const struct url *b)
{
    assert(str_eq(url_href(a), url_href(b)));
    assert(a->scheme_end == b->scheme_end && a->username_end == b->username_end);
    assert(a->host_start == b->host_start && a->host_end == b->host_end);
    assert(a->pathname_start == b->pathname_start && a->search_start == b->search_start);
    assert(a->hash_start == b->hash_start && a->port == b->port);
    assert(a->has_opaque_path == b->has_opaque_path);
}

/* parse(serialise(x)) is x, offset by offset. */
static void check_comes_back(const struct url *url)
{
    struct url again = URL_INIT;
    enum cw_err err = url_parse(&again, url_href(url), NULL);
    assert(err == CW_OK);
    check_same(url, &again);
    url_release(&again);
}

static void check_canonical(struct url *url)
{
    enum cw_err err = url_canonicalize(url);
    assert((err == CW_OK) == url_is_http(url));
    if (err != CW_OK)
        return;
    check_comes_back(url);
    assert(str_is_absent(url_username(url)) && str_is_absent(url_password(url)));
    assert(str_is_absent(url_hash(url)) && url_hostname(url).len > 0);
    assert(str_starts(url_pathname(url), STR("/")));
    assert(str_eq(url_host_key(url), str_skip(url_origin(url), url->scheme_end + 3)));
}

/* What needs no parser is what the parser says, whatever came before. */
static void check_joined(struct str reference, const struct url *base)
{
    struct url joined = URL_INIT, parsed = URL_INIT;
    enum cw_err err = url_copy(&joined, base);
    assert(err == CW_OK);
    for (int i = 0; i < 2; i++) {
        if (url_join_plain(&joined, reference, base)) {
            err = url_parse_any(&parsed, reference, base, STR_NONE);
            assert(err == CW_OK);
            check_same(&joined, &parsed);
        }
        if (url_parse_any(&joined, reference, NULL, STR_NONE) != CW_OK)
            break;
    }
    url_release(&joined);
    url_release(&parsed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str input = str_from((const char *)data, size);
    struct str base_text = str_first(input, str_find_char(input, '\n'));
    struct url url = URL_INIT, base = URL_INIT;
    bool has_base = base_text.len < input.len && url_parse(&base, base_text, NULL) == CW_OK;
    if (has_base)
        check_joined(str_skip(input, base_text.len + 1), &base);
    if (url_parse(&url, has_base ? str_skip(input, base_text.len + 1) : input,
                  has_base ? &base : NULL) == CW_OK) {
        check_is_ascii(url_href(&url));
        check_parts(&url);
        check_comes_back(&url);
        check_canonical(&url);
    } else {
        assert(url_href(&url).len == 0 && url_pathname(&url).len == 0);
    }
    url_release(&url);
    url_release(&base);
    return 0;
}
