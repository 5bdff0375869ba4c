/* survey: where the work lies that is not in memory, for forecasts and the diagnosis of stalls.
 * Thread: that of its transaction. Cost: two bounded walks of an index, a look at the WAL. */
#ifndef STORAGE_SQLITE_SURVEY_H
#define STORAGE_SQLITE_SURVEY_H

#include "storage/sqlite/work.h"

/* After the batch's changes are in the tables. The names live in `arena`. */
void survey_take(struct work *w, struct arena *arena, struct store_survey *ret);

#endif
