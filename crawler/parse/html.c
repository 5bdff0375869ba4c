#include "crawler/parse/html.h"

#include <limits.h>

#include "crawler/base/utf8.h"
#include "crawler/parse/html_p.h"
#include "crawler/parse/lanes_p.h"
#include "crawler/parse/links.h"
#include "crawler/parse/sieve.h"

enum { LANGUAGE_MAX = 64 };

struct str html_attribute(const struct sieve_tag *tag, struct str name)
{
    for (size_t i = 0; i < tag->attribute_count; i++)
        if (tag->attributes[i].name.ptr[0] == name.ptr[0] && str_eq(tag->attributes[i].name, name))
            return tag->attributes[i].value;
    return STR_NONE;
}

void html_note_error(struct html_reader *r, enum cw_err err)
{
    if (r->err == CW_OK)
        r->err = err;
}

/* Copies `text` into the arena, folded and cut. Absent when nothing is left. */
static struct str keep_folded(struct html_reader *r, struct str text, size_t max_bytes)
{
    struct buf folded = BUF_INIT(max_bytes);
    struct fold fold = fold_to(&folded);
    enum cw_err err = fold_add(&fold, text);
    struct str kept = folded.len > 0 ? buf_str(&folded) : STR_NONE;
    if (err == CW_OK && !arena_keep(r->arena, &kept))
        err = CW_ETOOBIG;
    buf_release(&folded);
    html_note_error(r, err);
    return err == CW_OK ? kept : STR_NONE;
}

static void read_meta(struct html_reader *r, const struct sieve_tag *tag)
{
    struct str name = html_attribute(tag, STR("name")),
               content = html_attribute(tag, STR("content"));
    struct str pragma = html_attribute(tag, STR("http-equiv"));
    if (str_is_absent(content))
        return;
    if (str_eq_nocase(pragma, STR("refresh")))
        html_read_refresh(r, content);
    if (r->is_inner)
        return;
    if (str_eq_nocase(pragma, STR("content-language")) && str_is_absent(r->content_language) &&
        str_find_char(content, ',') == content.len)
        r->content_language = keep_folded(r, content, LANGUAGE_MAX);
    if (str_is_absent(name))
        return;
    if (str_eq_nocase(name, STR("description")) && str_is_absent(r->page->description))
        r->page->description = keep_folded(r, content, DESCRIPTION_MAX);
    pagerules_add_meta(&r->rules, name, content, r->input->agent, r->input->now_unix_ms);
}

static void read_html(struct html_reader *r, const struct sieve_tag *tag)
{
    struct str lang = html_attribute(tag, STR("lang"));
    if (lang.len == 0)
        lang = html_attribute(tag, STR("xml:lang"));
    if (str_is_absent(r->page->language) && lang.len > 0)
        r->page->language = keep_folded(r, lang, LANGUAGE_MAX);
}

/* The first valid one counts. */
static void read_base(struct html_reader *r, const struct sieve_tag *tag)
{
    struct str href = html_attribute(tag, STR("href"));
    if (r->has_base || str_is_absent(href))
        return;
    enum cw_err err =
        url_parse_in(&r->base, utf8_cut(href, RAW_URL_MAX), r->input->base, r->input->charset);
    r->has_base = err == CW_OK && url_is_http(&r->base);
    if (err == CW_ENOMEM)
        html_note_error(r, err);
}

static void read_canonical(struct html_reader *r, const struct sieve_tag *tag)
{
    if (!str_is_absent(r->page->canonical_url) ||
        !links_has_word(html_attribute(tag, STR("rel")), STR("canonical")))
        return;
    struct str href = html_attribute(tag, STR("href"));
    if (href.len == 0 || !html_resolve(r, href))
        return;
    struct str url = url_href(&r->url);
    if (url.len > URL_MAX_BYTES)
        return;
    if (arena_keep(r->arena, &url))
        r->page->canonical_url = url;
    else
        html_note_error(r, CW_ETOOBIG);
}

static void read_image_text(struct html_reader *r, const struct sieve_tag *tag)
{
    struct str alt = html_attribute(tag, STR("alt"));
    if (!r->a.is_open || alt.len == 0)
        return;
    html_note_error(r, fold_add(&r->a.fold, STR(" ")));
    html_note_error(r, fold_add(&r->a.fold, alt));
    html_note_error(r, fold_add(&r->a.fold, STR(" ")));
}

static enum cw_err read_page(struct html_reader *r);
static struct html_reader reader_on(struct page *page, struct arena *arena,
                                    const struct html_input *input, struct linkset *links);
static void reader_release(struct html_reader *r);

/* The document inside an <iframe srcdoc>: its links are the page's, what it says of itself is not.
 * Documents inside that one are left alone. It is UTF-8, whatever the page is. */
static void read_srcdoc(struct html_reader *r, struct str html)
{
    struct page ignored = {0};
    if (r->is_inner || str_find_char(html, '<') == html.len)
        return;
    const struct html_input input = {.html = html,
                                     .base = html_base_url(r),
                                     .agent = r->input->agent,
                                     .now_unix_ms = r->input->now_unix_ms};
    struct html_reader inner = reader_on(&ignored, r->arena, &input, r->links);
    inner.document = r->document;
    inner.order = r->order;
    inner.is_inner = true;
    html_note_error(r, read_page(&inner));
    r->order = inner.order;
    reader_release(&inner);
}

/* What the page says of itself. */
static void read_statement(struct html_reader *r, const struct sieve_tag *tag)
{
    if (str_eq(tag->name, STR("title")))
        r->in_title = true;
    else if (str_eq(tag->name, STR("html")))
        read_html(r, tag);
    else if (str_eq(tag->name, STR("link")))
        read_canonical(r, tag);
}

/* A lone space is the border of a block. */
static void add_shingles(struct html_reader *r, struct str text)
{
    struct shingles *shingles = r->input->ret_shingles;
    if (shingles == NULL)
        return;
    if (text.len == 1 && text.ptr[0] == ' ')
        shingles_end_run(shingles);
    else
        shingles_add(shingles, text);
}

static enum cw_err on_start(void *arg, const struct sieve_tag *tag)
{
    struct html_reader *r = arg;
    add_shingles(r, STR(" "));
    if (str_eq(tag->name, STR("a"))) {
        html_start_a(r, tag);
        return r->err;
    }
    if (!r->is_inner)
        read_statement(r, tag);
    if (str_eq(tag->name, STR("meta")))
        read_meta(r, tag);
    else if (str_eq(tag->name, STR("img")))
        read_image_text(r, tag);
    html_read_links(r, tag);
    if (str_eq(tag->name, STR("iframe")) && r->err == CW_OK)
        read_srcdoc(r, html_attribute(tag, STR("srcdoc")));
    return r->err;
}

static enum cw_err on_style(void *arg, struct str css)
{
    struct html_reader *r = arg;
    html_read_sheet(r, css);
    return r->err;
}

/* The first title with words counts. */
static void end_title(struct html_reader *r)
{
    struct str title = buf_str(&r->title);
    r->in_title = false;
    if (title.len == 0 || !str_is_absent(r->page->title))
        return;
    r->title_fold.is_full = true;
    if (arena_keep(r->arena, &title))
        r->page->title = title;
    else
        html_note_error(r, CW_ETOOBIG);
}

static enum cw_err on_end(void *arg, struct str name)
{
    struct html_reader *r = arg;
    add_shingles(r, STR(" "));
    if (str_eq(name, STR("a")))
        html_end_a(r);
    else if (r->in_title)
        end_title(r);
    return r->err;
}

static enum cw_err on_text(void *arg, struct str text)
{
    struct html_reader *r = arg;
    if (r->in_title) {
        html_note_error(r, fold_add(&r->title_fold, text));
        return r->err;
    }
    if (text.len == 1 && ascii_is_space(text.ptr[0])) { /* two texts in three, between tags */
        fold_space(&r->visible);
        fold_space(&r->a.fold);
    } else {
        html_note_error(r, fold_add(&r->visible, text));
        if (r->a.is_open)
            html_note_error(r, fold_add(&r->a.fold, text));
    }
    add_shingles(r, text);
    return r->err;
}

/* ---- bases rule the links before them, too: a page that may have one is read twice ---- */

enum { BLOCK = 4 * LANES };

/* All bits where "<base" may begin: two letters of it, of either case, do. */
static inline lanes bases_in(const char *bytes)
{
    return (lanes)(lanes_at(bytes) == '<') & (lanes)((lanes_at(bytes + 1) | 0x20) == 'b') &
           (lanes)((lanes_at(bytes + 3) | 0x20) == 's');
}

/* In BLOCK bytes. */
static bool may_begin_base(const char *bytes)
{
    lanes hits = bases_in(bytes) | bases_in(bytes + LANES) | bases_in(bytes + 2 * LANES) |
                 bases_in(bytes + 3 * LANES);
    uint64_t halves[2];
    memcpy(halves, &hits, sizeof halves);
    return (halves[0] | halves[1]) != 0;
}

static bool has_base_at_front(struct str html, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (html.ptr[i] == '<' && str_starts_nocase(str_skip(html, i), STR("<base")))
            return true;
    return false;
}

static bool may_have_base(struct str html)
{
    for (; html.len >= BLOCK + sizeof "<base"; html = str_skip(html, BLOCK))
        if (may_begin_base(html.ptr) && has_base_at_front(html, BLOCK))
            return true;
    return has_base_at_front(html, html.len);
}

static enum cw_err on_base_start(void *arg, const struct sieve_tag *tag)
{
    struct html_reader *r = arg;
    if (str_eq(tag->name, STR("base")))
        read_base(r, tag);
    return r->err;
}

static enum cw_err read_page(struct html_reader *r)
{
    const struct html_input *in = r->input;
    const struct sieve_reader bases = {.arg = r, .on_start = on_base_start};
    const struct sieve_reader page = {r, on_start, on_end, on_text, on_style};
    enum cw_err err = CW_OK;
    if (may_have_base(in->html))
        err = sieve_html(in->html, in->is_xhtml, &bases);
    return err == CW_OK ? sieve_html(in->html, in->is_xhtml, &page) : err;
}

/* Whatever happened, what was found stays. */
static enum cw_err finish_page(struct html_reader *r)
{
    struct page *page = r->page;
    if (str_is_absent(page->language))
        page->language = r->content_language;
    page->noindex |= r->rules.noindex;
    page->nofollow |= r->rules.nofollow;
    page->words = (int32_t)MIN(r->visible.word_count, (size_t)INT32_MAX);
    enum cw_err err = linkset_finish(r->links, r->arena, page);
    for (size_t i = 0; i < page->link_count; i++)
        page->links[i].nofollow |= page->nofollow;
    return err;
}

static void reader_release(struct html_reader *r)
{
    url_release(&r->base);
    url_release(&r->url);
    buf_release(&r->title);
    buf_release(&r->rel);
    buf_release(&r->a.url);
    buf_release(&r->a.rel);
    buf_release(&r->a.text);
}

static struct html_reader reader_on(struct page *page, struct arena *arena,
                                    const struct html_input *input, struct linkset *links)
{
    return (struct html_reader){
        .input = input,
        .document = input->base,
        .page = page,
        .arena = arena,
        .base = URL_INIT,
        .url = URL_INIT,
        .links = links,
        .title = BUF_INIT(TITLE_MAX),
        .visible = fold_to(input->ret_text),
        .rel = BUF_INIT(LINK_TEXT_MAX),
        .a = {.url = BUF_INIT(URL_MAX_BYTES),
              .rel = BUF_INIT(LINK_TEXT_MAX),
              .text = BUF_INIT(LINK_TEXT_MAX)},
    };
}

enum cw_err html_parse(struct page *page, struct arena *arena, const struct html_input *input)
{
    struct linkset links = LINKSET_INIT;
    struct html_reader r = reader_on(page, arena, input, &links);
    r.title_fold = fold_to(&r.title);
    enum cw_err err = read_page(&r), finish_err = finish_page(&r);
    reader_release(&r);
    linkset_release(&links);
    return err != CW_OK ? err : finish_err;
}

enum cw_err html_parse_style(struct page *page, struct arena *arena, const struct html_input *input)
{
    struct linkset links = LINKSET_INIT;
    struct html_reader r = reader_on(page, arena, input, &links);
    html_read_sheet(&r, input->html);
    enum cw_err finish_err = linkset_finish(&links, arena, page);
    reader_release(&r);
    linkset_release(&links);
    return r.err != CW_OK ? r.err : finish_err;
}
