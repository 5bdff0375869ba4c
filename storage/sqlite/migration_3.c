/* Version 3 of the schema: what a crawl of millions of URLs, one that comes back, and one that
 * answers "why?" need. One constant a subject. */
#include "storage/sqlite/schema.h"

/* SQL is laid out by hand. */
/* clang-format off */

/* The frontier at 10^7 URLs. */
static const char FRONTIER[] =
    /* What may be leased at once, apart from what waits for a time (url_delayed): so no lease walks
     * over rows that it may not take. Equals stand as in the table, by id. */
    "DROP INDEX url_queued;"
    "UPDATE url_ SET priority = priority * 10 WHERE priority > 0;" /* it was the depth: PRIORITY_LEVEL */
    "CREATE INDEX url_queued ON url_(host_id, priority) WHERE state = 0 AND due_ms = 0;"
    "CREATE INDEX host_leased ON host_(id) WHERE leased = 1;";

/* Revisits: schedules, what is known of each page's changes, its earlier contents. */
static const char REVISITS[] =
    /* What struct page_history says; only of pages that a crawl with revisits has asked for. */
    "CREATE TABLE revisit_(url_id INTEGER PRIMARY KEY, changes REAL NOT NULL,"
    " exposure_ms REAL NOT NULL, checked_ms INTEGER NOT NULL, interval_ms INTEGER NOT NULL,"
    " announced_ms INTEGER NOT NULL, traits INTEGER NOT NULL);"

    /* A settled URL that is asked for again has the time in due_ms. */
    "CREATE INDEX url_revisit ON url_(due_ms) WHERE state >= 2 AND due_ms > 0;"

    /* The contents of pages that were asked for again, the present one included. A page that was
     * not has none: its row of page_ says it all. */
    "CREATE TABLE version_(id INTEGER PRIMARY KEY, url_id INTEGER NOT NULL, fetched_ms INTEGER,"
    " status INTEGER NOT NULL, body_hash BLOB, size INTEGER NOT NULL, change TEXT NOT NULL);"
    "CREATE INDEX version_of ON version_(url_id);"

    /* Of a run: 1 when it asked for everything again; the interval of `every`, 0 for auto. */
    "ALTER TABLE crawl_ ADD COLUMN revisit INTEGER;"
    "ALTER TABLE crawl_ ADD COLUMN every_ms INTEGER;"

    "DROP VIEW page;"
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
    " max(1, (SELECT count(*) FROM version_ WHERE url_id = p.url_id)) AS versions"
    " FROM page_ AS p JOIN url_ AS u ON u.id = p.url_id LEFT JOIN url_ AS f ON f.id = u.found_on;"

    "CREATE VIEW page_version AS SELECT u.text AS url, " SCHEMA_UTC("v.fetched_ms") " AS fetched_at,"
    " v.status, lower(hex(v.body_hash)) AS body_hash, v.size, v.change"
    " FROM version_ AS v JOIN url_ AS u ON u.id = v.url_id"
    " UNION ALL SELECT u.text, " SCHEMA_UTC("p.fetched_ms") ", p.status, lower(hex(p.body_hash)),"
    " p.size, 'first' FROM page_ AS p JOIN url_ AS u ON u.id = p.url_id"
    " WHERE NOT EXISTS(SELECT 1 FROM version_ WHERE url_id = p.url_id);";

/* Budgets and traps: what was learned of hosts, domains and shapes of URLs. */
static const char TRAPS[] =
    /* Registrable domains: their hosts that have pages, and those pages. */
    "CREATE TABLE domain_(name TEXT PRIMARY KEY, hosts INTEGER NOT NULL, pages INTEGER NOT NULL)"
    " WITHOUT ROWID;"

    /* struct trap_lesson of page.h. */
    "CREATE TABLE trap_(host_id INTEGER NOT NULL, kind INTEGER NOT NULL, key INTEGER NOT NULL,"
    " name TEXT, count INTEGER NOT NULL, gain INTEGER NOT NULL, refused INTEGER NOT NULL,"
    " PRIMARY KEY(host_id, kind, key)) WITHOUT ROWID;";

/* What crawld explain reads: the settings of each run, robots.txt as it was received. */
static const char EXPLANATIONS[] =
    /* One JSON object (config/settings.h). NULL: an older run. */
    "ALTER TABLE crawl_ ADD COLUMN settings TEXT;"

    /* What became of each origin's robots.txt the last time. id: twice its host's, and one for
     * https. hash: of the text, in body_; NULL: there is none. */
    "CREATE TABLE robots_(id INTEGER PRIMARY KEY, fetched_ms INTEGER NOT NULL, status INTEGER,"
    " error TEXT, detail TEXT, hash BLOB);"

    /* A URL's attempts are a chain, from the latest back: no index, no row written for its sake. */
    "ALTER TABLE url_ ADD COLUMN last_fetch INTEGER;"
    "ALTER TABLE fetch_ ADD COLUMN previous INTEGER;"

    /* The page that had this content first; NULL: an older row, or robots.txt. */
    "ALTER TABLE body_ ADD COLUMN url_id INTEGER;";

/* What the audit reads: the limits in force at each request, and its times on the steady clock
 * (clocks.h); the first request of each run. And what politeness remembers across restarts: until
 * when each host is left alone. */
static const char LIMITS[] =
    "ALTER TABLE fetch_ ADD COLUMN host_slots INTEGER;"
    "ALTER TABLE fetch_ ADD COLUMN address_slots INTEGER;"
    "ALTER TABLE fetch_ ADD COLUMN steady_start_ms INTEGER;"
    "ALTER TABLE fetch_ ADD COLUMN steady_end_ms INTEGER;"
    "ALTER TABLE crawl_ ADD COLUMN steady_base_ms INTEGER;"
    "ALTER TABLE crawl_ ADD COLUMN steady_ms INTEGER;"
    "ALTER TABLE crawl_ ADD COLUMN wall_ms INTEGER;" /* at the last commit */
    "ALTER TABLE crawl_ ADD COLUMN first_fetch INTEGER;"
    "ALTER TABLE host_ ADD COLUMN quiet_ms INTEGER NOT NULL DEFAULT 0;"
    "CREATE INDEX host_quiet ON host_(quiet_ms) WHERE quiet_ms > 0;";

/* What store_survey reads: few hosts have a long queue, so the index is small, whatever the crawl. */
static const char SURVEYS[] =
    "CREATE INDEX host_longest ON host_(queued) WHERE queued >= 64;";

/* clang-format on */

const char *const schema_version_3[] = {FRONTIER, REVISITS, TRAPS, EXPLANATIONS,
                                        LIMITS,   SURVEYS,  NULL};
