#include "crawler/frontier/aliases.h"

#include <stdlib.h>

#include "crawler/frontier/shapes.h"
#include "crawler/page.h"

enum {
    PLACES_MAX = 8,   /* of one URL; more are part of the name */
    FIRST_SLOTS = 16, /* then twice as many whenever half are taken */
    PROBES = 32,
    SAME_PER_DIFFERENT = 8,
    NEWS_OF_THE_SAME = 1, /* the day's quotation */
    /* in place of what the page said */
    IN_FLIGHT = 1,
    SAID_NOTHING_NEW = 2,
};

/* What of a URL is left out when its identifier is. Which it should be is learned: without its
 * session "/s/8f3a01c2/page" may be "/s/~/page", "/s/page" or "/page". */
enum cut { CUT_TOKEN, CUT_SEGMENT, CUT_FOLDERS, CUT_PAIR };
struct place {
    enum cut kind;
    struct str cut, name;
    uint64_t key; /* of its rule */
};

/* ---- finding identifiers ---- */

static bool is_session_name(struct str name)
{
    static const char *const names[] = {
        "sid",    "phpsessid", "jsessionid", "sessionid", "session", "sessid", "session_id",
        "oscsid", "zenid",     "cfid",       "cftoken",   "s_id",    "sess",   "aspsessionid"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (str_eq_nocase(name, str_of(names[i])))
            return true;
    return false;
}

struct places {
    struct place items[PLACES_MAX];
    unsigned count;
};

static void add_place(struct places *p, enum cut kind, struct str cut, struct str name)
{
    if (p->count < PLACES_MAX && cut.len > 0)
        p->items[p->count++] = (struct place){kind, cut, name, str_hash(name) + kind};
}

/* Where the token of "8f3a01c2", "(S(8f3a01c2))", ";jsessionid=8f3a01c2" or "sid-8f3a01c2" is;
 * absent when there is none. */
static struct str find_token(struct str s)
{
    size_t end = s.len, start;
    while (end > 0 && s.ptr[end - 1] == ')')
        end--;
    if (shapes_is_token(str_first(s, end)))
        return str_first(s, end);
    for (start = end; start > 0 && strchr("=(-_", s.ptr[start - 1]) == NULL;)
        start--;
    struct str token = str_from(s.ptr + start, end - start);
    return shapes_is_token(token) ? token : STR_NONE;
}

/* A folder, and the one above it. */
static void read_folder(struct places *p, struct str above, struct str s)
{
    struct str token = find_token(s);
    if (str_is_absent(token))
        return;
    struct str name = str_from(above.ptr, (size_t)(token.ptr - above.ptr));
    add_place(p, CUT_TOKEN, token, name);
    add_place(p, CUT_SEGMENT, str_from(s.ptr - 1, 1 + s.len), name);
    if (above.len > 0)
        add_place(p, CUT_FOLDERS, str_from(above.ptr - 1, 1 + above.len + 1 + s.len), name);
}

/* A leaf that is a token names the page; only what stands behind a semicolon does not. */
static void read_leaf(struct places *p, struct str s)
{
    struct str parameter = str_skip(s, str_find_char(s, ';'));
    struct str token =
        parameter.len > 0 && parameter.ptr[0] == ';' ? find_token(parameter) : STR_NONE;
    if (!str_is_absent(token))
        add_place(p, CUT_SEGMENT, parameter,
                  str_from(parameter.ptr, (size_t)(token.ptr - parameter.ptr)));
}

static void read_path(struct places *p, struct str path)
{
    struct str above = str_first(path, 0);
    for (struct str rest = path; !str_is_absent(rest);) {
        struct str segment = str_cut(&rest, '/');
        if (str_is_absent(rest))
            read_leaf(p, segment);
        else
            read_folder(p, above, segment);
        above = segment;
    }
}

static void read_query(struct places *p, struct str query)
{
    while (!str_is_absent(query)) {
        struct str pair = str_cut(&query, '&');
        size_t equals = str_find_char(pair, '=');
        struct str name = str_first(pair, equals), value = str_skip(pair, equals + 1);
        if (equals < pair.len && (is_session_name(name) || shapes_is_token(value)))
            add_place(p, CUT_PAIR, pair, name);
    }
}

static struct places find_places(struct str url)
{
    struct places p = {.count = 0};
    struct str path = str_skip(url, str_find(url, STR("//")) + 2);
    path = str_skip(path, str_find_char(path, '/'));
    size_t mark = str_find_char(path, '?');
    if (mark < path.len)
        read_query(&p, str_skip(path, mark + 1));
    read_path(&p, str_first(path, mark));
    return p;
}

/* The longest cut of the set `which` that begins at `at`; NULL: none does. */
static const struct place *find_cut(const struct places *p, unsigned which, const char *at)
{
    const struct place *found = NULL;
    for (unsigned i = 0; i < p->count; i++)
        if ((which >> i & 1) != 0 && p->items[i].cut.ptr == at &&
            (found == NULL || p->items[i].cut.len > found->cut.len))
            found = &p->items[i];
    return found;
}

/* The URL without what the set `which` cuts. A pair of the query goes whole, so that the rest may
 * equal a URL that never had one. */
static uint64_t hash_without(struct str url, const struct places *p, unsigned which)
{
    char room[URL_MAX_BYTES];
    size_t len = 0, mark = str_find_char(url, '?');
    for (size_t i = 0; i < mark && len < sizeof room;) {
        const struct place *place = find_cut(p, which, url.ptr + i);
        if (place == NULL)
            room[len++] = url.ptr[i++];
        else
            i += place->cut.len;
        if (place != NULL && place->kind == CUT_TOKEN)
            room[len++] = '~';
    }
    struct str query = mark < url.len ? str_skip(url, mark + 1) : STR_NONE;
    while (!str_is_absent(query)) {
        struct str pair = str_cut(&query, '&');
        if (find_cut(p, which, pair.ptr) != NULL || 1 + pair.len > sizeof room - len)
            continue;
        room[len++] = '?';
        if (pair.len > 0)
            memcpy(room + len, pair.ptr, pair.len);
        len += pair.len;
    }
    return str_hash(str_from(room, len));
}

/* ---- the table ---- */

/* A slot holds 40 bits of a URL's hash, its place included, and 24 of what the page said; 0: free.
 */
#define SAID_BITS 24
#define SAID_MASK ((UINT64_C(1) << SAID_BITS) - 1)

static uint64_t tag_of(uint64_t hash)
{
    return hash & ~SAID_MASK;
}

/* The slot of `tag`: its own, a free one, or one to be overwritten. */
static uint64_t *slot_of(uint64_t *slots, size_t slot_count, uint64_t tag)
{
    for (size_t i = 0; i < PROBES; i++) {
        uint64_t *slot = &slots[((tag >> SAID_BITS) + i) & (slot_count - 1)];
        if (*slot == 0 || tag_of(*slot) == tag)
            return slot;
    }
    return &slots[(tag >> SAID_BITS) & (slot_count - 1)];
}

static bool make_room(struct aliases *a)
{
    if (a->slot_count == ALIAS_SLOTS_MAX || (a->slot_count > 0 && a->used * 2 < a->slot_count))
        return true;
    size_t count = MAX(a->slot_count * 2, FIRST_SLOTS);
    uint64_t *slots = calloc(count, sizeof *slots);
    if (slots == NULL)
        return a->slot_count > 0;
    for (size_t i = 0; i < a->slot_count; i++)
        if (a->slots[i] != 0)
            *slot_of(slots, count, tag_of(a->slots[i])) = a->slots[i];
    free(a->slots);
    a->slots = slots;
    a->slot_count = count;
    return true;
}

/* What the page was last known to say; 0: it was never asked for. */
static uint32_t look_up(const struct aliases *a, uint64_t hash)
{
    uint64_t tag = tag_of(hash);
    if (a->slot_count == 0)
        return 0;
    uint64_t slot = *slot_of(a->slots, a->slot_count, tag);
    return tag_of(slot) == tag ? (uint32_t)(slot & SAID_MASK) : 0;
}

static void put_down(struct aliases *a, uint64_t hash, uint32_t said)
{
    if (!make_room(a))
        return;
    uint64_t *slot = slot_of(a->slots, a->slot_count, tag_of(hash));
    a->used += *slot == 0;
    *slot = tag_of(hash) | said;
}

static uint32_t shorten(uint32_t hash)
{
    return MAX(hash & (uint32_t)SAID_MASK, SAID_NOTHING_NEW + 1);
}

/* ---- rules ---- */

static struct alias_rule *find_rule(struct aliases *a, uint64_t key)
{
    for (unsigned i = 0; i < a->rule_count; i++)
        if (a->rules[i].key == key)
            return &a->rules[i];
    return NULL;
}

/* Most hosts never have one. */
static struct alias_rule *add_rule(struct aliases *a)
{
    if (a->rules == NULL)
        a->rules = calloc(ALIAS_RULES_MAX, sizeof *a->rules);
    return a->rules != NULL && a->rule_count < ALIAS_RULES_MAX ? &a->rules[a->rule_count++] : NULL;
}

static struct alias_rule *make_rule(struct aliases *a, const struct place *place)
{
    struct alias_rule *rule = find_rule(a, place->key);
    if (rule != NULL || (rule = add_rule(a)) == NULL)
        return rule;
    *rule = (struct alias_rule){.key = place->key};
    size_t len = MIN(place->name.len, sizeof rule->name - 1);
    memcpy(rule->name, place->name.ptr, len);
    return rule;
}

static bool is_learned(const struct alias_rule *rule)
{
    return rule != NULL && rule->same >= ALIAS_PAIRS &&
           rule->differ * SAME_PER_DIFFERENT <= rule->same;
}

/* The identifiers of the URL that do not matter, as a set. */
static unsigned find_learned(struct aliases *a, const struct places *p,
                             struct alias_rule **ret_rule)
{
    unsigned which = 0;
    for (unsigned i = 0; i < p->count; i++) {
        struct alias_rule *rule = find_rule(a, p->items[i].key);
        if (!is_learned(rule))
            continue;
        which |= 1u << i;
        *ret_rule = rule;
    }
    return which;
}

struct alias_rule *aliases_find(struct aliases *a, struct str url, bool *ret_is_known)
{
    struct alias_rule *rule = NULL;
    if (a->rule_count == 0)
        return NULL;
    const struct places p = find_places(url);
    unsigned which = find_learned(a, &p, &rule);
    *ret_is_known = which != 0 && look_up(a, hash_without(url, &p, which)) != 0;
    return rule;
}

static void note(struct aliases *a, struct str url, uint32_t said)
{
    struct alias_rule *rule = NULL;
    if (a->rule_count == 0)
        return;
    const struct places p = find_places(url);
    unsigned which = find_learned(a, &p, &rule);
    if (which != 0)
        put_down(a, hash_without(url, &p, which), said);
}

void aliases_reserve(struct aliases *a, struct str url)
{
    note(a, url, IN_FLIGHT);
}

void aliases_forget(struct aliases *a, struct str url)
{
    note(a, url, 0);
}

static bool says(const struct print *print, uint32_t said)
{
    for (unsigned i = 0; i < print->count; i++)
        if (shorten(print->items[i]) == said)
            return true;
    return false;
}

/* One identifier at a time is left out: was there a page without it, or with another one in its
 * place, and did it say the same? Where what was new of that page is missing, it did not. Where it
 * is there and hardly anything is new, it did. Else nobody knows: what seemed new of that page may
 * have been what stands on every page, or this one was forgotten. */
static void compare(struct aliases *a, uint64_t rest, const struct place *place,
                    const struct print *print, const struct alias_news *news, uint32_t said)
{
    uint32_t before = look_up(a, rest);
    struct alias_rule *rule = before > SAID_NOTHING_NEW ? make_rule(a, place) : NULL;
    bool is_there = rule != NULL && says(print, before);
    if (rule == NULL || (is_there && news->count > NEWS_OF_THE_SAME)) {
        put_down(a, rest, said);
        return;
    }
    rule->same += is_there;
    rule->differ += !is_there;
    rule->is_dirty = true;
}

bool aliases_learn(struct aliases *a, struct str url, const struct print *print,
                   const struct alias_news *news)
{
    struct alias_rule *rule = NULL;
    const struct places p = find_places(url);
    unsigned which = find_learned(a, &p, &rule);
    uint32_t said = news->count > 0 ? shorten(news->least) : SAID_NOTHING_NEW;
    uint64_t text = str_hash(str_from((const char *)&print->sum, sizeof print->sum));
    for (unsigned i = 0; i < p.count; i++)
        compare(a, hash_without(url, &p, 1u << i), &p.items[i], print, news, said);
    uint64_t whole = hash_without(url, &p, which);
    if ((which != 0 || p.count == 0) && look_up(a, whole) <= SAID_NOTHING_NEW)
        put_down(a, whole, said);
    bool was_said = look_up(a, text) != 0;
    put_down(a, text, said);
    return was_said;
}

void aliases_recall(struct aliases *a, struct str url)
{
    struct alias_rule *rule = NULL;
    const struct places p = find_places(url);
    unsigned which = find_learned(a, &p, &rule);
    uint64_t whole = hash_without(url, &p, which);
    if ((which != 0 || p.count == 0) && look_up(a, whole) == 0)
        put_down(a, whole, SAID_NOTHING_NEW);
}

void aliases_restore(struct aliases *a, const struct alias_rule *rule)
{
    struct alias_rule *place = find_rule(a, rule->key) == NULL ? add_rule(a) : NULL;
    if (place != NULL)
        *place = *rule;
}

size_t aliases_bytes(const struct aliases *a)
{
    return a->slot_count * sizeof *a->slots +
           (a->rules != NULL ? ALIAS_RULES_MAX * sizeof *a->rules : 0);
}

void aliases_forget_all(struct aliases *a)
{
    free(a->slots);
    a->slots = NULL;
    a->slot_count = a->used = 0;
}

void aliases_release(struct aliases *a)
{
    aliases_forget_all(a);
    free(a->rules);
    *a = (struct aliases){0};
}
