#include <errno.h>

#include "storage/sqlite/store_p.h"

static enum cw_err fail(const char *path, const char *folder, struct errmsg *reterr_msg)
{
    int number = errno;
    if (number == ENOENT)
        return errmsg_set(reterr_msg, CW_ENOTFOUND,
                          "cannot open %s: there is no folder %s; create it first", path, folder);
    return errmsg_set(reterr_msg, CW_ESTORAGE, "cannot open %s: %s: %s", path, folder,
                      strerror(number));
}

enum cw_err store_resolve_path(const char *path, char **ret, struct errmsg *reterr_msg)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash != NULL ? slash + 1 : path;
    struct str folder = slash != NULL ? str_from(path, (size_t)(name - path)) : STR(".");
    char *asked = str_dup(folder);
    if (asked == NULL)
        return errmsg_set(reterr_msg, CW_ENOMEM, "%s", cw_err_text(CW_ENOMEM));
    char *real = realpath(asked, NULL);
    enum cw_err err = real == NULL ? fail(path, asked, reterr_msg) : CW_OK;
    free(asked);
    if (err != CW_OK)
        return err;
    if (asprintf(ret, "%s/%s", real, name) < 0)
        err = errmsg_set(reterr_msg, CW_ENOMEM, "%s", cw_err_text(CW_ENOMEM));
    free(real);
    return err;
}
