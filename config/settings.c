#include "config/settings.h"

#include <inttypes.h>

#include "config/keys.h"
#include "config/tree_p.h"
#include "crawler/base/units.h"

enum { TREE_BYTES = 64 << 20, MASKED_MAX = 1 << 20 };

/* ---- writing ---- */

static enum cw_err add_masked(struct buf *b, struct str text, settings_mask_fn *mask)
{
    CLEANUP(buf_release) struct buf masked = BUF_INIT(MASKED_MAX);
    enum cw_err err = mask(&masked, text);
    return err == CW_OK ? buf_add_json(b, buf_str(&masked)) : err;
}

static enum cw_err add_number(struct buf *b, const struct config_key *key, int64_t value)
{
    char text[UNITS_TEXT_SIZE];
    if (value == -1 && key->word != NULL)
        return buf_addf(b, "\"%s\"", key->word);
    if (value == -2 && key->other_word != NULL)
        return buf_addf(b, "\"%s\"", key->other_word);
    if (value == -2 && key->other_word != NULL)
        return buf_addf(b, "\"%s\"", key->other_word);
    if (key->type == CONFIG_DURATION)
        units_write_duration(value, text);
    else if (key->type == CONFIG_SIZE)
        units_write_size((uint64_t)value, text);
    else
        (void)snprintf(text, sizeof text, "%" PRId64, value);
    return buf_addf(b, "\"%s\"", text);
}

static enum cw_err add_list(struct buf *b, const struct config_list *list, settings_mask_fn *mask)
{
    enum cw_err err = buf_add_char(b, '[');
    for (size_t i = 0; err == CW_OK && i < list->count; i++) {
        err = i > 0 ? buf_add_char(b, ',') : CW_OK;
        if (err == CW_OK)
            err = add_masked(b, str_of(list->items[i]), mask);
    }
    return err == CW_OK ? buf_add_char(b, ']') : err;
}

static enum cw_err add_value(struct buf *b, const struct config_key *key, const void *object,
                             settings_mask_fn *mask)
{
    const void *field = (const char *)object + key->offset;
    const char *text = NULL;
    switch (key->type) {
    case CONFIG_INT:
    case CONFIG_DURATION:
    case CONFIG_SIZE: return add_number(b, key, *(const int64_t *)field);
    case CONFIG_BOOL: return buf_addf(b, "\"%s\"", *(const bool *)field ? "true" : "false");
    case CONFIG_CHOICE: return buf_addf(b, "\"%s\"", key->choices[*(const unsigned *)field]);
    case CONFIG_TEXT:
        text = *(char *const *)field;
        return text != NULL ? add_masked(b, str_of(text), mask) : buf_add(b, STR("null"));
    case CONFIG_LIST: return add_list(b, field, mask);
    case CONFIG_CRAWLS: break; /* no crawl holds crawls */
    }
    return CW_EINVAL;
}

static enum cw_err add_crawl(struct buf *b, const struct crawl_config *crawl,
                             settings_mask_fn *mask)
{
    size_t count;
    const struct config_key *keys = config_keys(CONFIG_OF_CRAWL, &count);
    enum cw_err err = CW_OK;
    for (size_t i = 0; err == CW_OK && i < count; i++) {
        if (strcmp(keys[i].name, "seeds") == 0)
            continue;
        err = buf_addf(b, ",\"%s\":", keys[i].name);
        if (err == CW_OK)
            err = add_value(b, &keys[i], crawl, mask);
    }
    return err;
}

enum cw_err settings_write(struct buf *ret, const struct crawl_config *crawl,
                           const char *user_agent, bool seeds_open_guard, settings_mask_fn *mask)
{
    enum cw_err err = buf_add(ret, STR("{\"user_agent\":"));
    if (err == CW_OK)
        err = add_masked(ret, str_of(user_agent), mask);
    if (err == CW_OK)
        err = buf_addf(ret, ",\"seeds_open_guard\":\"%s\"", seeds_open_guard ? "true" : "false");
    if (err == CW_OK)
        err = add_crawl(ret, crawl, mask);
    return err == CW_OK ? buf_add_char(ret, '}') : err;
}

/* ---- reading ---- */

/* What the table refuses keeps its default; only memory counts. */
static enum cw_err set(struct settings *s, const struct config_key *key, const struct node *value)
{
    if (value->kind != NODE_TEXT || value->is_null)
        return CW_OK;
    enum cw_err err = config_key_set(key, &s->crawl, value->text, NULL);
    return err == CW_ENOMEM ? err : CW_OK;
}

static enum cw_err read_key(struct settings *s, const struct config_key *key,
                            const struct node *value)
{
    enum cw_err err = CW_OK;
    if (value->kind != NODE_LIST)
        return key->type == CONFIG_LIST ? CW_OK : set(s, key, value);
    for (const struct node *item = value->first;
         key->type == CONFIG_LIST && err == CW_OK && item != NULL; item = item->next)
        err = set(s, key, item);
    return err;
}

static enum cw_err read_user_agent(struct settings *s, const struct node *value)
{
    if (value->kind != NODE_TEXT || s->user_agent != NULL)
        return CW_OK;
    s->user_agent = str_dup(value->text);
    return s->user_agent != NULL ? CW_OK : CW_ENOMEM;
}

static enum cw_err read_entry(struct settings *s, const struct node *value)
{
    if (value->key->kind != NODE_TEXT)
        return CW_OK;
    struct str name = value->key->text;
    if (str_eq(name, STR("user_agent")))
        return read_user_agent(s, value);
    if (str_eq(name, STR("seeds_open_guard")))
        s->seeds_open_guard = value->kind == NODE_TEXT && str_eq(value->text, STR("true"));
    const struct config_key *key = config_key_find(CONFIG_OF_CRAWL, name);
    return key != NULL ? read_key(s, key, value) : CW_OK;
}

enum cw_err settings_read(struct settings *ret, struct str json)
{
    CLEANUP(arena_release) struct arena arena = ARENA_INIT(TREE_BYTES);
    CLEANUP(config_report_release) struct config_report report = {0};
    struct node *root = NULL;
    struct settings s = {0};
    crawl_config_init(&s.crawl);
    enum cw_err err = tree_parse(&root, &arena, json, &report); /* JSON is YAML */
    if (err == CW_OK && (root == NULL || root->kind != NODE_MAPPING))
        err = CW_EINVAL;
    for (const struct node *v = err == CW_OK ? root->first : NULL; err == CW_OK && v != NULL;
         v = v->next)
        err = read_entry(&s, v);
    if (err == CW_OK)
        *ret = s;
    else
        settings_release(&s);
    return err == CW_ECONFIG ? CW_EINVAL : err;
}

void settings_release(struct settings *settings)
{
    crawl_config_release(&settings->crawl);
    free(settings->user_agent);
    settings->user_agent = NULL;
}
