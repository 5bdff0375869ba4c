#include "storage/sqlite/lessons.h"

#include "crawler/base/grow.h"
#include "storage/sqlite/keys.h"

enum { FETCHED_MAX = 20000 }; /* URLs told of a host that has aliases */

void lessons_count_domain(struct work *w, struct host_row *host)
{
    int64_t pages = host->pages - host->pages_read;
    if (w->domain_of == NULL || pages == 0)
        return;
    struct query q = db_query(w->db, DB_DOMAIN_ADD,
                              "INSERT INTO domain_(name, hosts, pages) VALUES(?, ?, ?)"
                              " ON CONFLICT DO UPDATE SET hosts = hosts + excluded.hosts,"
                              " pages = pages + excluded.pages");
    put_text(&q, w->domain_of(host->name));
    put_int(&q, (host->pages > 0) - (host->pages_read > 0));
    put_int(&q, pages);
    query_run(&q);
    host->pages_read = host->pages;
}

static void store_lesson(struct work *w, const struct trap_lesson *lesson)
{
    struct host_row *host = work_host(w, lesson->host);
    if (host == NULL)
        return;
    struct query q = db_query(w->db, DB_TRAP_PUT,
                              "INSERT OR REPLACE INTO trap_(host_id, kind, key, name, count, gain,"
                              " refused) VALUES(?, ?, ?, ?, ?, ?, ?)");
    put_int(&q, host->id);
    put_int(&q, lesson->kind);
    put_int(&q, (int64_t)lesson->key);
    put_text(&q, lesson->name);
    put_int(&q, lesson->count);
    put_int(&q, lesson->gain);
    put_int(&q, lesson->refused);
    query_run(&q);
}

void lessons_store(struct work *w, const struct trap_lesson *lessons, size_t count)
{
    for (size_t i = 0; w->db->err == CW_OK && i < count; i++)
        store_lesson(w, &lessons[i]);
}

static void fail_memory(struct work *w)
{
    db_fail(w->db, CW_ENOMEM, "%s: %s", w->db->path, cw_err_text(CW_ENOMEM));
}

void lessons_read_domain(struct db *db, struct str domain, struct budget_stored *to)
{
    to->domain = domain;
    struct query q =
        db_query(db, DB_DOMAIN_FIND, "SELECT hosts, pages FROM domain_ WHERE name = ?");
    put_text(&q, domain);
    if (query_next(&q)) {
        to->domain_hosts = query_int(&q, 0);
        to->domain_pages = query_int(&q, 1);
    }
    query_end(&q);
}

static void read_domain(struct work *w, const struct host_row *host, struct store_reply *reply,
                        struct budget_stored *to)
{
    lessons_read_domain(w->db, w->domain_of(host->name), to);
    if (!arena_keep(&reply->arena, &to->domain))
        fail_memory(w);
}

struct query lessons_list(struct db *db, int64_t host_id)
{
    struct query q = db_query(db, DB_TRAP_LIST,
                              "SELECT kind, key, name, count, gain, refused FROM trap_"
                              " WHERE host_id = ? ORDER BY kind, key LIMIT ?");
    put_int(&q, host_id);
    put_int(&q, LESSONS_MAX);
    return q;
}

bool lessons_read_row(const struct query *q, struct arena *arena, struct trap_lesson *lesson)
{
    lesson->kind = (enum trap_kind)query_int(q, 0);
    lesson->key = (uint64_t)query_int(q, 1);
    lesson->name = query_text(q, 2);
    lesson->count = query_int(q, 3);
    lesson->gain = query_int(q, 4);
    lesson->refused = query_int(q, 5);
    return arena_keep(arena, &lesson->name);
}

/* Room for one more; NULL fails the transaction. */
static struct trap_lesson *add_lesson(struct work *w, struct store_reply *reply, struct str host)
{
    if (grow(&reply->lessons, &reply->lesson_cap, reply->lesson_count, sizeof *reply->lessons) !=
        CW_OK) {
        fail_memory(w);
        return NULL;
    }
    struct trap_lesson *lesson = &reply->lessons[reply->lesson_count++];
    *lesson = (struct trap_lesson){.host = host, .kind = TRAP_URL};
    return lesson;
}

/* True: some of the host's URLs have identifiers. */
static bool read_lessons(struct work *w, int64_t host_id, struct store_reply *reply,
                         struct str host)
{
    bool has_aliases = false;
    struct query q = lessons_list(w->db, host_id);
    while (query_next(&q)) {
        struct trap_lesson *lesson = add_lesson(w, reply, host);
        if (lesson == NULL || !lessons_read_row(&q, &reply->arena, lesson))
            fail_memory(w);
        has_aliases |= lesson != NULL && lesson->kind == TRAP_ALIAS;
    }
    return has_aliases;
}

/* What the host's pages are known by: else each would be asked for under one more identifier. */
static void read_fetched(struct work *w, int64_t host_id, struct store_reply *reply,
                         struct str host)
{
    struct query q = db_query(w->db, DB_TRAP_URLS,
                              "SELECT text FROM url_ WHERE id BETWEEN ? AND ? AND state = 2"
                              " LIMIT ?");
    put_int(&q, key_first_url(host_id));
    put_int(&q, key_last_url(host_id));
    put_int(&q, FETCHED_MAX);
    while (query_next(&q)) {
        struct trap_lesson *lesson = add_lesson(w, reply, host);
        if (lesson == NULL)
            return;
        lesson->name = query_text(&q, 0);
        if (!arena_keep(&reply->arena, &lesson->name))
            fail_memory(w);
    }
}

void lessons_read(struct work *w, const struct host_row *host, struct store_reply *reply,
                  struct store_host *to)
{
    to->stored.pages = host->pages;
    if (w->domain_of != NULL)
        read_domain(w, host, reply, &to->stored);
    if (host->pages > 0 && read_lessons(w, host->id, reply, to->host))
        read_fetched(w, host->id, reply, to->host);
}
