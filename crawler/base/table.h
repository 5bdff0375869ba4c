/* table: uthash with XXH3 for the hash, and memory that runs out is an error, not an exit (which is
 * what <uthash.h> alone does). Include this instead. After HASH_ADD..., table_took(element) says
 * whether there was memory for it. */
#ifndef CRAWLER_BASE_TABLE_H
#define CRAWLER_BASE_TABLE_H

#include "crawler/base/str.h"

#define HASH_NONFATAL_OOM 1
#define HASH_FUNCTION(key, length, hash)                                                           \
    ((hash) = (unsigned)str_hash(str_from((const char *)(key), (length))))
#include <uthash.h>

#define table_took(element) ((element)->hh.tbl != NULL)

#endif
