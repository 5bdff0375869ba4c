#include "crawler/engine/hint.h"

const char *hint_about(enum cw_err err)
{
    switch (err) {
    case CW_EDNS: return "is the name right?";
    case CW_EBLOCKED: return "--allow-private (allow_private: true) permits it";
    case CW_ETLS: return "--insecure (insecure: true) skips the check of certificates";
    case CW_EROBOTS: return "--no-robots (robots: false), on your own site only";
    case CW_ETOOBIG: return "--max-size (max_size) allows more";
    case CW_ETIMEOUT: return "--timeout (timeout) allows more";
    default: return "is the server up?";
    }
}

void hint_log(const struct log *log, const struct outcome *o)
{
    if (o->is_seed && o->state == URL_FAILED)
        log_warn(log, "start URL failed", F_STR("url", o->url),
                 F_TEXT("error", cw_err_name(o->err)), F_TEXT("meaning", cw_err_text(o->err)),
                 F_STR("detail", o->detail), F_TEXT("hint", hint_about(o->err)));
    else if (o->is_seed && o->state == URL_EXCLUDED)
        log_warn(log, "start URL excluded", F_STR("url", o->url),
                 F_TEXT("reason", exclude_reason_name(o->reason)), F_STR("detail", o->detail));
    else if (o->is_seed && o->has_page && o->page.status >= 400)
        log_warn(log, "start URL answered with an error", F_STR("url", o->url),
                 F_INT("status", o->page.status));
    else if (o->state == URL_FAILED)
        log_info(log, "page failed", F_STR("url", o->url), F_TEXT("error", cw_err_name(o->err)),
                 F_STR("detail", o->detail));
}
