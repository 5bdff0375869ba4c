/* Sites in a few lines: a page is a list of words, what it says goes through the real shingles. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "crawler/frontier/traps.h"
#include "crawler/parse/shingles.h"

#define HOST STR("example.org")

static struct traps *traps;

static int setup(void **state)
{
    (void)state;
    return traps_new(&traps, 64 << 20) == CW_OK ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    traps_free(traps);
    return 0;
}

static struct trap_host *host(void)
{
    struct trap_host *h = traps_get(traps, HOST);
    assert_non_null(h);
    return h;
}

/* Sixty words that only this number has, behind what all pages have. */
static void tell(struct shingles *s, unsigned story)
{
    char word[16];
    shingles_add(s, STR("Home About Contact and a line that stands on every page"));
    shingles_end_run(s);
    for (unsigned i = 0; story > 0 && i < 60; i++) {
        unsigned value = (story * 60 + i) * 2654435761u;
        for (int n = 0; n < 8; n++, value /= 16)
            word[n] = (char)('a' + value % 16);
        word[8] = ' ';
        shingles_add(s, str_from(word, 9));
    }
}

/* The page `url` came, told `story` (0: what all pages have and nothing else), and had a link. */
static void learn_with(const char *url, unsigned story, const char *link)
{
    static struct shingles s;
    struct page_link links[] = {{.url = str_of(link), .follow = true}};
    struct page page = {.links = links, .link_count = link != NULL};
    shingles_init(&s, str_of(url));
    tell(&s, story);
    shingles_finish(&s, STR("A title"), &page.print);
    traps_reserve(host(), str_of(url));
    traps_learn(host(), str_of(url), &page);
}

/* It leads on to a URL that nobody named before. */
static void learn(const char *url, unsigned story)
{
    static unsigned next;
    char link[32];
    (void)snprintf(link, sizeof link, "http://h/next/%u", ++next);
    learn_with(url, story, link);
}

static struct trap_answer judge(const char *url, bool is_late)
{
    struct trap_answer answer;
    traps_judge(host(), str_of(url), is_late, &answer);
    return answer;
}

/* Asks for `url` as the engine does; true: it went, and told `story`. */
static bool visit(const char *url, unsigned story)
{
    struct trap_answer answer = judge(url, false);
    if (answer.verdict == TRAP_LATER)
        answer = judge(url, true);
    if (answer.verdict == TRAP_GO)
        learn(url, story);
    return answer.verdict == TRAP_GO;
}

/* `form` with `n` for each `#`, and a session of its own for `~`. */
static const char *url_of(const char *form, unsigned n)
{
    static char url[256];
    static unsigned sessions = 77;
    size_t len = 0;
    sessions = sessions * 1103515245 + 12345;
    for (; *form != '\0'; form++)
        if (*form == '#')
            len += (size_t)snprintf(url + len, sizeof url - len, "%u", n);
        else if (*form == '~')
            len += (size_t)snprintf(url + len, sizeof url - len, "a1%08xb2%08x", sessions, n);
        else
            url[len++] = *form;
    url[len] = '\0';
    return url;
}

static unsigned visit_many(const char *format, unsigned first, unsigned count, bool has_stories)
{
    unsigned went = 0;
    for (unsigned n = first; n < first + count; n++)
        went += visit(url_of(format, n), has_stories ? n : 0);
    return went;
}

static void pages_with_stories__go(void **state)
{
    (void)state;
    static const char *const honest[] = {"http://h/page/#", "http://h/list?page=#",
                                         "http://h/item?id=#&view=all", "http://h/#/#/#/x",
                                         "http://h/a/b/c/d/e-#.html"};
    for (unsigned i = 0; i < ARRAY_LEN(honest); i++)
        assert_int_equal(visit_many(honest[i], 1 + 2000 * i, 2000, true), 2000);
    assert_int_equal(judge("http://h/page/7", false).verdict, TRAP_GO);
}

static void pages_without__wait_and_then_are_refused_with_figures(void **state)
{
    (void)state;
    visit_many("http://h/page/#", 1, 50, true);
    for (unsigned n = 1; n <= TRAP_EVIDENCE; n++) {
        assert_int_equal(judge(url_of("http://h/cal?m=#", n), false).verdict, TRAP_GO);
        learn(url_of("http://h/cal?m=#", n), 0);
    }
    struct trap_answer answer = judge("http://h/cal?m=21", false);
    assert_int_equal(answer.verdict, TRAP_LATER);
    assert_true(answer.priority >= PRIORITY_LATE);
    assert_int_equal(judge("http://h/cal?m=21", true).verdict, TRAP_GO);
    unsigned went = visit_many("http://h/cal?m=#", 21, 5000, false);
    assert_in_range(went, TRAP_CREDIT, TRAP_CREDIT + 50);
    answer = judge("http://h/cal?m=99999", true);
    assert_int_equal(answer.verdict, TRAP_REFUSE);
    (void)snprintf(answer.detail + strcspn(answer.detail, "0123456789"), 1, "%s", "");
    assert_string_equal(answer.detail, "/cal?m: ");
    assert_int_equal(judge("http://h/page/99", false).verdict, TRAP_GO);
}

static void pages_that_lead_nowhere__are_no_trap(void **state)
{
    (void)state;
    for (unsigned n = 1; n <= 5000; n++) { /* all say the same, and link to the start */
        assert_int_equal(judge(url_of("http://h/x/#", n), false).verdict, TRAP_GO);
        learn_with(url_of("http://h/x/#", n), 0, n % 2 == 0 ? "http://h/" : NULL);
    }
}

static void a_site_without_text__has_more_credit(void **state)
{
    (void)state;
    unsigned went = visit_many("http://h/x/#", 1, 5000, false);
    assert_in_range(went, TRAP_CREDIT_OF_FEW, TRAP_CREDIT_OF_FEW + 50);
}

static void filters_that_combine__are_one_class(void **state)
{
    (void)state;
    unsigned went = 0;
    visit_many("http://h/page/#", 1, 50, true);
    for (unsigned set = 1; set < 4096; set++) {
        char url[256] = "http://h/search";
        for (unsigned i = 0; i < 12; i++)
            if ((set >> i & 1) != 0)
                (void)snprintf(url + strlen(url), sizeof url - strlen(url), "%c%c=1",
                               strchr(url, '?') == NULL ? '?' : '&', 'a' + (int)i);
        went += visit(url, 0);
    }
    assert_in_range(went, TRAP_CREDIT, TRAP_CREDIT + 50);
}

static void folders_in_every_order__are_found_by_their_roots(void **state)
{
    (void)state;
    unsigned went = 0, chance = 1;
    visit_many("http://h/page/#", 1, 50, true);
    for (unsigned n = 0; n < 5000; n++) {
        char url[256] = "http://h/docs";
        for (int i = 0; i < 6; i++) {
            chance = chance * 1103515245 + 12345;
            (void)snprintf(url + strlen(url), sizeof url - strlen(url), "/%c",
                           'a' + (int)(chance >> 16) % 12);
        }
        went += visit(url, 0);
    }
    assert_in_range(went, TRAP_CREDIT, 400);
}

static void a_class_that_was_refused__can_recover(void **state)
{
    (void)state;
    visit_many("http://h/page/#", 1, 50, true);
    visit_many("http://h/news/#", 1, 1000, false);
    unsigned went = visit_many("http://h/news/#", 5001, 20000, true);
    assert_in_range(went, 18000, 20000);
}

static void each_crawl_ends__samples_are_ever_rarer(void **state)
{
    (void)state;
    visit_many("http://h/cal?m=#", 1, 2000, false);
    unsigned went = visit_many("http://h/cal?m=#", 2001, 100000, false);
    assert_in_range(went, 5, 16);
}

static void a_session_in_the_url__is_left_out(void **state)
{
    (void)state;
    static const char *const forms[] = {"http://h/q#?sid=~", "http://h/p#?x=1&k=~&y=2",
                                        "http://h/s/~/r#", "http://h/t#;jsessionid=~",
                                        "http://h/(S(~))/u#"};
    for (unsigned i = 0; i < ARRAY_LEN(forms); i++) {
        unsigned went = 0;
        for (unsigned n = 1; n <= 4000; n++) {
            unsigned page = n % 400 + 1;
            went += visit(url_of(forms[i], page), 1000 * (i + 1) + page);
        }
        if (went < 400 || went > 440)
            fail_msg("%s: %u requests for 400 pages", forms[i], went);
    }
}

static void a_token_that_names_the_page__matters(void **state)
{
    (void)state;
    assert_int_equal(visit_many("http://h/doc/~/view", 1, 2000, true), 2000);
    assert_int_equal(visit_many("http://h/open?doc=~", 2001, 2000, true), 2000);
}

static void what_did_not_come__may_be_asked_for_again(void **state)
{
    (void)state;
    for (unsigned n = 1; n <= 20; n++)
        visit(url_of("http://h/page?sid=#", n), 1);
    assert_int_equal(judge("http://h/page?sid=99", true).verdict, TRAP_REFUSE);
    assert_int_equal(judge("http://h/other?sid=1", true).verdict, TRAP_GO);
    traps_reserve(host(), STR("http://h/other?sid=1"));
    assert_int_equal(judge("http://h/other?sid=2", true).verdict, TRAP_REFUSE);
    traps_forget(host(), STR("http://h/other?sid=1"));
    assert_int_equal(judge("http://h/other?sid=2", true).verdict, TRAP_GO);
}

static void what_was_learned__comes_back(void **state)
{
    (void)state;
    static struct trap_lesson lessons[1000];
    visit_many("http://h/page/#", 1, 50, true);
    visit_many("http://h/cal?m=#", 1, 1000, false);
    for (unsigned n = 1; n <= 20; n++)
        visit(url_of("http://h/page?sid=#", n), 1);
    size_t count = traps_take_lessons(traps, lessons, ARRAY_LEN(lessons));
    assert_in_range(count, 4, 40);
    assert_false(traps_has_lessons(traps));
    struct traps *old = traps;
    assert_int_equal(traps_new(&traps, 64 << 20), CW_OK);
    assert_false(traps_knows(traps, HOST));
    for (size_t i = 0; i < count; i++)
        traps_restore(host(), &lessons[i]);
    assert_int_equal(judge("http://h/cal?m=2000", false).verdict, TRAP_LATER);
    assert_int_equal(judge("http://h/cal?m=2000", true).verdict, TRAP_REFUSE);
    visit("http://h/new?sid=1", 7);
    assert_int_equal(judge("http://h/new?sid=2", true).verdict, TRAP_REFUSE);
    assert_int_equal(judge("http://h/page/51", false).verdict, TRAP_GO);
    traps_free(old);
}

static void lessons__are_taken_as_there_is_room(void **state)
{
    (void)state;
    struct trap_lesson lessons[2];
    unsigned taken = 0;
    visit_many("http://h/a/#", 1, 30, true);
    visit_many("http://h/b/#", 101, 30, true);
    visit_many("http://h/c/#", 201, 30, true);
    for (size_t n; (n = traps_take_lessons(traps, lessons, 2)) > 0;)
        taken += (unsigned)n;
    assert_in_range(taken, 4, 20);
    assert_false(traps_has_lessons(traps));
    assert_int_equal(traps_take_lessons(traps, lessons, 2), 0);
    visit("http://h/a/99", 999);
    assert_in_range(traps_take_lessons(traps, lessons, 2), 1, 2);
}

static void memory__has_a_ceiling(void **state)
{
    (void)state;
    static struct trap_lesson lessons[4096];
    enum { HOSTS = 9000, CEILING = 1 << 20 };
    traps_free(traps);
    assert_int_equal(traps_new(&traps, CEILING), CW_OK);
    for (unsigned n = 1; n <= HOSTS; n++) {
        static struct shingles s;
        struct page page = {0};
        char name[32];
        (void)snprintf(name, sizeof name, "h%u.example", n);
        shingles_init(&s, STR("http://h/"));
        tell(&s, n);
        shingles_finish(&s, STR_NONE, &page.print);
        traps_learn(traps_get(traps, str_of(name)), STR("http://h/"), &page);
        if (n % 100 == 0)
            while (traps_take_lessons(traps, lessons, ARRAY_LEN(lessons)) > 0)
                ;
    }
    unsigned known = 0;
    for (unsigned n = 1; n <= HOSTS; n++) {
        char name[32];
        (void)snprintf(name, sizeof name, "h%u.example", n);
        known += traps_knows(traps, str_of(name));
    }
    assert_in_range(known, 100, HOSTS / 3); /* a kilobyte each; what is not stored stays */
    assert_true(traps_knows(traps, STR("h9000.example")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(pages_with_stories__go, setup, teardown),
        cmocka_unit_test_setup_teardown(pages_without__wait_and_then_are_refused_with_figures,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(pages_that_lead_nowhere__are_no_trap, setup, teardown),
        cmocka_unit_test_setup_teardown(a_site_without_text__has_more_credit, setup, teardown),
        cmocka_unit_test_setup_teardown(filters_that_combine__are_one_class, setup, teardown),
        cmocka_unit_test_setup_teardown(folders_in_every_order__are_found_by_their_roots, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_class_that_was_refused__can_recover, setup, teardown),
        cmocka_unit_test_setup_teardown(each_crawl_ends__samples_are_ever_rarer, setup, teardown),
        cmocka_unit_test_setup_teardown(a_session_in_the_url__is_left_out, setup, teardown),
        cmocka_unit_test_setup_teardown(a_token_that_names_the_page__matters, setup, teardown),
        cmocka_unit_test_setup_teardown(what_did_not_come__may_be_asked_for_again, setup, teardown),
        cmocka_unit_test_setup_teardown(what_was_learned__comes_back, setup, teardown),
        cmocka_unit_test_setup_teardown(lessons__are_taken_as_there_is_room, setup, teardown),
        cmocka_unit_test_setup_teardown(memory__has_a_ceiling, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
