#include "crawler/engine/spellings.h"

#include "crawler/fetch/address.h"

enum { SPELLING_MAX_BYTES = 16 * 1024 }; /* what is longer is no URL of the database */

struct maker {
    struct arena *arena;
    struct str original;
    struct str scheme, host, port, path, query; /* host without "www.", query with its "?" */
    bool has_www, may_have_www;
    struct spelling *list; /* SPELLINGS_MAX of them */
    size_t count;
};

/* ---- one spelling ---- */

static bool is_new(const struct maker *m, struct str url)
{
    bool found = str_eq(url, m->original);
    for (size_t i = 0; !found && i < m->count; i++)
        found = str_eq(m->list[i].url, url);
    return !found;
}

static void keep(struct maker *m, struct str text, unsigned differs)
{
    struct url url = URL_INIT;
    if (m->count < SPELLINGS_MAX && url_parse(&url, text, NULL) == CW_OK &&
        url_canonicalize(&url) == CW_OK && is_new(m, url_href(&url))) {
        struct spelling *s = &m->list[m->count];
        *s = (struct spelling){.url = url_href(&url), .differs = differs};
        m->count += arena_keep(m->arena, &s->url);
    }
    url_release(&url);
}

static enum cw_err add_parts(struct buf *b, const struct str *parts, size_t count)
{
    enum cw_err err = CW_OK;
    for (size_t i = 0; err == CW_OK && i < count; i++)
        err = buf_add(b, parts[i]);
    return err;
}

static void add(struct maker *m, struct str path, struct str query, unsigned differs)
{
    bool is_https = str_eq(m->scheme, STR("https"));
    bool has_www = m->has_www != ((differs & SPELLING_WWW) != 0);
    const struct str parts[] = {
        is_https != ((differs & SPELLING_SCHEME) != 0) ? STR("https://") : STR("http://"),
        has_www ? STR("www.") : STR(""),
        m->host,
        m->port,
        path,
        query,
    };
    CLEANUP(buf_release) struct buf text = BUF_INIT(SPELLING_MAX_BYTES);
    if (add_parts(&text, parts, ARRAY_LEN(parts)) == CW_OK)
        keep(m, buf_str(&text), differs);
}

/* ---- which ones ---- */

/* With each scheme, with and without "www.". */
static void add_places(struct maker *m, struct str path, unsigned differs)
{
    for (unsigned place = 0; place <= (SPELLING_SCHEME | SPELLING_WWW); place++)
        if ((place & SPELLING_WWW) == 0 || m->may_have_www)
            add(m, path, m->query, differs | place);
}

/* With the last slash, or without. */
static void add_slash(struct maker *m, unsigned differs)
{
    CLEANUP(buf_release) struct buf path = BUF_INIT(SPELLING_MAX_BYTES);
    if (m->path.len > 1 && str_ends(m->path, STR("/")))
        add_places(m, str_first(m->path, m->path.len - 1), differs | SPELLING_SLASH);
    else if (buf_add(&path, m->path) == CW_OK && buf_add_char(&path, '/') == CW_OK)
        add_places(m, buf_str(&path), differs | SPELLING_SLASH);
}

static void add_index(struct maker *m)
{
    static const char *const names[] = {"index.html", "index.htm", "index.php"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        CLEANUP(buf_release) struct buf path = BUF_INIT(SPELLING_MAX_BYTES);
        struct str name = str_of(names[i]);
        if (str_ends(m->path, name))
            add_places(m, str_first(m->path, m->path.len - name.len), SPELLING_INDEX);
        else if (str_ends(m->path, STR("/")) && buf_add(&path, m->path) == CW_OK &&
                 buf_add(&path, name) == CW_OK)
            add(m, buf_str(&path), m->query, SPELLING_INDEX);
    }
}

static void add_lower(struct maker *m)
{
    CLEANUP(buf_release) struct buf path = BUF_INIT(SPELLING_MAX_BYTES);
    for (size_t i = 0; i < m->path.len; i++)
        if (buf_add_char(&path, ascii_lower(m->path.ptr[i])) != CW_OK)
            return;
    add(m, buf_str(&path), m->query, SPELLING_CASE);
}

/* ---- the query ---- */

struct order {
    struct str parameters[SPELLING_ORDER_MAX];
    size_t count;
};

static void add_order(struct maker *m, const struct order *order)
{
    CLEANUP(buf_release) struct buf query = BUF_INIT(SPELLING_MAX_BYTES);
    for (size_t i = 0; i < order->count; i++)
        if (buf_add_char(&query, i == 0 ? '?' : '&') != CW_OK ||
            buf_add(&query, order->parameters[i]) != CW_OK)
            return;
    add(m, m->path, buf_str(&query), SPELLING_ORDER);
}

/* Every order of those from `first` on. */
static void permute(struct maker *m, struct order *order, size_t first)
{
    if (first == order->count)
        add_order(m, order);
    for (size_t i = first; i < order->count; i++) {
        struct order swapped = *order;
        swapped.parameters[first] = order->parameters[i];
        swapped.parameters[i] = order->parameters[first];
        permute(m, &swapped, first + 1);
    }
}

static void add_queries(struct maker *m)
{
    struct order order = {.count = 0};
    struct str rest = str_skip(m->query, 1);
    if (m->query.len == 0)
        return;
    while (!str_is_absent(rest) && order.count < SPELLING_ORDER_MAX)
        order.parameters[order.count++] = str_cut(&rest, '&');
    if (str_is_absent(rest))
        permute(m, &order, 0);
    struct str query = m->query;
    m->query = STR("");
    add_places(m, m->path, SPELLING_QUERY);
    add_slash(m, SPELLING_QUERY);
    m->query = query;
}

/* ---- the whole ---- */

size_t spellings_list(struct arena *arena, const struct url *url,
                      struct spelling ret[SPELLINGS_MAX])
{
    struct sockaddr_storage address;
    struct str name = url_hostname(url), key = url_host_key(url);
    struct maker m = {
        .arena = arena,
        .original = url_href(url),
        .scheme = url_scheme(url),
        .host = name,
        .port = str_skip(key, name.len),
        .path = url_pathname(url),
        .query = url_search(url),
        .has_www = str_starts(name, STR("www.")),
        .may_have_www = !address_parse(name, &address) && str_find_char(name, '.') < name.len,
        .list = ret,
    };
    if (m.has_www)
        m.host = str_skip(name, 4);
    add_places(&m, m.path, 0);
    add_slash(&m, 0);
    add_index(&m);
    add_lower(&m);
    add_queries(&m);
    return m.count;
}

void spelling_describe(unsigned differs, char ret_text[SPELLING_TEXT_SIZE])
{
    static const char *const names[] = {
        "scheme",          "\"www.\"", "last slash",         "index file",
        "capital letters", "query",    "order of the query",
    };
    size_t len = 0;
    ret_text[0] = '\0';
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if ((differs & 1U << i) == 0)
            continue;
        differs &= ~(1U << i);
        const char *glue = len == 0 ? "" : differs == 0 ? " and " : ", ";
        len += (size_t)snprintf(ret_text + len, SPELLING_TEXT_SIZE - len, "%s%s", glue, names[i]);
    }
}
