/* A URL, a line feed, and text in which a NUL ends a run: as many pieces as bytes say the same as
 * one, what comes out is a set, and it is bounded. */
#include <assert.h>
#include <stdint.h>

#include "crawler/parse/shingles.h"

static struct print print_of(struct shingles *s, struct str url, struct str text, size_t piece)
{
    struct print print;
    shingles_init(s, url);
    while (text.len > 0) {
        struct str run = str_first(text, str_find_char(text, '\0'));
        text = str_skip(text, run.len + 1);
        for (; run.len > 0; run = str_skip(run, piece))
            shingles_add(s, str_first(run, piece));
        shingles_end_run(s);
    }
    shingles_add_part(s, url);
    shingles_finish(s, url, &print);
    return print;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct shingles a, b;
    struct str rest = str_from((const char *)data, size), url = str_cut(&rest, '\n');
    struct print whole = print_of(&a, url, rest, SIZE_MAX), bytes = print_of(&b, url, rest, 1);
    assert(whole.count <= SHINGLES_MAX);
    assert(whole.count == bytes.count && whole.sum == bytes.sum);
    assert(whole.is_lost == bytes.is_lost && whole.title == bytes.title);
    for (unsigned i = 0; i < whole.count; i++)
        assert(whole.items[i] != 0);
    return 0;
}
