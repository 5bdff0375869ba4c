/* admit: may a URL be queued at all? What scope says, and the port: policy and mechanism meet here.
 * Pure; any thread. The details live as long as the scope. */
#ifndef CRAWLER_ENGINE_ADMIT_H
#define CRAWLER_ENGINE_ADMIT_H

#include "crawler/frontier/scope.h"

/* A canonical URL found on a page, `depth` links from a seed. */
struct verdict admit_url(const struct scope *scope, struct str url, struct str host, int32_t depth);

/* One that a person named, or that such a one redirects to. */
struct verdict admit_seed(const struct scope *scope, struct str url, struct str host);

#endif
