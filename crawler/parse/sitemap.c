#include "crawler/parse/sitemap.h"

#include "crawler/page.h"
#include "crawler/parse/charset.h"
#include "crawler/parse/decode.h"
#include "crawler/parse/mime.h"
#include "crawler/parse/sitemap_p.h"

enum {
    TYPE_MAX = 1024,
    DECLARATION_MAX = 256, /* an XML declaration is shorter */
    /* A byte of an old charset may take three in UTF-8; a file that full of them is cut. */
    TEXT_MAX = SITEMAP_MAX_BYTES + SITEMAP_MAX_BYTES / 2,
};

/* ---- what every format hands on ---- */

static bool speaks_for(const struct sitemap_input *input, struct str host)
{
    return str_eq(host, url_host_key(input->url)) ||
           (!str_is_absent(input->also_host) && str_eq(host, input->also_host));
}

static bool hand_on(struct sitemap_reading *r, struct sitemap_entry *entry, enum cw_err *ret_err)
{
    if (r->summary->entries == SITEMAP_ENTRIES_MAX) {
        r->summary->cut = true;
        *ret_err = CW_OK;
        return false;
    }
    struct str href = url_href(&r->url);
    entry->url = str_first(href, URL_MAX_BYTES);
    entry->host = url_host_key(&r->url);
    entry->is_cut = href.len > URL_MAX_BYTES;
    r->summary->entries++;
    *ret_err = r->on_entry(r->arg, entry);
    return *ret_err == CW_OK;
}

bool sitemap_offer(struct sitemap_reading *r, struct str text, const struct url *base,
                   struct sitemap_entry *entry, enum cw_err *ret_err)
{
    enum cw_err err = url_parse(&r->url, str_trim(text), base);
    if (err == CW_OK)
        err = url_canonicalize(&r->url);
    if (err == CW_ENOMEM) {
        *ret_err = err;
        return false;
    }
    if (err != CW_OK)
        r->summary->invalid++;
    else if (!speaks_for(r->input, url_host_key(&r->url)))
        r->summary->foreign++;
    else
        return hand_on(r, entry, ret_err);
    return true;
}

/* ---- a URL a line ---- */

static enum cw_err read_lines(struct sitemap_reading *r, struct str text)
{
    enum cw_err err = CW_OK;
    r->summary->kind = SITEMAP_URLSET;
    while (!str_is_absent(text)) {
        struct str line = str_trim(str_cut(&text, '\n'));
        struct sitemap_entry entry = {.role = SITEMAP_PAGE,
                                      .lastmod_unix_ms = -1,
                                      .priority_per_mille = SITEMAP_PRIORITY_DEFAULT};
        if (line.len > 0 && !sitemap_offer(r, line, NULL, &entry, &err))
            return err;
    }
    if (r->summary->entries == 0 && r->summary->foreign == 0)
        r->summary->kind = SITEMAP_NONE; /* just some text */
    return CW_OK;
}

/* ---- from bytes to text ---- */

/* The encoding that an XML declaration names, or absent. */
static struct str declared_encoding(struct str body)
{
    struct str head = str_first(body, DECLARATION_MAX);
    head = str_first(head, str_find(head, STR("?>")));
    if (!str_starts(head, STR("<?xml")))
        return STR_NONE;
    head = str_skip(head, str_find(head, STR("encoding")));
    for (size_t i = 0; i < head.len; i++)
        if (head.ptr[i] == '"' || head.ptr[i] == '\'') {
            struct str value = str_skip(head, i + 1);
            return str_first(value, str_find_char(value, head.ptr[i]));
        }
    return STR_NONE;
}

/* The byte order mark, the header, the XML declaration (RFC 7303, 3), or else UTF-8. */
static struct str find_encoding(struct str body, struct str http_charset)
{
    struct str label = charset_of_label(http_charset);
    if (str_is_absent(label))
        label = charset_of_label(declared_encoding(str_trim(body)));
    if (str_is_absent(label))
        label = STR("utf-8");
    return charset_sniff(str_first(body, 4), label, false);
}

static enum cw_err read_text(struct sitemap_reading *r, struct str body, struct str http_charset,
                             bool claims_html)
{
    CLEANUP(buf_release) struct buf utf8 = BUF_INIT(TEXT_MAX);
    enum cw_err err = charset_to_utf8(&utf8, body, find_encoding(body, http_charset));
    if (err == CW_ETOOBIG)
        r->summary->cut = true;
    else if (err != CW_OK)
        return err;
    struct str text = str_trim(buf_str(&utf8));
    if (str_starts(text, STR("<")))
        return sitemap_read_xml(r, text);
    return claims_html || text.len == 0 ? CW_OK : read_lines(r, text);
}

/* Of a file that is too big or ends early, what is there counts. */
static enum cw_err read_body(struct sitemap_reading *r, struct str http_charset, bool claims_html)
{
    CLEANUP(buf_release) struct buf decoded = BUF_INIT(SITEMAP_MAX_BYTES);
    struct str body = r->input->body;
    if (str_starts(body, STR("\x1f\x8b"))) {
        enum cw_err err = decode_content(&decoded, body, STR("gzip"));
        if (err != CW_OK && err != CW_ETOOBIG && err != CW_ETRUNCATED)
            return err;
        r->summary->cut = err != CW_OK;
        body = buf_str(&decoded);
    }
    r->summary->cut |= body.len > SITEMAP_MAX_BYTES;
    return read_text(r, str_first(body, SITEMAP_MAX_BYTES), http_charset, claims_html);
}

enum cw_err sitemap_read(struct sitemap_summary *ret, const struct sitemap_input *input,
                         sitemap_entry_fn *on_entry, void *arg)
{
    CLEANUP(buf_release) struct buf type = BUF_INIT(TYPE_MAX), charset = BUF_INIT(TYPE_MAX);
    struct sitemap_reading r = {
        .input = input, .summary = ret, .on_entry = on_entry, .arg = arg, .url = URL_INIT};
    *ret = (struct sitemap_summary){.kind = SITEMAP_NONE};
    bool is_typed =
        !str_is_absent(input->content_type) && mime_parse(input->content_type, &type, &charset);
    enum cw_err err = read_body(&r, charset.len > 0 ? buf_str(&charset) : STR_NONE,
                                is_typed && mime_is_html(buf_str(&type)));
    url_release(&r.url);
    return err;
}
