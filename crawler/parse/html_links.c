#include "crawler/base/utf8.h"
#include "crawler/parse/css.h"
#include "crawler/parse/html_p.h"
#include "crawler/parse/links.h"

/* For links without a tag of their own. */
static const struct sieve_tag no_tag = {.attribute_count = 0};

const struct url *html_base_url(const struct html_reader *r)
{
    return r->has_base ? &r->base : r->input->base;
}

static bool is_nofollow(struct str rel)
{
    if (rel.len == 0)
        return false;
    return links_has_word(rel, STR("nofollow")) || links_has_word(rel, STR("ugc")) ||
           links_has_word(rel, STR("sponsored"));
}

bool html_resolve(struct html_reader *r, struct str raw)
{
    while (raw.len > 0 && (unsigned char)raw.ptr[0] <= ' ')
        raw = str_skip(raw, 1);
    char first = raw.len > 0 ? ascii_lower(raw.ptr[0]) : '\0';
    if ((first == 'd' && str_starts_nocase(raw, STR("data:"))) ||
        (first == 'j' && str_starts_nocase(raw, STR("javascript:"))))
        return false;
    enum cw_err err =
        url_parse_in(&r->url, utf8_cut(raw, RAW_URL_MAX), html_base_url(r), r->input->charset);
    if (err == CW_OK)
        err = url_canonicalize(&r->url);
    if (err == CW_ENOMEM)
        html_note_error(r, err);
    return err == CW_OK;
}

/* A link to r->url, its strings borrowed. Of a URL that is too long only the head stays; its host
 * (253 bytes at most, and a port) always fits. */
static struct page_link link_to_url(const struct html_reader *r, struct str element, struct str rel)
{
    struct str href = url_href(&r->url), host = url_host_key(&r->url);
    bool is_too_long = href.len > URL_MAX_BYTES;
    return (struct page_link){
        .url = str_first(href, URL_MAX_BYTES),
        .host = host,
        .element = element,
        .rel = rel,
        .nofollow = is_nofollow(rel),
        .internal = str_eq(host, url_host_key(r->document)),
        .verdict = {.reason = is_too_long ? EXCLUDE_TOO_LONG : EXCLUDE_NONE},
    };
}

/* Puts `text` into *to, folded. The string is borrowed from *to. */
static struct str fold_into(struct html_reader *r, struct buf *to, struct str text)
{
    buf_clear(to);
    if (str_is_absent(text))
        return STR_NONE;
    struct fold fold = fold_to(to);
    html_note_error(r, fold_add(&fold, text));
    return to->len > 0 ? buf_str(to) : STR_NONE;
}

static struct str fold_rel(struct html_reader *r, struct buf *to, struct str rel)
{
    struct str folded = fold_into(r, to, rel);
    for (size_t i = 0; i < folded.len; i++)
        to->ptr[i] = ascii_lower(to->ptr[i]);
    return folded;
}

static void add_link(struct html_reader *r, const struct link_attribute *kind, struct str raw,
                     const struct sieve_tag *tag)
{
    struct buf text = BUF_INIT(LINK_TEXT_MAX);
    if (!html_resolve(r, raw))
        return;
    struct page_link link =
        link_to_url(r, kind->element, fold_rel(r, &r->rel, html_attribute(tag, STR("rel"))));
    link.text = fold_into(r, &text, html_attribute(tag, STR("alt")));
    enum link_use use = str_eq(kind->element, STR("link")) && kind->use == LINK_MENTION
                            ? links_use_of_rel(link.rel)
                            : kind->use;
    link.follow = use == LINK_PAGE;
    link.requisite = use == LINK_PART;
    if (r->input->ret_shingles != NULL && str_eq(kind->element, STR("img")))
        shingles_add_part(r->input->ret_shingles, link.url);
    html_note_error(r, linkset_add(r->links, r->arena, &link, r->order++));
    buf_release(&text);
}

static void add_srcset(struct html_reader *r, const struct link_attribute *kind, struct str srcset,
                       const struct sieve_tag *tag)
{
    for (struct str url; r->err == CW_OK && links_next_srcset(&srcset, &url);)
        add_link(r, kind, url, tag);
}

static void add_list(struct html_reader *r, const struct link_attribute *kind, struct str list,
                     const struct sieve_tag *tag)
{
    for (struct str url; r->err == CW_OK && links_next_word(&list, &url);)
        add_link(r, kind, url, tag);
}

void html_read_links(struct html_reader *r, const struct sieve_tag *tag)
{
    for (size_t i = 0; i < tag->attribute_count && r->err == CW_OK; i++) {
        const struct sieve_attribute *attribute = &tag->attributes[i];
        const struct link_attribute *kind = link_attribute_find(tag->name, attribute->name);
        if (kind == NULL)
            continue;
        switch (kind->value) {
        case LINK_URL: add_link(r, kind, attribute->value, tag); break;
        case LINK_SRCSET: add_srcset(r, kind, attribute->value, tag); break;
        case LINK_LIST: add_list(r, kind, attribute->value, tag); break;
        }
    }
}

void html_read_sheet(struct html_reader *r, struct str sheet)
{
    static const struct link_attribute style = {STR("style"), STR("content"), LINK_URL, LINK_PART};
    struct css_reader css = css_reader_on(sheet, RAW_URL_MAX);
    for (struct str url; r->err == CW_OK && css_next_url(&css, &url);)
        add_link(r, &style, url, &no_tag);
    html_note_error(r, css.err);
    css_reader_release(&css);
}

void html_end_a(struct html_reader *r)
{
    if (r->a.is_open && r->a.is_link && r->err == CW_OK) {
        r->a.link.text = r->a.text.len > 0 ? buf_str(&r->a.text) : STR_NONE;
        html_note_error(r, linkset_add(r->links, r->arena, &r->a.link, r->a.order));
    }
    r->a.is_open = r->a.is_link = false;
}

/* The link of an <a> waits for its text, in buffers of its own. */
void html_start_a(struct html_reader *r, const struct sieve_tag *tag)
{
    struct str href = html_attribute(tag, STR("href"));
    html_end_a(r);
    buf_clear(&r->a.text);
    r->a.fold = fold_to(&r->a.text);
    r->a.is_open = true;
    r->a.order = r->order++;
    if (!str_is_absent(html_attribute(tag, STR("ping"))))
        add_list(r, link_attribute_find(STR("a"), STR("ping")), html_attribute(tag, STR("ping")),
                 &no_tag);
    if (str_is_absent(href) || !html_resolve(r, href))
        return;
    r->a.link = link_to_url(r, STR("a"), STR_NONE);
    size_t host_start = (size_t)(r->a.link.host.ptr - r->a.link.url.ptr);
    buf_clear(&r->a.url);
    html_note_error(r, buf_add(&r->a.url, r->a.link.url));
    r->a.link.url = buf_str(&r->a.url);
    r->a.link.host.ptr = r->a.link.url.ptr + host_start;
    r->a.link.follow = true;
    r->a.link.rel = fold_rel(r, &r->a.rel, html_attribute(tag, STR("rel")));
    r->a.link.nofollow = is_nofollow(r->a.link.rel);
    r->a.is_link = true;
}

void html_read_refresh(struct html_reader *r, struct str content)
{
    static const struct link_attribute refresh = {STR("meta"), STR("content"), LINK_URL, LINK_PAGE};
    uint64_t seconds;
    struct str url;
    if (links_parse_refresh(content, &seconds, &url) && url.len > 0)
        add_link(r, &refresh, url, &no_tag);
}
