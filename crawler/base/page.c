#include "crawler/page.h"

enum { OUTCOME_ARENA_MAX = 64 * 1024 * 1024 };

const char *exclude_reason_name(enum exclude_reason reason)
{
    switch (reason) {
#define X(symbol, number, name)                                                                    \
    case EXCLUDE_##symbol: return name;
        EXCLUDE_REASONS(X)
#undef X
    case EXCLUDE_REASON_COUNT: break;
    }
    return "unknown";
}

struct outcome *outcome_new(void)
{
    struct outcome *o = malloc(sizeof *o);
    if (o == NULL)
        return NULL;
    *o = (struct outcome){
        .arena = ARENA_INIT(OUTCOME_ARENA_MAX),
        .page.body = BUF_INIT(SIZE_MAX / 2),
    };
    return o;
}

void outcome_free(struct outcome *o)
{
    if (o == NULL)
        return;
    buf_release(&o->page.body);
    zdict_drop(o->page.body_dict);
    arena_release(&o->arena);
    free(o);
}
