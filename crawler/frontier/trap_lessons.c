/* What was learned of traps, on its way to the database and back. */
#include <stdlib.h>
#include <utlist.h>

#include "crawler/frontier/traps_p.h"

static void restore_class(struct trap_host *host, const struct trap_lesson *lesson)
{
    struct trap_class *class = trap_find_class(host, lesson->key);
    if (class == NULL)
        class = trap_make_class(host, lesson->key);
    if (class == NULL)
        return;
    trap_set_class(host, class, (uint32_t)lesson->count, (uint32_t)lesson->gain);
    class->refused = (uint32_t)lesson->refused;
    free(class->name);
    class->name = str_is_absent(lesson->name) ? NULL : str_dup(lesson->name);
}

static void restore_alias(struct trap_host *host, const struct trap_lesson *lesson)
{
    struct alias_rule rule = {.key = lesson->key,
                              .same = lesson->gain,
                              .differ = lesson->count,
                              .refused = lesson->refused};
    size_t len = MIN(lesson->name.len, sizeof rule.name - 1);
    if (len > 0)
        memcpy(rule.name, lesson->name.ptr, len);
    aliases_restore(&host->aliases, &rule);
}

void traps_restore(struct trap_host *host, const struct trap_lesson *lesson)
{
    switch (lesson->kind) {
    case TRAP_HOST:
        host->wasted = lesson->count;
        host->gain = lesson->gain;
        host->unread = READ_ANEW;
        break;
    case TRAP_CLASS: restore_class(host, lesson); break;
    case TRAP_ALIAS: restore_alias(host, lesson); break;
    case TRAP_URL: aliases_recall(&host->aliases, lesson->name); break;
    }
    trap_count_bytes(host);
}

/* Where to write the next lesson, as long as there is room. */
struct taking {
    struct trap_lesson *lessons;
    size_t count, max;
};

static void take(struct taking *t, bool *is_dirty, struct trap_lesson lesson)
{
    if (!*is_dirty || t->count == t->max)
        return;
    t->lessons[t->count++] = lesson;
    *is_dirty = false;
}

static void take_of_host(struct taking *t, struct trap_host *host)
{
    struct str name = str_of(host->name);
    take(t, &host->is_dirty,
         (struct trap_lesson){name, TRAP_HOST, 0, STR_NONE, host->wasted, host->gain, 0});
    for (size_t i = 0; i < host->class_slots; i++) {
        struct trap_class *c = &host->classes[i];
        if (c->name == NULL)
            continue;
        take(t, &c->is_dirty,
             (struct trap_lesson){name, TRAP_CLASS, c->key, str_of(c->name), c->fetched, c->gain,
                                  c->refused});
    }
    for (unsigned i = 0; i < host->aliases.rule_count; i++) {
        struct alias_rule *r = &host->aliases.rules[i];
        take(t, &r->is_dirty,
             (struct trap_lesson){name, TRAP_ALIAS, r->key, str_of(r->name), r->differ, r->same,
                                  r->refused});
    }
}

size_t traps_take_lessons(struct traps *traps, struct trap_lesson *lessons, size_t max)
{
    struct taking t = {.lessons = lessons, .max = max};
    while (traps->dirty != NULL && t.count < t.max) {
        struct trap_host *host = traps->dirty;
        take_of_host(&t, host);
        if (t.count == t.max)
            break; /* there may be more of it */
        LL_DELETE2(traps->dirty, host, next_dirty);
        host->has_dirty = false;
    }
    return t.count;
}

bool traps_has_lessons(const struct traps *traps)
{
    return traps->dirty != NULL;
}
