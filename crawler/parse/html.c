#include "crawler/parse/html.h"

#include <libxml/HTMLparser.h>
#include <libxml/parserInternals.h>
#include <limits.h>

#include "crawler/base/utf8.h"
#include "crawler/parse/fold.h"
#include "crawler/parse/links.h"
#include "crawler/parse/linkset.h"
#include "crawler/parse/pagerules.h"
#include "crawler/parse/sieve.h"

enum {
    RAW_URL_MAX = 64 * 1024, /* what is beyond could not make a URL short enough to keep */
    LANGUAGE_MAX = 64,
};

/* The <a> whose text is being gathered. Its link waits in buffers of its own for the end tag. */
struct open_a {
    bool is_open;
    bool is_link; /* it has a link to keep */
    size_t order; /* its place in the page */
    struct page_link link;
    struct buf url, rel, text;
    struct fold fold; /* to `text` */
};

/* What one run over a page knows. Borrowed by libxml2's callbacks. */
struct reader {
    const struct html_input *input;
    struct page *page;
    struct arena *arena;
    htmlParserCtxtPtr parser;
    enum cw_err err; /* the first; the run stops at it */

    struct url base; /* of relative links, once has_base */
    bool has_base;
    struct url url; /* the one being read; reused */

    struct linkset links;
    struct pagerules rules;
    struct str content_language; /* of a meta; <html lang> wins */

    bool in_title;
    struct buf title;
    struct fold title_fold;

    struct fold visible;

    struct open_a a;
    struct buf rel; /* of the link being read; reused */
    size_t order;   /* of the next link */
};

/* The attributes of a tag, as libxml2 gives them: name, value, name, value ..., NULL. */
struct attributes {
    const xmlChar **pairs; /* NULL: none */
};

static struct str str_of_xml(const xmlChar *s)
{
    return s != NULL ? str_of((const char *)s) : STR("");
}

static struct str attribute(struct attributes all, const char *name)
{
    for (const xmlChar **p = all.pairs; p != NULL && *p != NULL; p += 2)
        if (strcmp((const char *)p[0], name) == 0)
            return str_of_xml(p[1]);
    return STR_NONE;
}

static void note_error(struct reader *r, enum cw_err err)
{
    if (err == CW_OK || r->err != CW_OK)
        return;
    r->err = err;
    xmlStopParser(r->parser);
}

static const struct url *base_url(const struct reader *r)
{
    return r->has_base ? &r->base : r->input->base;
}

/* Does the list of words (parted by white space) hold `word`? */
static bool has_word(struct str list, struct str word)
{
    while (list.len > 0) {
        size_t len = 0;
        list = str_trim(list);
        while (len < list.len && !ascii_is_space(list.ptr[len]))
            len++;
        if (str_eq_nocase(str_first(list, len), word))
            return true;
        list = str_skip(list, len);
    }
    return false;
}

static bool is_nofollow(struct str rel)
{
    return has_word(rel, STR("nofollow")) || has_word(rel, STR("ugc")) ||
           has_word(rel, STR("sponsored"));
}

/* A <link> that names a page rather than a part of this one. */
static bool rel_names_a_page(struct str rel)
{
    return has_word(rel, STR("canonical")) || has_word(rel, STR("alternate")) ||
           has_word(rel, STR("next")) || has_word(rel, STR("prev"));
}

/* Copies `text` into the arena, folded and cut. Absent when nothing is left. */
static struct str keep_folded(struct reader *r, struct str text, size_t max_bytes)
{
    struct buf folded = BUF_INIT(max_bytes);
    struct fold fold = fold_to(&folded);
    enum cw_err err = fold_add(&fold, text);
    struct str kept = folded.len > 0 ? buf_str(&folded) : STR_NONE;
    if (err == CW_OK && !arena_keep(r->arena, &kept))
        err = CW_ETOOBIG;
    buf_release(&folded);
    note_error(r, err);
    return err == CW_OK ? kept : STR_NONE;
}

/* Resolves `raw` into r->url. False: not an http(s) URL. */
static bool resolve(struct reader *r, struct str raw)
{
    while (raw.len > 0 && (unsigned char)raw.ptr[0] <= ' ')
        raw = str_skip(raw, 1);
    if (str_starts_nocase(raw, STR("data:")) || str_starts_nocase(raw, STR("javascript:")))
        return false;
    enum cw_err err = url_parse(&r->url, utf8_cut(raw, RAW_URL_MAX), base_url(r));
    if (err == CW_OK && url_is_http(&r->url))
        err = url_canonicalize(&r->url);
    if (err == CW_ENOMEM)
        note_error(r, err);
    return err == CW_OK && url_is_http(&r->url);
}

/* A link to r->url, its strings borrowed. Of a URL that is too long only the head stays; its host
 * (253 bytes at most, and a port) always fits. */
static struct page_link link_to_url(const struct reader *r, struct str element, struct str rel)
{
    struct str href = url_href(&r->url), host = url_host_key(&r->url);
    bool is_too_long = href.len > URL_MAX_BYTES;
    return (struct page_link){
        .url = str_first(href, URL_MAX_BYTES),
        .host = host,
        .element = element,
        .rel = rel,
        .nofollow = is_nofollow(rel),
        .internal = str_eq(host, url_host_key(r->input->base)),
        .verdict = {.reason = is_too_long ? EXCLUDE_TOO_LONG : EXCLUDE_NONE},
    };
}

/* Puts `text` into *to, folded. The string is borrowed from *to. */
static struct str fold_into(struct reader *r, struct buf *to, struct str text)
{
    buf_clear(to);
    if (str_is_absent(text))
        return STR_NONE;
    struct fold fold = fold_to(to);
    note_error(r, fold_add(&fold, text));
    return to->len > 0 ? buf_str(to) : STR_NONE;
}

static struct str fold_rel(struct reader *r, struct buf *to, struct str rel)
{
    struct str folded = fold_into(r, to, rel);
    for (size_t i = 0; i < folded.len; i++)
        to->ptr[i] = ascii_lower(to->ptr[i]);
    return folded;
}

static void add_link(struct reader *r, const struct link_attribute *kind, struct str raw,
                     struct attributes all)
{
    struct buf text = BUF_INIT(LINK_TEXT_MAX);
    if (!resolve(r, raw))
        return;
    struct page_link link =
        link_to_url(r, kind->element, fold_rel(r, &r->rel, attribute(all, "rel")));
    link.text = fold_into(r, &text, attribute(all, "alt"));
    link.follow =
        kind->follow || (str_eq(kind->element, STR("link")) && rel_names_a_page(link.rel));
    note_error(r, linkset_add(&r->links, r->arena, &link, r->order++));
    buf_release(&text);
}

static void add_srcset(struct reader *r, const struct link_attribute *kind, struct str srcset,
                       struct attributes all)
{
    for (struct str url; r->err == CW_OK && links_next_srcset(&srcset, &url);)
        add_link(r, kind, url, all);
}

static void read_links(struct reader *r, struct str element, struct attributes all)
{
    for (const xmlChar **p = all.pairs; p != NULL && *p != NULL && r->err == CW_OK; p += 2) {
        const struct link_attribute *kind = link_attribute_find(element, str_of_xml(p[0]));
        if (kind != NULL && kind->value == LINK_SRCSET)
            add_srcset(r, kind, str_of_xml(p[1]), all);
        else if (kind != NULL)
            add_link(r, kind, str_of_xml(p[1]), all);
    }
}

static void end_a(struct reader *r)
{
    if (r->a.is_open && r->a.is_link && r->err == CW_OK) {
        r->a.link.text = r->a.text.len > 0 ? buf_str(&r->a.text) : STR_NONE;
        note_error(r, linkset_add(&r->links, r->arena, &r->a.link, r->a.order));
    }
    r->a.is_open = r->a.is_link = false;
}

/* The link of an <a> waits for its text, in buffers of its own. */
static void start_a(struct reader *r, struct attributes all)
{
    struct str href = attribute(all, "href");
    end_a(r);
    buf_clear(&r->a.text);
    r->a.fold = fold_to(&r->a.text);
    r->a.is_open = true;
    r->a.order = r->order++;
    if (str_is_absent(href) || !resolve(r, href))
        return;
    r->a.link = link_to_url(r, STR("a"), STR_NONE);
    size_t host_start = (size_t)(r->a.link.host.ptr - r->a.link.url.ptr);
    buf_clear(&r->a.url);
    note_error(r, buf_add(&r->a.url, r->a.link.url));
    r->a.link.url = buf_str(&r->a.url);
    r->a.link.host.ptr = r->a.link.url.ptr + host_start;
    r->a.link.follow = true;
    r->a.link.rel = fold_rel(r, &r->a.rel, attribute(all, "rel"));
    r->a.link.nofollow = is_nofollow(r->a.link.rel);
    r->a.is_link = true;
}

static void read_refresh(struct reader *r, struct str content)
{
    static const struct link_attribute refresh = {STR("meta"), STR("content"), LINK_URL, true};
    uint64_t seconds;
    struct str url;
    if (links_parse_refresh(content, &seconds, &url) && url.len > 0)
        add_link(r, &refresh, url, (struct attributes){NULL});
}

static void read_meta(struct reader *r, struct attributes all)
{
    struct str name = attribute(all, "name"), content = attribute(all, "content");
    struct str pragma = attribute(all, "http-equiv");
    if (str_is_absent(content))
        return;
    if (str_eq_nocase(pragma, STR("refresh")))
        read_refresh(r, content);
    else if (str_eq_nocase(pragma, STR("content-language")) && str_is_absent(r->content_language) &&
             str_find_char(content, ',') == content.len)
        r->content_language = keep_folded(r, content, LANGUAGE_MAX);
    if (str_is_absent(name))
        return;
    if (str_eq_nocase(name, STR("description")) && str_is_absent(r->page->description))
        r->page->description = keep_folded(r, content, DESCRIPTION_MAX);
    pagerules_add_meta(&r->rules, name, content, r->input->agent, r->input->now_unix_ms);
}

static void read_html(struct reader *r, struct attributes all)
{
    struct str lang = attribute(all, "lang");
    if (lang.len == 0)
        lang = attribute(all, "xml:lang");
    if (str_is_absent(r->page->language) && lang.len > 0)
        r->page->language = keep_folded(r, lang, LANGUAGE_MAX);
}

/* The first valid one counts. */
static void read_base(struct reader *r, struct attributes all)
{
    struct str href = attribute(all, "href");
    if (r->has_base || str_is_absent(href))
        return;
    enum cw_err err = url_parse(&r->base, utf8_cut(href, RAW_URL_MAX), r->input->base);
    r->has_base = err == CW_OK && url_is_http(&r->base);
    if (err == CW_ENOMEM)
        note_error(r, err);
}

static void read_canonical(struct reader *r, struct attributes all)
{
    if (!str_is_absent(r->page->canonical_url) ||
        !has_word(attribute(all, "rel"), STR("canonical")))
        return;
    struct str href = attribute(all, "href");
    if (href.len == 0 || !resolve(r, href))
        return;
    struct str url = url_href(&r->url);
    if (url.len > URL_MAX_BYTES)
        return;
    if (arena_keep(r->arena, &url))
        r->page->canonical_url = url;
    else
        note_error(r, CW_ETOOBIG);
}

static void read_image_text(struct reader *r, struct attributes all)
{
    struct str alt = attribute(all, "alt");
    if (!r->a.is_open || alt.len == 0)
        return;
    note_error(r, fold_add(&r->a.fold, STR(" ")));
    note_error(r, fold_add(&r->a.fold, alt));
    note_error(r, fold_add(&r->a.fold, STR(" ")));
}

static void on_start(void *user_data, const xmlChar *name, const xmlChar **pairs)
{
    struct reader *r = user_data;
    struct str element = str_of_xml(name);
    struct attributes all = {pairs};
    if (r->err != CW_OK)
        return;
    if (str_eq(element, STR("a"))) {
        start_a(r, all);
        return;
    }
    if (str_eq(element, STR("title")))
        r->in_title = true;
    else if (str_eq(element, STR("html")))
        read_html(r, all);
    else if (str_eq(element, STR("base")))
        read_base(r, all);
    else if (str_eq(element, STR("meta")))
        read_meta(r, all);
    else if (str_eq(element, STR("link")))
        read_canonical(r, all);
    else if (str_eq(element, STR("img")))
        read_image_text(r, all);
    read_links(r, element, all);
}

/* The first title with words counts. */
static void end_title(struct reader *r)
{
    struct str title = buf_str(&r->title);
    r->in_title = false;
    if (title.len == 0 || !str_is_absent(r->page->title))
        return;
    r->title_fold.is_full = true;
    if (arena_keep(r->arena, &title))
        r->page->title = title;
    else
        note_error(r, CW_ETOOBIG);
}

static void on_end(void *user_data, const xmlChar *name)
{
    struct reader *r = user_data;
    struct str element = str_of_xml(name);
    if (str_eq(element, STR("a"))) {
        end_a(r);
    } else if (str_eq(element, STR("title")) && r->in_title) {
        end_title(r);
    }
}

static void on_text(void *user_data, const xmlChar *bytes, int len)
{
    struct reader *r = user_data;
    struct str text = str_from((const char *)bytes, (size_t)len);
    if (r->in_title) {
        note_error(r, fold_add(&r->title_fold, text));
        return;
    }
    note_error(r, fold_add(&r->visible, text));
    if (r->a.is_open)
        note_error(r, fold_add(&r->a.fold, text));
}

/* Runs libxml2 over sieved markup. Its own findings (errors, warnings) do not interest us. */
static enum cw_err read_markup(struct reader *r, struct str markup)
{
    if (markup.len == 0)
        return CW_OK;
    if (markup.len > INT_MAX)
        return CW_ETOOBIG;
    r->parser = htmlCreateMemoryParserCtxt(markup.ptr, (int)markup.len);
    if (r->parser == NULL)
        return CW_ENOMEM;
    *r->parser->sax = (htmlSAXHandler){
        .startElement = on_start,
        .endElement = on_end,
        .characters = on_text,
        .ignorableWhitespace = on_text,
        .initialized = 1,
    };
    r->parser->userData = r;
    (void)htmlCtxtUseOptions(r->parser, HTML_PARSE_RECOVER | HTML_PARSE_NOERROR |
                                            HTML_PARSE_NOWARNING | HTML_PARSE_NONET |
                                            HTML_PARSE_NOIMPLIED | HTML_PARSE_IGNORE_ENC);
    if (xmlSwitchEncoding(r->parser, XML_CHAR_ENCODING_UTF8) == 0)
        (void)htmlParseDocument(r->parser);
    enum cw_err err = r->parser->errNo == XML_ERR_NO_MEMORY ? CW_ENOMEM : r->err;
    htmlFreeParserCtxt(r->parser);
    r->parser = NULL;
    return err;
}

static enum cw_err read_page(struct reader *r)
{
    size_t max = SIEVE_MAX_BYTES(r->input->html.len);
    struct buf bases = BUF_INIT(max), markup = BUF_INIT(max);
    enum cw_err err = sieve_html(&bases, &markup, r->input->html, r->input->is_xhtml);
    if (err == CW_OK)
        err = read_markup(r, buf_str(&bases));
    if (err == CW_OK)
        err = read_markup(r, buf_str(&markup));
    buf_release(&bases);
    buf_release(&markup);
    return err;
}

/* Whatever happened, what was found stays. */
static enum cw_err finish_page(struct reader *r)
{
    struct page *page = r->page;
    if (str_is_absent(page->language))
        page->language = r->content_language;
    page->noindex |= r->rules.noindex;
    page->nofollow |= r->rules.nofollow;
    page->words = (int32_t)MIN(r->visible.word_count, (size_t)INT32_MAX);
    enum cw_err err = linkset_finish(&r->links, r->arena, page);
    for (size_t i = 0; i < page->link_count; i++)
        page->links[i].nofollow |= page->nofollow;
    return err;
}

static void reader_release(struct reader *r)
{
    url_release(&r->base);
    url_release(&r->url);
    linkset_release(&r->links);
    buf_release(&r->title);
    buf_release(&r->rel);
    buf_release(&r->a.url);
    buf_release(&r->a.rel);
    buf_release(&r->a.text);
}

void html_prepare(void)
{
    xmlInitParser();
}

enum cw_err html_parse(struct page *page, struct arena *arena, const struct html_input *input)
{
    struct reader r = {
        .input = input,
        .page = page,
        .arena = arena,
        .base = URL_INIT,
        .url = URL_INIT,
        .links = LINKSET_INIT,
        .title = BUF_INIT(TITLE_MAX),
        .visible = fold_to(input->ret_text),
        .rel = BUF_INIT(LINK_TEXT_MAX),
        .a = {.url = BUF_INIT(URL_MAX_BYTES),
              .rel = BUF_INIT(LINK_TEXT_MAX),
              .text = BUF_INIT(LINK_TEXT_MAX)},
    };
    r.title_fold = fold_to(&r.title);
    enum cw_err err = read_page(&r), finish_err = finish_page(&r);
    reader_release(&r);
    return err != CW_OK ? err : finish_err;
}
