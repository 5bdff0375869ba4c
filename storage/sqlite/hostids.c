#include "storage/sqlite/hostids.h"

static size_t slot_of(struct str name)
{
    return (size_t)str_hash(name) % HOSTIDS_COUNT;
}

bool hostids_find(const struct hostids *ids, struct str name, int64_t *ret_id)
{
    if (ids == NULL || name.len == 0)
        return false;
    const struct hostid *item = &ids->items[slot_of(name)];
    if (!str_eq(str_from(item->name, item->len), name))
        return false;
    *ret_id = item->id;
    return true;
}

void hostids_put(struct hostids *ids, struct str name, int64_t id)
{
    if (ids == NULL || name.len > HOSTIDS_NAME_MAX)
        return;
    struct hostid *item = &ids->items[slot_of(name)];
    item->id = id;
    item->len = (uint8_t)name.len;
    memcpy(item->name, name.ptr, name.len);
}

void hostids_forget(struct hostids *ids)
{
    if (ids != NULL)
        *ids = (struct hostids){0};
}
