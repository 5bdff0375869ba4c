/* judge: what an answer means for its URL: done, failed, or to be tried again and when. Pure. */
#ifndef CRAWLER_ENGINE_JUDGE_H
#define CRAWLER_ENGINE_JUDGE_H

#include <stdint.h>

#include "crawler/page.h"

struct judge_rules {
    int32_t retries; /* further requests after a first one that may be made again */
    int64_t now_unix_ms;
    int64_t retry_after_ms; /* as the server asked; -1: it did not */
    bool excused;           /* this machine was at fault: the request does not count */
};

/* Sets state, due_unix_ms and has_page of an outcome whose err, attempt and page are known. An
 * answer that is to be asked for again (408, 429, 5xx) is not kept as a page. */
void judge_outcome(struct outcome *o, const struct judge_rules *rules);

#endif
