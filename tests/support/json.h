/* json: the public test suites, as files of JSON or text, and the counting of their cases. For
 * tests only: what cannot be read ends the process. (Functions are called suite_*: json_* is
 * jansson's.)
 *
 *     json_t *cases = suite_load_json(CONFORMANCE_DIR "/url/toascii.json");   // or exit code 77
 *     struct suite suite = {.name = "toascii.json"};
 *     json_array_foreach(cases, i, test)
 *         suite_check(&suite, suite_str(test, "input"), suite_str(test, "output"), got);
 *     json_decref(cases);
 *     return suite_finish(&suite, 87); */
#ifndef TESTS_SUPPORT_JSON_H
#define TESTS_SUPPORT_JSON_H

#include <jansson.h>
#include <stdbool.h>

#include "crawler/base/buf.h"
#include "crawler/base/str.h"

enum { SUITE_SKIPPED = 77 }; /* ctest's SKIP_RETURN_CODE */

/* The file as bytes (released by the caller). Prints "skipped: ..." and exits with 77 when it is
 * not there. */
struct buf suite_load_text(const char *path);

/* The file as JSON (json_decref() it). Lone surrogates, which no UTF-8 input can hold, are read as
 * U+FFFD; \u0000 is allowed. Exits with 77 when the file is not there, with 1 when it is not JSON.
 */
json_t *suite_load_json(const char *path);

/* The member `key` of an object, borrowed; absent when it is missing, null or not a string. */
struct str suite_str(const json_t *object, const char *key);
struct str suite_str_of(const json_t *string); /* the same for a value by itself */

/* For drivers of differential checks: calls `answer` with the JSON of every line of standard input,
 * and makes what it printed go out after each. */
void suite_answer_lines(void (*answer)(const json_t *question));

struct suite {
    const char *name;
    size_t passed, total;
};

/* Counts a case. A failing one is printed: input, expected, got, as JSON strings (absent: null). */
void suite_count(struct suite *suite, bool passed, struct str input, struct str expected,
                 struct str got);

/* The same for a case that passes when `got` equals `expected` (absent equals only absent). */
void suite_check(struct suite *suite, struct str input, struct str expected, struct str got);

/* Prints "name: passed/total", and adds it to the file $CRAWLD_SUITES_FILE, which becomes the table
 * at the end of ctest (suites_table.py). The exit code: 0 when at least `at_least` cases passed.
 * Several suites in one program: or the codes. */
int suite_finish(const struct suite *suite, size_t at_least);

#endif
