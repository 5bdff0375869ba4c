#include "crawler/base/err.h"

#include <stdarg.h>

static const struct {
    const char *name, *text;
    enum cw_retry retry;
} errors[] = {
#define X(symbol, name, text, retry) {name, text, CW_RETRY_##retry},
    CW_ERRORS(X)
#undef X
};

const char *cw_err_name(enum cw_err err)
{
    return (unsigned)err < CW_ERR_COUNT ? errors[err].name : "unknown";
}

const char *cw_err_text(enum cw_err err)
{
    return (unsigned)err < CW_ERR_COUNT ? errors[err].text : "unknown error";
}

enum cw_retry cw_err_retry(enum cw_err err)
{
    return (unsigned)err < CW_ERR_COUNT ? errors[err].retry : CW_RETRY_NEVER;
}

enum cw_err cw_err_by_name(const char *name)
{
    for (int i = 0; i < CW_ERR_COUNT; i++)
        if (strcmp(errors[i].name, name) == 0)
            return (enum cw_err)i;
    return CW_ERR_COUNT;
}

enum cw_err errmsg_set(struct errmsg *msg, enum cw_err err, const char *format, ...)
{
    if (msg == NULL)
        return err;
    va_list args;
    va_start(args, format);
    (void)vsnprintf(msg->text, sizeof msg->text, format, args);
    va_end(args);
    return err;
}
