/* What the parts of a crawler cost by themselves, in CPU microseconds a page: a bare libcurl
 * multi-socket on libuv fetches all URLs, bare libxml2 SAX reads href and title, zstd compresses at
 * level 1, SQLite gets a row a page, a body, a row a link and a new URL once. Nothing is resolved,
 * normalised, judged or logged: no crawler made of these parts can cost less than their sum.
 *
 * usage: parts_bench URLS_FILE CONNECTIONS DATABASE      prints lines "part microseconds"
 * Bodies stay in memory, at most BODIES_MAX_BYTES of them; what comes after is fetched, not kept.
 */
#include <curl/curl.h>
#include <libxml/HTMLparser.h>
#include <libxml/parserInternals.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <uv.h>
#include <xxhash.h>
#include <zstd.h>

#include "crawler/base/buf.h"
#include "crawler/base/util.h"

enum { CONNECTIONS_MAX = 1024, PAGE_MAX_BYTES = 16 << 20, BATCH_PAGES = 100, ZSTD_LEVEL = 1 };
static const size_t BODIES_MAX_BYTES = (size_t)1 << 30;

struct body {
    struct buf bytes; /* the page */
    struct buf hrefs; /* a line each */
    struct buf title;
    struct buf packed;
};

struct pages {
    struct buf urls_text; /* the file; a NUL ends each URL */
    char **urls;          /* owned array, borrowed strings */
    struct body *bodies;  /* the first `kept` are there */
    size_t count, kept;
};

static void must(bool ok, const char *what)
{
    if (ok)
        return;
    (void)fprintf(stderr, "parts_bench: %s\n", what);
    exit(1);
}

static double cpu_seconds(void)
{
    struct timespec now;
    must(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now) == 0, "clock");
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* ---- the URLs ---- */

static void read_file(struct buf *text, const char *path)
{
    char chunk[1 << 16];
    size_t count;
    FILE *file = fopen(path, "r");
    must(file != NULL, path);
    while ((count = fread(chunk, 1, sizeof chunk, file)) > 0)
        must(buf_add_bytes(text, chunk, count) == CW_OK, "the list of URLs is too long");
    (void)fclose(file);
}

static void load(struct pages *p, const char *path)
{
    *p = (struct pages){.urls_text = BUF_INIT((size_t)1 << 30)};
    read_file(&p->urls_text, path);
    for (size_t i = 0; i < p->urls_text.len; i++)
        p->count += p->urls_text.ptr[i] == '\n';
    must(p->count > 0, "no URLs");
    p->urls = calloc(p->count, sizeof *p->urls);
    p->bodies = calloc(p->count, sizeof *p->bodies);
    must(p->urls != NULL && p->bodies != NULL, "out of memory");
    struct str rest = buf_str(&p->urls_text);
    for (size_t i = 0; i < p->count; i++) {
        struct str line = str_cut(&rest, '\n');
        p->urls[i] = (char *)line.ptr;
        p->urls[i][line.len] = '\0';
        p->bodies[i] = (struct body){.bytes = BUF_INIT(PAGE_MAX_BYTES),
                                     .hrefs = BUF_INIT(PAGE_MAX_BYTES),
                                     .title = BUF_INIT(PAGE_MAX_BYTES),
                                     .packed = BUF_INIT(PAGE_MAX_BYTES)};
    }
}

static void unload(struct pages *p)
{
    for (size_t i = 0; i < p->count; i++) {
        buf_release(&p->bodies[i].bytes);
        buf_release(&p->bodies[i].hrefs);
        buf_release(&p->bodies[i].title);
        buf_release(&p->bodies[i].packed);
    }
    free(p->bodies);
    free(p->urls);
    buf_release(&p->urls_text);
}

/* ---- fetch ---- */

struct fetcher {
    uv_loop_t loop;
    uv_timer_t timer;
    CURLM *multi;
    struct pages *pages;
    size_t started, done, kept_bytes;
};

struct watch { /* of one socket; freed by its close callback */
    uv_poll_t poll;
    struct fetcher *fetcher;
    curl_socket_t socket;
};

static size_t on_body(char *bytes, size_t size, size_t count, void *arg)
{
    struct buf *body = arg;
    return buf_add_bytes(body, bytes, size * count) == CW_OK ? count : 0;
}

static void start_next(struct fetcher *f, CURL *easy)
{
    size_t i = f->started++;
    (void)curl_easy_setopt(easy, CURLOPT_URL, f->pages->urls[i]);
    (void)curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    (void)curl_easy_setopt(easy, CURLOPT_WRITEDATA, &f->pages->bodies[i].bytes);
    (void)curl_easy_setopt(easy, CURLOPT_PRIVATE, &f->pages->bodies[i]);
    must(curl_multi_add_handle(f->multi, easy) == CURLM_OK, "curl_multi_add_handle");
}

/* Only the first bodies are for the parts that follow, as many as memory is set aside for. */
static void keep_or_drop(struct fetcher *f, struct body *body)
{
    f->kept_bytes += body->bytes.len;
    if (f->kept_bytes > BODIES_MAX_BYTES)
        buf_release(&body->bytes);
}

static void drain(struct fetcher *f)
{
    CURLMsg *message;
    int left;
    while ((message = curl_multi_info_read(f->multi, &left)) != NULL) {
        CURL *easy = message->easy_handle;
        struct body *body = NULL;
        long status = 0;
        must(message->data.result == CURLE_OK, curl_easy_strerror(message->data.result));
        (void)curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
        (void)curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&body);
        must(status == 200, "a page that is not there");
        keep_or_drop(f, body);
        (void)curl_multi_remove_handle(f->multi, easy);
        f->done++;
        if (f->started < f->pages->count)
            start_next(f, easy);
        else
            curl_easy_cleanup(easy);
    }
}

static void act(struct fetcher *f, curl_socket_t socket, int events)
{
    int running;
    must(curl_multi_socket_action(f->multi, socket, events, &running) == CURLM_OK, "libcurl");
    drain(f);
}

static void on_event(uv_poll_t *poll, int status, int events)
{
    struct watch *w = poll->data;
    int flags = status < 0 ? CURL_CSELECT_ERR : 0;
    flags |= (events & UV_READABLE) != 0 ? CURL_CSELECT_IN : 0;
    flags |= (events & UV_WRITABLE) != 0 ? CURL_CSELECT_OUT : 0;
    act(w->fetcher, w->socket, flags);
}

static void on_timer(uv_timer_t *timer)
{
    act(timer->data, CURL_SOCKET_TIMEOUT, 0);
}

static int on_timeout_wanted(CURLM *multi, long timeout_ms, void *arg)
{
    struct fetcher *f = arg;
    (void)multi;
    if (timeout_ms < 0)
        (void)uv_timer_stop(&f->timer);
    else
        (void)uv_timer_start(&f->timer, on_timer, (uint64_t)timeout_ms, 0);
    return 0;
}

static void on_watch_closed(uv_handle_t *handle)
{
    free(handle->data);
}

static int on_socket(CURL *easy, curl_socket_t socket, int what, void *arg, void *of_socket)
{
    struct fetcher *f = arg;
    struct watch *w = of_socket;
    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        if (w != NULL)
            uv_close((uv_handle_t *)&w->poll, on_watch_closed);
        return 0;
    }
    if (w == NULL) {
        w = calloc(1, sizeof *w);
        must(w != NULL && uv_poll_init_socket(&f->loop, &w->poll, socket) == 0, "uv_poll_init");
        w->fetcher = f;
        w->socket = socket;
        w->poll.data = w;
        (void)curl_multi_assign(f->multi, socket, w);
    }
    int events = ((what & CURL_POLL_IN) != 0 ? UV_READABLE : 0) |
                 ((what & CURL_POLL_OUT) != 0 ? UV_WRITABLE : 0);
    return uv_poll_start(&w->poll, events, on_event);
}

static void set_up_multi(struct fetcher *f)
{
    f->multi = curl_multi_init();
    must(f->multi != NULL, "curl_multi_init");
    (void)curl_multi_setopt(f->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    (void)curl_multi_setopt(f->multi, CURLMOPT_SOCKETDATA, f);
    (void)curl_multi_setopt(f->multi, CURLMOPT_TIMERFUNCTION, on_timeout_wanted);
    (void)curl_multi_setopt(f->multi, CURLMOPT_TIMERDATA, f);
}

static void fetch(struct pages *p, size_t connections)
{
    struct fetcher f = {.pages = p};
    must(uv_loop_init(&f.loop) == 0 && uv_timer_init(&f.loop, &f.timer) == 0, "libuv");
    f.timer.data = &f;
    set_up_multi(&f);
    while (f.started < MIN(connections, p->count)) {
        CURL *easy = curl_easy_init();
        must(easy != NULL, "curl_easy_init");
        start_next(&f, easy);
    }
    (void)uv_run(&f.loop,
                 UV_RUN_DEFAULT); /* until nothing is under way: idle sockets are not watched */
    must(f.done == p->count, "not all pages came");
    (void)curl_multi_cleanup(f.multi);
    uv_close((uv_handle_t *)&f.timer, NULL);
    (void)uv_run(&f.loop, UV_RUN_DEFAULT);
    must(uv_loop_close(&f.loop) == 0, "the loop does not close");
    while (p->kept < p->count && p->bodies[p->kept].bytes.len > 0)
        p->kept++;
}

/* ---- parse ---- */

struct reader {
    struct body *body;
    bool in_title;
};

static void on_start(void *user_data, const xmlChar *name, const xmlChar **pairs)
{
    struct reader *r = user_data;
    r->in_title = xmlStrEqual(name, BAD_CAST "title") != 0;
    for (; pairs != NULL && *pairs != NULL; pairs += 2)
        if (xmlStrEqual(pairs[0], BAD_CAST "href") != 0 && pairs[1] != NULL)
            must(buf_add(&r->body->hrefs, str_of((const char *)pairs[1])) == CW_OK &&
                     buf_add_char(&r->body->hrefs, '\n') == CW_OK,
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
        must(buf_add_bytes(&r->body->title, text, (size_t)len) == CW_OK, "title");
}

static void parse(struct pages *p)
{
    htmlSAXHandler sax = {
        .startElement = on_start, .endElement = on_end, .characters = on_text, .initialized = 1};
    for (size_t i = 0; i < p->kept; i++) {
        struct reader reader = {.body = &p->bodies[i]};
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
        must(reader.body->hrefs.len > 0 && reader.body->title.len > 0, "libxml2 found nothing");
    }
}

/* ---- compress ---- */

static void compress_bodies(struct pages *p)
{
    ZSTD_CCtx *context = ZSTD_createCCtx();
    must(context != NULL, "zstd");
    for (size_t i = 0; i < p->kept; i++) {
        struct body *b = &p->bodies[i];
        must(buf_reserve(&b->packed, ZSTD_compressBound(b->bytes.len)) == CW_OK, "memory");
        b->packed.len = ZSTD_compressCCtx(context, b->packed.ptr, ZSTD_compressBound(b->bytes.len),
                                          b->bytes.ptr, b->bytes.len, ZSTD_LEVEL);
        must(ZSTD_isError(b->packed.len) == 0, "zstd");
    }
    (void)ZSTD_freeCCtx(context);
}

/* ---- store ---- */

static const char SCHEMA[] =
    "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -8192;"
    "CREATE TABLE url(id INTEGER PRIMARY KEY, text TEXT NOT NULL);"
    "CREATE TABLE page(id INTEGER PRIMARY KEY, status INTEGER, title TEXT, size INTEGER);"
    "CREATE TABLE body(id INTEGER PRIMARY KEY, zstd BLOB NOT NULL);"
    "CREATE TABLE link(id INTEGER PRIMARY KEY, from_id INTEGER, to_id INTEGER);";

struct tables {
    sqlite3 *db;
    sqlite3_stmt *url, *page, *body, *link;
};

static sqlite3_stmt *prepare(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *statement = NULL;
    must(sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL) == SQLITE_OK,
         sqlite3_errmsg(db));
    return statement;
}

static void run_sql(struct tables *t, const char *sql)
{
    must(sqlite3_exec(t->db, sql, NULL, NULL, NULL) == SQLITE_OK, sqlite3_errmsg(t->db));
}

static void step(struct tables *t, sqlite3_stmt *statement)
{
    must(sqlite3_step(statement) == SQLITE_DONE, sqlite3_errmsg(t->db));
    (void)sqlite3_reset(statement);
}

static sqlite3_int64 add_url(struct tables *t, struct str url)
{
    sqlite3_int64 id = (sqlite3_int64)(XXH3_64bits(url.ptr, url.len) >> 1);
    (void)sqlite3_bind_int64(t->url, 1, id);
    (void)sqlite3_bind_text(t->url, 2, url.ptr, (int)url.len, SQLITE_STATIC);
    step(t, t->url);
    return id;
}

static void add_page(struct tables *t, struct str url, const struct body *b)
{
    sqlite3_int64 id = add_url(t, url);
    (void)sqlite3_bind_int64(t->page, 1, id);
    (void)sqlite3_bind_int(t->page, 2, 200);
    (void)sqlite3_bind_text(t->page, 3, b->title.ptr, (int)b->title.len, SQLITE_STATIC);
    (void)sqlite3_bind_int64(t->page, 4, (sqlite3_int64)b->bytes.len);
    step(t, t->page);
    (void)sqlite3_bind_blob(t->body, 1, b->packed.ptr, (int)b->packed.len, SQLITE_STATIC);
    step(t, t->body);
    for (struct str rest = buf_str(&b->hrefs); rest.len > 0;) {
        (void)sqlite3_bind_int64(t->link, 1, id);
        (void)sqlite3_bind_int64(t->link, 2, add_url(t, str_cut(&rest, '\n')));
        step(t, t->link);
    }
}

static void open_tables(struct tables *t, const char *path)
{
    must(sqlite3_open(path, &t->db) == SQLITE_OK, "the database does not open");
    run_sql(t, SCHEMA);
    t->url = prepare(t->db, "INSERT OR IGNORE INTO url VALUES(?, ?)");
    t->page = prepare(t->db, "INSERT OR REPLACE INTO page VALUES(?, ?, ?, ?)");
    t->body = prepare(t->db, "INSERT INTO body(zstd) VALUES(?)");
    t->link = prepare(t->db, "INSERT INTO link(from_id, to_id) VALUES(?, ?)");
}

static void close_tables(struct tables *t)
{
    (void)sqlite3_finalize(t->url);
    (void)sqlite3_finalize(t->page);
    (void)sqlite3_finalize(t->body);
    (void)sqlite3_finalize(t->link);
    must(sqlite3_close(t->db) == SQLITE_OK, "the database does not close");
}

static void store(struct pages *p, const char *path)
{
    struct tables t;
    open_tables(&t, path);
    for (size_t i = 0; i < p->kept; i++) {
        if (i % BATCH_PAGES == 0)
            run_sql(&t, i == 0 ? "BEGIN" : "COMMIT; BEGIN");
        add_page(&t, str_of(p->urls[i]), &p->bodies[i]);
    }
    run_sql(&t, "COMMIT");
    close_tables(&t);
}

/* ---- main ---- */

static double lap(double *start)
{
    double now = cpu_seconds(), used = now - *start;
    *start = now;
    return used * 1e6;
}

int main(int argc, char **argv)
{
    struct pages pages;
    uint64_t connections = 0;
    must(argc == 4 && str_to_u64(str_of(argv[2]), CONNECTIONS_MAX, &connections) && connections > 0,
         "usage: parts_bench URLS_FILE CONNECTIONS DATABASE");
    must(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK, "libcurl");
    load(&pages, argv[1]);
    double start = cpu_seconds();
    fetch(&pages, connections);
    printf("fetch %.2f\n", lap(&start) / (double)pages.count);
    parse(&pages);
    printf("parse %.2f\n", lap(&start) / (double)pages.kept);
    compress_bodies(&pages);
    printf("compress %.2f\n", lap(&start) / (double)pages.kept);
    store(&pages, argv[3]);
    printf("store %.2f\n", lap(&start) / (double)pages.kept);
    unload(&pages);
    curl_global_cleanup();
    return 0;
}
