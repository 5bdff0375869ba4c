/* equal: are two crawls configured alike? By the table, so that no key can be forgotten. */
#include "config/keys.h"

static bool texts_equal(const char *a, const char *b)
{
    return (a == NULL) == (b == NULL) && (a == NULL || strcmp(a, b) == 0);
}

static bool lists_equal(const struct config_list *a, const struct config_list *b)
{
    bool equal = a->count == b->count;
    for (size_t i = 0; equal && i < a->count; i++)
        equal = texts_equal(a->items[i], b->items[i]);
    return equal;
}

static bool fields_equal(const struct config_key *key, const void *a, const void *b)
{
    const char *left = (const char *)a + key->offset, *right = (const char *)b + key->offset;
    switch (key->type) {
    case CONFIG_INT:
    case CONFIG_DURATION:
    case CONFIG_SIZE: return *(const int64_t *)left == *(const int64_t *)right;
    case CONFIG_BOOL: return *(const bool *)left == *(const bool *)right;
    case CONFIG_CHOICE: return *(const int *)left == *(const int *)right;
    case CONFIG_TEXT: return texts_equal(*(char *const *)left, *(char *const *)right);
    case CONFIG_LIST:
        return lists_equal((const struct config_list *)left, (const struct config_list *)right);
    case CONFIG_CRAWLS: break; /* no crawl holds crawls */
    }
    return false;
}

bool crawl_config_equal(const struct crawl_config *a, const struct crawl_config *b)
{
    size_t count;
    const struct config_key *keys = config_keys(CONFIG_OF_CRAWL, &count);
    bool equal = true;
    for (size_t i = 0; equal && i < count; i++)
        equal = fields_equal(&keys[i], a, b);
    return equal;
}
