#include "storage/sqlite/lookup.h"

#include "storage/sqlite/keys.h"

/* *ret_is_there: the row exists, whoever's it is. */
static bool is_named(struct db *db, enum db_statement which, const char *sql, int64_t id,
                     struct str name, bool *ret_is_there)
{
    struct query q = db_query(db, which, sql);
    put_int(&q, id);
    *ret_is_there = query_next(&q);
    bool is_same = *ret_is_there && str_eq(query_text(&q, 0), name);
    query_end(&q);
    return is_same;
}

int64_t lookup_host(struct db *db, struct str name)
{
    bool is_there = true;
    for (int64_t id = key_host(name); is_there; id = key_host_next(id))
        if (is_named(db, DB_LOOKUP_HOST, "SELECT name FROM host_ WHERE id = ?", id, name,
                     &is_there))
            return id;
    return LOOKUP_NONE;
}

int64_t lookup_url(struct db *db, struct str url)
{
    int64_t host = lookup_host(db, key_host_of_url(url));
    if (host == LOOKUP_NONE)
        return LOOKUP_NONE;
    bool is_there = true;
    for (int64_t id = key_url(host, url); is_there; id = key_url_next(id))
        if (is_named(db, DB_LOOKUP_URL, "SELECT text FROM url_ WHERE id = ?", id, url, &is_there))
            return id;
    return LOOKUP_NONE;
}
