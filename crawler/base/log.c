#include "crawler/base/log.h"

#include <inttypes.h>

#include "crawler/base/buf.h"
#include "crawler/base/clock.h"

enum { LINE_MAX_BYTES = 16 * 1024 };

static const char *level_name(enum log_level level)
{
    static const char *const names[] = {"error", "warn", "info", "debug"};
    return names[level];
}

static bool is_plain(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.ptr[i] <= ' ' || s.ptr[i] >= 0x7F || s.ptr[i] == '"' || s.ptr[i] == '=')
            return false;
    return s.len > 0;
}

static enum cw_err add_text_field(struct buf *line, const struct log_field *f)
{
    if (f->is_number)
        return buf_addf(line, " %s=%" PRId64, f->name, f->number);
    enum cw_err err = buf_addf(line, " %s=", f->name);
    if (err != CW_OK)
        return err;
    return is_plain(f->text) ? buf_add(line, f->text) : buf_add_json(line, f->text);
}

static enum cw_err add_json_field(struct buf *line, const struct log_field *f)
{
    if (f->is_number)
        return buf_addf(line, ",\"%s\":%" PRId64, f->name, f->number);
    enum cw_err err = buf_addf(line, ",\"%s\":", f->name);
    return err == CW_OK ? buf_add_json(line, f->text) : err;
}

static enum cw_err add_head(const struct log *log, struct buf *line, enum log_level level,
                            const char *event)
{
    char now[CLOCK_TEXT_SIZE];
    clock_format(clock_unix_ms(), now);
    if (log->format == LOG_FORMAT_JSON)
        return buf_addf(line, "{\"time\":\"%s\",\"level\":\"%s\",\"event\":\"%s\"", now,
                        level_name(level), event);
    return log->with_time ? buf_addf(line, "%s %s: %s", now, level_name(level), event)
                          : buf_addf(line, "%s: %s", level_name(level), event);
}

/* A field that does not fit under the line's ceiling is dropped whole, so that JSON stays JSON. */
static void add_field(const struct log *log, struct buf *line, const struct log_field *f)
{
    size_t before = line->len;
    if (log->format == LOG_FORMAT_TEXT && !f->is_number && str_is_absent(f->text))
        return; /* nothing to tell people */
    enum cw_err err =
        log->format == LOG_FORMAT_JSON ? add_json_field(line, f) : add_text_field(line, f);
    if (err == CW_OK)
        return;
    line->len = before;
    line->ptr[before] = '\0';
}

void log_emit(const struct log *log, enum log_level level, const char *event,
              const struct log_field *fields, size_t count)
{
    if (log == NULL || log->out == NULL || level > log->threshold)
        return;
    CLEANUP(buf_release) struct buf line = BUF_INIT(LINE_MAX_BYTES);
    if (add_head(log, &line, level, event) != CW_OK)
        return;
    for (size_t i = 0; i < count; i++)
        add_field(log, &line, &fields[i]);
    (void)fprintf(log->out, "%s" STR_FMT "%s\n", log->clear != NULL ? log->clear : "",
                  STR_ARG(buf_str(&line)), log->format == LOG_FORMAT_JSON ? "}" : "");
    (void)fflush(log->out);
}
