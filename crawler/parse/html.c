#include "crawler/parse/html.h"

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

/* What one run over a page knows. Borrowed by the callbacks. */
struct reader {
    const struct html_input *input;
    struct page *page;
    struct arena *arena;
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

static struct str attribute(const struct sieve_tag *tag, struct str name)
{
    for (size_t i = 0; i < tag->attribute_count; i++)
        if (str_eq(tag->attributes[i].name, name))
            return tag->attributes[i].value;
    return STR_NONE;
}

static void note_error(struct reader *r, enum cw_err err)
{
    if (r->err == CW_OK)
        r->err = err;
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
    enum cw_err err =
        url_parse_in(&r->url, utf8_cut(raw, RAW_URL_MAX), base_url(r), r->input->charset);
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
                     const struct sieve_tag *tag)
{
    struct buf text = BUF_INIT(LINK_TEXT_MAX);
    if (!resolve(r, raw))
        return;
    struct page_link link =
        link_to_url(r, kind->element, fold_rel(r, &r->rel, attribute(tag, STR("rel"))));
    link.text = fold_into(r, &text, attribute(tag, STR("alt")));
    link.follow =
        kind->follow || (str_eq(kind->element, STR("link")) && rel_names_a_page(link.rel));
    note_error(r, linkset_add(&r->links, r->arena, &link, r->order++));
    buf_release(&text);
}

static void add_srcset(struct reader *r, const struct link_attribute *kind, struct str srcset,
                       const struct sieve_tag *tag)
{
    for (struct str url; r->err == CW_OK && links_next_srcset(&srcset, &url);)
        add_link(r, kind, url, tag);
}

static void read_links(struct reader *r, const struct sieve_tag *tag)
{
    for (size_t i = 0; i < tag->attribute_count && r->err == CW_OK; i++) {
        const struct sieve_attribute *attribute = &tag->attributes[i];
        const struct link_attribute *kind = link_attribute_find(tag->name, attribute->name);
        if (kind != NULL && kind->value == LINK_SRCSET)
            add_srcset(r, kind, attribute->value, tag);
        else if (kind != NULL)
            add_link(r, kind, attribute->value, tag);
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
static void start_a(struct reader *r, const struct sieve_tag *tag)
{
    struct str href = attribute(tag, STR("href"));
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
    r->a.link.rel = fold_rel(r, &r->a.rel, attribute(tag, STR("rel")));
    r->a.link.nofollow = is_nofollow(r->a.link.rel);
    r->a.is_link = true;
}

static void read_refresh(struct reader *r, struct str content)
{
    static const struct link_attribute refresh = {STR("meta"), STR("content"), LINK_URL, true};
    uint64_t seconds;
    struct str url;
    if (links_parse_refresh(content, &seconds, &url) && url.len > 0)
        add_link(r, &refresh, url, &(struct sieve_tag){.name = refresh.element});
}

static void read_meta(struct reader *r, const struct sieve_tag *tag)
{
    struct str name = attribute(tag, STR("name")), content = attribute(tag, STR("content"));
    struct str pragma = attribute(tag, STR("http-equiv"));
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

static void read_html(struct reader *r, const struct sieve_tag *tag)
{
    struct str lang = attribute(tag, STR("lang"));
    if (lang.len == 0)
        lang = attribute(tag, STR("xml:lang"));
    if (str_is_absent(r->page->language) && lang.len > 0)
        r->page->language = keep_folded(r, lang, LANGUAGE_MAX);
}

/* The first valid one counts. */
static void read_base(struct reader *r, const struct sieve_tag *tag)
{
    struct str href = attribute(tag, STR("href"));
    if (r->has_base || str_is_absent(href))
        return;
    enum cw_err err =
        url_parse_in(&r->base, utf8_cut(href, RAW_URL_MAX), r->input->base, r->input->charset);
    r->has_base = err == CW_OK && url_is_http(&r->base);
    if (err == CW_ENOMEM)
        note_error(r, err);
}

static void read_canonical(struct reader *r, const struct sieve_tag *tag)
{
    if (!str_is_absent(r->page->canonical_url) ||
        !has_word(attribute(tag, STR("rel")), STR("canonical")))
        return;
    struct str href = attribute(tag, STR("href"));
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

static void read_image_text(struct reader *r, const struct sieve_tag *tag)
{
    struct str alt = attribute(tag, STR("alt"));
    if (!r->a.is_open || alt.len == 0)
        return;
    note_error(r, fold_add(&r->a.fold, STR(" ")));
    note_error(r, fold_add(&r->a.fold, alt));
    note_error(r, fold_add(&r->a.fold, STR(" ")));
}

static enum cw_err on_start(void *arg, const struct sieve_tag *tag)
{
    struct reader *r = arg;
    if (str_eq(tag->name, STR("a"))) {
        start_a(r, tag);
        return r->err;
    }
    if (str_eq(tag->name, STR("title")))
        r->in_title = true;
    else if (str_eq(tag->name, STR("html")))
        read_html(r, tag);
    else if (str_eq(tag->name, STR("meta")))
        read_meta(r, tag);
    else if (str_eq(tag->name, STR("link")))
        read_canonical(r, tag);
    else if (str_eq(tag->name, STR("img")))
        read_image_text(r, tag);
    read_links(r, tag);
    return r->err;
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

static enum cw_err on_end(void *arg, struct str name)
{
    struct reader *r = arg;
    if (str_eq(name, STR("a")))
        end_a(r);
    else if (r->in_title)
        end_title(r);
    return r->err;
}

static enum cw_err on_text(void *arg, struct str text)
{
    struct reader *r = arg;
    if (r->in_title) {
        note_error(r, fold_add(&r->title_fold, text));
        return r->err;
    }
    note_error(r, fold_add(&r->visible, text));
    if (r->a.is_open)
        note_error(r, fold_add(&r->a.fold, text));
    return r->err;
}

/* ---- bases rule the links before them, too: a page that may have one is read twice ---- */

static bool may_have_base(struct str html)
{
    while (html.len > 0) {
        html = str_skip(html, str_find_char(html, '<'));
        if (str_starts_nocase(html, STR("<base")))
            return true;
        html = str_skip(html, 1);
    }
    return false;
}

static enum cw_err on_base_start(void *arg, const struct sieve_tag *tag)
{
    struct reader *r = arg;
    if (str_eq(tag->name, STR("base")))
        read_base(r, tag);
    return r->err;
}

static enum cw_err read_page(struct reader *r)
{
    const struct html_input *in = r->input;
    const struct sieve_reader bases = {.arg = r, .on_start = on_base_start};
    const struct sieve_reader page = {r, on_start, on_end, on_text};
    enum cw_err err = CW_OK;
    if (may_have_base(in->html))
        err = sieve_html(in->html, in->is_xhtml, &bases);
    return err == CW_OK ? sieve_html(in->html, in->is_xhtml, &page) : err;
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
