/* Version 4 of the schema. One constant a subject. */
#include "storage/sqlite/schema.h"

/* SQL is laid out by hand. */
/* clang-format off */

/* Bodies that are kept beside what the pages of their host have in common. */
static const char DICTIONARIES[] =
    /* zstd: a frame that needs none. */
    "CREATE TABLE zdict_(id INTEGER PRIMARY KEY, size INTEGER NOT NULL, zstd BLOB NOT NULL);"

    /* What the frame needs; NULL: nothing. */
    "ALTER TABLE body_ ADD COLUMN zdict INTEGER;";

/* clang-format on */

const char *const schema_version_4[] = {DICTIONARIES, NULL};
