#include "crawler/frontier/traps.h"

#include <stdio.h>
#include <stdlib.h>
#include <utlist.h>

#include "crawler/frontier/priority.h"
#include "crawler/frontier/shapes.h"
#include "crawler/frontier/traps_p.h"

enum {
    WHOLE = 8,             /* a page that is new through and through; yields are in its parts */
    POOR_PART = 5,         /* less than a fifth is poor */
    MANY_NEW = 16,         /* new shingles that make a page new, however much is old */
    MANY_NEW_OF_LOST = 24, /* ... when it says that it does not exist */
    EACH_MAX = 4,          /* shingles, as which one of a sample counts then at the most */
    NEW_PART = 4,          /* ... or this part of them */
    FORGETTING = 1024,     /* pages of a class, after which the older half counts half */
    STORED_FROM = 8,       /* pages of a class or host, before it is worth a row */
    FIRST_SAMPLE = 64,     /* refused URLs before one may go all the same; then twice as many */
    LATE_STEP = 8,         /* wasted pages that put a class one place back */
    WAYS = 8,              /* places of a class in the table */
    FIRST_CLASSES = 8,
    /* what is seen beside shingles */
    TITLE_SALT = 0x7469746C,
    LINK_SALT = 0x6C696E6B,
};

/* ---- hosts ---- */

enum cw_err traps_new(struct traps **ret, size_t max_bytes)
{
    struct traps *traps = malloc(sizeof *traps);
    if (traps == NULL)
        return CW_ENOMEM;
    *traps = (struct traps){.max_bytes = max_bytes};
    *ret = traps;
    return CW_OK;
}

static void free_host(struct trap_host *host)
{
    for (size_t i = 0; i < host->class_slots; i++)
        free(host->classes[i].name);
    free(host->classes);
    seen_release(&host->seen);
    aliases_release(&host->aliases);
    free(host->name);
    free(host);
}

static void forget_host(struct traps *traps, struct trap_host *host)
{
    HASH_DEL(traps->table, host);
    DL_DELETE(traps->line, host);
    traps->bytes -= host->bytes;
    free_host(host);
}

void traps_free(struct traps *traps)
{
    if (traps == NULL)
        return;
    while (traps->line != NULL)
        forget_host(traps, traps->line);
    free(traps);
}

void trap_count_bytes(struct trap_host *host)
{
    size_t bytes = sizeof *host + host->class_slots * sizeof *host->classes +
                   seen_bytes(&host->seen) + aliases_bytes(&host->aliases);
    host->traps->bytes += bytes - host->bytes;
    host->bytes = bytes;
}

/* From the end of the line: first what was read, which tells little of a host that was left alone,
 * then hosts whose lessons are stored. */
static void make_room(struct traps *traps)
{
    enum { LOOK_AT = 16 };
    struct trap_host *host = traps->line != NULL ? traps->line->prev : NULL;
    for (int i = 0; i < LOOK_AT && host != traps->line && traps->bytes > traps->max_bytes; i++) {
        struct trap_host *before = host->prev;
        if (seen_bytes(&host->seen) + host->aliases.slot_count > 0) {
            seen_release(&host->seen);
            aliases_forget_all(&host->aliases);
            trap_count_bytes(host);
        } else if (!host->has_dirty) {
            forget_host(traps, host);
        }
        host = before;
    }
}

static struct trap_host *add_host(struct traps *traps, struct str name)
{
    make_room(traps);
    struct trap_host *host = calloc(1, sizeof *host);
    if (host == NULL)
        return NULL;
    host->traps = traps;
    host->name = str_dup(name);
    if (host->name != NULL) {
        HASH_ADD_KEYPTR(hh, traps->table, host->name, name.len, host);
        if (table_took(host)) {
            DL_PREPEND(traps->line, host);
            trap_count_bytes(host);
            return host;
        }
    }
    free_host(host);
    return NULL;
}

struct trap_host *traps_get(struct traps *traps, struct str name)
{
    struct trap_host *host;
    HASH_FIND(hh, traps->table, name.ptr, name.len, host);
    if (host == NULL)
        return add_host(traps, name);
    if (host != traps->line) {
        DL_DELETE(traps->line, host);
        DL_PREPEND(traps->line, host);
    }
    return host;
}

bool traps_knows(const struct traps *traps, struct str name)
{
    const struct trap_host *host;
    HASH_FIND(hh, traps->table, name.ptr, name.len, host);
    return host != NULL;
}

void trap_note_change(struct trap_host *host, bool *is_dirty)
{
    *is_dirty = true;
    if (!host->has_dirty)
        LL_PREPEND2(host->traps->dirty, host, next_dirty);
    host->has_dirty = true;
}

/* ---- classes ---- */

static struct trap_class *ways_of(const struct trap_host *host, uint64_t key)
{
    size_t sets = host->class_slots / WAYS;
    return &host->classes[(key & (sets - 1)) * WAYS];
}

struct trap_class *trap_find_class(const struct trap_host *host, uint64_t key)
{
    for (size_t i = 0; host->class_slots > 0 && i < WAYS; i++)
        if (ways_of(host, key)[i].key == key)
            return &ways_of(host, key)[i];
    return NULL;
}

/* Twice as many sets. What shared one is spread over two, so there is always a place. */
static void grow_classes(struct trap_host *host)
{
    struct trap_class *old = host->classes;
    size_t old_slots = host->class_slots, slots = MAX(old_slots * 2, FIRST_CLASSES);
    struct trap_class *classes = slots <= TRAP_CLASSES_MAX ? calloc(slots, sizeof *classes) : NULL;
    if (classes == NULL)
        return;
    host->classes = classes;
    host->class_slots = slots;
    for (size_t i = 0; i < old_slots; i++) {
        struct trap_class *to = ways_of(host, old[i].key);
        while (old[i].key != 0 && to->key != 0)
            to++;
        if (old[i].key != 0)
            *to = old[i];
    }
    free(old);
}

struct trap_class *trap_make_class(struct trap_host *host, uint64_t key)
{
    if (host->class_count * 4 >= host->class_slots * 3)
        grow_classes(host);
    if (host->class_slots == 0)
        return NULL;
    struct trap_class *ways = ways_of(host, key), *least = &ways[0];
    for (size_t i = 1; i < WAYS; i++)
        if (ways[i].key == 0 || (least->key != 0 && ways[i].fetched < least->fetched))
            least = &ways[i];
    if (least->key != 0 && least->fetched >= TRAP_EVIDENCE)
        return NULL;
    host->class_count += least->key == 0;
    free(least->name);
    *least = (struct trap_class){.key = key};
    return least;
}

static bool is_believed(const struct trap_class *class)
{
    return class != NULL && class->fetched >= TRAP_EVIDENCE;
}

static bool is_poor(const struct trap_class *class)
{
    return (uint64_t) class->gain * POOR_PART < (uint64_t) class->fetched * WHOLE;
}

void trap_set_class(struct trap_host *host, struct trap_class *class, uint32_t fetched,
                    uint32_t gain)
{
    host->trap_count -= is_believed(class) && is_poor(class);
    class->fetched = fetched;
    class->gain = gain;
    host->trap_count += is_believed(class) && is_poor(class);
}

/* The narrowest class of which enough is known; NULL: none yet. */
static struct trap_class *find_judge(const struct trap_host *host, const struct shapes *shapes,
                                     unsigned *ret_which)
{
    for (unsigned i = 0; i < shapes->count; i++) {
        struct trap_class *class = trap_find_class(host, shapes->keys[i]);
        if (is_believed(class)) {
            *ret_which = i;
            return class;
        }
    }
    return NULL;
}

/* ---- judging ---- */

/* Hardly a page of the host is new: what its pages say tells little of them. */
static bool says_little(const struct trap_host *host)
{
    return host->gain < (int64_t)TRAP_FEW_NEW * WHOLE;
}

static bool has_credit(const struct trap_host *host)
{
    if (says_little(host))
        return host->wasted < (int64_t)TRAP_CREDIT_OF_FEW * WHOLE;
    return host->wasted < (int64_t)TRAP_CREDIT * WHOLE + host->gain / TRAP_CREDIT_PART;
}

/* Of the URLs refused one goes all the same, after 64, 128, 256 ...: often enough to notice that a
 * class is not what it was, and seldom enough that every crawl ends. */
static bool is_sample(int64_t refused)
{
    return refused >= FIRST_SAMPLE && (refused & (refused - 1)) == 0;
}

static void explain_class(const struct trap_class *class, struct str url, unsigned which,
                          char *detail)
{
    char room[SHAPE_TEXT_MAX];
    struct str text = shapes_text(url, which, room);
    (void)snprintf(detail, TRAP_DETAIL_MAX, STR_FMT ": %u of %u pages had anything new",
                   STR_ARG(text), (class->gain + WHOLE / 2) / WHOLE, class->fetched);
}

/* What has a session in its URL comes after all that has none: they may be the same pages. */
static bool judge_alias(struct trap_host *host, struct str url, bool is_late,
                        struct trap_answer *ret)
{
    bool is_known = false;
    struct alias_rule *rule = aliases_find(&host->aliases, url, &is_known);
    if (rule == NULL || (is_late && !is_known))
        return false;
    if (!is_late) {
        *ret = (struct trap_answer){.verdict = TRAP_LATER, .priority = PRIORITY_LATE};
        return true;
    }
    rule->refused++;
    trap_note_change(host, &rule->is_dirty);
    ret->is_sample = is_sample(rule->refused);
    if (ret->is_sample)
        return false;
    ret->verdict = TRAP_REFUSE;
    (void)snprintf(ret->detail, sizeof ret->detail,
                   "fetched under another session: %s made no difference in %lld of %lld pages",
                   rule->name, (long long)rule->same, (long long)(rule->same + rule->differ));
    return true;
}

void traps_judge(struct trap_host *host, struct str url, bool is_late, struct trap_answer *ret)
{
    struct shapes shapes;
    unsigned which = 0;
    *ret = (struct trap_answer){.verdict = TRAP_GO};
    if (judge_alias(host, url, is_late, ret) || host->trap_count == 0)
        return;
    shapes_of(url, &shapes);
    struct trap_class *class = find_judge(host, &shapes, &which);
    if (class == NULL || !is_poor(class))
        return;
    if (!is_late) {
        ret->verdict = TRAP_LATER;
        ret->priority = PRIORITY_LATE + (int32_t)(class->wasted / LATE_STEP);
    } else if (!has_credit(host)) {
        class->refused++;
        trap_note_change(host, &class->is_dirty);
        ret->is_sample = is_sample(class->refused);
        ret->verdict = ret->is_sample ? TRAP_GO : TRAP_REFUSE;
        explain_class(class, url, which, ret->detail);
    }
}

void traps_reserve(struct trap_host *host, struct str url)
{
    aliases_reserve(&host->aliases, url);
}

void traps_forget(struct trap_host *host, struct str url)
{
    aliases_forget(&host->aliases, url);
}

/* ---- learning ---- */

/* The shingles that were not seen of late. */
static struct alias_news find_news(struct trap_host *host, const struct print *print, uint32_t salt)
{
    struct alias_news news;
    news.count = seen_add_all(&host->seen, print->items, print->count, salt, &news.least);
    return news;
}

/* How much of a page is new, in parts of WHOLE. A short list of things known from elsewhere is
 * compared with its like only: an archive by month says nothing else, and is no trap. */
static unsigned weigh(struct trap_host *host, struct str url, const struct shapes *shapes,
                      const struct print *print)
{
    struct alias_news news = find_news(host, print, 0);
    unsigned gain, count = news.count;
    bool is_new_title = print->title != 0 && shapes->query_names < 2 &&
                        seen_add(&host->seen, print->title ^ TITLE_SALT);
    bool was_said = aliases_learn(&host->aliases, url, print, &news);
    if (shapes->is_listing)
        count = find_news(host, print, (uint32_t)shapes->keys[0] | 1).count;
    else if (was_said)
        return 0;
    unsigned many = count * MIN(print->each, (uint32_t)EACH_MAX);
    if (print->is_lost)
        return many >= MANY_NEW_OF_LOST ? WHOLE : 0;
    gain = count * NEW_PART >= MAX(print->count, 1) ? WHOLE : many * WHOLE / MANY_NEW;
    return MIN(gain + (is_new_title ? WHOLE / 2 : 0), (unsigned)WHOLE);
}

static void name_class(struct trap_class *class, struct str url, unsigned which)
{
    char room[SHAPE_TEXT_MAX];
    if (class->name == NULL && class->fetched >= STORED_FROM)
        class->name = str_dup(shapes_text(url, which, room)); /* without one it is not stored */
}

static void count_page(struct trap_host *host, struct trap_class *class, unsigned gain)
{
    uint32_t half = class->fetched + 1 >= FORGETTING ? 2 : 1;
    trap_set_class(host, class, (class->fetched + 1) / half, (class->gain + gain) / half);
    trap_note_change(host, &class->is_dirty);
}

/* A page counts for its classes up to the first that is believed already: what a class says is of
 * the URLs that no narrower one speaks for. */
static void count_in_classes(struct trap_host *host, struct str url, const struct shapes *shapes,
                             unsigned gain)
{
    bool is_known = false;
    for (unsigned i = 0; i < shapes->count && !is_known; i++) {
        struct trap_class *class = trap_find_class(host, shapes->keys[i]);
        is_known = is_believed(class);
        if (class == NULL && (class = trap_make_class(host, shapes->keys[i])) == NULL)
            continue;
        count_page(host, class, gain);
        name_class(class, url, i);
    }
}

/* One that was refused has something new: what was believed of its classes is no longer. */
static void start_anew(struct trap_host *host, const struct shapes *shapes)
{
    for (unsigned i = 0; i < shapes->count; i++) {
        struct trap_class *class = trap_find_class(host, shapes->keys[i]);
        if (class != NULL && is_poor(class))
            trap_set_class(host, class, 0, 0);
    }
}

/* Does the page name a URL to crawl that no poor page named before? */
static bool leads_on(struct trap_host *host, const struct page *page)
{
    bool leads = false;
    for (size_t i = 0; i < page->link_count; i++) {
        const struct page_link *link = &page->links[i];
        if (link->verdict.reason == EXCLUDE_NONE)
            leads |= seen_add(&host->seen, (uint32_t)str_hash(link->url) ^ LINK_SALT);
    }
    return leads;
}

void traps_learn(struct trap_host *host, struct str url, const struct page *page)
{
    struct shapes shapes;
    unsigned which;
    shapes_of(url, &shapes);
    unsigned gain = weigh(host, url, &shapes, &page->print);
    trap_count_bytes(host);
    if (gain * POOR_PART < WHOLE && says_little(host) && !leads_on(host, page))
        return;
    struct trap_class *judge = find_judge(host, &shapes, &which);
    host->unread -= host->unread > 0;
    if (judge != NULL && is_poor(judge)) {
        gain = host->unread > 0 ? 0 : gain; /* all is new to who has just begun to read */
        if (gain == WHOLE && !has_credit(host))
            start_anew(host, &shapes);
        host->wasted += WHOLE - gain;
        judge->wasted += gain == 0;
    }
    host->gain += gain;
    if (host->gain + host->wasted >= (int64_t)STORED_FROM * WHOLE)
        trap_note_change(host, &host->is_dirty);
    count_in_classes(host, url, &shapes, gain);
    trap_count_bytes(host);
    make_room(host->traps);
}
