#include "crawler/engine/dicts.h"

#include <assert.h>

void dicts_give(struct dicts *dicts, struct host_dict *host, struct digest_input *input)
{
    input->dict = zdict_hold(host->dict);
    input->makes_dict = host->dict == NULL && !host->is_asked && host->answers >= DICTS_AFTER &&
                        dicts->count < DICTS_MAX;
    host->answers++;
    host->is_asked |= input->makes_dict;
    dicts->count += input->makes_dict;
}

void dicts_take(struct dicts *dicts, struct host_dict *host, struct digest_input *input)
{
    if (!input->makes_dict)
        return;
    host->is_asked = false;
    host->dict = STEAL(input->dict);
    dicts->count -= host->dict == NULL; /* the page was not of the kind */
}

void dicts_forget(struct dicts *dicts, struct host_dict *host)
{
    assert(!host->is_asked);
    dicts->count -= host->dict != NULL;
    zdict_drop(host->dict);
    host->dict = NULL;
}
