/* The MIME type and sniffing suites, against crawler/parse/mime.h. */
#include "crawler/parse/mime.h"
#include "tests/support/json.h"

/* A header's bytes for a suite's string, whose code points up to U+00FF stand for bytes. Others
 * cannot come over the wire as one byte; they stay UTF-8. */
static struct buf to_bytes(struct str text)
{
    struct buf bytes = BUF_INIT(1 << 16);
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if ((unsigned char)c == 0xC2 || (unsigned char)c == 0xC3)
            c = (char)((c & 3) << 6 | (text.ptr[++i] & 0x3F));
        if (buf_add_char(&bytes, c) != CW_OK)
            exit(1);
    }
    return bytes;
}

/* Takes a parameter of a serialised MIME type, `;name=value` or `;name="value"`, off *rest. */
static struct str take_parameter(struct str *rest, struct buf *ret_value)
{
    struct str name = str_skip(str_cut(rest, '='), 1);
    bool quoted = rest->len > 0 && rest->ptr[0] == '"';
    size_t i = quoted;
    for (; i < rest->len && rest->ptr[i] != (quoted ? '"' : ';'); i++) {
        i += quoted && rest->ptr[i] == '\\';
        if (buf_add_char(ret_value, rest->ptr[i]) != CW_OK)
            exit(1);
    }
    *rest = str_skip(*rest, i + quoted);
    return name;
}

static struct buf charset_of(struct str serialised)
{
    struct buf value = BUF_INIT(1 << 16);
    struct str rest = str_skip(serialised, str_find_char(serialised, ';'));
    while (rest.len > 0) {
        buf_clear(&value);
        if (str_eq(take_parameter(&rest, &value), STR("charset")))
            return value;
    }
    buf_clear(&value);
    return value;
}

static void check_type(struct suite *suite, const json_t *test)
{
    CLEANUP(buf_release) struct buf input = to_bytes(suite_str(test, "input"));
    CLEANUP(buf_release) struct buf output = to_bytes(suite_str(test, "output"));
    CLEANUP(buf_release) struct buf essence = BUF_INIT(1 << 16), charset = BUF_INIT(1 << 16);
    CLEANUP(buf_release) struct buf wanted = charset_of(buf_str(&output));
    bool is_null = str_is_absent(suite_str(test, "output"));
    bool is_type = mime_parse(buf_str(&input), &essence, &charset);
    struct str wanted_essence = str_first(buf_str(&output), str_find_char(buf_str(&output), ';'));
    bool passed = is_type == !is_null && str_eq(buf_str(&essence), wanted_essence) &&
                  str_eq(buf_str(&charset), buf_str(&wanted));
    suite_count(suite, passed, suite_str(test, "input"), suite_str(test, "output"),
                is_type ? buf_str(&charset) : STR_NONE);
}

static int check_types(const char *name, const char *path, size_t count)
{
    json_t *tests = suite_load_json(path);
    struct suite suite = {.name = name};
    for (size_t i = 0; i < json_array_size(tests); i++)
        if (json_is_object(json_array_get(tests, i))) /* the others are headings */
            check_type(&suite, json_array_get(tests, i));
    json_decref(tests);
    return suite_finish(&suite, count);
}

static struct buf unhex(struct str hex)
{
    struct buf bytes = BUF_INIT(1 << 16);
    for (size_t i = 0; i + 1 < hex.len; i += 3)
        if (buf_add_char(&bytes, (char)(ascii_hex_value(hex.ptr[i]) * 16 +
                                        ascii_hex_value(hex.ptr[i + 1]))) != CW_OK)
            exit(1);
    return bytes;
}

static int check_sniffing(void)
{
    CLEANUP(buf_release) struct buf text = suite_load_text(CONFORMANCE_DIR "/mime/sniff.tsv");
    struct str rest = str_trim(buf_str(&text));
    struct suite suite = {.name = "sniff.tsv"};
    (void)str_cut(&rest, '\n'); /* headings */
    while (!str_is_absent(rest)) {
        struct str line = str_cut(&rest, '\n');
        (void)str_cut(&line, '\t');
        struct str description = str_cut(&line, '\t');
        CLEANUP(buf_release) struct buf body = unhex(str_cut(&line, '\t'));
        suite_check(&suite, description, str_trim(line), mime_sniff(STR_NONE, buf_str(&body)));
    }
    return suite_finish(&suite, 54);
}

int main(void)
{
    return check_types("mime-types.json", CONFORMANCE_DIR "/mime/mime-types.json", 74) |
           check_types("generated-mime-types.json",
                       CONFORMANCE_DIR "/mime/generated-mime-types.json", 881) |
           check_sniffing();
}
