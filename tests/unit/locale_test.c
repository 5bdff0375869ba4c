/* The parsers know no locale: in Turkish the lower case of I is not i, in others the decimal point
 * is a comma; none of that may show. CMake builds tr_TR.UTF-8 where the system has its sources
 * (package locales) and points LOCPATH there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <locale.h>

#include "crawler/parse/charset.h"
#include "crawler/parse/html.h"
#include "crawler/parse/httpdate.h"
#include "crawler/parse/mime.h"

static const struct str page_text =
    STR("<HTML LANG=TR><HEAD><META HTTP-EQUIV=CONTENT-TYPE CONTENT='TEXT/HTML; CHARSET=ISO-8859-9'>"
        "<TITLE>\xDDI \xFDi &Iacute;</TITLE><META NAME=DESCRIPTION CONTENT='I'>"
        "<META NAME=ROBOTS CONTENT='NOINDEX'><LINK REL='CANONICAL' HREF='/I'></HEAD>"
        "<IMG SRC='HTTP://XN--I-SFA.TEST/I.GIF' SRCSET='J 1.5X, K 2.5x'>"
        "<IFRAME SRC=/F></IFRAME><A HREF='?\xDD' REL='NOFOLLOW'>I</A>"
        "<STYLE>@IMPORT URL(I.CSS)</STYLE><META HTTP-EQUIV=REFRESH CONTENT='1.5;URL=I'>");

/* All that the parsers say of the page, as text. */
static struct buf read_all(void)
{
    struct buf out = BUF_INIT(1 << 20), utf8 = BUF_INIT(1 << 20), essence = BUF_INIT(100),
               charset = BUF_INIT(100);
    struct arena arena = ARENA_INIT(1 << 20);
    struct url base = URL_INIT;
    struct page page = {0};
    page.charset = charset_sniff(page_text, STR_NONE, true);
    assert_int_equal(charset_to_utf8(&utf8, page_text, page.charset), CW_OK);
    assert_int_equal(url_parse(&base, STR("HTTP://EXAMPLE.TEST/DIR/I"), NULL), CW_OK);
    struct html_input input = {
        .html = buf_str(&utf8), .charset = page.charset, .base = &base, .agent = STR("crawld")};
    assert_int_equal(html_parse(&page, &arena, &input), CW_OK);
    assert_true(mime_parse(STR("TEXT/HTML; CHARSET=ISO-8859-9"), &essence, &charset));
    assert_int_equal(buf_addf(&out,
                              "%s %s %s\n" STR_FMT "|" STR_FMT "|" STR_FMT "|%d|" STR_FMT "\n",
                              page.charset.ptr, essence.ptr, charset.ptr, STR_ARG(page.title),
                              STR_ARG(page.language), STR_ARG(page.description), page.noindex,
                              STR_ARG(page.canonical_url)),
                     CW_OK);
    for (size_t i = 0; i < page.link_count; i++)
        assert_int_equal(buf_addf(&out, STR_FMT " " STR_FMT " %d\n", STR_ARG(page.links[i].element),
                                  STR_ARG(page.links[i].url), page.links[i].nofollow),
                         CW_OK);
    buf_release(&utf8);
    buf_release(&essence);
    buf_release(&charset);
    url_release(&base);
    arena_release(&arena);
    return out;
}

static const char expected[] = "windows-1254 text/html ISO-8859-9\n"
                               "\u0130I \u0131i \u00CD|TR|I|1|http://example.test/I\n"
                               "link http://example.test/I 0\n"
                               "img http://xn--i-sfa.test/I.GIF 0\n"
                               "img http://example.test/DIR/K 0\n"
                               "iframe http://example.test/F 0\n"
                               "a http://example.test/DIR/I?%DD 1\n"
                               "style http://example.test/DIR/I.CSS 0\n"
                               "meta http://example.test/DIR/I 0\n";

static void in_any_locale__a_page_says_the_same(void **state)
{
    static const char *const locales[] = {"C", "C.UTF-8", "tr_TR.UTF-8", "nowhere_XX"};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(locales); i++) {
        bool is_set = setlocale(LC_ALL, locales[i]) != NULL;
        print_message("%s%s\n", locales[i], is_set ? "" : ": not on this machine");
        struct buf got = read_all();
        assert_string_equal(got.ptr, expected);
        buf_release(&got);
    }
    (void)setlocale(LC_ALL, "C");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_any_locale__a_page_says_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
