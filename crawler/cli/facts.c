#include "crawler/cli/facts.h"

#include <stdarg.h>

enum { LINE_MAX_BYTES = 64 * 1024, NAME_WIDTH = 12 };

void facts_add(struct facts *f, const char *about, enum tone tone, const char *format, ...)
{
    char *text = NULL;
    va_list args;
    if (f->count == FACTS_MAX || f->err != CW_OK)
        return;
    va_start(args, format);
    int len = vasprintf(&text, format, args);
    va_end(args);
    struct str says = len >= 0 ? str_from(text, (size_t)len) : STR_NONE;
    if (len < 0 || !arena_keep(f->arena, &says))
        f->err = CW_ENOMEM;
    else
        f->items[f->count++] = (struct fact){.about = about, .says = says, .tone = tone};
    if (len >= 0)
        free(text);
}

/* ---- for people ---- */

/* Control characters, C1 in UTF-8 included, are shown as "?". */
static enum cw_err add_shown(struct buf *b, struct str text)
{
    enum cw_err err = CW_OK;
    for (size_t i = 0; err == CW_OK && i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        bool is_c1 = c == 0xC2 && i + 1 < text.len && (unsigned char)text.ptr[i + 1] < 0xA0;
        bool is_control = c < 0x20 || c == 0x7F || is_c1;
        err = buf_add_char(b, is_control ? '?' : text.ptr[i]);
        i += is_c1;
    }
    return err;
}

static const char *colour_of(enum tone tone)
{
    switch (tone) {
    case TONE_GOOD: return "\033[32m";
    case TONE_BAD: return "\033[31m";
    case TONE_HINT: return "\033[36m";
    case TONE_PLAIN: break;
    }
    return "";
}

static enum cw_err add_line(struct buf *b, const struct fact *fact, bool goes_on, bool colour)
{
    const char *begin = colour ? colour_of(fact->tone) : "";
    enum cw_err err = buf_addf(b, "  %s%-*s%s  %s", colour ? "\033[1m" : "", NAME_WIDTH,
                               goes_on ? "" : fact->about, colour ? "\033[0m" : "", begin);
    if (err == CW_OK)
        err = add_shown(b, fact->says);
    return err == CW_OK ? buf_addf(b, "%s\n", begin[0] != '\0' ? "\033[0m" : "") : err;
}

static bool goes_on(const struct facts *f, size_t i)
{
    return i > 0 && strcmp(f->items[i].about, f->items[i - 1].about) == 0;
}

enum cw_err facts_print(const struct facts *f, struct str title, bool colour, FILE *out)
{
    CLEANUP(buf_release) struct buf text = BUF_INIT(FACTS_MAX * LINE_MAX_BYTES);
    enum cw_err err = f->err;
    if (err == CW_OK)
        err = add_shown(&text, title);
    if (err == CW_OK)
        err = buf_add_char(&text, '\n');
    for (size_t i = 0; err == CW_OK && i < f->count; i++)
        err = add_line(&text, &f->items[i], goes_on(f, i), colour);
    if (err != CW_OK)
        return err;
    bool is_written = fwrite(text.ptr, 1, text.len, out) == text.len && fflush(out) == 0;
    return is_written ? CW_OK : CW_ESTORAGE;
}

/* ---- JSON ---- */

enum cw_err facts_add_json(const struct facts *f, struct buf *ret)
{
    enum cw_err err = f->err == CW_OK ? buf_add_char(ret, '[') : f->err;
    const char *about = "";
    for (size_t i = 0; err == CW_OK && i < f->count; i++) {
        about = f->items[i].about[0] != '\0' ? f->items[i].about : about;
        err = buf_addf(ret, "%s\n{\"about\":\"%s\",\"says\":", i > 0 ? "," : "", about);
        if (err == CW_OK)
            err = buf_add_json(ret, f->items[i].says);
        if (err == CW_OK)
            err = buf_add_char(ret, '}');
    }
    return err == CW_OK ? buf_add_char(ret, ']') : err;
}
