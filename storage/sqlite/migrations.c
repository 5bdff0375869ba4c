#include <assert.h>

#include "storage/sqlite/schema.h"

static_assert(DB_APPLICATION_ID == 1668770916, "the number below");

/* SQL is laid out by hand. */
/* clang-format off */

/* States are enum url_state. Times are milliseconds since 1970, UTC. Error and exclusion classes
 * are stored by their stable names. */
static const char FRONTIER_TABLES[] =
    "PRAGMA application_id = 1668770916;"

    /* id: keys.h. Counters agree with the rows they count after every commit. ready_ms: since when,
     * or from when on, a host that is not leased has something to do. */
    "CREATE TABLE host_(id INTEGER PRIMARY KEY, name TEXT NOT NULL,"
    " urls INTEGER NOT NULL, queued INTEGER NOT NULL, pages INTEGER NOT NULL,"
    " errors INTEGER NOT NULL, bytes INTEGER NOT NULL,"
    " leased INTEGER NOT NULL, ready_ms INTEGER NOT NULL,"
    " delay_ms INTEGER NOT NULL, last_fetch_ms INTEGER NOT NULL,"
    " backoff_until_ms INTEGER NOT NULL, robots_ms INTEGER NOT NULL,"
    " robots_status INTEGER, robots_error TEXT);"
    "CREATE INDEX host_waiting ON host_(ready_ms) WHERE queued > 0 AND leased = 0;"

    /* due_ms: 0 unless it waits for a time. found_on: the page that named it first. */
    "CREATE TABLE url_(id INTEGER PRIMARY KEY, host_id INTEGER NOT NULL, text TEXT NOT NULL,"
    " state INTEGER NOT NULL, reason TEXT, detail TEXT, depth INTEGER NOT NULL,"
    " priority INTEGER NOT NULL, due_ms INTEGER NOT NULL, attempts INTEGER NOT NULL,"
    " hops INTEGER NOT NULL, seed INTEGER NOT NULL, found_on INTEGER,"
    " first_seen_ms INTEGER NOT NULL);"
    "CREATE INDEX url_queued ON url_(host_id, priority, due_ms) WHERE state = 0;"
    "CREATE INDEX url_delayed ON url_(host_id, due_ms) WHERE state = 0 AND due_ms > 0;"
    "CREATE INDEX url_due ON url_(due_ms) WHERE state = 0 AND due_ms > 0;"
    "CREATE INDEX url_active ON url_(host_id) WHERE state = 1;"
    "CREATE INDEX url_failed ON url_(id) WHERE state = 3;"
    "CREATE INDEX url_seed ON url_(id) WHERE seed = 1;"

    /* Counts kept by the writer, so that no summary reads a table: of pages by status (kind 2), of
     * failed (3) and of excluded URLs (4) by reason. */
    "CREATE TABLE tally_(kind INTEGER NOT NULL, name TEXT NOT NULL, n INTEGER NOT NULL,"
    " PRIMARY KEY(kind, name)) WITHOUT ROWID;"

    "CREATE TABLE crawl_(id INTEGER PRIMARY KEY, started_ms INTEGER NOT NULL, ended_ms INTEGER,"
    " command TEXT, version TEXT, pages INTEGER NOT NULL, errors INTEGER NOT NULL,"
    " bytes INTEGER NOT NULL, end_reason TEXT, rules INTEGER);"; /* rules: store_rejudge() */

static const char RESULT_TABLES[] =
    "CREATE TABLE page_(url_id INTEGER PRIMARY KEY, status INTEGER NOT NULL, error TEXT,"
    " content_type TEXT, charset TEXT, language TEXT, title TEXT, description TEXT,"
    " canonical_url TEXT, noindex INTEGER NOT NULL, nofollow INTEGER NOT NULL,"
    " links_cut INTEGER NOT NULL, body_cut INTEGER NOT NULL, fetched_ms INTEGER,"
    " elapsed_ms INTEGER, first_byte_ms INTEGER, size INTEGER NOT NULL, body_hash BLOB,"
    " etag TEXT, last_modified TEXT, links INTEGER NOT NULL, first_link INTEGER,"
    " words INTEGER NOT NULL);" /* its links: rows first_link to first_link + links - 1 of link_ */
    "CREATE INDEX page_status ON page_(status);"

    /* A content once, however many pages have it. size: bytes after decompression. */
    "CREATE TABLE body_(id INTEGER PRIMARY KEY, hash BLOB NOT NULL, size INTEGER NOT NULL,"
    " zstd BLOB NOT NULL);"
    "CREATE UNIQUE INDEX body_hash ON body_(hash);"

    /* In the order of arrival, and of each page. */
    "CREATE TABLE link_(id INTEGER PRIMARY KEY, from_id INTEGER NOT NULL, to_id INTEGER NOT NULL,"
    " element TEXT, rel TEXT, text TEXT, nofollow INTEGER NOT NULL, internal INTEGER NOT NULL);"

    /* followed: 0 for one that closed a loop or came after too many: its source has failed. */
    "CREATE TABLE redirect_(from_id INTEGER PRIMARY KEY, to_id INTEGER NOT NULL,"
    " status INTEGER NOT NULL, followed INTEGER NOT NULL);"
    "CREATE INDEX redirect_to ON redirect_(to_id);"

    /* url_id, or the text where no row of url_ is meant (robots.txt). */
    "CREATE TABLE fetch_(id INTEGER PRIMARY KEY, kind INTEGER NOT NULL, url_id INTEGER,"
    " url TEXT, started_ms INTEGER, ended_ms INTEGER, attempt INTEGER NOT NULL, status INTEGER,"
    " error TEXT, detail TEXT, limit_ms INTEGER, dns_ms INTEGER, connect_ms INTEGER,"
    " tls_ms INTEGER, first_byte_ms INTEGER, total_ms INTEGER, size INTEGER NOT NULL,"
    " http_version INTEGER, remote_ip TEXT);";

static const char PAGE_VIEWS[] =
    "CREATE VIEW page AS SELECT u.text AS url,"
    " CASE WHEN p.status NOT BETWEEN 300 AND 399 THEN u.text ELSE"
    "  (WITH RECURSIVE chain(id, hops) AS (VALUES(p.url_id, 0) UNION ALL"
    "    SELECT r.to_id, chain.hops + 1 FROM chain"
    "    CROSS JOIN redirect_ AS r ON r.from_id = chain.id"
    "    WHERE r.followed AND chain.hops < 10)"
    "   SELECT e.text FROM chain CROSS JOIN url_ AS e ON e.id = chain.id"
    "   ORDER BY chain.hops DESC LIMIT 1) END AS final_url,"
    " p.status, p.error, p.content_type, p.charset, p.language, p.title, p.description,"
    " p.canonical_url, p.noindex, u.depth, f.text AS referrer,"
    " " SCHEMA_UTC("p.fetched_ms") " AS fetched_at, p.elapsed_ms, p.first_byte_ms, p.size,"
    " lower(hex(p.body_hash)) AS body_hash, p.etag, p.last_modified, p.links, p.words,"
    " 1 AS versions"
    " FROM page_ AS p JOIN url_ AS u ON u.id = p.url_id LEFT JOIN url_ AS f ON f.id = u.found_on;"

    "CREATE VIEW fetch AS SELECT coalesce(f.url, u.text) AS url,"
    " CASE f.kind WHEN 0 THEN 'page' WHEN 1 THEN 'robots' ELSE 'sitemap' END AS kind,"
    " " SCHEMA_UTC("f.started_ms") " AS started_at, " SCHEMA_UTC("f.ended_ms") " AS ended_at,"
    " f.attempt, f.status, f.error, f.limit_ms, f.dns_ms, f.connect_ms, f.tls_ms,"
    " f.first_byte_ms, f.total_ms, f.size,"
    " CASE f.http_version WHEN 10 THEN '1.0' WHEN 11 THEN '1.1' WHEN 20 THEN '2' END"
    "  AS http_version, f.remote_ip"
    " FROM fetch_ AS f LEFT JOIN url_ AS u ON u.id = f.url_id;"

    /* Exact duplicates of what was really served: the earliest is the original. */
    "CREATE VIEW duplicate AS SELECT u.text AS url, o.text AS of_url, 1.0 AS similarity FROM"
    " (SELECT url_id, first_value(url_id) OVER"
    "   (PARTITION BY body_hash ORDER BY fetched_ms, url_id) AS of_id"
    "  FROM page_ WHERE status BETWEEN 200 AND 299 AND size > 0) AS d"
    " JOIN url_ AS u ON u.id = d.url_id JOIN url_ AS o ON o.id = d.of_id"
    " WHERE d.url_id <> d.of_id;";

static const char LINK_VIEWS[] =
    "CREATE VIEW link AS SELECT f.text AS from_url, t.text AS to_url, l.element, l.rel, l.text,"
    " l.nofollow, l.internal"
    " FROM link_ AS l JOIN url_ AS f ON f.id = l.from_id JOIN url_ AS t ON t.id = l.to_id;"

    "CREATE VIEW redirect AS SELECT f.text AS from_url, t.text AS to_url, r.status"
    " FROM redirect_ AS r JOIN url_ AS f ON f.id = r.from_id JOIN url_ AS t ON t.id = r.to_id;"

    /* First what is broken (few; by index) and what redirects there, then one walk over all links
     * that asks for each whether its target is among them. CROSS JOIN keeps that order. */
    "CREATE VIEW broken_link AS WITH RECURSIVE broken(id, end_id, hops) AS ("
    "  SELECT id, id, 0 FROM url_ WHERE state = 3"
    "  UNION SELECT url_id, url_id, 0 FROM page_ WHERE status >= 400"
    "  UNION SELECT r.from_id, b.end_id, b.hops + 1 FROM broken AS b"
    "   CROSS JOIN redirect_ AS r ON r.to_id = b.id WHERE r.followed AND b.hops < 10)"
    " SELECT f.text AS from_url, t.text AS to_url, l.text, p.status,"
    "  coalesce(p.error, e.reason) AS error"
    " FROM link_ AS l CROSS JOIN broken AS b ON b.id = l.to_id"
    " CROSS JOIN url_ AS f ON f.id = l.from_id CROSS JOIN url_ AS t ON t.id = l.to_id"
    " CROSS JOIN url_ AS e ON e.id = b.end_id LEFT JOIN page_ AS p ON p.url_id = b.end_id;";

static const char OTHER_VIEWS[] =
    "CREATE VIEW url AS SELECT u.text AS url, h.name AS host,"
    " CASE u.state WHEN 0 THEN 'queued' WHEN 1 THEN 'active' WHEN 2 THEN 'done'"
    "  WHEN 3 THEN 'failed' ELSE 'excluded' END AS state,"
    " u.reason || coalesce(': ' || u.detail, '') AS reason, u.depth, u.priority,"
    " " SCHEMA_UTC("nullif(u.due_ms, 0)") " AS due_at, u.attempts, f.text AS found_on,"
    " " SCHEMA_UTC("u.first_seen_ms") " AS first_seen_at"
    " FROM url_ AS u JOIN host_ AS h ON h.id = u.host_id LEFT JOIN url_ AS f ON f.id = u.found_on;"

    "CREATE VIEW host AS SELECT name AS host, urls, pages, errors, bytes, delay_ms,"
    " " SCHEMA_UTC("nullif(backoff_until_ms, 0)") " AS backoff_until,"
    " coalesce(robots_status, robots_error) AS robots_status,"
    " " SCHEMA_UTC("nullif(robots_ms, 0)") " AS robots_fetched_at,"
    " " SCHEMA_UTC("nullif(last_fetch_ms, 0)") " AS last_fetch_at FROM host_;"

    "CREATE VIEW crawl AS SELECT " SCHEMA_UTC("started_ms") " AS started_at,"
    " " SCHEMA_UTC("ended_ms") " AS ended_at, command, version, pages, errors, bytes, end_reason"
    " FROM crawl_;";

/* clang-format on */

static const char *const version_1[] = {FRONTIER_TABLES, RESULT_TABLES, PAGE_VIEWS,
                                        LINK_VIEWS,      OTHER_VIEWS,   NULL};

/* What the server asked for in Retry-After, at most the longest rest; NULL: nothing. */
static const char *const version_2[] = {"ALTER TABLE fetch_ ADD COLUMN retry_after_ms INTEGER",
                                        NULL};

const char *const *const schema_migrations[SCHEMA_VERSION] = {version_1, version_2,
                                                              schema_version_3, schema_version_4};
