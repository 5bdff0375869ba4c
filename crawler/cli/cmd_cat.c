/* crawld cat: a stored body of a URL, as it was received, decoded: the latest, or an earlier one.
 */
#include "crawler/cli/cmd.h"
#include "crawler/cli/database.h"
#include "crawler/parse/url.h"
#include "storage/store.h"

enum { HASH_BYTES = 16 };

struct settings {
    struct database_call call;
    bool has_hash;
    uint8_t hash[HASH_BYTES];
};

static const struct option_spec specs[] = {
    {"hash", 0, "HEX", "the content with this body_hash, as view page_version has it [the latest]"},
    DATABASE_OPTION,
};

static bool read_digit(char c, uint8_t *ret)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = c != '\0' ? strchr(digits, ascii_lower(c)) : NULL;
    *ret = at != NULL ? (uint8_t)(at - digits) : 0;
    return at != NULL;
}

static bool read_hash(const char *text, uint8_t ret[HASH_BYTES])
{
    if (strlen(text) != 2 * HASH_BYTES)
        return false;
    for (size_t i = 0; i < HASH_BYTES; i++) {
        uint8_t high, low;
        if (!read_digit(text[2 * i], &high) || !read_digit(text[2 * i + 1], &low))
            return false;
        ret[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

static enum cw_err take(void *arg, const struct option_spec *spec, const char *value,
                        struct errmsg *reterr_msg)
{
    struct settings *s = arg;
    if (database_take(&s->call, spec, value))
        return CW_OK;
    s->has_hash = read_hash(value, s->hash);
    return s->has_hash ? CW_OK
                       : errmsg_set(reterr_msg, CW_ECONFIG,
                                    "--hash \"%.40s\": must be 32 digits of a body_hash", value);
}

static enum cw_err read_body(const struct settings *s, struct buf *ret, struct errmsg *reterr_msg)
{
    const char *text = s->call.operands[0];
    struct store_reader *reader;
    CLEANUP(url_release) struct url url = URL_INIT;
    enum cw_err err = url_parse(&url, str_of(text), NULL);
    if (err == CW_OK)
        err = url_is_http(&url) ? url_canonicalize(&url) : CW_EURL;
    if (err != CW_OK)
        return errmsg_set(reterr_msg, CW_EURL, "\"%.200s\" is not an http(s) URL", text);
    err = store_reader_open(&reader, s->call.path, reterr_msg);
    if (err != CW_OK)
        return err == CW_ENOTFOUND ? CW_ESTORAGE : err; /* "not found" is said of URLs here */
    err = s->has_hash ? store_read_version(reader, url_href(&url), s->hash, ret, reterr_msg)
                      : store_read_body(reader, url_href(&url), ret, reterr_msg);
    store_reader_close(reader);
    return err;
}

static int run(int argc, char **argv)
{
    struct settings s = {0};
    const struct options options = {
        .command = "cat",
        .usage = "[options] DB URL",
        .about = "Prints the stored body of a URL, as it was received, decoded.",
        .closing = "Exit status: 0 printed; 1 no such URL, or no stored body; 2 usage; 3 storage.",
        .specs = specs,
        .spec_count = ARRAY_LEN(specs),
        .take = take,
        .arg = &s,
    };
    struct errmsg message;
    int status;
    if (!database_begin(&s.call, &options, argc, argv, 1, "a database and a URL", &status))
        return status;
    CLEANUP(buf_release) struct buf body = BUF_INIT(SIZE_MAX / 2);
    enum cw_err err = read_body(&s, &body, &message);
    if (err != CW_OK)
        return cmd_fail("cat", cmd_status_of(err), "%s", message.text);
    if (fwrite(body.ptr, 1, body.len, stdout) != body.len || fflush(stdout) != 0)
        return cmd_fail("cat", EXIT_STORAGE, "standard output: cannot write");
    return EXIT_DONE;
}

const struct command command_cat = {"cat", "the stored body of a URL", run};
