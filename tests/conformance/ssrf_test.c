/* ssrf: single addresses, and whether the default guard may let crawld connect to them; URLs, and
 * whether they get as far as the guard by name, port and scheme. */
#include <stdlib.h>

#include "crawler/fetch/address.h"
#include "crawler/fetch/guard.h"
#include "crawler/parse/url.h"
#include "tests/support/json.h"

static struct str verdict_of(bool allowed)
{
    return allowed ? STR("allow") : STR("deny");
}

static int check_addresses(void)
{
    json_t *cases = suite_load_json(CONFORMANCE_DIR "/ssrf/addresses.json");
    struct suite suite = {.name = "ssrf/addresses.json"};
    const struct guard guard = GUARD_DEFAULT;
    const json_t *test;
    size_t i;
    json_array_foreach(cases, i, test)
    {
        struct sockaddr_storage address;
        struct str ip = suite_str(test, "ip");
        bool is_address = address_read(ip.ptr, &address);
        suite_check(&suite, ip, suite_str(test, "verdict"),
                    is_address ? verdict_of(guard_allows(&guard, (struct sockaddr *)&address))
                               : STR_NONE);
    }
    json_decref(cases);
    return suite_finish(&suite, 51);
}

static bool url_is_allowed(struct str text)
{
    struct url url = URL_INIT;
    bool allowed = url_parse(&url, text, NULL) == CW_OK && url_is_http(&url) &&
                   !guard_port_is_bad(url_effective_port(&url)) &&
                   guard_class_of_name(url_hostname(&url)) == GUARD_PUBLIC;
    url_release(&url);
    return allowed;
}

static int check_urls(void)
{
    json_t *cases = suite_load_json(CONFORMANCE_DIR "/ssrf/urls.json");
    struct suite suite = {.name = "ssrf/urls.json"};
    const json_t *test;
    size_t i;
    json_array_foreach(cases, i, test)
    {
        struct str url = suite_str(test, "url");
        suite_check(&suite, url, suite_str(test, "verdict"), verdict_of(url_is_allowed(url)));
    }
    json_decref(cases);
    return suite_finish(&suite, 44);
}

int main(void)
{
    int addresses = check_addresses();
    return check_urls() | addresses;
}
