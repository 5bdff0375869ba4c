#include <stdlib.h>

#include "crawler/parse/pagerules.h"

static void check(bool promise)
{
    if (!promise)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str value = str_from((const char *)data, size);
    struct pagerules rules = {.noindex = false}, twice, all = {true, true, true};
    pagerules_add_header(&rules, value, STR("crawld"), 784111777000);
    twice = rules;
    pagerules_add_header(&twice, value, STR("crawld"), 784111777000);
    check(twice.noindex == rules.noindex && twice.nofollow == rules.nofollow &&
          twice.noarchive == rules.noarchive);
    pagerules_add_meta(&all, STR("robots"), value, STR("crawld"), 784111777000);
    check(all.noindex && all.nofollow && all.noarchive);
    pagerules_add_meta(&rules, value, value, STR("crawld"), 784111777000);
    return 0;
}
