#include "storage/sqlite/urls.h"

#include "storage/sqlite/keys.h"
#include "storage/sqlite/newurls.h"
#include "storage/sqlite/revisits.h"
#include "storage/sqlite/seenurls.h"

/* ---- sorting and merging ---- */

static int by_key(const void *a, const void *b)
{
    const struct sighting *left = *(struct sighting *const *)a;
    const struct sighting *right = *(struct sighting *const *)b;
    if (left->key != right->key)
        return left->key < right->key ? -1 : 1;
    int order = str_compare(left->url, right->url);
    if (order != 0)
        return order;
    return left->number < right->number ? -1 : 1; /* the first to be met stays the first */
}

/* Several sightings of one URL say as much as the best of each. */
static void fold(struct sighting *into, const struct sighting *other)
{
    into->depth = MIN(into->depth, other->depth);
    into->priority = MIN(into->priority, other->priority);
    into->hops = MIN(into->hops, other->hops);
    into->modified_unix_ms = MAX(into->modified_unix_ms, other->modified_unix_ms);
    into->is_seed |= other->is_seed;
    into->is_named |= other->is_named;
    if (!urls_allow(&into->verdict) && urls_allow(&other->verdict))
        into->verdict = other->verdict;
}

/* ---- one URL against the database ---- */

/* A row that is there already, as far as a new sighting may better it. */
struct known_url {
    enum url_state state;
    enum exclude_reason reason;
    int32_t depth, priority, hops;
    bool is_seed;
};

enum exclude_reason urls_reason_by_name(struct str name)
{
    for (int i = EXCLUDE_NONE; i < EXCLUDE_REASON_COUNT; i++)
        if (str_eq(name, str_of(exclude_reason_name((enum exclude_reason)i))))
            return (enum exclude_reason)i;
    return EXCLUDE_NONE;
}

static void read_known(const struct query *q, struct known_url *known)
{
    *known = (struct known_url){
        .state = (enum url_state)query_int(q, 1),
        .depth = (int32_t)query_int(q, 3),
        .priority = (int32_t)query_int(q, 4),
        .hops = (int32_t)query_int(q, 5),
        .is_seed = query_int(q, 6) != 0,
    };
    if (known->state == URL_EXCLUDED)
        known->reason = urls_reason_by_name(query_text(q, 2));
}

/* False: not there. Then s->id is where it belongs. */
static bool find_url(struct work *w, struct sighting *s, struct known_url *known)
{
    for (s->id = s->key;; s->id = key_url_next(s->id)) {
        struct query q = db_query(w->db, DB_URL_FIND,
                                  "SELECT text, state, reason, depth, priority, hops, seed"
                                  " FROM url_ WHERE id = ?");
        put_int(&q, s->id);
        if (!query_next(&q))
            return false;
        bool is_same = str_eq(query_text(&q, 0), s->url);
        if (is_same)
            read_known(&q, known);
        query_end(&q);
        if (is_same)
            return true;
    }
}

/* ---- URLs that are known ---- */

/* May a verdict that allows the URL undo what excluded it? Yes, where the way to it decided or the
 * scope did: both may have been other then. Never what was decided on the spot, by robots.txt, a
 * budget or a trap; but a person who names the URL outranks that, too, and so does one who changes
 * the rules, robots.txt apart. */
static bool is_lifted(const struct known_url *known, const struct sighting *s)
{
    if (known->state != URL_EXCLUDED || !urls_allow(&s->verdict))
        return false;
    switch (known->reason) {
    case EXCLUDE_ROBOTS:
    case EXCLUDE_BUDGET:
    case EXCLUDE_TRAP: return s->is_named || s->is_judged_again;
    default: return true;
    }
}

/* Leaves in *known what the row is then. */
static void update_url(struct work *w, const struct sighting *s, struct known_url *known)
{
    bool is_late = known->priority >= PRIORITY_LATE; /* and stays so, however it is found */
    bool is_better = s->depth < known->depth || (s->priority < known->priority && !is_late) ||
                     s->hops < known->hops || (s->is_seed && !known->is_seed);
    bool is_queued = is_lifted(known, s);
    if (!is_better && !is_queued)
        return;
    known->depth = MIN(known->depth, s->depth);
    if (!is_late || s->is_named)
        known->priority = MIN(known->priority, s->priority);
    known->hops = MIN(known->hops, s->hops);
    known->is_seed |= s->is_seed;
    struct query q =
        db_query(w->db, DB_URL_UPDATE,
                 "UPDATE url_ SET depth = ?1, priority = ?2, hops = ?3, seed = ?4,"
                 " state = iif(?5, 0, state), reason = iif(?5, NULL, reason),"
                 " detail = iif(?5, NULL, detail), due_ms = iif(?5, 0, due_ms) WHERE id = ?6");
    put_int(&q, known->depth);
    put_int(&q, known->priority);
    put_int(&q, known->hops);
    put_int(&q, known->is_seed);
    put_int(&q, is_queued);
    put_int(&q, s->id);
    query_run(&q);
    if (is_queued) {
        work_uncount(w, URL_EXCLUDED, str_of(exclude_reason_name(known->reason)));
        work_count_queued(w, s->host, 0);
        known->state = URL_QUEUED;
    }
}

/* ---- URLs seen lately ---- */

/* What was just inserted. */
static struct known_url known_as(const struct sighting *s)
{
    return (struct known_url){
        .state = urls_allow(&s->verdict) ? URL_QUEUED : URL_EXCLUDED,
        .depth = s->depth,
        .priority = s->priority,
        .hops = s->hops,
        .is_seed = s->is_seed,
    };
}

static void remember(struct work *w, const struct sighting *s, const struct known_url *known)
{
    const struct seenurl url = {
        .hash = s->hash,
        .depth = (uint64_t)known->depth,
        .priority = (uint64_t)known->priority,
        .hops = (uint64_t)known->hops,
        .is_seed = known->is_seed,
        .is_excluded = known->state == URL_EXCLUDED,
    };
    bool is_whole = (int32_t)url.depth == known->depth &&
                    (int32_t)url.priority == known->priority && (int32_t)url.hops == known->hops;
    if (s->id == s->key && is_whole)
        seenurls_put(w->seen, s->id, &url);
}

/* Is the URL known to stand at its key, so well that this sighting changes nothing? Such a one need
 * not even be merged with others of its batch: it has nothing to add to them either. (A priority
 * that a late URL would not take over might still count for one that a person names.) */
static bool is_old_news(struct work *w, const struct sighting *s)
{
    if (s->is_named || s->is_judged_again || s->modified_unix_ms > 0)
        return false;
    const struct seenurl *url = seenurls_find(w->seen, s->key, s->hash);
    return url != NULL && s->depth >= (int32_t)url->depth &&
           s->priority >= (int32_t)url->priority && s->hops >= (int32_t)url->hops &&
           (!s->is_seed || url->is_seed) && !(url->is_excluded && urls_allow(&s->verdict));
}

/* ---- meeting ---- */

static void set_key(const struct work *w, struct sighting *met)
{
    met->url = str_first(met->url, URL_MAX_BYTES);
    met->key = key_url(met->host->id, met->url);
    met->hash = seenurls_hash(w->seen, met->url);
}

static struct sighting *keep(struct work *w, struct sightings *s, const struct sighting *met)
{
    struct sighting *kept = work_alloc(w, 1, sizeof *kept);
    if (kept == NULL)
        return NULL;
    *kept = *met;
    kept->number = s->count++;
    *(s->last != NULL ? &s->last->next : &s->first) = kept;
    s->last = kept;
    return kept;
}

struct sighting *sightings_add(struct work *w, struct sightings *s, const struct sighting *met)
{
    struct sighting *kept = keep(w, s, met);
    if (kept != NULL)
        set_key(w, kept);
    return kept;
}

void sightings_add_news(struct work *w, struct sightings *s, struct sighting *met, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        set_key(w, &met[i]);
        seenurls_prefetch(w->seen, met[i].key);
    }
    for (size_t i = 0; i < count; i++) {
        if (!is_old_news(w, &met[i]))
            (void)keep(w, s, &met[i]);
        else if (met[i].ret_id != NULL)
            *met[i].ret_id = met[i].key;
    }
}

/* ---- all of a batch ---- */

/* clang-format off */
static const char FIND_MANY[] =
    "SELECT text, state, reason, depth, priority, hops, seed, wanted.n FROM"
    " (SELECT column1 AS n, column2 AS id FROM (VALUES"
    "  (0, ?), (1, ?), (2, ?), (3, ?), (4, ?), (5, ?), (6, ?), (7, ?),"
    "  (8, ?), (9, ?), (10, ?), (11, ?), (12, ?), (13, ?), (14, ?), (15, ?))) AS wanted"
    " CROSS JOIN url_ ON url_.id = wanted.id";
/* clang-format on */

enum { FIND_AT_ONCE = 16 };

/* What stands at a sighting's key. */
struct finding {
    bool is_taken, is_same;
    struct known_url known; /* when it is the same */
};

/* Most of the time that a lookup takes is the statement's, so it looks up many. */
static void find_many(struct work *w, struct sighting *const *list, size_t count,
                      struct finding *ret)
{
    struct query q = db_query(w->db, DB_URL_FIND_MANY, FIND_MANY);
    for (size_t i = 0; i < FIND_AT_ONCE; i++)
        put_int_or_null(&q, i < count ? list[i]->key : -1, -1);
    while (query_next(&q)) {
        size_t i = (size_t)query_int(&q, 7);
        ret[i].is_taken = true;
        ret[i].is_same = str_eq(query_text(&q, 0), list[i]->url);
        if (ret[i].is_same)
            read_known(&q, &ret[i].known);
    }
}

/* Where another one may stand at its key, be it one that is new, it is looked for alone. */
static void resolve_one(struct work *w, struct sighting *s, struct finding *found,
                        struct newurls *new)
{
    s->id = s->key;
    if (!found->is_same && (found->is_taken || s->key <= new->last_id)) {
        newurls_insert(w, new);
        found->is_same = find_url(w, s, &found->known);
    }
    if (found->is_same) {
        update_url(w, s, &found->known);
    } else {
        newurls_add(w, new, s);
        found->known = known_as(s);
    }
    remember(w, s, &found->known);
    if (found->is_same && s->modified_unix_ms > 0)
        revisits_announce(w, s->id, s->modified_unix_ms);
}

/* At most FIND_AT_ONCE, by their keys. */
static void resolve_some(struct work *w, struct sighting *const *list, size_t count,
                         struct newurls *new)
{
    struct finding found[FIND_AT_ONCE] = {0};
    find_many(w, list, count, found);
    for (size_t i = 0; w->db->err == CW_OK && i < count; i++)
        resolve_one(w, list[i], &found[i], new);
}

static bool is_same_url(const struct sighting *a, const struct sighting *b)
{
    return a->key == b->key && str_eq(a->url, b->url);
}

static void sort(const struct sightings *s, struct sighting **ret)
{
    size_t count = 0;
    for (struct sighting *item = s->first; item != NULL; item = item->next)
        ret[count++] = item;
    qsort(ret, count, sizeof(struct sighting *), by_key);
}

/* Those of one URL stand behind its first one, which alone has an id. */
static void give_ids(struct sighting *const *sorted, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && is_same_url(sorted[i], sorted[i - 1]))
            sorted[i]->id = sorted[i - 1]->id;
        if (sorted[i]->ret_id != NULL)
            *sorted[i]->ret_id = sorted[i]->id;
    }
}

void urls_resolve(struct work *w, struct sightings *s)
{
    struct sighting **sorted = work_alloc(w, s->count, sizeof(struct sighting *));
    struct sighting **firsts = work_alloc(w, s->count, sizeof(struct sighting *));
    if (sorted == NULL || firsts == NULL)
        return;
    struct newurls new = {.last_id = -1};
    size_t count = 0;
    sort(s, sorted);
    for (size_t i = 0; i < s->count; i++) {
        if (i > 0 && is_same_url(sorted[i], sorted[i - 1]))
            fold(firsts[count - 1], sorted[i]);
        else
            firsts[count++] = sorted[i];
    }
    for (size_t i = 0; w->db->err == CW_OK && i < count; i += FIND_AT_ONCE)
        resolve_some(w, firsts + i, MIN(count - i, (size_t)FIND_AT_ONCE), &new);
    newurls_insert(w, &new);
    give_ids(sorted, s->count);
}

/* ---- leased URLs ---- */

static void fail_not_leased(struct work *w, int64_t id)
{
    db_fail(w->db, CW_EINVAL, "%s: URL %lld is not leased", w->db->path, (long long)id);
}

bool urls_read_leased(struct work *w, int64_t id, struct leased_url *ret)
{
    struct query q =
        db_query(w->db, DB_URL_LEASED, "SELECT hops, seed FROM url_ WHERE id = ? AND state = 1");
    put_int(&q, id);
    if (!query_next(&q)) {
        fail_not_leased(w, id);
        return false;
    }
    *ret = (struct leased_url){
        .id = id,
        .hops = (int32_t)query_int(&q, 0),
        .is_seed = query_int(&q, 1) != 0,
    };
    query_end(&q);
    return true;
}

static struct str end_reason(const struct url_end *end)
{
    switch (end->state) {
    case URL_FAILED: return str_of(cw_err_name(end->err));
    case URL_EXCLUDED: return str_of(exclude_reason_name(end->reason));
    default: return STR_NONE;
    }
}

static struct str end_detail(const struct url_end *end)
{
    if (end->state == URL_FAILED && end->detail.len == 0)
        return str_of(cw_err_text(end->err));
    bool is_said = end->state == URL_FAILED || end->state == URL_EXCLUDED;
    return is_said && end->detail.len > 0 ? end->detail : STR_NONE;
}

void urls_requeue(struct work *w, struct host_row *host, int64_t id, enum url_state was,
                  struct str reason)
{
    struct query q = db_query(w->db, DB_URL_REQUEUE,
                              "UPDATE url_ SET state = 0, reason = NULL, detail = NULL,"
                              " attempts = 0, due_ms = 0 WHERE id = ?");
    put_int(&q, id);
    query_run(&q);
    if (host == NULL)
        return;
    work_count_queued(w, host, 0);
    if (was == URL_FAILED || was == URL_EXCLUDED)
        work_uncount(w, was, reason);
}

void urls_finish(struct work *w, struct host_row *host, int64_t id, const struct url_end *end)
{
    int64_t due_ms = MAX(end->due_unix_ms, 0);
    struct query q = db_query(w->db, DB_URL_FINISH,
                              "UPDATE url_ SET state = ?, reason = ?, detail = ?, due_ms = ?,"
                              " attempts = attempts + ?, last_fetch = coalesce(?, last_fetch),"
                              " priority = coalesce(?, priority)"
                              " WHERE id = ? AND state = 1");
    put_int(&q, end->state);
    put_text(&q, end_reason(end));
    put_text(&q, end_detail(end));
    put_int(&q, due_ms);
    put_int(&q, end->new_attempts);
    put_int_or_null(&q, end->last_fetch, 0);
    put_int_or_null(&q, end->late_priority, 0);
    put_int(&q, id);
    query_run(&q);
    if (sqlite3_changes64(w->db->handle) == 0)
        fail_not_leased(w, id); /* be it because it is the second outcome of one URL */
    if (end->state == URL_EXCLUDED || end->late_priority != 0)
        seenurls_drop(w->seen, id);
    w->totals.active--;
    switch (end->state) {
    case URL_QUEUED: work_count_queued(w, host, due_ms); break;
    case URL_FAILED: w->tally.failed[end->err]++; break;
    case URL_EXCLUDED: w->tally.excluded[end->reason]++; break;
    default: break;
    }
}
