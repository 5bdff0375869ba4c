#include "crawler/engine/digest.h"

#include "crawler/base/utf8.h"
#include "crawler/engine/admit.h"
#include "crawler/engine/conditions.h"
#include "crawler/engine/headlinks.h"
#include "crawler/engine/pack.h"
#include "crawler/frontier/priority.h"
#include "crawler/parse/charset.h"
#include "crawler/parse/decode.h"
#include "crawler/parse/html.h"
#include "crawler/parse/mime.h"
#include "crawler/parse/pagerules.h"
#include "crawler/parse/sitemap.h"
#include "crawler/parse/url.h"

enum {
    KEPT_BYTES = 1024 * 1024, /* a buffer that grew past this is not kept for the next page */
    TYPE_MAX_BYTES = 1024,
};

struct digester {
    struct packer *packer;
    struct url url, base;
    struct buf decoded, text, utf8, essence, charset;
    struct shingles shingles;
};

enum cw_err digester_new(struct digester **ret)
{
    struct digester *d = malloc(sizeof *d);
    if (d == NULL)
        return CW_ENOMEM;
    sitemap_prepare();
    *d = (struct digester){
        .url = URL_INIT,
        .base = URL_INIT,
        .essence = BUF_INIT(TYPE_MAX_BYTES),
        .charset = BUF_INIT(TYPE_MAX_BYTES),
    };
    enum cw_err err = packer_new(&d->packer);
    if (err != CW_OK)
        digester_free(d);
    else
        *ret = d;
    return err;
}

void digester_free(struct digester *d)
{
    if (d == NULL)
        return;
    packer_free(d->packer);
    url_release(&d->url);
    url_release(&d->base);
    buf_release(&d->decoded);
    buf_release(&d->text);
    buf_release(&d->utf8);
    buf_release(&d->essence);
    buf_release(&d->charset);
    free(d);
}

void digest_input_release(struct digest_input *input)
{
    buf_release(&input->raw);
    scope_drop(input->scope);
    input->scope = NULL;
    zdict_drop(input->dict);
    input->dict = NULL;
}

/* Empties a buffer for the next page, with a ceiling of its own; a huge one goes back to the
 * system. */
static void make_ready(struct buf *b, size_t max)
{
    if (b->cap > KEPT_BYTES)
        buf_release(b);
    buf_clear(b);
    b->max = max;
}

static enum cw_err decode(struct digester *d, struct page *page, const struct digest_input *input,
                          struct str *ret_body)
{
    struct str raw = buf_str(&input->raw);
    page->body_cut = input->body_cut;
    if (str_is_absent(input->headers.content_encoding)) {
        *ret_body = raw;
        return CW_OK;
    }
    make_ready(&d->decoded, input->max_size);
    enum cw_err err = decode_content(&d->decoded, raw, input->headers.content_encoding);
    if (err != CW_OK)
        return err;
    *ret_body = buf_str(&d->decoded);
    return CW_OK;
}

/* Finds what the body is, whatever it claims to be. */
static struct str find_type(struct digester *d, struct outcome *o, const struct digest_input *input,
                            struct str body)
{
    struct str claimed = STR_NONE;
    buf_clear(&d->essence);
    buf_clear(&d->charset);
    if (mime_parse(input->headers.content_type, &d->essence, &d->charset))
        claimed = buf_str(&d->essence);
    struct str type = mime_sniff(claimed, body);
    o->page.content_type = type;
    return arena_keep(&o->arena, &o->page.content_type) ? type : STR_NONE;
}

/* The body in UTF-8, by what says which charset it has: as it stands, or decoded to d->utf8. */
static enum cw_err decode_text(struct digester *d, struct page *page,
                               const struct digest_input *input, struct str body, bool is_html,
                               struct str *ret)
{
    struct str label = d->charset.len > 0 ? buf_str(&d->charset) : STR_NONE;
    page->charset = charset_sniff(body, label, is_html);
    *ret = charset_text_within(body, page->charset);
    if (!str_is_absent(*ret))
        return CW_OK;
    make_ready(&d->utf8, input->max_size * 4); /* no encoding grows by more */
    enum cw_err err = charset_to_utf8(&d->utf8, body, page->charset);
    *ret = buf_str(&d->utf8);
    return err;
}

/* Of a page or a style sheet. */
static enum cw_err read_markup(struct digester *d, struct outcome *o,
                               const struct digest_input *input, struct str body, bool is_html)
{
    bool want_text = is_html && input->store == CONFIG_STORE_TEXT;
    make_ready(&d->text, input->max_size * 4);
    struct str text;
    enum cw_err err = decode_text(d, &o->page, input, body, is_html, &text);
    if (err != CW_OK)
        return err;
    const struct html_input html = {
        .html = text,
        .base = &d->base,
        .charset = o->page.charset,
        .agent = input->agent,
        .now_unix_ms = input->now_unix_ms,
        .is_xhtml = str_eq(o->page.content_type, STR("application/xhtml+xml")),
        .ret_text = want_text ? &d->text : NULL,
        .ret_shingles = is_html && input->prints ? &d->shingles : NULL,
    };
    shingles_init(&d->shingles, o->url);
    err = is_html ? html_parse(&o->page, &o->arena, &html)
                  : html_parse_style(&o->page, &o->arena, &html);
    if (o->attempt.status >=
        300) /* an error page's navigation, or Location once more: no new URLs */
        o->page.link_count = 0;
    return err;
}

/* The target of a redirect becomes a link of its own kind. False when Location cannot be followed.
 */
static bool read_redirect(struct digester *d, struct outcome *o, struct str location)
{
    struct page_link *to = arena_alloc(&o->arena, sizeof *to);
    if (to == NULL || url_parse(&d->url, location, &d->base) != CW_OK || !url_is_http(&d->url) ||
        url_canonicalize(&d->url) != CW_OK)
        return false;
    *to = (struct page_link){
        .url = url_href(&d->url),
        .host = url_host_key(&d->url),
        .element = STR("redirect"),
        .follow = true,
    };
    if (to->url.len > URL_MAX_BYTES || !arena_keep(&o->arena, &to->url) ||
        !arena_keep(&o->arena, &to->host))
        return false;
    to->internal = str_eq(to->host, o->host);
    o->page.redirect = to;
    return true;
}

static bool is_redirect(int32_t status)
{
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

static enum cw_err follow_redirect(struct digester *d, struct outcome *o,
                                   const struct digest_input *input)
{
    if (!is_redirect(o->attempt.status) || input->headers.location.len == 0)
        return CW_OK; /* RFC 9110, 15.4: without a Location it is an answer like any other */
    if (read_redirect(d, o, input->headers.location))
        return CW_OK;
    o->detail = utf8_cut(input->headers.location, 200);
    return CW_EREDIRECT;
}

/* Whether a URL found belongs to the crawl. A page that asks not to follow its links still needs
 * its parts. */
static struct verdict judge_link(const struct page_link *link, const struct digest_input *input)
{
    if (link->verdict.reason != EXCLUDE_NONE) /* the parser could not keep it whole */
        return link->verdict;
    if (!link->follow && !link->requisite)
        return (struct verdict){.reason = EXCLUDE_MENTION};
    if (link->requisite && !input->requisites)
        return (struct verdict){.reason = EXCLUDE_REQUISITE};
    if (link->follow && link->nofollow)
        return (struct verdict){.reason = EXCLUDE_NOFOLLOW};
    return admit_url(input->scope, link->url, link->host, link->depth);
}

/* What a page needs is as deep as the page itself. */
static void judge_links(struct outcome *o, const struct digest_input *input)
{
    for (size_t i = 0; i < o->page.link_count; i++) {
        struct page_link *link = &o->page.links[i];
        link->depth = o->depth + (link->requisite && input->requisites ? 0 : 1);
        link->priority = priority_of_depth(link->depth);
        link->verdict = judge_link(link, input);
    }
}

/* The target of a start URL's redirect is a start URL, too. */
static void judge_redirect(struct outcome *o, const struct scope *scope)
{
    struct page_link *to = o->page.redirect;
    if (to == NULL)
        return;
    to->depth = o->depth;
    to->priority = priority_of_depth(to->depth);
    to->verdict = o->is_seed ? admit_seed(scope, to->url, to->host)
                             : admit_url(scope, to->url, to->host, to->depth);
}

/* What the body shares with other pages of its host, if it may. The page that becomes the
 * dictionary is the first that is kept beside it. */
static enum cw_err find_dict(struct digester *d, struct outcome *o, struct digest_input *input,
                             struct str kept)
{
    enum cw_err err = CW_OK;
    if (!mime_is_html(o->page.content_type))
        return CW_OK;
    if (input->makes_dict && o->attempt.status == 200)
        err = pack_dict(d->packer, &input->dict, kept);
    o->page.body_dict = zdict_hold(input->dict);
    return err == CW_EINVAL ? CW_OK : err;
}

static enum cw_err weigh_dict(struct digester *d, const struct page *page,
                              struct digest_input *input, struct str kept)
{
    CLEANUP(buf_release) struct buf alone = BUF_INIT(SIZE_MAX / 2);
    enum cw_err err = pack(d->packer, &alone, kept, NULL);
    if (err != CW_OK)
        return err;
    input->bytes_alone = alone.len;
    input->bytes_beside = page->body.len;
    return CW_OK;
}

static enum cw_err pack_body(struct digester *d, struct outcome *o, struct digest_input *input,
                             struct str body)
{
    struct page *page = &o->page;
    struct str kept = input->store == CONFIG_STORE_TEXT ? buf_str(&d->text) : body;
    if (input->store == CONFIG_STORE_NONE || kept.len == 0)
        return CW_OK;
    enum cw_err err = find_dict(d, o, input, kept);
    if (err == CW_OK)
        err = pack(d->packer, &page->body, kept, page->body_dict);
    bool weighs = input->weighs_dict && page->body_dict != NULL && o->attempt.status == 200;
    return err == CW_OK && weighs ? weigh_dict(d, page, input, kept) : err;
}

static void keep_headers(struct outcome *o, const struct digest_input *input)
{
    struct page *page = &o->page;
    page->status = o->attempt.status;
    if (input->headers.etag.len <= VALIDATOR_MAX_BYTES)
        page->etag = input->headers.etag;
    if (input->headers.last_modified.len <= VALIDATOR_MAX_BYTES)
        page->last_modified = input->headers.last_modified;
    struct pagerules rules = {0};
    if (!str_is_absent(input->headers.x_robots_tag))
        pagerules_add_header(&rules, input->headers.x_robots_tag, input->agent, input->now_unix_ms);
    page->noindex = rules.noindex;
    page->nofollow = rules.nofollow;
}

/* Text that is no HTML is its own text. */
static enum cw_err read_text(struct digester *d, struct outcome *o,
                             const struct digest_input *input, struct str body)
{
    struct str label = d->charset.len > 0 ? buf_str(&d->charset) : STR_NONE;
    o->page.charset = charset_sniff(body, label, false);
    if (input->store != CONFIG_STORE_TEXT)
        return CW_OK;
    make_ready(&d->text, input->max_size * 4);
    return charset_to_utf8(&d->text, body, o->page.charset);
}

/* What the page says, for the search for traps. What is no HTML says what its bytes say. */
static void keep_print(struct digester *d, struct outcome *o, bool is_html)
{
    struct page *page = &o->page;
    if (is_html) {
        shingles_finish(&d->shingles, page->title, &page->print);
    } else {
        uint32_t *only = &d->shingles.items[0];
        memcpy(only, page->body_hash, sizeof *only);
        *only |= 1;
        page->print = (struct print){.items = only, .count = 1, .each = 1, .sum = *only};
    }
    struct str bytes =
        str_from((const char *)page->print.items, page->print.count * sizeof *page->print.items);
    if (!arena_keep(&o->arena, &bytes))
        page->print.count = 0; /* a page that says nothing is not judged by what it says */
    page->print.items = (const uint32_t *)(const void *)bytes.ptr;
}

static enum cw_err digest_body(struct digester *d, struct outcome *o, struct digest_input *input)
{
    struct str body;
    enum cw_err err = decode(d, &o->page, input, &body);
    if (err != CW_OK)
        return err;
    o->page.size = (int64_t)body.len;
    str_hash128(body, o->page.body_hash);
    struct str type = find_type(d, o, input, body);
    make_ready(&d->text, 0);
    if (body.len > 0 && mime_is_html(type))
        err = read_markup(d, o, input, body, true);
    else if (body.len > 0 && input->requisites && str_eq(type, STR("text/css")))
        err = read_markup(d, o, input, body, false);
    else if (body.len > 0 && mime_is_text(type))
        err = read_text(d, o, input, body);
    if (input->prints && (err == CW_OK || err == CW_ETOOBIG) && o->attempt.status < 300)
        keep_print(d, o, body.len > 0 && mime_is_html(type));
    if (err == CW_ETOOBIG) { /* more links or text than one page may hold: keep what was found */
        o->page.links_cut = true;
        err = CW_OK;
    }
    return err == CW_OK ? pack_body(d, o, input, body) : err;
}

void digest(struct digester *d, struct outcome *o, struct digest_input *input)
{
    keep_headers(o, input);
    enum cw_err err = url_parse(&d->base, o->url, NULL);
    if (err == CW_OK)
        err = digest_body(d, o, input);
    if (err == CW_OK && input->headers.link.len > 0 && o->attempt.status < 300)
        err = headlinks_add(&o->page, &o->arena, input->headers.link, &d->base, &d->url);
    if (err == CW_OK) {
        err = follow_redirect(d, o, input);
        judge_links(o, input);
        judge_redirect(o, input->scope);
    }
    o->err = err;
    o->has_page = err == CW_OK;
}
