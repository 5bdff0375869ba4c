/* Throughput of each parser on the pages of Debian's doc packages, and of bare libxml2 on the same
 * bytes. All subjects take turns in each round, so that a busy machine slows all alike; processor
 * time counts. Prints MB/s (10^6 bytes): the slowest, the median and the fastest round.
 *
 * usage: parse_bench [FOLDER ...]       $ROUNDS [9]; at most PAGES_MAX pages, evenly picked */
#define _XOPEN_SOURCE 700
#include <ftw.h>
#include <libxml/HTMLparser.h>
#include <libxml/parserInternals.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <zlib.h>
#include <zstd.h>

#include "crawler/base/arena.h"
#include "crawler/parse/charset.h"
#include "crawler/parse/decode.h"
#include "crawler/parse/html.h"
#include "crawler/parse/mime.h"
#include "crawler/parse/robots.h"
#include "crawler/parse/url.h"

enum { PATHS_MAX = 20000, PAGES_MAX = 400, ROUNDS_MAX = 99, PAGE_MAX_BYTES = 16 << 20 };

static const char *const default_folders[] = {"/usr/share/doc/python3-doc/html",
                                              "/usr/share/doc/postgresql-doc-15/html"};

struct corpus {
    char *paths[PATHS_MAX];
    size_t path_count;
    struct buf pages[PAGES_MAX], gzipped[PAGES_MAX], zstd[PAGES_MAX];
    size_t page_count;
    struct buf hrefs;  /* a line each */
    struct buf robots; /* a long robots.txt */
};

/* nftw() hands nothing on, so the corpus is where it can see it. */
static struct corpus corpus;

static void must(bool ok, const char *what)
{
    if (ok)
        return;
    (void)fprintf(stderr, "parse_bench: %s\n", what);
    exit(1);
}

/* ---- the corpus ---- */

static int note_path(const char *path, const struct stat *info, int kind, struct FTW *where)
{
    (void)info;
    (void)where;
    if (kind == FTW_F && str_ends(str_of(path), STR(".html")) && corpus.path_count < PATHS_MAX) {
        corpus.paths[corpus.path_count] = str_dup(str_of(path));
        must(corpus.paths[corpus.path_count++] != NULL, "out of memory");
    }
    return 0;
}

static int compare_paths(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static struct buf read_file(const char *path)
{
    struct buf content = BUF_INIT(PAGE_MAX_BYTES);
    char chunk[64 * 1024];
    FILE *file = fopen(path, "rb");
    must(file != NULL, path);
    for (size_t count; (count = fread(chunk, 1, sizeof chunk, file)) > 0;)
        must(buf_add_bytes(&content, chunk, count) == CW_OK, path);
    (void)fclose(file);
    return content;
}

static struct buf compress_gzip(struct str page)
{
    struct buf out = BUF_INIT(PAGE_MAX_BYTES * 2);
    z_stream z = {.next_in = (Bytef *)page.ptr, .avail_in = (uInt)page.len};
    must(deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK, "deflate");
    size_t bound = deflateBound(&z, page.len);
    must(buf_reserve(&out, bound) == CW_OK, "out of memory");
    z.next_out = (Bytef *)out.ptr;
    z.avail_out = (uInt)bound;
    must(deflate(&z, Z_FINISH) == Z_STREAM_END, "deflate");
    out.len = z.total_out;
    (void)deflateEnd(&z);
    return out;
}

static struct buf compress_zstd(struct str page)
{
    struct buf out = BUF_INIT(PAGE_MAX_BYTES * 2);
    size_t bound = ZSTD_compressBound(page.len);
    must(buf_reserve(&out, bound) == CW_OK, "out of memory");
    out.len = ZSTD_compress(out.ptr, bound, page.ptr, page.len, 3);
    must(!ZSTD_isError(out.len), "zstd");
    return out;
}

static void gather_hrefs(struct str page)
{
    for (size_t at; (at = str_find(page, STR("href=\""))) < page.len;) {
        page = str_skip(page, at + 6);
        struct str href = str_first(page, str_find_char(page, '"'));
        must(buf_add(&corpus.hrefs, href) == CW_OK && buf_add_char(&corpus.hrefs, '\n') == CW_OK,
             "too many links");
    }
}

static void make_robots(void)
{
    corpus.robots = BUF_INIT(ROBOTS_MAX_BYTES);
    enum cw_err err = CW_OK;
    for (int i = 0; err == CW_OK && i < 4000; i++)
        err = i % 100 == 0 ? buf_addf(&corpus.robots, "\nUser-agent: bot%d\nUser-agent: *\n", i)
                           : buf_addf(&corpus.robots, "Disallow: /section-%d/*.php?page=%d$ # x\n",
                                      i % 37, i);
    must(err == CW_OK, "robots.txt");
}

static void load(size_t folder_count, const char *const *folders)
{
    corpus.hrefs = BUF_INIT((size_t)64 << 20);
    for (size_t i = 0; i < folder_count; i++)
        (void)nftw(folders[i], note_path, 16, 0);
    qsort(corpus.paths, corpus.path_count, sizeof corpus.paths[0], compare_paths);
    size_t step = corpus.path_count / PAGES_MAX + 1;
    for (size_t i = 0; i < corpus.path_count; i += step) {
        struct buf *page = &corpus.pages[corpus.page_count];
        *page = read_file(corpus.paths[i]);
        corpus.gzipped[corpus.page_count] = compress_gzip(buf_str(page));
        corpus.zstd[corpus.page_count++] = compress_zstd(buf_str(page));
        gather_hrefs(buf_str(page));
    }
    make_robots();
}

/* ---- the subjects: each takes the corpus once and says how many bytes that was ---- */

static size_t run_sax(void *user_data, htmlSAXHandler *sax)
{
    size_t bytes = 0;
    for (size_t i = 0; i < corpus.page_count; i++) {
        struct str page = buf_str(&corpus.pages[i]);
        htmlParserCtxtPtr parser = htmlCreateMemoryParserCtxt(page.ptr, (int)page.len);
        must(parser != NULL, "libxml2");
        *parser->sax = *sax;
        parser->userData = user_data;
        (void)htmlCtxtUseOptions(parser, HTML_PARSE_RECOVER | HTML_PARSE_NOERROR |
                                             HTML_PARSE_NOWARNING | HTML_PARSE_NONET |
                                             HTML_PARSE_NOIMPLIED | HTML_PARSE_IGNORE_ENC);
        must(xmlSwitchEncoding(parser, XML_CHAR_ENCODING_UTF8) == 0, "libxml2"); /* 4 % faster */
        (void)htmlParseDocument(parser);
        htmlFreeParserCtxt(parser);
        bytes += page.len;
    }
    return bytes;
}

static size_t run_sax_bare(void)
{
    htmlSAXHandler sax = {.initialized = 1};
    return run_sax(NULL, &sax);
}

struct sax_reader {
    bool in_title;
    struct buf title;
    size_t href_bytes;
};

static void on_start(void *user_data, const xmlChar *name, const xmlChar **pairs)
{
    struct sax_reader *r = user_data;
    r->in_title = strcmp((const char *)name, "title") == 0;
    for (; pairs != NULL && *pairs != NULL; pairs += 2)
        if (strcmp((const char *)pairs[0], "href") == 0 && pairs[1] != NULL)
            r->href_bytes += strlen((const char *)pairs[1]);
}

static void on_end(void *user_data, const xmlChar *name)
{
    struct sax_reader *r = user_data;
    if (strcmp((const char *)name, "title") == 0)
        r->in_title = false;
}

static void on_text(void *user_data, const xmlChar *text, int len)
{
    struct sax_reader *r = user_data;
    if (r->in_title)
        must(buf_add_bytes(&r->title, text, (size_t)len) == CW_OK, "titles");
}

static size_t run_sax_reading(void)
{
    struct sax_reader reader = {.title = BUF_INIT(PAGE_MAX_BYTES)};
    htmlSAXHandler sax = {
        .startElement = on_start, .endElement = on_end, .characters = on_text, .initialized = 1};
    size_t bytes = run_sax(&reader, &sax);
    must(reader.href_bytes > 0 && reader.title.len > 0, "libxml2 found nothing");
    buf_release(&reader.title);
    return bytes;
}

static size_t run_html(struct buf *text)
{
    struct url base = URL_INIT;
    size_t bytes = 0, links = 0;
    must(url_parse(&base, STR("http://docs.example/library/page.html"), NULL) == CW_OK, "base");
    for (size_t i = 0; i < corpus.page_count; i++) {
        struct page page = {0};
        struct arena arena = ARENA_INIT((size_t)64 << 20);
        const struct html_input input = {.html = buf_str(&corpus.pages[i]),
                                         .base = &base,
                                         .agent = STR("crawld"),
                                         .ret_text = text};
        if (text != NULL)
            buf_clear(text);
        must(html_parse(&page, &arena, &input) == CW_OK, "html_parse");
        links += page.link_count;
        bytes += input.html.len;
        arena_release(&arena);
    }
    must(links > 0, "html_parse found nothing");
    url_release(&base);
    return bytes;
}

static size_t run_html_links(void)
{
    return run_html(NULL);
}

static size_t run_html_text(void)
{
    CLEANUP(buf_release) struct buf text = BUF_INIT(PAGE_MAX_BYTES);
    return run_html(&text);
}

static size_t run_url(void)
{
    struct url url = URL_INIT, base = URL_INIT;
    must(url_parse(&base, STR("http://docs.example/library/page.html"), NULL) == CW_OK, "base");
    for (struct str rest = buf_str(&corpus.hrefs); !str_is_absent(rest);)
        if (url_parse(&url, str_cut(&rest, '\n'), &base) == CW_OK && url_is_http(&url))
            must(url_canonicalize(&url) == CW_OK, "url");
    url_release(&url);
    url_release(&base);
    return corpus.hrefs.len;
}

static size_t run_charset(void)
{
    CLEANUP(buf_release) struct buf utf8 = BUF_INIT(PAGE_MAX_BYTES * 4);
    size_t bytes = 0;
    for (size_t i = 0; i < corpus.page_count; i++) {
        struct str page = buf_str(&corpus.pages[i]);
        buf_clear(&utf8);
        must(charset_to_utf8(&utf8, page, charset_sniff(page, STR_NONE, true)) == CW_OK, "charset");
        bytes += page.len;
    }
    return bytes;
}

static size_t run_mime(void)
{
    enum { RESOURCE_HEADER = 1445 }; /* MIME Sniffing, 5.2: no more is looked at */
    CLEANUP(buf_release) struct buf essence = BUF_INIT(1000), charset = BUF_INIT(1000);
    size_t bytes = 0;
    for (size_t i = 0; i < corpus.page_count; i++) {
        struct str page = str_first(buf_str(&corpus.pages[i]), RESOURCE_HEADER);
        buf_clear(&essence);
        must(mime_parse(STR("text/html; charset=\"utf-8\""), &essence, &charset), "mime");
        must(mime_is_html(mime_sniff(buf_str(&essence), page)), "a page that is not HTML");
        bytes += page.len;
    }
    return bytes;
}

static size_t run_decode(const struct buf *packed, struct str coding)
{
    CLEANUP(buf_release) struct buf body = BUF_INIT(PAGE_MAX_BYTES);
    size_t bytes = 0;
    for (size_t i = 0; i < corpus.page_count; i++) {
        buf_clear(&body);
        must(decode_content(&body, buf_str(&packed[i]), coding) == CW_OK, "decode");
        bytes += body.len;
    }
    return bytes;
}

static size_t run_gzip(void)
{
    return run_decode(corpus.gzipped, STR("gzip"));
}

static size_t run_zstd(void)
{
    return run_decode(corpus.zstd, STR("zstd"));
}

static size_t run_robots(void)
{
    struct robots *robots;
    size_t bytes = 0;
    for (int i = 0; i < 20; i++) {
        must(robots_parse(&robots, buf_str(&corpus.robots), STR("crawld")) == CW_OK, "robots");
        robots_free(robots);
        bytes += corpus.robots.len;
    }
    return bytes;
}

/* ---- rounds ---- */

static const struct subject {
    const char *name;
    size_t (*run)(void);
} subjects[] = {
    {"libxml2 SAX, empty handler", run_sax_bare},
    {"libxml2 SAX, reads href and title", run_sax_reading},
    {"html: links, title, words", run_html_links},
    {"html: links, title, words, text", run_html_text},
    {"charset: sniff and decode", run_charset},
    {"decode: gzip", run_gzip},
    {"decode: zstd", run_zstd},
    {"mime: parse and sniff", run_mime},
    {"url: resolve links", run_url},
    {"robots: parse", run_robots},
};
enum { SAX_BARE = 0, SAX_READING = 1, HTML_LINKS = 2, HTML_TEXT = 3 };

static double seconds[ARRAY_LEN(subjects)][ROUNDS_MAX];

static double cpu_seconds(void)
{
    struct timespec now;
    must(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now) == 0, "clock");
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int compare_numbers(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void print_spread(const char *name, const char *unit, double *values, size_t count)
{
    qsort(values, count, sizeof *values, compare_numbers);
    printf("%-44s %8.2f %8.2f %8.2f %s\n", name, values[0], values[count / 2], values[count - 1],
           unit);
}

/* Time by time, round by round. */
static void print_ratio(size_t subject, size_t to, size_t rounds)
{
    double ratios[ROUNDS_MAX];
    char name[200];
    for (size_t r = 0; r < rounds; r++)
        ratios[r] = seconds[subject][r] / seconds[to][r];
    (void)snprintf(name, sizeof name, "%s / %s", subjects[subject].name,
                   to == SAX_BARE ? "empty" : "reads");
    print_spread(name, "x", ratios, rounds);
}

int main(int argc, char **argv)
{
    const char *wanted = getenv("ROUNDS");
    size_t rounds = wanted != NULL ? (size_t)strtoul(wanted, NULL, 10) : 9;
    size_t bytes[ARRAY_LEN(subjects)];
    rounds = MIN(MAX(rounds, (size_t)1), (size_t)ROUNDS_MAX);
    if (argc > 1)
        load((size_t)argc - 1, (const char *const *)argv + 1);
    else
        load(ARRAY_LEN(default_folders), default_folders);
    must(corpus.page_count > 0, "no pages: apt-get install python3-doc postgresql-doc-15");
    for (size_t r = 0; r < rounds; r++)
        for (size_t i = 0; i < ARRAY_LEN(subjects); i++) {
            double start = cpu_seconds();
            bytes[i] = subjects[i].run();
            seconds[i][r] = cpu_seconds() - start;
        }
    printf("%zu pages of %zu, %.1f MB, %zu rounds; min, median, max\n", corpus.page_count,
           corpus.path_count, (double)bytes[SAX_BARE] / 1e6, rounds);
    print_ratio(HTML_LINKS, SAX_BARE, rounds);
    print_ratio(HTML_TEXT, SAX_BARE, rounds);
    print_ratio(HTML_LINKS, SAX_READING, rounds);
    print_ratio(HTML_TEXT, SAX_READING, rounds);
    for (size_t i = 0; i < ARRAY_LEN(subjects); i++) {
        double speeds[ROUNDS_MAX];
        for (size_t r = 0; r < rounds; r++)
            speeds[r] = (double)bytes[i] / 1e6 / seconds[i][r];
        print_spread(subjects[i].name, "MB/s", speeds, rounds);
    }
    return 0;
}
