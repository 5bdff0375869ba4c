#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "crawler/base/buf.h"
#include "crawler/parse/linkheader.h"

/* Each link as "target rel-letters hreflang type", a bar between links. */
static void add_link(struct buf *list, const struct linkheader_link *link)
{
    static const char letters[] = "cnpaf";
    assert_int_equal(
        buf_addf(list, "%s" STR_FMT " ", list->len > 0 ? "|" : "", STR_ARG(link->target)), CW_OK);
    for (size_t i = 0; i < sizeof letters - 1; i++)
        if (link->rels & 1U << i)
            assert_int_equal(buf_add_char(list, letters[i]), CW_OK);
    if (!str_is_absent(link->hreflang))
        assert_int_equal(buf_addf(list, " " STR_FMT, STR_ARG(link->hreflang)), CW_OK);
    if (!str_is_absent(link->type))
        assert_int_equal(buf_addf(list, " " STR_FMT, STR_ARG(link->type)), CW_OK);
    if (link->is_about_other)
        assert_int_equal(buf_add(list, STR(" other")), CW_OK);
}

static void a_value__reads_as_rfc_8288_has_it(void **state)
{
    (void)state;
    static const struct {
        const char *value, *expected;
    } cases[] = {
        {"", ""},
        {"</p2>; rel=\"next\"", "/p2 n"},
        {"</p2>;rel=next", "/p2 n"},
        {"  < /p2 >  ;  rel = next  ", "/p2 n"},
        /* 3.5, the examples */
        {"<http://example.com/TheBook/chapter2>; rel=\"previous\"; title=\"previous chapter\"",
         "http://example.com/TheBook/chapter2 p"},
        {"</>; rel=\"http://example.net/foo\"", "/ "},
        {"</terms>; rel=\"copyright\"; anchor=\"#foo\"", "/terms  other"},
        {"</TheBook/chapter2>; rel=\"previous\"; title*=UTF-8'de'letztes%20Kapitel, "
         "</TheBook/chapter4>; rel=\"next\"; title*=UTF-8'de'n%c3%a4chstes%20Kapitel",
         "/TheBook/chapter2 p|/TheBook/chapter4 n"},
        {"<http://example.org/>; rel=\"start http://example.net/relation/other\"",
         "http://example.org/ "},
        /* 3.3: several relations in one; case does not matter; the first rel counts */
        {"</c>; REL=\"Canonical NEXT\tprev\"", "/c cnp"},
        {"</c>; rel=next; rel=prev", "/c n"},
        {"</d>; rel=alternate; hreflang=de; hreflang=fr; type=\"text/html\"", "/d a de text/html"},
        {"</n>; rel=\"nofollow ugc\"", "/n f"},
        /* quoting: commas, semicolons and escapes within */
        {"</a>; title=\"x, </no>; rel=next\"; rel=prev", "/a p"},
        {"</a>; title=\"say \\\"hi, </no>\\\"\"; rel=prev, </b>; rel=next", "/a p|/b n"},
        {"</a>; title=\"no end, </b>; rel=next", "/a "},
        {"</a>; rel=\"next\"junk; hreflang=en", "/a n en"},
        {"</with,comma;and>; rel=next", "/with,comma;and n"},
        /* B.2: what is broken is left out, and reading goes on behind the next comma */
        {"junk, </b>; rel=next", "/b n"},
        {"</unclosed; rel=next", ""},
        {", ,, </b>; rel=next,", "/b n"},
        {"</b> rel=next, </c>; rel=prev", "/b |/c p"},
        {"</b>; ;; rel; =x; rel=next", "/b n"},
        {"<>; rel=canonical", " c"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct buf list = BUF_INIT(4096);
        struct str rest = str_of(cases[i].value);
        for (struct linkheader_link link; linkheader_next(&rest, &link);)
            add_link(&list, &link);
        if (!str_eq(buf_str(&list), str_of(cases[i].expected)))
            fail_msg("%s: expected \"%s\", got \"" STR_FMT "\"", cases[i].value, cases[i].expected,
                     STR_ARG(buf_str(&list)));
        buf_release(&list);
    }
}

static void a_value_without_links__ends(void **state)
{
    (void)state;
    struct linkheader_link link;
    struct str rest = STR("<<<<<,,,,;;;;\"\"\"\"====\0\0\\\\");
    assert_false(linkheader_next(&rest, &link));
    assert_int_equal(rest.len, 0);
    rest = STR_NONE;
    assert_false(linkheader_next(&rest, &link));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_value__reads_as_rfc_8288_has_it),
        cmocka_unit_test(a_value_without_links__ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
