/* The wall to libxml2's XML parser. Three of its ways (2.9) ask for care:
 * - In recovery it drops "&b" of "?a=1&b=2", and from the first error on every "&amp;" too. So
 *   mend() turns each ampersand that must stay into a character reference, which it never drops.
 * - Without entity replacement, which we never want, it hands out the ampersand of an attribute's
 *   value as "&#38;".
 * - It keeps a DTD's entities by itself; what they stand for is asked for through getEntity, where
 *   we know none. */
#include <libxml/parser.h>
#include <libxml/parserInternals.h>
#include <limits.h>

#include "crawler/parse/httpdate.h"
#include "crawler/parse/sitemap_p.h"

enum {
    FIELD_MAX = 8 * 1024, /* a longer loc is no URL worth having */
    MENDED_MAX = 2 * SITEMAP_MAX_BYTES,
};

/* The parts of a record that count, whatever the format calls them. */
enum field { FIELD_NONE, FIELD_LOC, FIELD_GUID, FIELD_LASTMOD, FIELD_CHANGEFREQ, FIELD_PRIORITY };

/* A <url>, <sitemap>, <item> or <entry> that is being read. */
struct record {
    bool is_open;
    unsigned depth;
    const xmlChar *prefix; /* that of its parts, too; NULL: none; libxml2's */
    struct buf loc, guid;
    struct sitemap_entry entry;
};

/* Borrowed by libxml2's callbacks. */
struct xml_reader {
    struct sitemap_reading *r;
    xmlParserCtxtPtr parser;
    bool stopped;
    enum cw_err err;
    const xmlChar *record_name; /* static */
    unsigned depth;             /* of the elements that are open */
    struct record record;
    enum field field;    /* being read */
    struct buf text;     /* its text */
    bool text_is_broken; /* too long, or it refers to an entity */
    struct buf href;     /* reused */
};

/* ---- mending ---- */

/* The length of the reference that `s` begins with, its semicolon included; 0: none. */
static size_t reference_length(struct str s)
{
    size_t i = 1;
    while (i < s.len && i < 32 &&
           (ascii_is_alpha(s.ptr[i]) || ascii_is_digit(s.ptr[i]) || s.ptr[i] == '#'))
        i++;
    return i > 1 && i < s.len && s.ptr[i] == ';' ? i + 1 : 0;
}

/* What stands in for the ampersand at the head of *text, which is taken off. */
static struct str mend_ampersand(struct str *text)
{
    static const struct {
        struct str name, number;
    } known[] = {
        {{"&amp;", 5}, {"&#38;", 5}},  {{"&lt;", 4}, {"&#60;", 5}},   {{"&gt;", 4}, {"&#62;", 5}},
        {{"&quot;", 6}, {"&#34;", 5}}, {{"&apos;", 6}, {"&#39;", 5}},
    };
    struct str reference = str_first(*text, reference_length(*text));
    *text = str_skip(*text, MAX(reference.len, (size_t)1));
    for (size_t i = 0; i < ARRAY_LEN(known); i++)
        if (str_eq(reference, known[i].name))
            return known[i].number;
    return reference.len > 0 ? reference : STR("&#38;");
}

/* How far the text goes that is taken as it is: to the next ampersand outside CDATA. */
static size_t plain_length(struct str text)
{
    static const struct str cdata = {"<![CDATA[", 9};
    size_t i = 0;
    while (i < text.len && text.ptr[i] != '&') {
        if (text.ptr[i] == '<' && str_starts(str_skip(text, i), cdata))
            i += str_find(str_skip(text, i), STR("]]>"));
        else
            i++;
    }
    return i;
}

/* No control character is XML; NUL would end the reading. */
static void blank_controls(struct buf *text)
{
    for (size_t i = 0; i < text->len; i++)
        if ((unsigned char)text->ptr[i] < ' ' && !ascii_is_space(text->ptr[i]))
            text->ptr[i] = ' ';
}

static enum cw_err mend(struct buf *ret, struct str xml)
{
    enum cw_err err = CW_OK;
    while (err == CW_OK && xml.len > 0) {
        size_t plain = plain_length(xml);
        err = buf_add(ret, str_first(xml, plain));
        xml = str_skip(xml, plain);
        if (err == CW_OK && xml.len > 0)
            err = buf_add(ret, mend_ampersand(&xml));
    }
    blank_controls(ret);
    return err;
}

/* ---- fields ---- */

static struct str str_of_xml(const xmlChar *s)
{
    return str_of((const char *)s);
}

static void stop(struct xml_reader *x, enum cw_err err)
{
    x->err = err;
    x->stopped = true;
    xmlStopParser(x->parser);
}

/* W3C's dates, a year or a month alone included; feeds' are RFC 5322's. */
static int64_t parse_date(struct str text, int64_t now_unix_ms)
{
    char padded[sizeof "2004-01-01"];
    int64_t unix_ms;
    text = str_trim(text);
    if (text.len == 4 || text.len == 7) {
        (void)snprintf(padded, sizeof padded, STR_FMT "%s", STR_ARG(text),
                       text.len == 4 ? "-01-01" : "-01");
        text = str_of(padded);
    }
    if (httpdate_parse_iso(text, &unix_ms) || httpdate_parse(text, now_unix_ms, &unix_ms))
        return unix_ms;
    return -1;
}

static enum sitemap_changefreq parse_changefreq(struct str text)
{
    static const struct str names[] = {
        [CHANGEFREQ_ALWAYS] = {"always", 6},   [CHANGEFREQ_HOURLY] = {"hourly", 6},
        [CHANGEFREQ_DAILY] = {"daily", 5},     [CHANGEFREQ_WEEKLY] = {"weekly", 6},
        [CHANGEFREQ_MONTHLY] = {"monthly", 7}, [CHANGEFREQ_YEARLY] = {"yearly", 6},
        [CHANGEFREQ_NEVER] = {"never", 5},
    };
    for (size_t i = 1; i < ARRAY_LEN(names); i++)
        if (str_eq_nocase(text, names[i]))
            return (enum sitemap_changefreq)i;
    return CHANGEFREQ_UNKNOWN;
}

/* "0.8": 800. What is no number from 0 to 1 is the default. */
static int32_t parse_priority(struct str text)
{
    uint64_t whole, part = 0;
    if (!str_to_u64(str_cut(&text, '.'), 1, &whole))
        return SITEMAP_PRIORITY_DEFAULT;
    int32_t unit = 100, value = (int32_t)whole * 1000;
    for (size_t i = 0; i < text.len && i < 3; i++, unit /= 10) {
        if (!str_to_u64(str_first(str_skip(text, i), 1), 9, &part))
            return SITEMAP_PRIORITY_DEFAULT;
        value += (int32_t)part * unit;
    }
    return value <= 1000 ? value : SITEMAP_PRIORITY_DEFAULT;
}

static enum field field_of(enum sitemap_kind kind, struct str name)
{
    static const struct {
        struct str name;
        enum field field;
    } of_sitemaps[] = {{{"loc", 3}, FIELD_LOC},
                       {{"lastmod", 7}, FIELD_LASTMOD},
                       {{"changefreq", 10}, FIELD_CHANGEFREQ},
                       {{"priority", 8}, FIELD_PRIORITY}},
      of_feeds[] = {{{"link", 4}, FIELD_LOC},
                    {{"guid", 4}, FIELD_GUID},
                    {{"pubDate", 7}, FIELD_LASTMOD},
                    {{"updated", 7}, FIELD_LASTMOD}};
    for (size_t i = 0; kind != SITEMAP_FEED && i < ARRAY_LEN(of_sitemaps); i++)
        if (str_eq(name, of_sitemaps[i].name))
            return of_sitemaps[i].field;
    for (size_t i = 0; kind == SITEMAP_FEED && i < ARRAY_LEN(of_feeds); i++)
        if (str_eq(name, of_feeds[i].name))
            return of_feeds[i].field;
    return FIELD_NONE;
}

/* Keeps `text` unless the field has one already. */
static void keep_first(struct xml_reader *x, struct buf *field, struct str text)
{
    if (field->len == 0 && buf_add(field, text) == CW_ENOMEM)
        stop(x, CW_ENOMEM);
}

static void end_field(struct xml_reader *x)
{
    struct record *record = &x->record;
    struct str text = str_trim(buf_str(&x->text));
    enum field field = x->field;
    x->field = FIELD_NONE;
    if (x->text_is_broken || text.len == 0)
        return;
    switch (field) {
    case FIELD_LOC: keep_first(x, &record->loc, text); break;
    case FIELD_GUID: keep_first(x, &record->guid, text); break;
    case FIELD_LASTMOD:
        record->entry.lastmod_unix_ms = parse_date(text, x->r->input->now_unix_ms);
        break;
    case FIELD_CHANGEFREQ: record->entry.changefreq = parse_changefreq(text); break;
    case FIELD_PRIORITY: record->entry.priority_per_mille = parse_priority(text); break;
    case FIELD_NONE: break;
    }
}

/* ---- records ---- */

static void offer(struct xml_reader *x, struct str url, struct sitemap_entry *entry)
{
    bool is_feed = x->r->summary->kind == SITEMAP_FEED;
    enum cw_err err;
    if (!sitemap_offer(x->r, url, is_feed ? x->r->input->url : NULL, entry, &err))
        stop(x, err);
}

static void end_record(struct xml_reader *x)
{
    struct record *record = &x->record;
    struct str url = buf_str(record->loc.len > 0 ? &record->loc : &record->guid);
    if (record->is_open && url.len > 0 && !x->stopped)
        offer(x, url, &record->entry);
    record->is_open = false;
}

static void begin_record(struct xml_reader *x, const xmlChar *prefix)
{
    struct record *record = &x->record;
    end_record(x); /* one that was never closed */
    buf_clear(&record->loc);
    buf_clear(&record->guid);
    record->is_open = true;
    record->depth = x->depth;
    record->prefix = prefix;
    record->entry = (struct sitemap_entry){
        .role = x->r->summary->kind == SITEMAP_INDEX ? SITEMAP_FILE : SITEMAP_PAGE,
        .lastmod_unix_ms = -1,
        .priority_per_mille = SITEMAP_PRIORITY_DEFAULT};
    x->field = FIELD_NONE;
}

/* The root says what it is. */
static void begin_root(struct xml_reader *x, struct str name)
{
    static const struct {
        struct str root;
        enum sitemap_kind kind;
        const char *record;
    } roots[] = {
        {{"urlset", 6}, SITEMAP_URLSET, "url"}, {{"sitemapindex", 12}, SITEMAP_INDEX, "sitemap"},
        {{"rss", 3}, SITEMAP_FEED, "item"},     {{"RDF", 3}, SITEMAP_FEED, "item"},
        {{"feed", 4}, SITEMAP_FEED, "entry"},
    };
    for (size_t i = 0; i < ARRAY_LEN(roots); i++)
        if (str_eq(name, roots[i].root)) {
            x->r->summary->kind = roots[i].kind;
            x->record_name = (const xmlChar *)roots[i].record;
            return;
        }
    stop(x, CW_OK);
}

/* ---- what libxml2 calls ---- */

/* The attributes of a tag: `count` times name, prefix, namespace, value and its end. */
struct attributes {
    const xmlChar **fields;
    int count;
};

static struct str attribute(struct attributes all, struct str name)
{
    for (int i = 0; i < all.count; i++) {
        const xmlChar **field = all.fields + (ptrdiff_t)5 * i;
        if (str_eq(str_of_xml(field[0]), name))
            return str_from((const char *)field[3], (size_t)(field[4] - field[3]));
    }
    return STR_NONE;
}

/* The URL of an attribute, its ampersands restored, in x->href. */
static struct str href_of(struct xml_reader *x, struct attributes all)
{
    struct str rest = attribute(all, STR("href"));
    buf_clear(&x->href);
    while (rest.len > 0) {
        size_t plain = str_find(rest, STR("&#38;"));
        if (buf_add(&x->href, str_first(rest, plain)) != CW_OK ||
            (plain < rest.len && buf_add_char(&x->href, '&') != CW_OK))
            return STR(""); /* too long to be one */
        rest = str_skip(rest, plain + 5);
    }
    return buf_str(&x->href);
}

/* Atom's <link href>, and the hreflang extension's. */
static void read_link(struct xml_reader *x, struct attributes all)
{
    struct str rel = attribute(all, STR("rel")), href = href_of(x, all);
    bool is_alternate = str_eq_nocase(rel, STR("alternate"));
    if (href.len == 0 || (rel.len > 0 && !is_alternate))
        return;
    if (x->r->summary->kind == SITEMAP_FEED) {
        keep_first(x, &x->record.loc, href);
    } else if (is_alternate) {
        struct sitemap_entry entry = {.role = SITEMAP_ALTERNATE,
                                      .lastmod_unix_ms = -1,
                                      .priority_per_mille = SITEMAP_PRIORITY_DEFAULT};
        offer(x, href, &entry);
    }
}

/* Only prefixes keep extensions apart: their namespaces are misspelt too often. */
static bool has_prefix_of_record(const struct xml_reader *x, const xmlChar *prefix)
{
    return xmlStrEqual(prefix, x->record.prefix);
}

static void begin_part(struct xml_reader *x, const xmlChar *name, const xmlChar *prefix,
                       struct attributes all)
{
    bool is_permalink = !str_eq_nocase(attribute(all, STR("isPermaLink")), STR("false"));
    if (str_eq(str_of_xml(name), STR("link")))
        read_link(x, all);
    enum field field = has_prefix_of_record(x, prefix)
                           ? field_of(x->r->summary->kind, str_of_xml(name))
                           : FIELD_NONE;
    x->field = field == FIELD_GUID && !is_permalink ? FIELD_NONE : field;
    x->text_is_broken = false;
    buf_clear(&x->text);
}

static void on_start(void *user_data, const xmlChar *name, const xmlChar *prefix, const xmlChar *ns,
                     int ns_count, const xmlChar **ns_list, int count, int defaulted,
                     const xmlChar **fields)
{
    struct xml_reader *x = user_data;
    (void)ns, (void)ns_count, (void)ns_list, (void)defaulted;
    x->depth++;
    if (x->stopped)
        return;
    if (x->record_name == NULL)
        begin_root(x, str_of_xml(name));
    else if (xmlStrEqual(name, x->record_name))
        begin_record(x, prefix);
    else if (x->record.is_open && x->depth == x->record.depth + 1)
        begin_part(x, name, prefix, (struct attributes){fields, count});
}

static void on_end(void *user_data, const xmlChar *name, const xmlChar *prefix, const xmlChar *ns)
{
    struct xml_reader *x = user_data;
    (void)name, (void)prefix, (void)ns;
    if (!x->stopped && x->record.is_open) {
        if (x->depth == x->record.depth + 1)
            end_field(x);
        else if (x->depth == x->record.depth)
            end_record(x);
    }
    x->depth--;
}

static void on_text(void *user_data, const xmlChar *bytes, int len)
{
    struct xml_reader *x = user_data;
    if (x->field == FIELD_NONE || x->depth != x->record.depth + 1 || x->text_is_broken)
        return;
    enum cw_err err = buf_add(&x->text, str_from((const char *)bytes, (size_t)len));
    if (err == CW_ENOMEM)
        stop(x, err);
    x->text_is_broken = err != CW_OK;
}

/* No entity is known, so none is expanded; what holds one is not what it says. */
static xmlEntityPtr on_entity_wanted(void *user_data, const xmlChar *name)
{
    struct xml_reader *x = user_data;
    (void)name;
    x->text_is_broken = true;
    return NULL;
}

/* An entity made of entities can only be meant to explode. */
static void on_entity_declared(void *user_data, const xmlChar *name, int type,
                               const xmlChar *public_id, const xmlChar *system_id, xmlChar *content)
{
    struct xml_reader *x = user_data;
    (void)name, (void)type, (void)public_id, (void)system_id;
    if (content != NULL && xmlStrchr(content, '&') != NULL)
        stop(x, CW_EBOMB);
}

static xmlParserInputPtr on_load_wanted(void *user_data, const xmlChar *public_id,
                                        const xmlChar *system_id)
{
    (void)user_data, (void)public_id, (void)system_id;
    return NULL;
}

/* ---- the call ---- */

/* Its own findings (errors, warnings) do not interest us. */
static enum cw_err run_parser(struct xml_reader *x, struct str xml)
{
    x->parser = xmlCreateMemoryParserCtxt(xml.ptr, (int)xml.len);
    if (x->parser == NULL)
        return CW_ENOMEM;
    *x->parser->sax = (xmlSAXHandler){
        .startElementNs = on_start,
        .endElementNs = on_end,
        .characters = on_text,
        .ignorableWhitespace = on_text,
        .cdataBlock = on_text,
        .getEntity = on_entity_wanted,
        .entityDecl = on_entity_declared,
        .resolveEntity = on_load_wanted,
        .initialized = XML_SAX2_MAGIC,
    };
    x->parser->userData = x;
    (void)xmlCtxtUseOptions(x->parser, XML_PARSE_RECOVER | XML_PARSE_NOERROR | XML_PARSE_NOWARNING |
                                           XML_PARSE_NONET | XML_PARSE_IGNORE_ENC);
    if (xmlSwitchEncoding(x->parser, XML_CHAR_ENCODING_UTF8) == 0)
        (void)xmlParseDocument(x->parser);
    if (!x->stopped)
        end_record(x); /* the file ended early: what is complete counts */
    x->r->summary->cut |= !x->stopped && x->depth > 0;
    enum cw_err err = x->parser->errNo == XML_ERR_NO_MEMORY ? CW_ENOMEM : x->err;
    xmlFreeDoc(x->parser->myDoc);
    xmlFreeParserCtxt(x->parser);
    return err;
}

void sitemap_prepare(void)
{
    xmlInitParser();
}

enum cw_err sitemap_read_xml(struct sitemap_reading *r, struct str xml)
{
    _Static_assert(MENDED_MAX <= INT_MAX, "libxml2 counts in int");
    struct buf mended = BUF_INIT(MENDED_MAX);
    struct xml_reader x = {
        .r = r,
        .record = {.loc = BUF_INIT(FIELD_MAX), .guid = BUF_INIT(FIELD_MAX)},
        .text = BUF_INIT(FIELD_MAX),
        .href = BUF_INIT(FIELD_MAX),
    };
    enum cw_err err = mend(&mended, xml);
    if (err == CW_ETOOBIG) { /* all ampersands: read what fits */
        r->summary->cut = true;
        err = CW_OK;
    }
    if (err == CW_OK)
        err = run_parser(&x, buf_str(&mended));
    buf_release(&mended);
    buf_release(&x.record.loc);
    buf_release(&x.record.guid);
    buf_release(&x.text);
    buf_release(&x.href);
    return err;
}
