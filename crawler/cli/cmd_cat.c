/* crawld cat: the stored body of a URL, as it was received, decoded. */
#include "crawler/cli/cmd.h"
#include "crawler/cli/database.h"
#include "crawler/parse/url.h"
#include "storage/store.h"

static const struct option_spec specs[] = {DATABASE_OPTION};

static enum cw_err take(void *arg, const struct option_spec *spec, const char *value,
                        struct errmsg *reterr_msg)
{
    (void)reterr_msg;
    (void)database_take(arg, spec, value);
    return CW_OK;
}

static enum cw_err read_body(const char *path, const char *text, struct buf *ret,
                             struct errmsg *reterr_msg)
{
    struct store_reader *reader;
    CLEANUP(url_release) struct url url = URL_INIT;
    enum cw_err err = url_parse(&url, str_of(text), NULL);
    if (err == CW_OK)
        err = url_is_http(&url) ? url_canonicalize(&url) : CW_EURL;
    if (err != CW_OK)
        return errmsg_set(reterr_msg, CW_EURL, "\"%.200s\" is not an http(s) URL", text);
    err = store_reader_open(&reader, path, reterr_msg);
    if (err != CW_OK)
        return err == CW_ENOTFOUND ? CW_ESTORAGE : err; /* "not found" is said of URLs here */
    err = store_read_body(reader, url_href(&url), ret, reterr_msg);
    store_reader_close(reader);
    return err;
}

static int run(int argc, char **argv)
{
    struct database_call call = {0};
    const struct options options = {
        .command = "cat",
        .usage = "DB URL",
        .about = "Prints the stored body of a URL, as it was received, decoded.",
        .closing = "Exit status: 0 printed; 1 no such URL, or no stored body; 2 usage; 3 storage.",
        .specs = specs,
        .spec_count = ARRAY_LEN(specs),
        .take = take,
        .arg = &call,
    };
    struct errmsg message;
    int status;
    if (!database_begin(&call, &options, argc, argv, 1, "a database and a URL", &status))
        return status;
    CLEANUP(buf_release) struct buf body = BUF_INIT(SIZE_MAX / 2);
    enum cw_err err = read_body(call.path, call.operands[0], &body, &message);
    if (err != CW_OK)
        return cmd_fail("cat", cmd_status_of(err), "%s", message.text);
    if (fwrite(body.ptr, 1, body.len, stdout) != body.len || fflush(stdout) != 0)
        return cmd_fail("cat", EXIT_STORAGE, "standard output: cannot write");
    return EXIT_DONE;
}

const struct command command_cat = {"cat", "the stored body of a URL", run};
