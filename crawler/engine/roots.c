#include "crawler/engine/roots.h"

#include "crawler/base/grow.h"
#include "crawler/base/table.h"

struct root {
    UT_hash_handle hh;
    char *url; /* owned; the key is a run of it, or the host */
    char *key; /* owned */
};

void roots_init(struct roots *roots, enum config_scope kind)
{
    *roots = (struct roots){.kind = kind};
}

static void free_root(struct root *root)
{
    if (root == NULL)
        return;
    free(root->url);
    free(root->key);
    free(root);
}

void roots_release(struct roots *roots)
{
    struct root *root, *next;
    HASH_ITER (hh, roots->table, root, next) {
        HASH_DEL(roots->table, root);
        free_root(root);
    }
    free(roots->urls);
    roots_init(roots, roots->kind);
}

/* The part of the URL that its root stands for: up to the path's last slash. */
static struct str prefix_of(struct str url)
{
    size_t end = str_find_char(url, '?');
    while (end > 0 && url.ptr[end - 1] != '/')
        end--;
    return str_first(url, end);
}

static struct root *new_root(struct str url, struct str key)
{
    struct root *root = calloc(1, sizeof *root);
    if (root == NULL)
        return NULL;
    root->url = str_dup(url);
    root->key = str_dup(key);
    if (root->url != NULL && root->key != NULL)
        return root;
    free_root(root);
    return NULL;
}

enum cw_err roots_add(struct roots *roots, struct str url, struct str host, bool *ret_added)
{
    struct str key = roots->kind == CONFIG_SCOPE_PREFIX ? prefix_of(url) : host;
    struct root *root = NULL;
    *ret_added = false;
    if (roots->kind == CONFIG_SCOPE_ANY)
        return CW_OK;
    HASH_FIND(hh, roots->table, key.ptr, key.len, root);
    if (root != NULL)
        return CW_OK;
    if (grow(&roots->urls, &roots->cap, roots->count, sizeof *roots->urls) != CW_OK ||
        (root = new_root(url, key)) == NULL)
        return CW_ENOMEM;
    HASH_ADD_KEYPTR(hh, roots->table, root->key, key.len, root);
    if (!table_took(root)) {
        free_root(root);
        return CW_ENOMEM;
    }
    roots->urls[roots->count++] = str_of(root->url);
    roots->mark ^= str_hash(key);
    *ret_added = true;
    return CW_OK;
}

bool roots_name_host(const struct roots *roots, struct str host)
{
    struct root *root = NULL;
    if (roots->kind == CONFIG_SCOPE_HOST || roots->kind == CONFIG_SCOPE_DOMAIN)
        HASH_FIND(hh, roots->table, host.ptr, host.len, root);
    return root != NULL;
}
