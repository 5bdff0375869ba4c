/* Our links, for differ_links.mjs. Reads lines of JSON {"html": text, "base": URL}, answers each
 * with a line of JSON: an array of "element URL". */
#include "crawler/parse/html.h"

#include "tests/support/json.h"

static void must(enum cw_err err)
{
    if (err != CW_OK) {
        (void)fprintf(stderr, "%s\n", cw_err_text(err));
        exit(1);
    }
}

static void print_links(const struct page *page)
{
    CLEANUP(buf_release) struct buf line = BUF_INIT(64 * 1024 * 1024);
    for (size_t i = 0; i < page->link_count; i++) {
        CLEANUP(buf_release) struct buf text = BUF_INIT(URL_MAX_BYTES + 100);
        must(buf_addf(&text, STR_FMT " " STR_FMT, STR_ARG(page->links[i].element),
                      STR_ARG(page->links[i].url)));
        must(buf_add_char(&line, i == 0 ? '[' : ','));
        must(buf_add_json(&line, buf_str(&text)));
    }
    printf("%s]\n", page->link_count == 0 ? "[" : line.ptr);
}

static void answer(const json_t *question)
{
    struct page page = {0};
    struct arena arena = ARENA_INIT(256 * 1024 * 1024);
    struct url base = URL_INIT;
    must(url_parse(&base, suite_str(question, "base"), NULL));
    const struct html_input input = {
        .html = suite_str(question, "html"), .base = &base, .agent = STR("crawld")};
    must(html_parse(&page, &arena, &input));
    print_links(&page);
    url_release(&base);
    arena_release(&arena);
}

int main(void)
{
    suite_answer_lines(answer);
    return 0;
}
