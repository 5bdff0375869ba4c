#include "crawler/fetch/head.h"

/* What counts when a field comes more than once. */
enum repeated { LAST_COUNTS, FIRST_COUNTS, JOINED };

static const struct field {
    struct str name;
    size_t offset; /* of its str in struct fetch_headers */
    enum repeated repeated;
    struct str joint;
} fields[HEAD_FIELDS] = {
#define FIELD(name, member, ...)                                                                   \
    {                                                                                              \
        {name, sizeof(name) - 1}, offsetof(struct fetch_headers, member), __VA_ARGS__              \
    }
    FIELD("content-type", content_type, LAST_COUNTS, {0}),
    FIELD("content-encoding", content_encoding, JOINED, {",", 1}),
    FIELD("location", location, FIRST_COUNTS, {0}), /* as browsers do */
    FIELD("etag", etag, LAST_COUNTS, {0}),
    FIELD("last-modified", last_modified, LAST_COUNTS, {0}),
    FIELD("retry-after", retry_after, LAST_COUNTS, {0}),
    FIELD("x-robots-tag", x_robots_tag, JOINED, {", ", 2}),
    FIELD("link", link, JOINED, {", ", 2}),
    FIELD("content-language", content_language, LAST_COUNTS, {0}),
    FIELD("date", date, LAST_COUNTS, {0}),
#undef FIELD
};

void head_release(struct head *h)
{
    for (size_t i = 0; i < HEAD_FIELDS; i++)
        buf_release(&h->fields[i]);
}

static enum cw_err fail(struct head *h, enum cw_err err, const char *problem)
{
    h->problem = problem;
    return err;
}

/* Adds to a field's value. RFC 9112 2.2: a CR within a line counts as a space. */
static enum cw_err value_add(struct buf *value, struct str text)
{
    size_t from = value->len;
    enum cw_err err = buf_add(value, text);
    for (size_t i = from; err == CW_OK && i < value->len; i++)
        if (value->ptr[i] == '\r')
            value->ptr[i] = ' ';
    return err == CW_ETOOBIG ? CW_EHEADERS : err;
}

static enum cw_err field_add(struct head *h, int which, struct str value)
{
    const struct field *field = &fields[which];
    struct buf *kept = &h->fields[which];
    bool is_first = kept->ptr == NULL;
    enum cw_err err = CW_OK;

    kept->max = h->max_bytes; /* more cannot come */
    h->last_field = which;
    if (!is_first && field->repeated == FIRST_COUNTS) {
        h->last_field = -1;
        return CW_OK;
    }
    if (!is_first && field->repeated == LAST_COUNTS)
        buf_clear(kept);
    if (!is_first && field->repeated == JOINED)
        err = value_add(kept, field->joint);
    return err != CW_OK ? err : value_add(kept, value);
}

static bool status_is_asked(const struct head *h, int32_t status)
{
    switch (status) {
    case 101: return false; /* crawld never asks to switch */
    case 206: return h->may_206;
    case 304: return h->may_304;
    default: return true;
    }
}

/* RFC 9112 4: HTTP-version SP status-code SP [reason-phrase]. A new answer begins: what an
 * interim one (1xx) said is forgotten. */
static enum cw_err read_status_line(struct head *h, struct str line)
{
    struct str rest = line;
    uint64_t status;
    (void)str_cut(&rest, ' ');
    rest = str_trim(rest);
    struct str digits = str_cut(&rest, ' ');
    if (digits.len != 3 || !str_to_u64(digits, 999, &status))
        return fail(h, CW_EPROTOCOL, "a status line without a status");

    head_release(h);
    h->status = (int32_t)status;
    h->is_complete = h->is_chunked = h->length_is_ours = false;
    h->content_length = -1;
    h->last_field = -1;
    if (status < 100 || status > 599)
        return fail(h, CW_EHTTPOTHER, "a status outside 100 to 599");
    if (!status_is_asked(h, h->status))
        return fail(h, CW_EPROTOCOL, "a 101, 206 or 304 that was not asked for");
    return CW_OK;
}

/* RFC 9110 8.6: equal values may be repeated, in one field or several; any other value makes the
 * framing ambiguous (RFC 9112 6.3). */
static enum cw_err read_content_length(struct head *h, struct str value)
{
    while (!str_is_absent(value)) {
        uint64_t length;
        if (!str_to_u64(str_trim(str_cut(&value, ',')), INT64_MAX, &length))
            return fail(h, CW_EPROTOCOL, "a Content-Length that is no length");
        if (h->content_length >= 0 && (uint64_t)h->content_length != length)
            return fail(h, CW_EPROTOCOL, "two different Content-Lengths");
        h->content_length = (int64_t)length;
    }
    return CW_OK;
}

/* Its place among the fields that are kept, or HEAD_FIELDS. The first letter tells nearly all. */
static int find_field(struct str name)
{
    int i = 0;
    while (i < HEAD_FIELDS &&
           (name.len != fields[i].name.len || ascii_lower(name.ptr[0]) != fields[i].name.ptr[0] ||
            !str_eq_nocase(name, fields[i].name)))
        i++;
    return i;
}

static enum cw_err read_field(struct head *h, struct str line)
{
    struct str value = line;
    struct str spaced_name = str_cut(&value, ':');
    struct str name = str_trim(spaced_name);
    h->last_field = -1;
    if (str_is_absent(value))
        return fail(h, CW_EPROTOCOL, "a header line without a colon");
    value = str_trim(value);
    if (str_eq_nocase(name, STR("content-length"))) {
        h->length_is_ours |= name.len < spaced_name.len;
        return read_content_length(h, value);
    }
    if (str_eq_nocase(name, STR("transfer-encoding")))
        h->is_chunked = true;
    int which = find_field(name);
    return which < HEAD_FIELDS ? field_add(h, which, value) : CW_OK;
}

/* RFC 9112 5.2, obs-fold: a line that begins with white space continues the one before. */
static enum cw_err read_folded(struct head *h, struct str line)
{
    if (h->last_field < 0)
        return CW_OK;
    struct buf *kept = &h->fields[h->last_field];
    enum cw_err err = value_add(kept, STR(" "));
    return err != CW_OK ? err : value_add(kept, str_trim(line));
}

static struct str without_line_end(struct str line)
{
    for (const char *end = "\n\r"; *end != '\0'; end++)
        line.len -= line.len > 0 && line.ptr[line.len - 1] == *end;
    return line;
}

enum cw_err head_add_line(struct head *h, struct str line)
{
    bool is_interim = h->is_complete && h->status < 200;
    if (line.len > h->max_bytes - h->bytes)
        return fail(h, CW_EHEADERS, "the limit of header bytes");
    h->bytes += line.len;
    if (str_find_char(line, '\0') < line.len)
        return fail(h, CW_EPROTOCOL, "a NUL in a header");
    line = without_line_end(line);
    if ((h->status == 0 || is_interim) && str_starts(line, STR("HTTP/")))
        return read_status_line(h, line);
    if (h->status == 0)
        return fail(h, CW_EPROTOCOL, "no status line");
    if (h->is_complete)
        return CW_OK; /* trailers are counted, not read */
    if (line.len == 0) {
        h->is_complete = true;
        return CW_OK;
    }
    return line.ptr[0] == ' ' || line.ptr[0] == '\t' ? read_folded(h, line) : read_field(h, line);
}

void head_fields(const struct head *h, struct fetch_headers *ret)
{
    *ret = (struct fetch_headers){0};
    for (size_t i = 0; i < HEAD_FIELDS; i++)
        if (h->fields[i].ptr != NULL)
            *(struct str *)((char *)ret + fields[i].offset) = buf_str(&h->fields[i]);
}
