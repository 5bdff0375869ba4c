/* The first line is the path, the rest a robots.txt. */
#include <stdlib.h>

#include "crawler/base/buf.h"
#include "crawler/parse/robots.h"

static void check(bool promise)
{
    if (!promise)
        abort();
}

/* A rule that was named is one that stands there: alone in a file, it still decides. */
static void check_rule(struct robots_match match, struct str path)
{
    struct robots *robots;
    struct buf body = BUF_INIT(1 << 20);
    check(buf_add(&body, STR("user-agent: *\n")) == CW_OK && buf_add(&body, match.rule) == CW_OK);
    check(robots_parse(&robots, buf_str(&body), STR("crawld")) == CW_OK);
    struct robots_match again = robots_match(robots, path);
    check(again.allowed == match.allowed && again.line == 2 && str_eq(again.rule, match.rule));
    robots_free(robots);
    buf_release(&body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str body = str_from((const char *)data, size);
    struct str path = str_cut(&body, '\n');
    struct robots *robots;
    check(robots_parse(&robots, body, STR("crawld")) == CW_OK);
    struct robots_match match = robots_match(robots, path);
    check((match.line == 0) == str_is_absent(match.rule) && (match.line > 0 || match.allowed));
    if (match.line > 0)
        check_rule(match, path);
    for (size_t i = 0; i < robots_sitemap_count(robots); i++)
        check(robots_sitemap(robots, i).len > 0);
    check(robots_crawl_delay_ms(robots) >= -1);
    robots_free(robots);
    return 0;
}
