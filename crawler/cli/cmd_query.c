/* crawld query: read-only SQL over a result database, also while a crawl writes it. */
#include <errno.h>
#include <unistd.h>

#include "crawler/base/buf.h"
#include "crawler/cli/cmd.h"
#include "crawler/cli/database.h"
#include "crawler/cli/render.h"

enum { SQL_MAX_BYTES = 1024 * 1024 };

struct query_settings {
    struct database_call call;
    const char *format;
};

static const struct option_spec specs[] = {
    {"format", 'f', "FORMAT", "table, csv, json or jsonl [table]"},
    DATABASE_OPTION,
};

static enum cw_err take(void *arg, const struct option_spec *spec, const char *value,
                        struct errmsg *reterr_msg)
{
    struct query_settings *s = arg;
    enum render_format format;
    if (database_take(&s->call, spec, value))
        return CW_OK;
    if (render_format_by_name(value, &format))
        s->format = value;
    else
        return errmsg_set(reterr_msg, CW_EINVAL,
                          "--format \"%s\": must be table, csv, json or jsonl", value);
    return CW_OK;
}

static enum cw_err read_all(int fd, struct buf *ret, struct errmsg *reterr_msg)
{
    for (;;) {
        char chunk[16 * 1024];
        ssize_t got = read(fd, chunk, sizeof chunk);
        if (got == 0)
            return CW_OK;
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return errmsg_set(reterr_msg, CW_EINVAL, "standard input: %s", strerror(errno));
        if (buf_add_bytes(ret, chunk, (size_t)got) != CW_OK)
            return errmsg_set(reterr_msg, CW_EINVAL, "standard input: more than 1 MiB of SQL");
    }
}

static enum cw_err query(const char *path, struct str sql, enum render_format format,
                         struct errmsg *reterr_msg)
{
    struct store_reader *reader;
    struct render *render;
    enum cw_err err = store_reader_open(&reader, path, reterr_msg);
    if (err != CW_OK)
        return err;
    if (render_new(&render, format, stdout) != CW_OK) {
        store_reader_close(reader);
        return errmsg_set(reterr_msg, CW_ENOMEM, "out of memory");
    }
    const struct store_query_sink sink = {
        .on_columns = render_columns, .on_row = render_row, .arg = render};
    err = store_query(reader, sql, &sink, reterr_msg);
    enum cw_err shown = render_end(render);
    if (err == CW_OK && shown != CW_OK)
        err = errmsg_set(reterr_msg, shown, "standard output: %s", cw_err_text(shown));
    render_free(render);
    store_reader_close(reader);
    return err;
}

static int run(int argc, char **argv)
{
    struct query_settings s = {.format = "table"};
    const struct options options = {
        .command = "query",
        .usage = "DB [--format FORMAT] SQL|-",
        .about =
            "Runs SQL over a result database, read-only; - reads the SQL from standard input.\n"
            "The views are page, fetch, url, link, redirect, broken_link, duplicate, host, crawl.",
        .closing = "Example: crawld query example.com.db "
                   "\"SELECT status, count(*) FROM page GROUP BY 1\"",
        .specs = specs,
        .spec_count = ARRAY_LEN(specs),
        .take = take,
        .arg = &s,
    };
    int status;
    if (!database_begin(&s.call, &options, argc, argv, 1, "a database and one SQL text (or -)",
                        &status))
        return status;
    CLEANUP(buf_release) struct buf sql = BUF_INIT(SQL_MAX_BYTES);
    struct errmsg message;
    enum cw_err err = strcmp(s.call.operands[0], "-") == 0
                          ? read_all(STDIN_FILENO, &sql, &message)
                          : buf_add(&sql, str_of(s.call.operands[0]));
    if (err == CW_ETOOBIG)
        return cmd_fail("query", EXIT_USAGE, "more than 1 MiB of SQL");
    enum render_format format;
    (void)render_format_by_name(s.format, &format); /* checked by take() */
    if (err == CW_OK)
        err = query(s.call.path, buf_str(&sql), format, &message);
    if (err == CW_OK)
        return EXIT_DONE;
    return cmd_fail("query", err == CW_ENOTFOUND ? EXIT_STORAGE : cmd_status_of(err), "%s",
                    message.text);
}

const struct command command_query = {"query", "read-only SQL over a result database", run};
