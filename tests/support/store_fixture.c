#include "tests/support/store_fixture.h"

#include <sqlite3.h>

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include <zstd.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

/* ---- the folder and the store ---- */

void fx_remove_folder(const char *folder)
{
    DIR *dir = opendir(folder);
    assert_non_null(dir);
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;)
        unlinkat(dirfd(dir), entry->d_name, 0);
    closedir(dir);
    assert_int_equal(rmdir(folder), 0);
}

void fx_open(struct fixture *f)
{
    struct store_options options = {.path = f->path,
                                    .command = "crawld crawl",
                                    .version = "test",
                                    .busy_timeout_ms = 2000,
                                    .revisits = f->revisits};
    struct errmsg msg = {""};
    if (store_open(&f->store, &options, &msg) != CW_OK)
        fail_msg("%s", msg.text);
}

void fx_close(struct fixture *f, const char *end_reason)
{
    struct errmsg msg = {""};
    if (store_close(STEAL(f->store), end_reason, &msg) != CW_OK)
        fail_msg("%s", msg.text);
}

bool fx_make_folder(char ret_path[FX_FOLDER_SIZE])
{
    const char *base = getenv("TMPDIR") != NULL ? getenv("TMPDIR") : "/tmp";
    snprintf(ret_path, FX_FOLDER_SIZE, "%.40s/store.XXXXXX", base);
    return mkdtemp(ret_path) != NULL;
}

int fx_setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    if (!fx_make_folder(f->folder))
        return -1;
    snprintf(f->path, sizeof f->path, "%s/a.db", f->folder);
    f->now_unix_ms = FX_NOW;
    f->text = BUF_INIT(16 << 20);
    *state = f;
    store_prepare_process();
    fx_open(f);
    return 0;
}

int fx_teardown(void **state)
{
    struct fixture *f = *state;
    fx_close(f, "finished");
    store_reply_release(&f->reply);
    buf_release(&f->text);
    fx_remove_folder(f->folder);
    free(f);
    return 0;
}

/* ---- batches ---- */

struct str fx_host_of(const char *url)
{
    struct str rest = str_of(strstr(url, "//") + 2);
    return str_first(rest, str_find_char(rest, '/'));
}

void fx_seed(struct fixture *f, const char *url)
{
    assert_true(f->batch.seed_count < ARRAY_LEN(f->seeds));
    f->seeds[f->batch.seed_count++] =
        (struct store_seed){.url = str_of(url), .host = fx_host_of(url)};
}

void fx_want(struct fixture *f, const char *host)
{
    assert_true(f->batch.want.host_count < ARRAY_LEN(f->wanted));
    f->wanted[f->batch.want.host_count++] = str_of(host);
}

static struct str keep(struct outcome *o, struct str s)
{
    assert_true(arena_keep(&o->arena, &s));
    return s;
}

struct outcome *fx_outcome(struct fixture *f, const struct store_lease *lease,
                           enum url_state url_state)
{
    struct outcome *o = outcome_new();
    assert_non_null(o);
    o->url_id = lease->url_id;
    o->url = keep(o, lease->url);
    o->host = fx_host_of(o->url.ptr);
    o->depth = lease->depth;
    o->state = url_state;
    o->is_seed = lease->is_seed;
    assert_true(f->batch.outcome_count < ARRAY_LEN(f->outcomes));
    f->outcomes[f->batch.outcome_count++] = o;
    return o;
}

struct outcome *fx_page(struct fixture *f, const struct store_lease *lease, int status)
{
    struct outcome *o = fx_outcome(f, lease, URL_DONE);
    o->has_attempt = o->has_page = true;
    o->attempt = (struct attempt){
        .kind = FETCH_PAGE,
        .url = o->url,
        .host = o->host,
        .time = {.started_unix_ms = f->now_unix_ms - 50,
                 .ended_unix_ms = f->now_unix_ms,
                 .dns_ms = 1,
                 .connect_ms = 2,
                 .tls_ms = -1,
                 .first_byte_ms = 30,
                 .total_ms = 50},
        .attempt = lease->attempts + 1,
        .status = status,
        .size = 100,
        .http_version = 11,
        .remote_ip = STR("127.0.0.1"),
    };
    o->page.status = status;
    o->page.content_type = STR("text/html");
    o->page.links = arena_alloc(&o->arena, 64 * sizeof *o->page.links);
    return o;
}

static void fill_link(struct outcome *o, struct page_link *link, const char *url)
{
    *link = (struct page_link){
        .url = keep(o, str_of(url)),
        .host = keep(o, fx_host_of(url)),
        .element = STR("a"),
        .follow = true,
        .internal = str_eq(fx_host_of(url), o->host),
        .depth = o->depth + 1,
        .priority = o->depth + 1,
    };
}

struct page_link *fx_link(struct outcome *o, const char *url)
{
    assert_true(o->page.link_count < 64);
    struct page_link *link = &o->page.links[o->page.link_count++];
    fill_link(o, link, url);
    return link;
}

struct page_link *fx_redirect(struct outcome *o, const char *url)
{
    o->page.redirect = arena_alloc(&o->arena, sizeof *o->page.redirect);
    fill_link(o, o->page.redirect, url);
    return o->page.redirect;
}

struct zdict *fx_dict(const char *content)
{
    char frame[64 * 1024];
    struct zdict *dict;
    size_t len = ZSTD_compress(frame, sizeof frame, content, strlen(content), 3);
    assert_false(ZSTD_isError(len));
    assert_int_equal(zdict_new(&dict, str_of(content), str_from(frame, len)), CW_OK);
    return dict;
}

void fx_body(struct outcome *o, const char *text)
{
    fx_body_beside(o, text, NULL);
}

void fx_body_beside(struct outcome *o, const char *text, struct zdict *dict)
{
    size_t len = strlen(text), bound = ZSTD_compressBound(len);
    struct str content = dict != NULL ? zdict_content(dict) : STR_NONE;
    ZSTD_CCtx *zstd = ZSTD_createCCtx();
    assert_non_null(zstd);
    XXH128_canonical_t hash;
    XXH128_canonicalFromHash(&hash, XXH3_128bits(text, len));
    memcpy(o->page.body_hash, hash.digest, sizeof o->page.body_hash);
    o->page.size = (int64_t)len;
    assert_int_equal(buf_reserve(&o->page.body, bound), CW_OK);
    assert_int_equal(ZSTD_CCtx_refPrefix(zstd, content.ptr, content.len), 0);
    o->page.body.len = ZSTD_compress2(zstd, o->page.body.ptr, bound, text, len);
    o->page.body_dict = zdict_hold(dict);
    ZSTD_freeCCtx(zstd);
}

enum cw_err fx_try_commit(struct fixture *f, size_t new_hosts, struct errmsg *msg)
{
    struct store_reply reply;
    f->batch.outcomes = f->outcomes;
    f->batch.seeds = f->seeds;
    f->batch.want.hosts = f->wanted;
    f->batch.want.new_hosts = new_hosts;
    f->batch.want.now_unix_ms = f->now_unix_ms;
    if (f->batch.want.urls_per_host == 0)
        f->batch.want.urls_per_host = 10;
    enum cw_err err = store_commit(f->store, &f->batch, &reply, msg);
    for (size_t i = 0; i < f->batch.outcome_count; i++)
        outcome_free(f->outcomes[i]);
    f->batch = (struct store_batch){0};
    if (err == CW_OK) {
        store_reply_release(&f->reply);
        f->reply = reply;
    }
    return err;
}

void fx_commit(struct fixture *f, size_t new_hosts)
{
    struct errmsg msg = {""};
    if (fx_try_commit(f, new_hosts, &msg) != CW_OK)
        fail_msg("%s", msg.text);
    fx_check_counters(f);
}

struct store_lease fx_lease(struct fixture *f, const char *url)
{
    fx_seed(f, url);
    fx_commit(f, 1);
    assert_int_equal(f->reply.lease_count, 1);
    struct store_lease lease = f->reply.leases[0];
    lease.url = str_of(url);
    return lease;
}

/* ---- questions ---- */

static bool add_value(struct buf *b, const struct store_value *v)
{
    switch (v->type) {
    case STORE_NULL: return buf_add(b, STR("NULL")) == CW_OK;
    case STORE_INTEGER: return buf_addf(b, "%" PRId64, v->integer) == CW_OK;
    case STORE_REAL: return buf_addf(b, "%.1f", v->real) == CW_OK;
    default: return buf_add(b, v->text) == CW_OK;
    }
}

static bool on_columns(void *arg, const char *const *names, size_t count)
{
    (void)arg;
    return names != NULL && count > 0;
}

static bool on_row(void *arg, const struct store_value *values, size_t count)
{
    struct buf *b = arg;
    bool is_added = b->len == 0 || buf_add_char(b, ' ') == CW_OK;
    for (size_t i = 0; i < count; i++)
        is_added =
            is_added && (i == 0 || buf_add_char(b, '|') == CW_OK) && add_value(b, &values[i]);
    return is_added;
}

const char *fx_text(struct fixture *f, const char *sql)
{
    struct store_reader *reader = NULL;
    struct errmsg msg = {""};
    struct store_query_sink sink = {on_columns, on_row, &f->text};
    buf_clear(&f->text);
    assert_int_equal(buf_reserve(&f->text, 1), CW_OK);
    if (store_reader_open(&reader, f->path, &msg) != CW_OK ||
        store_query(reader, str_of(sql), &sink, &msg) != CW_OK)
        fail_msg("%s: %s", sql, msg.text);
    store_reader_close(reader);
    return f->text.len > 0 ? f->text.ptr : "";
}

int64_t fx_int(struct fixture *f, const char *sql)
{
    char *end = NULL;
    const char *text = fx_text(f, sql);
    int64_t value = strtoll(text, &end, 10);
    if (end == text || *end != '\0')
        fail_msg("%s: not one number: '%s'", sql, text);
    return value;
}

/* The law of conservation, and every kept counter against what it counts (storage/DESIGN.md). */
void fx_check_counters(struct fixture *f)
{
    fx_expect(f, "SELECT state FROM url_ WHERE state NOT BETWEEN 0 AND 4", "");
    assert_int_equal(f->reply.seen, fx_int(f, "SELECT count(*) FROM url_"));
    assert_int_equal(f->reply.queued, fx_int(f, "SELECT count(*) FROM url_ WHERE state = 0"));
    assert_int_equal(f->reply.active, fx_int(f, "SELECT count(*) FROM url_ WHERE state = 1"));
    assert_int_equal(f->reply.pages, fx_int(f, "SELECT count(*) FROM page_"));
    fx_expect(
        f,
        "SELECT h.name FROM host_ AS h LEFT JOIN"
        " (SELECT host_id, count(*) AS urls, sum(state = 0) AS queued, count(p.url_id) AS pages"
        "  FROM url_ LEFT JOIN page_ AS p ON p.url_id = id GROUP BY host_id) AS u"
        " ON u.host_id = h.id WHERE h.urls <> coalesce(u.urls, 0)"
        " OR h.queued <> coalesce(u.queued, 0) OR h.pages <> coalesce(u.pages, 0)",
        "");
    fx_expect(f,
              "WITH kept AS (SELECT kind, name, n FROM tally_ WHERE n <> 0), counted AS ("
              "  SELECT state, reason, count(*) FROM url_ WHERE state IN (3, 4) GROUP BY 1, 2"
              "  UNION ALL SELECT 2, cast(status AS TEXT), count(*) FROM page_ GROUP BY 2)"
              " SELECT * FROM (SELECT * FROM kept EXCEPT SELECT * FROM counted)"
              " UNION ALL SELECT * FROM (SELECT * FROM counted EXCEPT SELECT * FROM kept)",
              "");
}

void fx_run_sql(const char *path, const char *sql)
{
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}
