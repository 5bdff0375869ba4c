#include "crawler/cli/audit_print.h"

#include <inttypes.h>
#include <stdlib.h>

#include "crawler/base/buf.h"
#include "crawler/base/clock.h"
#include "crawler/cli/render.h"

enum { LINE_MAX_BYTES = 1 << 20 };

/* The tables of a text, or the two arrays of the JSON object. */
enum part { PART_NONE, PART_HOSTS, PART_ADDRESSES };

struct audit_print {
    bool as_json;
    const char *path;
    FILE *out;
    enum part part;
    bool any_item;         /* JSON: a comma is due */
    struct buf line;       /* JSON: the item being made */
    struct render *render; /* owned; of the table that is open, or NULL */
    enum cw_err err;
};

static const char *const host_columns[] = {
    "host",         "requests",    "first",      "last",    "at_once", "slots",      "at_once_at",
    "smallest_gap", "limit_least", "limit_most", "refused", "waited",  "violations",
};
static const char *const address_columns[] = {"address", "requests",   "at_once",
                                              "slots",   "at_once_at", "violations"};

enum cw_err audit_print_new(struct audit_print **ret, bool as_json, const char *path, FILE *out)
{
    struct audit_print *p = malloc(sizeof *p);
    if (p == NULL)
        return CW_ENOMEM;
    *p = (struct audit_print){
        .as_json = as_json, .path = path, .out = out, .line = BUF_INIT(LINE_MAX_BYTES)};
    *ret = p;
    return CW_OK;
}

void audit_print_free(struct audit_print *p)
{
    if (p == NULL)
        return;
    render_free(p->render);
    buf_release(&p->line);
    free(p);
}

static void note(struct audit_print *p, enum cw_err err)
{
    if (p->err == CW_OK)
        p->err = err;
}

static void put_text(struct audit_print *p, const char *text)
{
    if (fputs(text, p->out) == EOF)
        note(p, CW_ESTORAGE);
}

/* ---- parts ---- */

static void close_table(struct audit_print *p)
{
    if (p->render == NULL)
        return;
    note(p, render_end(p->render));
    render_free(STEAL(p->render));
    put_text(p, "\n");
}

static void open_table(struct audit_print *p, enum part part)
{
    close_table(p);
    note(p, render_new(&p->render, RENDER_TABLE, p->out));
    if (p->render == NULL)
        return;
    if (part == PART_HOSTS)
        render_columns(p->render, host_columns, ARRAY_LEN(host_columns));
    else
        render_columns(p->render, address_columns, ARRAY_LEN(address_columns));
}

static void open_array(struct audit_print *p, enum part part)
{
    if (p->part == PART_NONE) {
        buf_clear(&p->line);
        note(p, buf_add_json(&p->line, str_of(p->path)));
        put_text(p, "{\"database\":");
        put_text(p, p->line.ptr != NULL ? p->line.ptr : "null");
    }
    put_text(p, p->part == PART_NONE ? "" : "]");
    put_text(p, part == PART_HOSTS ? ",\"hosts\":[" : ",\"addresses\":[");
    p->any_item = false;
}

/* Goes on to `part`; parts without a row are passed through, too. */
static void enter(struct audit_print *p, enum part part)
{
    while (p->part < part) {
        enum part next = p->part + 1;
        if (p->as_json)
            open_array(p, next);
        else
            open_table(p, next);
        p->part = next;
    }
}

/* ---- values ---- */

static struct store_value number(int64_t value)
{
    return (struct store_value){.type = value < 0 ? STORE_NULL : STORE_INTEGER, .integer = value};
}

static struct store_value text(struct str value)
{
    return (struct store_value){.type = STORE_TEXT, .text = value};
}

struct moment {
    char text[CLOCK_TEXT_SIZE];
};

static struct store_value moment(int64_t unix_ms, struct moment *room)
{
    clock_format(unix_ms, room->text);
    return text(str_of(room->text));
}

static void add_value(struct audit_print *p, const char *name, const struct store_value *value)
{
    const char *comma = p->line.len > 0 && p->line.ptr[p->line.len - 1] != '{' ? "," : "";
    note(p, buf_addf(&p->line, "%s\"%s\":", comma, name));
    if (value->type == STORE_TEXT)
        note(p, buf_add_json(&p->line, value->text));
    else if (value->type == STORE_INTEGER)
        note(p, buf_addf(&p->line, "%" PRId64, value->integer));
    else
        note(p, buf_add(&p->line, STR("null")));
}

static void begin_object(struct audit_print *p)
{
    buf_clear(&p->line);
    note(p, buf_addf(&p->line, "%s\n{", p->any_item ? "," : ""));
    p->any_item = true;
}

static void end_object(struct audit_print *p)
{
    note(p, buf_add_char(&p->line, '}'));
    put_text(p, p->line.ptr != NULL ? p->line.ptr : "");
}

/* ---- violations ---- */

static const char *const rule_names[] = {"pause",  "space",      "rest",
                                         "robots", "host-slots", "address-slots"};
static const char *const rule_texts[] = {
    [AUDIT_PAUSE] = "the pause after the request before it had ended",
    [AUDIT_SPACE] = "the pause after the request before it had started",
    [AUDIT_REST] = "the rest after a 429 or 503",
    [AUDIT_ROBOTS] = "robots.txt comes first",
    [AUDIT_HOST_SLOTS] = "the host's slots",
    [AUDIT_ADDRESS_SLOTS] = "the address's slots",
};

/* `who`: the host or the address. */
static void print_violation(struct audit_print *p, struct str who, const struct audit_violation *v)
{
    char start[CLOCK_TEXT_SIZE], due[CLOCK_TEXT_SIZE];
    clock_format(v->start_unix_ms, start);
    clock_format(v->due_unix_ms, due);
    if (fprintf(p->out, "VIOLATION (%s) " STR_FMT ": " STR_FMT " started at %s",
                rule_names[v->rule], STR_ARG(who), STR_ARG(v->url), start) < 0)
        note(p, CW_ESTORAGE);
    if (v->slots > 0) {
        if (fprintf(p->out, ", and was number %" PRId64 " under way of %" PRId64 " allowed (%s)\n",
                    v->at_once, v->slots, rule_texts[v->rule]) < 0)
            note(p, CW_ESTORAGE);
    } else if (v->due_unix_ms == 0)
        put_text(p, ", and robots.txt of its origin was never asked for\n");
    else if (fprintf(p->out, ", not before %s was due: %" PRId64 " ms early (%s)\n", due,
                     v->due_unix_ms - v->start_unix_ms, rule_texts[v->rule]) < 0)
        note(p, CW_ESTORAGE);
}

static void print_violations(struct audit_print *p, struct str who,
                             const struct audit_violation *list, int64_t count)
{
    int64_t listed = MIN(count, AUDIT_LISTED_MAX);
    for (int64_t i = 0; i < listed; i++)
        print_violation(p, who, &list[i]);
    if (count > listed && fprintf(p->out, "... and %" PRId64 " more of " STR_FMT "\n",
                                  count - listed, STR_ARG(who)) < 0)
        note(p, CW_ESTORAGE);
}

static void add_violation(struct audit_print *p, const struct audit_violation *v)
{
    struct moment start, due;
    const struct store_value never = {.type = STORE_NULL};
    const struct store_value rule = text(str_of(rule_names[v->rule])), url = text(v->url);
    const struct store_value start_at = moment(v->start_unix_ms, &start);
    const struct store_value due_at = v->due_unix_ms != 0 ? moment(v->due_unix_ms, &due) : never;
    note(p, buf_add_char(&p->line, '{'));
    add_value(p, "rule", &rule);
    add_value(p, "url", &url);
    add_value(p, "started_at", &start_at);
    add_value(p, "due_at", &due_at);
    if (v->slots > 0) {
        const struct store_value at_once = number(v->at_once), slots = number(v->slots);
        add_value(p, "at_once", &at_once);
        add_value(p, "slots", &slots);
    }
    note(p, buf_add_char(&p->line, '}'));
}

static void add_violations(struct audit_print *p, const struct audit_violation *list, int64_t count)
{
    note(p, buf_add(&p->line, STR(",\"listed\":[")));
    for (int64_t i = 0; i < MIN(count, AUDIT_LISTED_MAX); i++) {
        note(p, i > 0 ? buf_add_char(&p->line, ',') : CW_OK);
        add_violation(p, &list[i]);
    }
    note(p, buf_add_char(&p->line, ']'));
}

/* ---- rows ---- */

bool audit_print_host(void *arg, const struct audit_host *h)
{
    struct audit_print *p = arg;
    struct moment first, last, most;
    enter(p, PART_HOSTS);
    const struct store_value values[ARRAY_LEN(host_columns)] = {
        text(h->host),
        number(h->requests),
        moment(h->first_unix_ms, &first),
        moment(h->last_unix_ms, &last),
        number(h->most_at_once),
        number(h->most_slots),
        moment(h->most_unix_ms, &most),
        number(h->smallest_gap_ms),
        number(h->shortest_limit_ms),
        number(h->longest_limit_ms),
        number(h->refusals),
        number(h->shortest_wait_ms),
        number(h->violation_count),
    };
    if (!p->as_json) {
        print_violations(p, h->host, h->violations, h->violation_count);
        return p->err == CW_OK && render_row(p->render, values, ARRAY_LEN(values));
    }
    begin_object(p);
    for (size_t i = 0; i < ARRAY_LEN(values); i++)
        add_value(p, host_columns[i], &values[i]);
    add_violations(p, h->violations, h->violation_count);
    end_object(p);
    return p->err == CW_OK;
}

bool audit_print_address(void *arg, const struct audit_address *a)
{
    struct audit_print *p = arg;
    struct moment most;
    enter(p, PART_ADDRESSES);
    const struct store_value values[ARRAY_LEN(address_columns)] = {
        text(a->address),
        number(a->requests),
        number(a->most_at_once),
        number(a->most_slots),
        moment(a->most_unix_ms, &most),
        number(a->violation_count),
    };
    if (!p->as_json) {
        print_violations(p, a->address, a->violations, a->violation_count);
        return p->err == CW_OK && render_row(p->render, values, ARRAY_LEN(values));
    }
    begin_object(p);
    for (size_t i = 0; i < ARRAY_LEN(values); i++)
        add_value(p, address_columns[i], &values[i]);
    add_violations(p, a->violations, a->violation_count);
    end_object(p);
    return p->err == CW_OK;
}

/* ---- the verdict ---- */

static void end_json(struct audit_print *p, const struct audit_totals *t)
{
    if (fprintf(p->out,
                "],\n\"requests\":%" PRId64 ",\"violations\":%" PRId64 ",\"unsent\":%" PRId64
                ",\"clock_steps\":%" PRId64 ",\"robots_unjudged\":%" PRId64
                ",\"slots_unjudged\":%" PRId64 ",\"retry_after_known\":%s}\n",
                t->requests, t->violations, t->unsent, t->clock_steps, t->unasked, t->unlimited,
                t->has_retry_after ? "true" : "false") < 0)
        note(p, CW_ESTORAGE);
}

static void put_count(struct audit_print *p, int64_t count, const char *words)
{
    if (count > 0 && fprintf(p->out, "%" PRId64 " %s\n", count, words) < 0)
        note(p, CW_ESTORAGE);
}

static void end_text(struct audit_print *p, const struct audit_totals *t)
{
    close_table(p);
    put_text(p, "Gaps, limits and waits are milliseconds; a wait is the shortest after a 429 or "
                "503.\n");
    put_count(p, t->unsent, "attempts reached no host (name, guard, cancelled): not counted.");
    put_count(p, t->clock_steps,
              "times the wall clock was set back: what lies before was not "
              "compared with what lies after.");
    put_count(p, t->unasked,
              "page requests belong to runs that asked for no robots.txt at all "
              "(--no-robots): not judged by it.");
    put_count(p, t->unlimited,
              "requests are from before slots were stored: what was under way at once is shown, "
              "not judged.");
    if (!t->has_retry_after)
        put_text(p, "Retry-After is not stored in this database, which is older: of rests only the "
                    "first second was checked.\n");
    if (fprintf(p->out, "%s: %" PRId64 " requests to %" PRId64 " hosts, %" PRId64 " violations.\n",
                p->path, t->requests, t->hosts, t->violations) < 0)
        note(p, CW_ESTORAGE);
}

enum cw_err audit_print_end(struct audit_print *p, const struct audit_totals *totals)
{
    enter(p, PART_ADDRESSES);
    if (p->as_json)
        end_json(p, totals);
    else
        end_text(p, totals);
    if (fflush(p->out) != 0)
        note(p, CW_ESTORAGE);
    return p->err;
}
