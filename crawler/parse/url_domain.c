/* The wall to libpsl: registrable domains. */
#include <libpsl.h>

#include "crawler/parse/url.h"
#include "crawler/parse/url_host_p.h"

enum { NAME_SIZE = 254 + 1 }; /* the longest domain name, its last dot, and NUL */

struct str url_registrable_domain(struct str hostname)
{
    char name[NAME_SIZE];
    struct str plain =
        str_ends(hostname, STR(".")) ? str_first(hostname, hostname.len - 1) : hostname;
    if (plain.len == 0 || plain.len >= sizeof name || plain.ptr[0] == '[' || plain.ptr[0] == '.' ||
        url_ip_looks_like_v4(plain))
        return hostname;
    for (size_t i = 0; i < plain.len; i++)
        name[i] = ascii_lower(plain.ptr[i]);
    name[plain.len] = '\0';
    const char *found = psl_registrable_domain(psl_builtin(), name);
    return found != NULL ? str_skip(hostname, (size_t)(found - name)) : hostname;
}
