/* Any text as a page: what comes out keeps the promises of page.h. */
#include <assert.h>
#include <stdint.h>

#include "crawler/base/utf8.h"
#include "crawler/parse/charset.h"
#include "crawler/parse/charset_labels.h"
#include "crawler/parse/html.h"

static void assert_text(struct str text, size_t max)
{
    assert(text.len <= max && utf8_is_valid(text));
}

static void assert_link(const struct page_link *link)
{
    assert(link->url.len > 0 && link->url.len <= URL_MAX_BYTES);
    assert(str_starts(link->url, STR("http://")) || str_starts(link->url, STR("https://")));
    assert(str_find_char(link->url, '#') == link->url.len);
    assert(link->host.len > 0 && link->host.ptr > link->url.ptr);
    assert(link->host.ptr + link->host.len <= link->url.ptr + link->url.len);
    assert_text(link->text, LINK_TEXT_MAX);
    assert_text(link->rel, LINK_TEXT_MAX);
}

static void assert_page(const struct page *page)
{
    assert_text(page->title, TITLE_MAX);
    assert_text(page->description, DESCRIPTION_MAX);
    assert_text(page->canonical_url, URL_MAX_BYTES);
    assert(page->link_count <= LINKS_MAX);
    for (size_t i = 0; i < page->link_count; i++)
        assert_link(&page->links[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf html = BUF_INIT(1 << 20), text = BUF_INIT(1 << 20);
    struct url base = URL_INIT;
    struct arena arena = ARENA_INIT(8 << 20);
    struct page page = {0};
    if (size > 1 << 16)
        return 0;
    assert(url_parse(&base, STR("https://ex.test:8443/dir/page"), NULL) == CW_OK);
    assert(charset_to_utf8(&html, str_from((const char *)data, size), STR("utf-8")) == CW_OK);
    struct html_input input = {.html = buf_str(&html),
                               .is_xhtml = size % 2 == 1,
                               .charset = charset_labels[size % CHARSET_LABEL_COUNT].name,
                               .base = &base,
                               .agent = STR("crawld"),
                               .ret_text = &text};
    assert(html_parse(&page, &arena, &input) == CW_OK);
    assert(utf8_is_valid(buf_str(&text)));
    assert_page(&page);
    buf_release(&html);
    buf_release(&text);
    url_release(&base);
    arena_release(&arena);
    return 0;
}
