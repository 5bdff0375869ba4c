#include "storage/sqlite/hostids.h"

static struct hostid *set_of(struct hostids *ids, struct str name)
{
    return ids->sets[(size_t)str_hash(name) % HOSTIDS_SETS];
}

static struct hostid *way_of(struct hostid *set, struct str name)
{
    for (size_t i = 0; i < HOSTIDS_WAYS; i++)
        if (str_eq(str_from(set[i].name, set[i].len), name))
            return &set[i];
    return NULL;
}

bool hostids_find(struct hostids *ids, struct str name, int64_t *ret_id)
{
    if (ids == NULL || name.len == 0)
        return false;
    const struct hostid *item = way_of(set_of(ids, name), name);
    if (item != NULL)
        *ret_id = item->id;
    return item != NULL;
}

/* The one that has been there longest goes. */
void hostids_put(struct hostids *ids, struct str name, int64_t id)
{
    if (ids == NULL || name.len == 0 || name.len > HOSTIDS_NAME_MAX)
        return;
    struct hostid *set = set_of(ids, name);
    if (way_of(set, name) != NULL)
        return;
    memmove(set + 1, set, (HOSTIDS_WAYS - 1) * sizeof *set);
    set->id = id;
    set->len = (uint8_t)name.len;
    memcpy(set->name, name.ptr, name.len);
}

void hostids_forget(struct hostids *ids)
{
    if (ids != NULL)
        *ids = (struct hostids){0};
}
