#include "config/config.h"

#include "config/keys.h"

void crawl_config_init(struct crawl_config *c)
{
    *c = (struct crawl_config){0};
    config_key_defaults(CONFIG_OF_CRAWL, c);
}

static void release_list(struct config_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->items[i]);
    free(list->items);
}

void crawl_config_release(struct crawl_config *c)
{
    release_list(&c->seeds);
    release_list(&c->include);
    release_list(&c->exclude);
    release_list(&c->headers);
    free(c->name);
    free(c->cookies);
    free(c->proxy);
    crawl_config_init(c);
}

void config_init(struct config *config)
{
    *config = (struct config){0};
    config_key_defaults(CONFIG_OF_PROCESS, config);
}

void config_release(struct config *config)
{
    for (size_t i = 0; i < config->crawl_count; i++)
        crawl_config_release(&config->crawls[i]);
    free(config->crawls);
    free(config->user_agent);
    free(config->state_directory);
    free(config->dns_servers);
    config_init(config);
}

void config_free(struct config *config)
{
    if (config != NULL)
        config_release(config);
    free(config);
}

enum cw_err config_list_add(struct config_list *list, const char *item)
{
    bool is_full = (list->count & (list->count - 1)) == 0; /* room doubles at 0, 1, 2, 4, 8, ... */
    size_t room = list->count > 0 ? list->count * 2 : 1;
    char **items = is_full ? reallocarray(list->items, room, sizeof *items) : list->items;
    if (items == NULL)
        return CW_ENOMEM;
    list->items = items;
    items[list->count] = str_dup(str_of(item));
    if (items[list->count] == NULL)
        return CW_ENOMEM;
    list->count++;
    return CW_OK;
}

const char *config_default_user_agent(void)
{
    return CRAWLD_USER_AGENT;
}
