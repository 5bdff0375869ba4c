#include "crawler/cli/command_line.h"

#include "crawler/base/buf.h"
#include "crawler/engine/credentials.h"

enum { COMMAND_MAX = 256 * 1024 };

static bool is_plain(struct str word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "_-./:=@%+,";
    for (size_t i = 0; i < word.len; i++)
        if (memchr(plain, word.ptr[i], sizeof plain - 1) == NULL)
            return false;
    return word.len > 0;
}

static enum cw_err add_quoted(struct buf *b, struct str word)
{
    if (is_plain(word))
        return buf_add(b, word);
    enum cw_err err = buf_add_char(b, '\'');
    for (size_t i = 0; err == CW_OK && i < word.len; i++)
        err = word.ptr[i] == '\'' ? buf_add(b, STR("'\\''")) : buf_add_char(b, word.ptr[i]);
    return err == CW_OK ? buf_add_char(b, '\'') : err;
}

/* Ends the text: NULL when it did not fit. */
static char *finish(struct buf *b, enum cw_err err)
{
    if (err == CW_OK)
        return buf_take(b, NULL);
    buf_release(b);
    return NULL;
}

char *command_line_to_keep(int argc, char **argv)
{
    CLEANUP(buf_release) struct buf word = BUF_INIT(COMMAND_MAX);
    struct buf b = BUF_INIT(COMMAND_MAX);
    enum cw_err err = buf_add(&b, STR("crawld"));
    for (int i = 0; err == CW_OK && i < argc; i++) {
        buf_clear(&word);
        err = credentials_mask(&word, str_of(argv[i]));
        if (err == CW_OK)
            err = buf_add_char(&b, ' ');
        if (err == CW_OK)
            err = add_quoted(&b, buf_str(&word));
    }
    return finish(&b, err);
}

/* getopt_long() takes the unambiguous beginning of an option for it, too. */
static bool stands_for(const char *word, const char *option)
{
    enum { SHORTEST = sizeof "--f" }; /* with its end: one letter alone is never enough */
    size_t len = strlen(word);
    return len >= SHORTEST && strncmp(word, option, len) == 0;
}

char *command_line_to_repeat(int argc, char **argv, const char *skip)
{
    struct buf b = BUF_INIT(COMMAND_MAX);
    enum cw_err err = buf_add(&b, STR("crawld"));
    for (int i = 0; err == CW_OK && i < argc; i++) {
        if (stands_for(argv[i], skip))
            continue;
        err = buf_add_char(&b, ' ');
        if (err == CW_OK)
            err = add_quoted(&b, str_of(argv[i]));
    }
    return finish(&b, err);
}
