#include "crawler/cli/render.h"

#include <inttypes.h>
#include <libsmartcols.h>
#include <math.h>

#include "crawler/base/buf.h"

struct render {
    enum render_format format;
    FILE *out;       /* borrowed */
    struct buf line; /* the row being made */
    char **names;    /* owned; of the statement's columns */
    size_t name_count;
    struct libscols_table *table; /* owned; NULL before the first columns */
    size_t table_rows;
    bool headed;  /* the table's heading was printed */
    bool any_row; /* JSON: a comma is due */
    enum cw_err err;
};

bool render_format_by_name(const char *name, enum render_format *ret)
{
    static const char *const names[] = {"table", "csv", "json", "jsonl"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (strcmp(names[i], name) == 0)
            return *ret = (enum render_format)i, true;
    return false;
}

enum cw_err render_new(struct render **ret, enum render_format format, FILE *out)
{
    struct render *r = malloc(sizeof *r);
    if (r == NULL)
        return CW_ENOMEM;
    *r = (struct render){.format = format, .out = out, .line = BUF_INIT(RENDER_ROW_MAX_BYTES)};
    *ret = r;
    return CW_OK;
}

static void forget_columns(struct render *r)
{
    for (size_t i = 0; i < r->name_count; i++)
        free(r->names[i]);
    free(r->names);
    r->names = NULL;
    r->name_count = 0;
    scols_unref_table(r->table);
    r->table = NULL;
}

void render_free(struct render *r)
{
    if (r == NULL)
        return;
    forget_columns(r);
    buf_release(&r->line);
    free(r);
}

static void note(struct render *r, enum cw_err err)
{
    if (r->err == CW_OK)
        r->err = err;
}

/* Prints the row that was made and empties it. */
static void put_line(struct render *r)
{
    struct str line = buf_str(&r->line);
    if (r->err == CW_OK && fwrite(line.ptr, 1, line.len, r->out) != line.len)
        r->err = CW_ESTORAGE;
    buf_clear(&r->line);
}

/* ---- values ---- */

static enum cw_err add_blob(struct buf *b, struct str blob)
{
    enum cw_err err = buf_add_char(b, '"');
    for (size_t i = 0; err == CW_OK && i < blob.len; i++)
        err = buf_addf(b, "%02x", (unsigned char)blob.ptr[i]);
    return err == CW_OK ? buf_add_char(b, '"') : err;
}

static enum cw_err add_real(struct buf *b, double real)
{
    if (!isfinite(real)) /* JSON has no word for it */
        return buf_add(b, STR("null"));
    return buf_addf(b, "%.15g", real);
}

static enum cw_err add_json_value(struct buf *b, const struct store_value *v)
{
    switch (v->type) {
    case STORE_NULL: return buf_add(b, STR("null"));
    case STORE_INTEGER: return buf_addf(b, "%" PRId64, v->integer);
    case STORE_REAL: return add_real(b, v->real);
    case STORE_TEXT: return buf_add_json(b, v->text);
    case STORE_BLOB: return add_blob(b, v->text);
    }
    return CW_EINVAL;
}

static enum cw_err add_plain_value(struct buf *b, const struct store_value *v)
{
    switch (v->type) {
    case STORE_NULL: return CW_OK;
    case STORE_TEXT: return buf_add(b, v->text);
    case STORE_INTEGER:
    case STORE_REAL:
    case STORE_BLOB: return add_json_value(b, v);
    }
    return CW_EINVAL;
}

static enum cw_err add_csv_text(struct buf *b, struct str text)
{
    bool plain = true;
    for (size_t i = 0; plain && i < text.len; i++)
        plain = strchr(",\"\r\n", text.ptr[i]) == NULL;
    if (plain)
        return buf_add(b, text);
    enum cw_err err = buf_add_char(b, '"');
    for (size_t i = 0; err == CW_OK && i < text.len; i++) {
        if (text.ptr[i] == '"')
            err = buf_add_char(b, '"');
        if (err == CW_OK)
            err = buf_add_char(b, text.ptr[i]);
    }
    return err == CW_OK ? buf_add_char(b, '"') : err;
}

/* ---- rows ---- */

static enum cw_err add_csv_row(struct buf *b, const struct store_value *values, size_t count)
{
    enum cw_err err = CW_OK;
    for (size_t i = 0; err == CW_OK && i < count; i++) {
        if (i > 0)
            err = buf_add_char(b, ',');
        if (err == CW_OK)
            err = values[i].type == STORE_TEXT ? add_csv_text(b, values[i].text)
                                               : add_plain_value(b, &values[i]);
    }
    return err == CW_OK ? buf_add(b, STR("\r\n")) : err;
}

static enum cw_err add_json_row(struct render *r, const struct store_value *values, size_t count)
{
    struct buf *b = &r->line;
    enum cw_err err = buf_add_char(b, '{');
    for (size_t i = 0; err == CW_OK && i < count; i++) {
        if (i > 0)
            err = buf_add_char(b, ',');
        if (err == CW_OK)
            err = buf_add_json(b, str_of(r->names[i]));
        if (err == CW_OK)
            err = buf_add_char(b, ':');
        if (err == CW_OK)
            err = add_json_value(b, &values[i]);
    }
    return err == CW_OK ? buf_add_char(b, '}') : err;
}

static void flush_table(struct render *r)
{
    if (r->table == NULL || r->table_rows == 0)
        return;
    (void)scols_table_enable_noheadings(r->table, r->headed);
    if (scols_print_table(r->table) != 0)
        note(r, CW_ESTORAGE);
    scols_table_remove_lines(r->table);
    r->table_rows = 0;
    r->headed = true;
}

static void add_table_row(struct render *r, const struct store_value *values, size_t count)
{
    struct libscols_line *line = scols_table_new_line(r->table, NULL);
    if (line == NULL) {
        note(r, CW_ENOMEM);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        buf_clear(&r->line);
        note(r, add_plain_value(&r->line, &values[i]));
        if (scols_line_set_data(line, i, r->line.len > 0 ? r->line.ptr : "") != 0)
            note(r, CW_ENOMEM);
    }
    buf_clear(&r->line);
    if (++r->table_rows >= RENDER_TABLE_ROWS)
        flush_table(r);
}

static enum cw_err new_table(struct render *r)
{
    r->table = scols_new_table();
    if (r->table == NULL)
        return CW_ENOMEM;
    scols_table_set_stream(r->table, r->out);
    (void)scols_table_enable_nolinesep(r->table, false);
    for (size_t i = 0; i < r->name_count; i++)
        if (scols_table_new_column(r->table, r->names[i], 0, SCOLS_FL_NOEXTREMES) == NULL)
            return CW_ENOMEM;
    return CW_OK;
}

static enum cw_err keep_names(struct render *r, const char *const *names, size_t count)
{
    r->names = calloc(count, sizeof(char *));
    if (r->names == NULL)
        return CW_ENOMEM;
    for (; r->name_count < count; r->name_count++) {
        r->names[r->name_count] = str_dup(str_of(names[r->name_count]));
        if (r->names[r->name_count] == NULL)
            return CW_ENOMEM;
    }
    return CW_OK;
}

static enum cw_err add_csv_head(struct render *r)
{
    enum cw_err err = CW_OK;
    for (size_t i = 0; err == CW_OK && i < r->name_count; i++) {
        if (i > 0)
            err = buf_add_char(&r->line, ',');
        if (err == CW_OK)
            err = add_csv_text(&r->line, str_of(r->names[i]));
    }
    return err == CW_OK ? buf_add(&r->line, STR("\r\n")) : err;
}

bool render_columns(void *arg, const char *const *names, size_t count)
{
    struct render *r = arg;
    flush_table(r);
    if (r->headed)
        (void)fputc('\n', r->out); /* between two tables */
    forget_columns(r);
    r->headed = false;
    note(r, keep_names(r, names, count));
    if (r->err == CW_OK && r->format == RENDER_TABLE)
        note(r, new_table(r));
    if (r->err == CW_OK && r->format == RENDER_CSV) {
        note(r, add_csv_head(r));
        put_line(r);
    }
    return r->err == CW_OK;
}

bool render_row(void *arg, const struct store_value *values, size_t count)
{
    struct render *r = arg;
    switch (r->format) {
    case RENDER_TABLE: add_table_row(r, values, count); return r->err == CW_OK;
    case RENDER_CSV: note(r, add_csv_row(&r->line, values, count)); break;
    case RENDER_JSON:
        note(r, buf_add(&r->line, r->any_row ? STR(",\n") : STR("[")));
        note(r, add_json_row(r, values, count));
        break;
    case RENDER_JSONL:
        note(r, add_json_row(r, values, count));
        note(r, buf_add_char(&r->line, '\n'));
        break;
    }
    r->any_row = true;
    put_line(r);
    return r->err == CW_OK;
}

enum cw_err render_end(struct render *r)
{
    if (r->format == RENDER_TABLE)
        flush_table(r);
    if (r->format == RENDER_JSON) {
        note(r, buf_add(&r->line, r->any_row ? STR("]\n") : STR("[]\n")));
        put_line(r);
    }
    if (fflush(r->out) != 0)
        note(r, CW_ESTORAGE);
    return r->err;
}
