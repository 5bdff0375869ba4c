#include "crawler/engine/conditions.h"

#include <stdio.h>
#include <stdlib.h>

#include "crawler/parse/httpdate.h"

enum { WEAK_DATE_MS = 1000 };

/* RFC 9110, 8.8.3: entity-tag = [ "W/" ] DQUOTE *etagc DQUOTE. A bare star would mean "any". */
static bool is_entity_tag(struct str tag)
{
    if (str_starts(tag, STR("W/")))
        tag = str_skip(tag, 2);
    if (tag.len < 2 || tag.len > VALIDATOR_MAX_BYTES || tag.ptr[0] != '"' ||
        tag.ptr[tag.len - 1] != '"')
        return false;
    for (size_t i = 1; i + 1 < tag.len; i++) {
        unsigned char c = (unsigned char)tag.ptr[i];
        if (c <= ' ' || c == '"' || c == 0x7F)
            return false;
    }
    return true;
}

/* Would a change be seen after this date? */
static bool is_strong_date(struct str date, int64_t fetched_unix_ms)
{
    int64_t modified_ms;
    for (size_t i = 0; i < date.len; i++)
        if ((unsigned char)date.ptr[i] < ' ' || (unsigned char)date.ptr[i] >= 0x7F)
            return false;
    return date.len <= VALIDATOR_MAX_BYTES && httpdate_parse(date, fetched_unix_ms, &modified_ms) &&
           modified_ms + WEAK_DATE_MS <= fetched_unix_ms;
}

static enum cw_err add_line(struct conditions *c, const char *name, struct str value)
{
    if (asprintf(&c->lines[c->count], "%s: " STR_FMT, name, STR_ARG(value)) < 0)
        return CW_ENOMEM;
    c->count++;
    return CW_OK;
}

enum cw_err conditions_make(struct conditions *c, const struct store_known *known, bool needs_body)
{
    enum cw_err err = CW_OK;
    if (known->status != 200 || known->is_cut || (needs_body && !known->has_body))
        return CW_OK;
    if (is_entity_tag(known->etag))
        err = add_line(c, "If-None-Match", known->etag);
    if (err == CW_OK && is_strong_date(known->last_modified, known->fetched_unix_ms))
        err = add_line(c, "If-Modified-Since", known->last_modified);
    if (err != CW_OK)
        conditions_release(c);
    return err;
}

const char *const *conditions_add_to(struct conditions *c, const char *const *base)
{
    size_t count = 0;
    if (c->count == 0)
        return base;
    while (base != NULL && base[count] != NULL)
        count++;
    const char **headers = realloc(c->headers, (count + c->count + 1) * sizeof *headers);
    if (headers == NULL) {
        conditions_release(c);
        return base;
    }
    for (size_t i = 0; i < count; i++)
        headers[i] = base[i];
    for (unsigned i = 0; i < c->count; i++)
        headers[count++] = c->lines[i];
    headers[count] = NULL;
    return c->headers = headers;
}

void conditions_release(struct conditions *c)
{
    for (size_t i = 0; i < ARRAY_LEN(c->lines); i++)
        free(c->lines[i]);
    free(c->headers);
    *c = CONDITIONS_INIT;
}
