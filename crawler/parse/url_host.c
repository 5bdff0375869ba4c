#include "crawler/parse/url_host_p.h"

#include "crawler/parse/url_percent_p.h"

enum { DOMAIN_MAX = 253, LABEL_MAX = 63, ENCODED_MAX = 64 * 1024 };

static enum cw_err add_v6(struct buf *ret, struct str host)
{
    uint16_t pieces[8];
    if (!str_ends(host, STR("]")))
        return CW_EURL;
    if (!url_ip_parse_v6(str_from(host.ptr + 1, host.len - 2), pieces))
        return CW_EURL;
    return url_ip_add_v6(ret, pieces);
}

static enum cw_err add_opaque(struct buf *ret, struct str host)
{
    if (url_classes_of(host) & URL_BYTE_NOT_IN_HOST)
        return CW_EURL;
    return url_percent_encode(ret, host, URL_SET_C0);
}

static enum cw_err add_lower(struct buf *ret, struct str s)
{
    enum cw_err err = buf_add(ret, s);
    for (size_t i = ret->len - (err == CW_OK ? s.len : 0); i < ret->len; i++)
        ret->ptr[i] = ascii_lower(ret->ptr[i]);
    return err;
}

/* "domain to ASCII" with beStrict false: an ASCII name is only lower-cased (so its "xn--" labels
 * are taken at their word, as in browsers), and nearly no name ever sees ICU. */
static enum cw_err add_ascii_domain(struct buf *ret, struct str domain)
{
    if (url_classes_of(domain) & URL_BYTE_NOT_ASCII)
        return url_idna_add(ret, domain);
    return add_lower(ret, domain);
}

static bool fits_dns(struct str domain)
{
    if (str_ends(domain, STR(".")))
        domain.len--;
    if (domain.len > DOMAIN_MAX)
        return false;
    for (struct str rest = domain; !str_is_absent(rest);)
        if (str_cut(&rest, '.').len > LABEL_MAX)
            return false;
    return true;
}

/* Checks the ASCII domain at the end of *ret, and rewrites it if it is an IPv4 address. */
static enum cw_err finish_domain(struct buf *ret, size_t start)
{
    struct str domain = str_skip(buf_str(ret), start);
    uint32_t address;
    if (domain.len == 0 || (url_classes_of(domain) & URL_BYTE_NOT_IN_DOMAIN))
        return CW_EURL;
    if (!url_ip_looks_like_v4(domain))
        return fits_dns(domain) ? CW_OK : CW_EURL;
    if (!url_ip_parse_v4(domain, &address))
        return CW_EURL;
    ret->len = start;
    return url_ip_add_v4(ret, address);
}

static enum cw_err add_domain(struct buf *ret, struct str host)
{
    size_t start = ret->len;
    CLEANUP(buf_release) struct buf decoded = BUF_INIT(ENCODED_MAX);
    if (str_find_char(host, '%') < host.len) {
        enum cw_err err = url_percent_decode(&decoded, host);
        if (err != CW_OK)
            return err == CW_ETOOBIG ? CW_EURL : err;
        host = buf_str(&decoded);
    }
    enum cw_err err = add_ascii_domain(ret, host);
    return err == CW_OK ? finish_domain(ret, start) : err;
}

enum cw_err url_host_add(struct buf *ret, struct str host, bool scheme_is_special)
{
    if (str_starts(host, STR("[")))
        return add_v6(ret, host);
    return scheme_is_special ? add_domain(ret, host) : add_opaque(ret, host);
}
