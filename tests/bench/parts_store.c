#include "tests/bench/parts.h"

#include <sqlite3.h>
#include <xxhash.h>

#include "crawler/engine/pack.h"

enum { BATCH_PAGES = 100 };

void parts_compress(struct pages *p)
{
    struct packer *packer;
    must(packer_new(&packer) == CW_OK, "zstd");
    for (size_t i = 0; i < p->kept; i++) {
        struct body *b = &p->bodies[i];
        must(pack(packer, &b->packed, buf_str(&b->bytes), NULL) == CW_OK, "zstd");
    }
    packer_free(packer);
}

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
    (void)sqlite3_bind_text(t->page, 3, b->page.title.ptr, (int)b->page.title.len, SQLITE_STATIC);
    (void)sqlite3_bind_int64(t->page, 4, (sqlite3_int64)b->bytes.len);
    step(t, t->page);
    (void)sqlite3_bind_blob(t->body, 1, b->packed.ptr, (int)b->packed.len, SQLITE_STATIC);
    step(t, t->body);
    for (size_t i = 0; i < b->page.link_count; i++) {
        (void)sqlite3_bind_int64(t->link, 1, id);
        (void)sqlite3_bind_int64(t->link, 2, add_url(t, b->page.links[i].url));
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

void parts_store(const struct pages *p, const char *path)
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
