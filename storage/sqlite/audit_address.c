/* All requests, address by address: no more under way than the slots of each allowed. */
#include <stdlib.h>

#include "storage/sqlite/audit_p.h"

struct address_walk {
    struct audit *audit;
    struct heap flying;
    struct audit_address address;
    char *text; /* owned; NULL before the first */
    int64_t epoch;
};

static void end_address(struct address_walk *w)
{
    struct audit *a = w->audit;
    a->totals.violations += w->address.violation_count;
    if (w->text != NULL && a->db->err == CW_OK && a->goes_on)
        a->goes_on = a->sink->on_address(a->sink->arg, &w->address);
    free(STEAL(w->text));
    arena_release(&a->urls);
}

static void begin_address(struct address_walk *w, struct str address)
{
    end_address(w);
    audit_land_all(&w->flying);
    w->text = str_dup(address);
    if (w->text == NULL)
        audit_fail_memory(w->audit);
    w->address =
        (struct audit_address){.address = str_from(w->text, address.len), .most_slots = -1};
}

static void check_slots(struct address_walk *w, const struct query *q)
{
    int64_t slots = query_int(q, 6), at_once = (int64_t)w->flying.count;
    w->address.most_slots = MAX(w->address.most_slots, slots);
    const struct audit_violation violation = {.rule = AUDIT_ADDRESS_SLOTS,
                                              .start_unix_ms = query_int(q, 4),
                                              .at_once = at_once,
                                              .slots = slots};
    if (slots >= 0 && at_once > slots)
        audit_report(w->audit, w->address.violations, &w->address.violation_count, &violation,
                     query_int(q, 5));
}

static void walk_contact(struct address_walk *w, const struct query *q)
{
    struct str address = query_text(q, 0);
    int64_t epoch = query_int(q, 1), start_ms = query_int(q, 2), end_ms = query_int(q, 3);
    if (w->text == NULL || !str_eq(w->address.address, address))
        begin_address(w, address);
    if (w->epoch != epoch)
        audit_land_all(&w->flying);
    w->epoch = epoch;
    for (struct flight *f; (f = audit_first_landing(&w->flying, start_ms)) != NULL;)
        audit_land(&w->flying, f);
    audit_take_off(w->audit, &w->flying, end_ms, -1);
    w->address.requests++;
    if ((int64_t)w->flying.count > w->address.most_at_once) {
        w->address.most_at_once = (int64_t)w->flying.count;
        w->address.most_unix_ms = query_int(q, 4);
    }
    check_slots(w, q);
}

#define ADDRESSES_SQL(times, slots)                                                                \
    "SELECT f.remote_ip, " times ", f.started_ms, f.id, coalesce(" slots ", -1)" AUDIT_REQUESTS    \
    " AND f.remote_ip IS NOT NULL ORDER BY f.remote_ip, epoch, start, end, f.id"

void audit_walk_addresses(struct audit *a)
{
    struct address_walk w = {.audit = a, .flying = HEAP_INIT};
    struct query q =
        db_query(a->db, DB_AUDIT_ADDRESSES,
                 a->version >= AUDIT_SINCE_LIMITS ? ADDRESSES_SQL(AUDIT_TIMES, "f.address_slots")
                                                  : ADDRESSES_SQL(AUDIT_OLD_TIMES, "NULL"));
    while (a->goes_on && query_next(&q))
        walk_contact(&w, &q);
    query_end(&q);
    end_address(&w);
    audit_land_all(&w.flying);
    heap_release(&w.flying);
}
