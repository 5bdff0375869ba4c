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
    "CREATE INDEX url_queued ON url_(host_id, priority) WHERE state = 0 AND due_ms = 0;"
    "CREATE INDEX host_leased ON host_(id) WHERE leased = 1;";

/* Revisits: schedules, what is known of each page's changes, its earlier contents. */
static const char REVISITS[] = "";

/* Budgets and traps: what was learned of hosts, domains and shapes of URLs. */
static const char TRAPS[] = "";

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
