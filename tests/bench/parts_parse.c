#include "tests/bench/parts.h"

#include <libxml/HTMLparser.h>
#include <libxml/parserInternals.h>

#include "crawler/parse/html.h"
#include "crawler/parse/shingles.h"

enum { PAGE_MAX_BYTES = 16 << 20 };

/* ---- libxml2 ---- */

struct reader {
    struct buf hrefs, title;
    bool in_title;
};

static void on_start(void *user_data, const xmlChar *name, const xmlChar **pairs)
{
    struct reader *r = user_data;
    r->in_title = xmlStrEqual(name, BAD_CAST "title") != 0;
    for (; pairs != NULL && *pairs != NULL; pairs += 2)
        if (xmlStrEqual(pairs[0], BAD_CAST "href") != 0 && pairs[1] != NULL)
            must(buf_add(&r->hrefs, str_of((const char *)pairs[1])) == CW_OK &&
                     buf_add_char(&r->hrefs, '\n') == CW_OK,
                 "hrefs");
}

static void on_end(void *user_data, const xmlChar *name)
{
    struct reader *r = user_data;
    (void)name;
    r->in_title = false;
}

static void on_text(void *user_data, const xmlChar *text, int len)
{
    struct reader *r = user_data;
    if (r->in_title)
        must(buf_add_bytes(&r->title, text, (size_t)len) == CW_OK, "title");
}

void parts_read(const struct pages *p)
{
    htmlSAXHandler sax = {
        .startElement = on_start, .endElement = on_end, .characters = on_text, .initialized = 1};
    for (size_t i = 0; i < p->kept; i++) {
        struct reader reader = {.hrefs = BUF_INIT(PAGE_MAX_BYTES),
                                .title = BUF_INIT(PAGE_MAX_BYTES)};
        const struct buf *bytes = &p->bodies[i].bytes;
        htmlParserCtxtPtr parser = htmlCreateMemoryParserCtxt(bytes->ptr, (int)bytes->len);
        must(parser != NULL, "libxml2");
        *parser->sax = sax;
        parser->userData = &reader;
        (void)htmlCtxtUseOptions(parser, HTML_PARSE_RECOVER | HTML_PARSE_NOERROR |
                                             HTML_PARSE_NOWARNING | HTML_PARSE_NONET |
                                             HTML_PARSE_NOIMPLIED | HTML_PARSE_IGNORE_ENC);
        must(xmlSwitchEncoding(parser, XML_CHAR_ENCODING_UTF8) == 0, "libxml2");
        (void)htmlParseDocument(parser);
        htmlFreeParserCtxt(parser);
        must(reader.hrefs.len > 0 && reader.title.len > 0, "libxml2 found nothing");
        buf_release(&reader.hrefs);
        buf_release(&reader.title);
    }
}

/* ---- crawld ---- */

void parts_parse(struct pages *p)
{
    struct url base = URL_INIT;
    struct shingles shingles;
    struct print print;
    for (size_t i = 0; i < p->kept; i++) {
        struct body *b = &p->bodies[i];
        must(url_parse(&base, str_of(p->urls[i]), NULL) == CW_OK, "a URL of the list");
        shingles_init(&shingles, str_of(p->urls[i]));
        const struct html_input input = {.html = buf_str(&b->bytes),
                                         .base = &base,
                                         .agent = STR("crawld"),
                                         .ret_shingles = &shingles};
        must(html_parse(&b->page, &b->arena, &input) == CW_OK, "crawld's parser");
        must(b->page.link_count > 0 && b->page.title.len > 0, "crawld's parser found nothing");
        shingles_finish(&shingles, b->page.title, &print);
    }
    url_release(&base);
}
