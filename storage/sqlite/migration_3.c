/* Version 3 of the schema: what a crawl of millions of URLs, one that comes back, and one that
 * answers "why?" need. One constant a subject. */
#include "storage/sqlite/schema.h"

/* SQL is laid out by hand. */
/* clang-format off */

/* The frontier at 10^7 URLs. */
static const char FRONTIER[] = "";

/* Revisits: schedules, what is known of each page's changes, its earlier contents. */
static const char REVISITS[] = "";

/* Budgets and traps: what was learned of hosts, domains and shapes of URLs. */
static const char TRAPS[] = "";

/* What crawld explain reads: the settings of each run, robots.txt as it was received. */
static const char EXPLANATIONS[] = "";

/* What the audit reads: the limits in force at each request. */
static const char LIMITS[] = "";

/* clang-format on */

const char *const schema_version_3[] = {FRONTIER, REVISITS, TRAPS, EXPLANATIONS, LIMITS, NULL};
