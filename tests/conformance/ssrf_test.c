/* ssrf/addresses.json: single addresses, and whether the default guard may let crawld connect. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>

#include "crawler/fetch/address.h"
#include "crawler/fetch/guard.h"

static json_t *load(const char *name)
{
    char path[4096];
    (void)snprintf(path, sizeof path, "%s/%s", CONFORMANCE_DIR, name);
    return json_load_file(path, 0, NULL);
}

static bool case_passes(const json_t *c)
{
    const char *ip = json_string_value(json_object_get(c, "ip"));
    const char *verdict = json_string_value(json_object_get(c, "verdict"));
    struct sockaddr_storage address;
    const struct guard guard = GUARD_DEFAULT;
    if (ip == NULL || verdict == NULL || !address_read(ip, &address)) {
        printf("%s: cannot be read\n", ip != NULL ? ip : "(no ip)");
        return false;
    }
    bool allowed = guard_allows(&guard, (struct sockaddr *)&address);
    if (allowed == (strcmp(verdict, "allow") == 0))
        return true;
    printf("%s: expected %s, got %s (%s)\n", ip, verdict, allowed ? "allow" : "deny",
           guard_class_name(guard_classify((struct sockaddr *)&address)));
    return false;
}

int main(void)
{
    json_t *cases = load("ssrf/addresses.json");
    if (cases == NULL) {
        printf("skipped: no conformance data in %s\n", CONFORMANCE_DIR);
        return 77;
    }
    size_t passed = 0, total = json_array_size(cases);
    for (size_t i = 0; i < total; i++)
        passed += case_passes(json_array_get(cases, i));
    printf("ssrf addresses: %zu/%zu\n", passed, total);
    json_decref(cases);
    return passed == total && total > 0 ? 0 : 1;
}
