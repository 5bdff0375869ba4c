#include "crawler/parse/tagrule.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* All there are; the first and the last of a letter are the ones that an index may miss. */
static void every_known_element__has_flags(void **state)
{
    (void)state;
    static const char *const names[] = {
        "a",      "abbr",     "acronym",    "area",   "audio",   "b",        "base",   "bdi",
        "bdo",    "big",      "blockquote", "body",   "br",      "center",   "cite",   "code",
        "data",   "dd",       "del",        "dfn",    "div",     "dl",       "dt",     "em",
        "embed",  "font",     "form",       "frame",  "h1",      "h2",       "h3",     "h4",
        "h5",     "h6",       "head",       "hr",     "html",    "i",        "iframe", "image",
        "img",    "input",    "ins",        "kbd",    "label",   "li",       "link",   "listing",
        "mark",   "menu",     "meta",       "nobr",   "noembed", "noframes", "object", "ol",
        "p",      "pre",      "q",          "ruby",   "s",       "samp",     "script", "small",
        "source", "span",     "strike",     "strong", "style",   "sub",      "sup",    "table",
        "td",     "template", "textarea",   "th",     "time",    "title",    "track",  "tt",
        "u",      "ul",       "use",        "var",    "video",   "wbr",      "xmp",
    };
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (tagrule_flags(str_of(names[i])) == 0)
            fail_msg("<%s> is not known", names[i]);
}

static void other_names__have_none(void **state)
{
    (void)state;
    static const char *const names[] = {"",        "A",   "aa",   "aba",  "zzz", "h7",
                                        "0",       "{",   "`a",   "tabl", "tr",  "g",
                                        "section", "x-a", "\xFF", "wbrs"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        assert_int_equal(tagrule_flags(str_of(names[i])), 0);
}

static void flags__are_those_of_the_name(void **state)
{
    (void)state;
    assert_int_equal(tagrule_flags(STR("a")), TAG_KEPT | TAG_INLINE);
    assert_int_equal(tagrule_flags(STR("script")), TAG_KEPT | TAG_INLINE | TAG_RAW);
    assert_int_equal(tagrule_flags(STR("xmp")), TAG_RAW);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_known_element__has_flags),
        cmocka_unit_test(other_names__have_none),
        cmocka_unit_test(flags__are_those_of_the_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
