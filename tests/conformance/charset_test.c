/* encodings.json and the sniffing cases of encoding/: see README.md beside them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "crawler/parse/charset.h"
#include "tests/support/json.h"

static void check_encoding(struct suite *suite, const json_t *encoding)
{
    size_t i;
    json_t *label;
    json_array_foreach(json_object_get(encoding, "labels"), i, label)
        suite_check(suite, suite_str_of(label), suite_str(encoding, "name"),
                    charset_of_label(suite_str_of(label)));
}

static int check_labels(void)
{
    struct suite suite = {.name = "encodings.json: labels"};
    json_t *groups = suite_load_json(CONFORMANCE_DIR "/encoding/encodings.json"), *group, *encoding;
    size_t i, k;
    json_array_foreach(groups, i, group)
        json_array_foreach(json_object_get(group, "encodings"), k, encoding)
            check_encoding(&suite, encoding);
    json_decref(groups);
    return suite_finish(&suite, 228);
}

/* Takes the part before `mark` off the front; the last part leaves *rest absent. */
static struct str take_until(struct str *rest, struct str mark)
{
    size_t at = str_find(*rest, mark);
    struct str part = str_first(*rest, at);
    *rest = at < rest->len ? str_skip(*rest, at + mark.len) : STR_NONE;
    return part;
}

/* A file of "#data\nBYTES\n#encoding\nLABEL\n" cases; no HTTP header was sent with any of them. */
static int check_sniffing(const char *path, const char *name, size_t at_least)
{
    struct suite suite = {.name = name};
    struct buf text = suite_load_text(path);
    struct str rest = buf_str(&text);
    (void)take_until(&rest, STR("#data\n"));
    while (!str_is_absent(rest)) {
        struct str test = take_until(&rest, STR("#data\n"));
        struct str data = take_until(&test, STR("\n#encoding\n"));
        struct str expected = charset_of_label(take_until(&test, STR("\n")));
        suite_check(&suite, data, expected, charset_sniff(data, STR_NONE, true));
    }
    buf_release(&text);
    return suite_finish(&suite, at_least);
}

static int check_detection(void)
{
    struct suite suite = {.name = "chardet-big5.txt"};
    struct buf text = suite_load_text(CONFORMANCE_DIR "/encoding/chardet-big5.txt");
    suite_check(&suite, STR("chardet-big5.txt"), STR("Big5"),
                charset_sniff(buf_str(&text), STR_NONE, true));
    buf_release(&text);
    return suite_finish(&suite, 1);
}

int main(void)
{
    return check_labels() | check_detection() |
           check_sniffing(CONFORMANCE_DIR "/encoding/tests1.dat", "tests1.dat", 59) |
           check_sniffing(CONFORMANCE_DIR "/encoding/tests2.dat", "tests2.dat", 22) |
           check_sniffing(CONFORMANCE_DIR "/encoding/test-yahoo-jp.dat", "test-yahoo-jp.dat", 1);
}
