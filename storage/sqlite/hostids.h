/* hostids: the ids of hosts that pages linked to lately. Most links lead to URLs and hosts that are
 * known: for them nothing of a host's row is needed but its id, which never changes. A table of
 * fixed size, in which a host takes the place of another one; long names are not kept. One thread,
 * as the store. */
#ifndef STORAGE_SQLITE_HOSTIDS_H
#define STORAGE_SQLITE_HOSTIDS_H

#include <stdint.h>

#include "crawler/base/str.h"

enum { HOSTIDS_SETS = 1024, HOSTIDS_WAYS = 4, HOSTIDS_NAME_MAX = 55 };

struct hostids {
    struct hostid {
        int64_t id;
        uint8_t len; /* 0: free */
        char name[HOSTIDS_NAME_MAX];
    } sets[HOSTIDS_SETS][HOSTIDS_WAYS];
};

/* `ids` may be NULL: nothing is found, nothing is kept. */
bool hostids_find(struct hostids *ids, struct str name, int64_t *ret_id);
void hostids_put(struct hostids *ids, struct str name, int64_t id);

/* After a transaction that failed: hosts that it made do not exist. */
void hostids_forget(struct hostids *ids);

#endif
