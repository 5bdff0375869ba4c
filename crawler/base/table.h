/* table: uthash as this room uses it: XXH3 for the hash, and memory that runs out is an error, not
 * an exit. After HASH_ADD..., table_took(element) says whether there was memory for it. */
#ifndef CRAWLER_FRONTIER_TABLE_P_H
#define CRAWLER_FRONTIER_TABLE_P_H

#include "crawler/base/str.h"

#define HASH_NONFATAL_OOM 1
#define HASH_FUNCTION(key, length, hash)                                                           \
    ((hash) = (unsigned)str_hash(str_from((const char *)(key), (length))))
#include <uthash.h>

#define table_took(element) ((element)->hh.tbl != NULL)

#endif
