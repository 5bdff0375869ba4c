/* crawld audit: was every host treated as promised? Asks the stored requests, and nobody else. */
#include "crawler/cli/audit_print.h"
#include "crawler/cli/cmd.h"
#include "crawler/cli/database.h"

struct audit_settings {
    struct database_call call;
    bool as_json;
};

static const struct option_spec specs[] = {
    {"format", 'f', "FORMAT", "table or json [table]"},
    DATABASE_OPTION,
};

static enum cw_err take(void *arg, const struct option_spec *spec, const char *value,
                        struct errmsg *reterr_msg)
{
    struct audit_settings *s = arg;
    if (database_take(&s->call, spec, value))
        return CW_OK;
    if (strcmp(value, "table") == 0 || strcmp(value, "json") == 0)
        s->as_json = strcmp(value, "json") == 0;
    else
        return errmsg_set(reterr_msg, CW_EINVAL, "--format \"%s\": must be table or json", value);
    return CW_OK;
}

static enum cw_err audit(const char *path, bool as_json, struct audit_totals *ret,
                         struct errmsg *reterr_msg)
{
    struct store_reader *reader;
    struct audit_print *print;
    enum cw_err err = store_reader_open(&reader, path, reterr_msg);
    if (err != CW_OK)
        return err;
    if (audit_print_new(&print, as_json, path, stdout) != CW_OK) {
        store_reader_close(reader);
        return errmsg_set(reterr_msg, CW_ENOMEM, "out of memory");
    }
    const struct audit_sink sink = {audit_print_host, audit_print_address, print};
    err = store_audit(reader, &sink, ret, reterr_msg);
    if (err == CW_OK) {
        err = audit_print_end(print, ret);
        if (err != CW_OK)
            errmsg_set(reterr_msg, err, "standard output: %s", cw_err_text(err));
    }
    audit_print_free(print);
    store_reader_close(reader);
    return err;
}

static const char closing[] =
    "Proven for each host: a request starts no sooner than the pause in force (limit_ms, with\n"
    "Crawl-delay) after the last one that had ended, and after the last that had started; after a\n"
    "429 or 503 nothing starts for 1 s, or for Retry-After where longer, up to 10 minutes; no "
    "page\n"
    "is asked for before its origin's robots.txt; no more are under way than its slots, nor to "
    "one\n"
    "address than that one's. Times are those of a clock that nobody can set, across all runs.\n"
    "Not proven: that rests without Retry-After grow; what other crawls asked of the host; what a\n"
    "killed crawl had under way.\n"
    "Exit status: 0 no violation; 1 a violation; 2 usage; 3 storage.";

static int run(int argc, char **argv)
{
    struct audit_settings s = {0};
    const struct options options = {
        .command = "audit",
        .usage = "DB [--format FORMAT]",
        .about = "Proves from the stored requests alone (view fetch) that no limit was exceeded,\n"
                 "and prints what each host and address was asked.",
        .closing = closing,
        .specs = specs,
        .spec_count = ARRAY_LEN(specs),
        .take = take,
        .arg = &s,
    };
    struct errmsg message;
    int status;
    if (!database_begin(&s.call, &options, argc, argv, 0, "a database", &status))
        return status;
    struct audit_totals totals;
    if (audit(s.call.path, s.as_json, &totals, &message) != CW_OK)
        return cmd_fail("audit", EXIT_STORAGE, "%s", message.text);
    return totals.violations > 0 ? EXIT_NOT_FETCHED : EXIT_DONE;
}

const struct command command_audit = {"audit", "proof that every host was treated as promised",
                                      run};
