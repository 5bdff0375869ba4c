/* load: the file's tree against the table of keys. Every problem is reported; the search goes on
 * behind it. */
#include <errno.h>

#include "config/keys.h"
#include "config/tree_p.h"
#include "crawler/base/buf.h"

/* CONFIG_MAX_VALUES nodes and the text fit. */
enum { ARENA_BYTES = 64 << 20 };

/* One mapping of the file and the struct that it fills. */
struct section {
    struct config *config;        /* borrowed; the whole */
    struct config_report *report; /* borrowed */
    config_vet_fn *vet;           /* NULL: nothing more to ask */
    enum config_level level;
    void *object; /* struct config or struct crawl_config */
    const struct node
        *given[CONFIG_MAX_KEYS]; /* values by the key's place in the table; NULL: absent */
};

static const char *kind_name(const struct node *node)
{
    if (node->kind == NODE_LIST)
        return "a list";
    return node->kind == NODE_MAPPING ? "a mapping" : node->is_null ? "nothing" : "a single value";
}

static enum cw_err report_kind(struct section *s, const struct config_key *key,
                               const struct node *value, bool is_item)
{
    char allowed[CONFIG_ALLOWED_SIZE];
    bool is_list = (key->type == CONFIG_LIST && !is_item);
    return report_add(s->report, value->place, "%s: %s where %s%s is expected", key->name,
                      kind_name(value), is_list ? "a list, each item " : "",
                      config_key_allowed(key, allowed));
}

static enum cw_err read_text(struct section *s, const struct config_key *key,
                             const struct node *value, bool is_item)
{
    struct errmsg msg;
    if (value->kind == NODE_REFUSED)
        return CW_OK;
    if (value->kind != NODE_TEXT || value->is_null)
        return report_kind(s, key, value, is_item);
    enum cw_err err = config_key_set(key, s->object, value->text, &msg);
    if (err == CW_OK && s->vet != NULL)
        err = s->vet(key->name, value->text, &msg);
    return err == CW_ECONFIG ? report_add(s->report, value->place, "%s", msg.text) : err;
}

static enum cw_err read_list(struct section *s, const struct config_key *key,
                             const struct node *value)
{
    enum cw_err err = CW_OK;
    if (value->kind == NODE_LIST && value->first == NULL && key->is_required)
        return report_add(s->report, value->place, "%s: the list is empty", key->name);
    if (value->kind != NODE_LIST)
        return value->kind == NODE_REFUSED ? CW_OK : report_kind(s, key, value, false);
    for (const struct node *item = value->first; err == CW_OK && item != NULL; item = item->next)
        err = read_text(s, key, item, true);
    return err;
}

static enum cw_err read_crawls(struct section *s, const struct config_key *key,
                               const struct node *value);

static enum cw_err read_value(struct section *s, const struct config_key *key,
                              const struct node *value)
{
    bool may_be_null = key->type >= CONFIG_TEXT && !key->is_required;
    if (value->is_null && may_be_null)
        return CW_OK; /* the default */
    switch (key->type) {
    case CONFIG_CRAWLS: return read_crawls(s, key, value);
    case CONFIG_LIST: return read_list(s, key, value);
    default: return read_text(s, key, value, false);
    }
}

static enum cw_err report_unknown(struct section *s, const struct node *key)
{
    char quoted[CONFIG_QUOTED_SIZE];
    const char *meant = config_key_suggest(s->level, key->text);
    return report_add(s->report, key->place, "unknown key %s%s%s%s",
                      config_quote(key->text, quoted), meant != NULL ? "; did you mean \"" : "",
                      meant != NULL ? meant : "", meant != NULL ? "\"?" : "");
}

static enum cw_err read_entry(struct section *s, const struct node *value)
{
    size_t count;
    if (value->key->kind != NODE_TEXT)
        return CW_OK;
    const struct config_key *keys = config_keys(s->level, &count);
    const struct config_key *key = config_key_find(s->level, value->key->text);
    if (key == NULL)
        return report_unknown(s, value->key);
    const struct node **given = &s->given[key - keys];
    if (*given != NULL)
        return report_add(s->report, value->key->place, "%s: given before, at line %u", key->name,
                          (*given)->key->place.line);
    *given = value;
    return read_value(s, key, value);
}

static enum cw_err check_required(struct section *s, struct place place)
{
    size_t count;
    const struct config_key *keys = config_keys(s->level, &count);
    enum cw_err err = CW_OK;
    for (size_t i = 0; err == CW_OK && i < count; i++)
        if (keys[i].is_required && s->given[i] == NULL)
            err = report_add(s->report, place, "%s is missing", keys[i].name);
    return err;
}

static enum cw_err read_section(struct section *s, const struct node *mapping)
{
    enum cw_err err = CW_OK;
    for (const struct node *v = mapping->first; err == CW_OK && v != NULL; v = v->next)
        err = read_entry(s, v);
    return err == CW_OK ? check_required(s, mapping->place) : err;
}

static const struct node *given_value(const struct section *s, const char *name)
{
    size_t count;
    const struct config_key *keys = config_keys(s->level, &count);
    return s->given[config_key_find(s->level, str_of(name)) - keys];
}

/* What one value alone cannot tell: names are used once. */
static enum cw_err check_name(const struct section *s)
{
    const struct crawl_config *crawl = s->object;
    for (const struct crawl_config *c = s->config->crawls; c < crawl; c++)
        if (crawl->name != NULL && c->name != NULL && strcmp(c->name, crawl->name) == 0)
            return report_add(s->report, given_value(s, "name")->place,
                              "name: \"%s\" is the name of an earlier crawl", crawl->name);
    return CW_OK;
}

static enum cw_err read_crawl(struct section *of, const struct node *item,
                              struct crawl_config *crawl)
{
    crawl_config_init(crawl);
    struct section s = {of->config, of->report, of->vet, CONFIG_OF_CRAWL, crawl, {NULL}};
    if (item->kind == NODE_REFUSED)
        return CW_OK;
    if (item->kind != NODE_MAPPING)
        return report_add(s.report, item->place, "crawls: %s where a crawl is expected",
                          kind_name(item));
    enum cw_err err = read_section(&s, item);
    return err == CW_OK ? check_name(&s) : err;
}

static enum cw_err read_crawls(struct section *s, const struct config_key *key,
                               const struct node *value)
{
    size_t count = 0;
    enum cw_err err = CW_OK;
    if (value->kind != NODE_LIST)
        return value->kind == NODE_REFUSED ? CW_OK : report_kind(s, key, value, false);
    for (const struct node *item = value->first; item != NULL; item = item->next)
        if (++count > CONFIG_MAX_CRAWLS)
            return report_add(s->report, item->place, "crawls: more than %d", CONFIG_MAX_CRAWLS);
    s->config->crawls = calloc(MAX(count, (size_t)1), sizeof *s->config->crawls);
    if (s->config->crawls == NULL)
        return CW_ENOMEM;
    for (const struct node *item = value->first; err == CW_OK && item != NULL; item = item->next)
        err = read_crawl(s, item, &s->config->crawls[s->config->crawl_count++]);
    return err;
}

/* `hosts` promises no more slots to a host than its address has. */
static enum cw_err check_addresses(const struct section *s)
{
    struct config *config = s->config;
    const struct node *given = given_value(s, "per_address");
    for (size_t i = 0; i < config->crawl_count; i++) {
        const struct crawl_config *crawl = &config->crawls[i];
        if (crawl->per_host <= config->per_address)
            continue;
        if (given != NULL)
            return report_add(s->report, given->place, "per_address: less than the per_host of %s",
                              crawl->name != NULL ? crawl->name : "a crawl");
        config->per_address = crawl->per_host;
    }
    return CW_OK;
}

static enum cw_err read_root(struct section *s, const struct node *root)
{
    if (root == NULL || root->is_null || root->kind == NODE_REFUSED)
        return CW_OK;
    if (root->kind != NODE_MAPPING)
        return report_add(s->report, root->place, "%s where a mapping of keys is expected",
                          kind_name(root));
    enum cw_err err = read_section(s, root);
    return err == CW_OK ? check_addresses(s) : err;
}

/* The two texts that are never NULL in a loaded configuration. */
static enum cw_err fill_texts(struct config *config)
{
    const struct config_key *directory = config_key_find(CONFIG_OF_PROCESS, STR("state_directory"));
    if (config->user_agent == NULL)
        config->user_agent = str_dup(str_of(config_default_user_agent()));
    if (config->state_directory == NULL)
        config->state_directory = str_dup(str_of(directory->default_text));
    return config->user_agent != NULL && config->state_directory != NULL ? CW_OK : CW_ENOMEM;
}

static enum cw_err read_config(struct config *config, struct str text, config_vet_fn *vet,
                               struct config_report *report)
{
    struct section s = {config, report, vet, CONFIG_OF_PROCESS, config, {NULL}};
    struct arena arena = ARENA_INIT(ARENA_BYTES);
    struct node *root = NULL;
    enum cw_err err;
    config_init(config);
    if (text.len > CONFIG_MAX_BYTES)
        return report_add(report, (struct place){0}, "larger than %d bytes", CONFIG_MAX_BYTES);
    err = tree_parse(&root, &arena, text, report);
    if (err == CW_OK)
        err = read_root(&s, root);
    if (err == CW_OK)
        err = fill_texts(config);
    arena_release(&arena);
    return err;
}

enum cw_err config_parse(struct config **ret, struct str text, config_vet_fn *vet,
                         struct config_report *ret_report)
{
    *ret_report = (struct config_report){0};
    struct config *config = calloc(1, sizeof *config);
    if (config == NULL)
        return CW_ENOMEM;
    enum cw_err err = read_config(config, text, vet, ret_report);
    report_finish(ret_report);
    if (err == CW_OK && ret_report->count > 0)
        err = CW_ECONFIG;
    if (err == CW_OK)
        *ret = STEAL(config);
    config_free(config);
    return err;
}

/* One byte more than allowed is read, so that config_parse() can tell. */
static enum cw_err read_file(struct buf *ret, FILE *file)
{
    char chunk[16384];
    size_t count;
    enum cw_err err = CW_OK;
    while (err == CW_OK && ret->len < ret->max && (count = fread(chunk, 1, sizeof chunk, file)) > 0)
        err = buf_add_bytes(ret, chunk, MIN(count, ret->max - ret->len));
    return err == CW_OK && ferror(file) ? CW_ECONFIG : err;
}

static enum cw_err report_errno(struct config_report *report, int number)
{
    enum cw_err err = report_add(report, (struct place){0}, "cannot be read: %s", strerror(number));
    if (err != CW_OK)
        return err;
    return number == ENOENT ? CW_ENOTFOUND : CW_ECONFIG;
}

enum cw_err config_load(struct config **ret, const char *path, config_vet_fn *vet,
                        struct config_report *ret_report)
{
    *ret_report = (struct config_report){0};
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return report_errno(ret_report, errno);
    struct buf text = BUF_INIT(CONFIG_MAX_BYTES + 1);
    enum cw_err err = read_file(&text, file);
    if (err == CW_OK)
        err = config_parse(ret, buf_str(&text), vet, ret_report);
    else if (err == CW_ECONFIG)
        err = report_errno(ret_report, errno);
    (void)fclose(file);
    buf_release(&text);
    return err;
}
