/* Version 4 of the schema. One constant a subject. */
#include <assert.h>

#include "storage/sqlite/keys.h"
#include "storage/sqlite/linkpack.h"
#include "storage/sqlite/schema.h"

static_assert(KEY_URL_BITS == 35 && LINKS_A_PACK == 24, "the numbers below");

/* SQL is laid out by hand. */
/* clang-format off */

/* Bodies that are kept beside what the pages of their host have in common. */
static const char DICTIONARIES[] =
    /* zstd: a frame that needs none. */
    "CREATE TABLE zdict_(id INTEGER PRIMARY KEY, size INTEGER NOT NULL, zstd BLOB NOT NULL);"

    /* What the frame needs; NULL: nothing. */
    "ALTER TABLE body_ ADD COLUMN zdict INTEGER;";

/* Links are kept in packs (linkpack.h), in the order of arrival. page_.first_link is from now on the
 * page's first row here; it has as many as its links need. */
static const char PACKS[] =
    "CREATE TABLE link_pack_(id INTEGER PRIMARY KEY, from_id INTEGER NOT NULL, links TEXT NOT NULL);";

/* A page's packs get the ids of its first links, so that first_link holds. Memory: one pack, and
 * what sorting the pages by number takes. */
static const char CONVERSION[] =
    "INSERT INTO link_pack_(id, from_id, links)"
    " SELECT p.first_link + (s.id - p.first_link) / 24, p.url_id,"
    "  (SELECT json_group_object((l.to_id - (p.url_id & ~34359738367)) ||"
    "    CASE WHEN l.element = 'a' AND l.rel IS NULL AND NOT l.nofollow THEN ''"
    "     ELSE ' ' || l.nofollow || coalesce(l.element, '') || coalesce(' ' || l.rel, '') END, l.text)"
    "   FROM (SELECT * FROM link_"
    "    WHERE id BETWEEN s.id AND min(s.id + 23, p.first_link + p.links - 1) ORDER BY id) AS l)"
    " FROM page_ AS p CROSS JOIN link_ AS s"
    "  ON s.id BETWEEN p.first_link AND p.first_link + p.links - 1"
    " WHERE (s.id - p.first_link) % 24 = 0 ORDER BY p.first_link, s.id;"
    "DROP TABLE link_;"
    "DROP VIEW link;";

/* What the name of a link holds from its first space on, and that from the second one on. */
#define KIND "substr(l.key, instr(l.key, ' ') + 1)"
#define REL  "substr(" KIND ", instr(" KIND ", ' ') + 1)"

/* Link_ is what the table was, a row a link in the same order; id: the pack's. View broken_link
 * stands on it as it stood on the table. CAST: also for the types that its columns had.
 * What the likelihood is of is always true. It makes up for the 25 rows that the planner believes
 * json_each() to have; because of them it would rather walk all packs once more for each row that
 * they are joined with. */
static const char LINKS[] =
    "CREATE VIEW link_ AS SELECT p.id, p.from_id,"
    " (p.from_id & ~34359738367) + CAST(l.key AS INTEGER) AS to_id,"
    " CAST(CASE instr(l.key, ' ') WHEN 0 THEN 'a'"
    "  ELSE substr(" KIND ", 2, instr(" KIND " || ' ', ' ') - 2) END AS TEXT) AS element,"
    " CAST(CASE WHEN instr(l.key, ' ') AND instr(" KIND ", ' ') THEN " REL " END AS TEXT) AS rel,"
    " CAST(l.value AS TEXT) AS text,"
    " CAST(instr(l.key, ' ') AND substr(" KIND ", 1, 1) = '1' AS INTEGER) AS nofollow,"
    " CAST(l.key >> 35 = 0 AS INTEGER) AS internal"
    " FROM link_pack_ AS p JOIN json_each(p.links) AS l;"

    "CREATE VIEW link AS SELECT f.text AS from_url, t.text AS to_url, l.element, l.rel, l.text,"
    " l.nofollow, l.internal"
    " FROM link_ AS l JOIN url_ AS f ON f.id = l.from_id JOIN url_ AS t ON t.id = l.to_id"
    " WHERE likelihood(t.id + l.id IS NOT NULL, 0.01);";

/* clang-format on */

const char *const schema_version_4[] = {DICTIONARIES, PACKS, CONVERSION, LINKS, NULL};
