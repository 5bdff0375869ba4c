/* srcset.json, meta-refresh.json and extract.json: see README.md beside them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "crawler/parse/links.h"
#include "tests/support/json.h"

static int check_srcset(void)
{
    struct suite suite = {.name = "srcset.json: first candidate"};
    json_t *cases = suite_load_json(CONFORMANCE_DIR "/links/srcset.json");
    size_t i;
    json_t *test;
    json_array_foreach(cases, i, test)
    {
        struct str rest = suite_str(test, "srcset"), first = STR_NONE;
        (void)links_next_srcset(&rest, &first);
        suite_check(&suite, suite_str(test, "srcset"), suite_str(test, "first_url"), first);
    }
    json_decref(cases);
    return suite_finish(&suite, 229);
}

/* White space inside a URL goes away in URL parsing, which is not part of these steps. */
static void add_without_space(struct buf *b, struct str url)
{
    for (size_t i = 0; i < url.len; i++)
        if (!ascii_is_space(url.ptr[i]))
            assert_int_equal(buf_add_char(b, url.ptr[i]), CW_OK);
}

static void check_refresh_case(struct suite *suite, const json_t *test)
{
    struct buf got = BUF_INIT(4096), expected = BUF_INIT(4096);
    uint64_t seconds;
    struct str content = suite_str(test, "content"), url;
    if (links_parse_refresh(content, &seconds, &url)) {
        assert_int_equal(buf_addf(&got, "%llu ", (unsigned long long)seconds), CW_OK);
        add_without_space(&got, url);
    }
    if (!json_is_null(json_object_get(test, "seconds"))) {
        json_int_t wanted = json_integer_value(json_object_get(test, "seconds"));
        assert_int_equal(buf_addf(&expected, "%lld ", (long long)wanted), CW_OK);
        add_without_space(&expected, suite_str(test, "url"));
    }
    suite_check(suite, content, buf_str(&expected), buf_str(&got));
    buf_release(&got);
    buf_release(&expected);
}

static int check_refresh(void)
{
    struct suite suite = {.name = "meta-refresh.json"};
    json_t *cases = suite_load_json(CONFORMANCE_DIR "/links/meta-refresh.json");
    size_t i;
    json_t *test;
    json_array_foreach(cases, i, test) check_refresh_case(&suite, test);
    json_decref(cases);
    return suite_finish(&suite, 69);
}

int main(void)
{
    return check_srcset() | check_refresh();
}
