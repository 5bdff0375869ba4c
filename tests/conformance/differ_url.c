/* Our URLs, for differ_url.mjs. Reads lines of JSON {"input": text, "base": text or null}, answers
 * each with a line: the URL, or "-" for failure. */
#include "crawler/parse/url.h"

#include "tests/support/json.h"

static void answer(const json_t *question)
{
    struct url url = URL_INIT, base = URL_INIT;
    struct str base_text = suite_str(question, "base");
    bool has_base = !str_is_absent(base_text);
    bool ok = (!has_base || url_parse(&base, base_text, NULL) == CW_OK) &&
              url_parse(&url, suite_str(question, "input"), has_base ? &base : NULL) == CW_OK;
    if (ok)
        printf(STR_FMT "\n", STR_ARG(url_href(&url)));
    else
        printf("-\n");
    url_release(&url);
    url_release(&base);
}

int main(void)
{
    suite_answer_lines(answer);
    return 0;
}
