/* The first line is a pattern, the rest a URL. Compiling and matching must stay within their limits
 * whatever both hold, and a glob must answer as the plain definition of globs does. */
#include <assert.h>

#include "crawler/frontier/pattern.h"

enum { PLAIN_MAX = 2048 };

/* By the book: reachable[k] says that the glob's bytes so far match the URL's first k. */
static bool plain_glob_matches(struct str glob, struct str url)
{
    static bool reachable[PLAIN_MAX + 1];
    memset(reachable, 0, sizeof reachable);
    reachable[0] = true;
    for (size_t i = 0; i < glob.len; i++) {
        if (glob.ptr[i] == '*') {
            for (size_t k = 1; k <= url.len; k++)
                reachable[k] |= reachable[k - 1];
            continue;
        }
        for (size_t k = url.len; k > 0; k--)
            reachable[k] =
                reachable[k - 1] && (glob.ptr[i] == '?' || glob.ptr[i] == url.ptr[k - 1]);
        reachable[0] = false;
    }
    return reachable[url.len];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str url = str_from((const char *)data, size);
    struct str text = str_cut(&url, '\n');
    url = str_is_absent(url) ? STR("") : str_first(url, PLAIN_MAX);
    struct arena arena = ARENA_INIT(1 << 20);
    struct pattern pattern = {0};
    struct errmsg msg;
    if (pattern_init(&pattern, &arena, text, &msg) == CW_OK) {
        enum pattern_answer answer = pattern_match(&pattern, url);
        if (!str_starts(text, STR("re:")))
            assert(answer == (plain_glob_matches(text, url) ? PATTERN_YES : PATTERN_NO));
    }
    pattern_release(&pattern);
    arena_release(&arena);
    return 0;
}
