/* pagerules: what X-Robots-Tag headers and <meta name=robots> ask for. Pure. */
#ifndef CRAWLER_PARSE_PAGERULES_H
#define CRAWLER_PARSE_PAGERULES_H

#include <stdbool.h>
#include <stdint.h>

#include "crawler/base/str.h"

struct pagerules {
    bool noindex, nofollow, noarchive;
};

/* Adds the rules of one X-Robots-Tag value ("noindex", "googlebot: none, otherbot: ...") that apply
 * to `agent` (a product token). The most restrictive ones win. */
void pagerules_add_header(struct pagerules *rules, struct str value, struct str agent,
                          int64_t now_unix_ms);

/* Adds the rules of <meta name=NAME content=VALUE>, where NAME is "robots" or the agent's token. */
void pagerules_add_meta(struct pagerules *rules, struct str name, struct str content,
                        struct str agent, int64_t now_unix_ms);

#endif
