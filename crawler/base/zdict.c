#include "crawler/base/zdict.h"

#include <assert.h>
#include <stdatomic.h>

struct zdict {
    atomic_uint holders;
    size_t content_len, frame_len;
    char bytes[]; /* the content, then the frame */
};

enum cw_err zdict_new(struct zdict **ret, struct str content, struct str frame)
{
    assert(content.len <= ZDICT_MAX_BYTES);
    struct zdict *dict = malloc(sizeof *dict + content.len + frame.len);
    if (dict == NULL)
        return CW_ENOMEM;
    *dict = (struct zdict){.content_len = content.len, .frame_len = frame.len};
    atomic_init(&dict->holders, 1);
    memcpy(dict->bytes, content.ptr, content.len);
    memcpy(dict->bytes + content.len, frame.ptr, frame.len);
    *ret = dict;
    return CW_OK;
}

struct zdict *zdict_hold(struct zdict *dict)
{
    if (dict != NULL)
        (void)atomic_fetch_add_explicit(&dict->holders, 1, memory_order_relaxed);
    return dict;
}

void zdict_drop(struct zdict *dict)
{
    if (dict != NULL && atomic_fetch_sub_explicit(&dict->holders, 1, memory_order_acq_rel) == 1)
        free(dict);
}

struct str zdict_content(const struct zdict *dict)
{
    return str_from(dict->bytes, dict->content_len);
}

struct str zdict_frame(const struct zdict *dict)
{
    return str_from(dict->bytes + dict->content_len, dict->frame_len);
}
