/* Our verdicts, for differ_robots.py. Reads lines of JSON {"robots": text, "agent": token, "paths":
 * [path, ...]}, answers each with a line: a letter for each path, 'a' allowed or 'd' denied. */
#include "crawler/parse/robots.h"

#include "tests/support/json.h"

static void answer(const json_t *question)
{
    struct robots *robots;
    const json_t *paths = json_object_get(question, "paths");
    if (robots_parse(&robots, suite_str(question, "robots"), suite_str(question, "agent")) != CW_OK)
        exit(1);
    for (size_t i = 0; i < json_array_size(paths); i++)
        putchar(robots_match(robots, suite_str_of(json_array_get(paths, i))).allowed ? 'a' : 'd');
    putchar('\n');
    robots_free(robots);
}

int main(void)
{
    suite_answer_lines(answer);
    return 0;
}
