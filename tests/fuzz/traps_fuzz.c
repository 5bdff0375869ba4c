/* A URL a line, each fetched in turn: its classes have names within bounds and keys that agree with
 * them, and what is learned leads to one of three answers. */
#include <assert.h>
#include <stdint.h>

#include "crawler/frontier/shapes.h"
#include "crawler/frontier/traps.h"

static void check_shapes(struct str url)
{
    struct shapes shapes;
    char room[SHAPE_TEXT_MAX];
    shapes_of(url, &shapes);
    assert(shapes.count >= 2 && shapes.count <= SHAPES_MAX);
    for (unsigned i = 0; i < shapes.count; i++) {
        struct str text = shapes_text(url, i, room);
        assert(text.len <= SHAPE_TEXT_MAX && str_hash(text) == shapes.keys[i]);
    }
    (void)shapes_refuse(url);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct traps *traps;
    struct str rest = str_from((const char *)data, MIN(size, (size_t)4096));
    if (traps_new(&traps, 1 << 20) != CW_OK)
        return 0;
    while (!str_is_absent(rest)) {
        struct str url = str_first(str_cut(&rest, '\n'), URL_MAX_BYTES);
        struct trap_host *host = traps_get(traps, STR("host"));
        uint32_t said = (uint32_t)url.len % 3 + 1;
        const struct page page = {.print = {.items = &said, .count = 1, .sum = said}};
        struct trap_answer answer;
        check_shapes(url);
        traps_judge(host, url, url.len % 2 == 0, &answer);
        assert(answer.verdict == TRAP_REFUSE || answer.detail[0] == '\0' ||
               answer.verdict == TRAP_GO);
        traps_reserve(host, url);
        if (url.len % 5 == 0)
            traps_forget(host, url);
        else
            traps_learn(host, url, &page);
    }
    struct trap_lesson lessons[8];
    while (traps_take_lessons(traps, lessons, 8) > 0)
        ;
    traps_free(traps);
    return 0;
}
