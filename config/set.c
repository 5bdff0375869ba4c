/* set: one text into one field, by the table. */
#include <inttypes.h>

#include "config/keys.h"
#include "crawler/base/units.h"
#include "crawler/base/utf8.h"

const char *config_quote(struct str text, char room[CONFIG_QUOTED_SIZE])
{
    struct str shown = utf8_cut(text, CONFIG_QUOTED_SIZE - sizeof "\"...\"");
    (void)snprintf(room, CONFIG_QUOTED_SIZE, "\"%.*s%s\"", (int)shown.len, shown.ptr,
                   shown.len < text.len ? "..." : "");
    for (char *c = room; *c != '\0'; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7F)
            *c = '?';
    return room;
}

static void format_choices(const char *const *choices, char room[CONFIG_ALLOWED_SIZE])
{
    size_t len = 0;
    for (size_t i = 0; choices[i] != NULL && len < CONFIG_ALLOWED_SIZE; i++) {
        const char *glue = i == 0 ? "" : choices[i + 1] != NULL ? ", " : " or ";
        len += (size_t)snprintf(room + len, CONFIG_ALLOWED_SIZE - len, "%s%s", glue, choices[i]);
    }
}

static void format_range(const struct config_key *key, char room[CONFIG_ALLOWED_SIZE])
{
    char min[UNITS_TEXT_SIZE], max[UNITS_TEXT_SIZE];
    const char *noun = "a whole number", *examples = "";
    (void)snprintf(min, sizeof min, "%" PRId64, key->min);
    (void)snprintf(max, sizeof max, "%" PRId64, key->max);
    if (key->type == CONFIG_DURATION) {
        noun = "a duration", examples = " (such as 500ms, 2s, 5m, 6h, 7d)";
        units_write_duration(key->min, min);
        units_write_duration(key->max, max);
    } else if (key->type == CONFIG_SIZE) {
        noun = "a size", examples = " (such as 64K, 10M, 1G)";
        units_write_size((uint64_t)key->min, min);
        units_write_size((uint64_t)key->max, max);
    }
    (void)snprintf(room, CONFIG_ALLOWED_SIZE, "%s from %s to %s%s%s%s%s%s", noun, min, max,
                   examples, key->other_word != NULL ? ", " : "",
                   key->other_word != NULL ? key->other_word : "", key->word != NULL ? ", or " : "",
                   key->word != NULL ? key->word : "");
}

const char *config_key_allowed(const struct config_key *key, char room[CONFIG_ALLOWED_SIZE])
{
    switch (key->type) {
    case CONFIG_INT:
    case CONFIG_DURATION:
    case CONFIG_SIZE: format_range(key, room); break;
    case CONFIG_CHOICE: format_choices(key->choices, room); break;
    case CONFIG_BOOL: (void)snprintf(room, CONFIG_ALLOWED_SIZE, "true or false"); break;
    case CONFIG_TEXT:
    case CONFIG_LIST: (void)snprintf(room, CONFIG_ALLOWED_SIZE, "%s", key->allowed); break;
    case CONFIG_CRAWLS: (void)snprintf(room, CONFIG_ALLOWED_SIZE, "a list of crawls"); break;
    }
    return room;
}

static enum cw_err set_number(const struct config_key *key, int64_t *field, struct str text)
{
    int64_t number = -1;
    uint64_t plain = 0;
    if (key->word != NULL && str_eq(text, str_of(key->word))) {
        *field = -1; /* CONFIG_UNLIMITED, CONFIG_DELAY_AUTO, CONFIG_NEVER */
        return CW_OK;
    }
    if (key->other_word != NULL && str_eq(text, str_of(key->other_word))) {
        *field = -2; /* CONFIG_EVERY_AUTO */
        return CW_OK;
    }
    bool is_number = key->type == CONFIG_DURATION ? units_parse_duration(text, &number)
                     : key->type == CONFIG_SIZE   ? units_parse_size(text, &plain)
                                                  : str_to_u64(text, INT64_MAX, &plain);
    if (key->type != CONFIG_DURATION)
        number = (int64_t)plain;
    if (!is_number || number < key->min || number > key->max)
        return CW_ECONFIG;
    *field = number;
    return CW_OK;
}

static enum cw_err set_bool(bool *field, struct str text)
{
    if (!str_eq(text, STR("true")) && !str_eq(text, STR("false")))
        return CW_ECONFIG;
    *field = str_eq(text, STR("true"));
    return CW_OK;
}

/* Every enum of config.h counts from 0 in the order of its choices. */
static enum cw_err set_choice(const struct config_key *key, void *field, struct str text)
{
    _Static_assert(sizeof(enum config_scope) == sizeof(unsigned), "an enum is an unsigned here");
    for (unsigned i = 0; key->choices[i] != NULL; i++)
        if (str_eq(text, str_of(key->choices[i]))) {
            memcpy(field, &i, sizeof i);
            return CW_OK;
        }
    return CW_ECONFIG;
}

static enum cw_err set_text(const struct config_key *key, char **field, struct str text)
{
    if (!key->check(text))
        return CW_ECONFIG;
    char *copy = str_dup(text);
    if (copy == NULL)
        return CW_ENOMEM;
    free(*field);
    *field = copy;
    return CW_OK;
}

static enum cw_err add_text(const struct config_key *key, struct config_list *list, struct str text)
{
    char *copy = NULL;
    enum cw_err err = set_text(key, &copy, text);
    if (err == CW_OK)
        err = config_list_add(list, copy);
    free(copy);
    return err;
}

static enum cw_err set_field(const struct config_key *key, void *field, struct str text)
{
    if (str_find_char(text, '\0') < text.len)
        return CW_ECONFIG;
    switch (key->type) {
    case CONFIG_INT:
    case CONFIG_DURATION:
    case CONFIG_SIZE: return set_number(key, field, text);
    case CONFIG_BOOL: return set_bool(field, text);
    case CONFIG_CHOICE: return set_choice(key, field, text);
    case CONFIG_TEXT: return set_text(key, field, text);
    case CONFIG_LIST: return add_text(key, field, text);
    case CONFIG_CRAWLS: break;
    }
    return CW_ECONFIG;
}

enum cw_err config_key_set(const struct config_key *key, void *object, struct str text,
                           struct errmsg *reterr_msg)
{
    char quoted[CONFIG_QUOTED_SIZE], allowed[CONFIG_ALLOWED_SIZE];
    enum cw_err err = set_field(key, (char *)object + key->offset, text);
    if (err == CW_ECONFIG)
        return errmsg_set(reterr_msg, err, "%s: %s is not %s", key->name,
                          config_quote(text, quoted), config_key_allowed(key, allowed));
    return err;
}

static enum cw_err set_by_name(enum config_level level, void *object, const char *name,
                               const char *text, struct errmsg *reterr_msg)
{
    const struct config_key *key = config_key_find(level, str_of(name));
    if (key == NULL)
        return errmsg_set(reterr_msg, CW_ECONFIG, "%s: unknown key", name);
    return config_key_set(key, object, str_of(text), reterr_msg);
}

enum cw_err crawl_config_set(struct crawl_config *c, const char *key, const char *text,
                             struct errmsg *reterr_msg)
{
    return set_by_name(CONFIG_OF_CRAWL, c, key, text, reterr_msg);
}

enum cw_err config_set(struct config *config, const char *key, const char *text,
                       struct errmsg *reterr_msg)
{
    return set_by_name(CONFIG_OF_PROCESS, config, key, text, reterr_msg);
}
