#include "crawler/engine/admit.h"

#include "crawler/fetch/guard.h"

/* Does the politeness host name a port ("[::1]:22" does, "[::1]" does not) that must not be asked?
 */
static bool names_bad_port(struct str host)
{
    uint64_t port;
    size_t at = host.len;
    while (at > 0 && ascii_is_digit(host.ptr[at - 1]))
        at--;
    return at > 0 && host.ptr[at - 1] == ':' && str_to_u64(str_skip(host, at), UINT16_MAX, &port) &&
           guard_port_is_bad((uint16_t)port);
}

static struct verdict with_port(struct verdict verdict, struct str host)
{
    if (verdict.reason == EXCLUDE_NONE && names_bad_port(host))
        verdict.reason = EXCLUDE_PORT;
    return verdict;
}

struct verdict admit_url(const struct scope *scope, struct str url, struct str host, int32_t depth)
{
    return with_port(scope_judge(scope, url, host, depth), host);
}

struct verdict admit_seed(const struct scope *scope, struct str url, struct str host)
{
    return with_port(scope_judge_seed(scope, url), host);
}
