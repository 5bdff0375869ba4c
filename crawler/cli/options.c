#include "crawler/cli/options.h"

#include <getopt.h>
#include <unistd.h>

#include "crawler/base/str.h"
#include "crawler/cli/cmd.h"

enum {
    SPECS_MAX = 64,
    HELP_COLUMN = 28,
    FIRST_LONG_ONLY = 256, /* getopt's value of option n is FIRST_LONG_ONLY + n */
};

static const struct option_spec common_specs[] = {
    {"help", 'h', NULL, "show this help"},
    {"version", 0, NULL, "show the version"},
    {"quiet", 'q', NULL, "print errors only"},
    {"verbose", 'v', NULL, "log every failure and the figures of the loop"},
    {"log-format", 0, "text|json", "how log lines look [text]"},
};

/* What getopt_long() wants to be told. */
struct getopt_tables {
    struct option longs[SPECS_MAX + 1];
    char shorts[2 * SPECS_MAX + 2];
};

static const struct option_spec *spec_at(const struct options *o, size_t index)
{
    return index < o->spec_count ? &o->specs[index] : &common_specs[index - o->spec_count];
}

static void fill_tables(const struct options *o, size_t count, struct getopt_tables *tables)
{
    char *letter = tables->shorts;
    *letter++ = ':'; /* so that a missing value can be told from an unknown option */
    for (size_t i = 0; i < count; i++) {
        const struct option_spec *spec = spec_at(o, i);
        tables->longs[i] = (struct option){
            .name = spec->name,
            .has_arg = spec->value != NULL ? required_argument : no_argument,
            .val = FIRST_LONG_ONLY + (int)i,
        };
        if (spec->letter != 0)
            *letter++ = spec->letter;
        if (spec->letter != 0 && spec->value != NULL)
            *letter++ = ':';
    }
    *letter = '\0';
    tables->longs[count] = (struct option){0};
}

static void print_spec(const struct option_spec *spec)
{
    char left[64];
    int width =
        snprintf(left, sizeof left, "  %c%c%s --%s%s%s", spec->letter != 0 ? '-' : ' ',
                 spec->letter != 0 ? spec->letter : ' ', spec->letter != 0 ? "," : " ", spec->name,
                 spec->value != NULL ? " " : "", spec->value != NULL ? spec->value : "");
    if (width < HELP_COLUMN)
        printf("%-*s%s\n", HELP_COLUMN, left, spec->help);
    else
        printf("%s\n%*s%s\n", left, HELP_COLUMN, "", spec->help);
}

static void print_help(const struct options *o)
{
    printf("usage: crawld %s %s\n\n%s\n", o->command, o->usage, o->about);
    printf("\nOptions (defaults in brackets):\n");
    for (size_t i = 0; i < o->spec_count + ARRAY_LEN(common_specs); i++)
        print_spec(spec_at(o, i));
    if (o->closing != NULL)
        printf("\n%s\n", o->closing);
}

static enum options_verdict take_common(const struct options *o, const struct option_spec *spec,
                                        const char *value, struct common_options *common)
{
    if (strcmp(spec->name, "help") == 0) {
        print_help(o);
        return OPTIONS_ENDED;
    }
    if (strcmp(spec->name, "version") == 0) {
        printf("crawld %s\n", CRAWLD_VERSION);
        return OPTIONS_ENDED;
    }
    if (strcmp(spec->name, "quiet") == 0)
        common->quiet = true;
    else if (strcmp(spec->name, "verbose") == 0)
        common->verbose = true;
    else if (strcmp(value, "json") == 0)
        common->log_format = LOG_FORMAT_JSON;
    else if (strcmp(value, "text") != 0) {
        (void)cmd_fail(o->command, EXIT_USAGE, "--log-format \"%s\": must be text or json", value);
        return OPTIONS_WRONG;
    }
    return OPTIONS_GO;
}

/* The table index of what getopt_long() found. */
static size_t find_spec(const struct options *o, size_t count, int found)
{
    if (found >= FIRST_LONG_ONLY)
        return (size_t)(found - FIRST_LONG_ONLY);
    for (size_t i = 0; i < count; i++)
        if (spec_at(o, i)->letter == found)
            return i;
    return count;
}

static enum options_verdict refuse(const struct options *o, int found, char **argv)
{
    if (found == ':')
        (void)cmd_fail(o->command, EXIT_USAGE, "option \"%s\" needs a value", argv[optind - 1]);
    else if (optopt > 0 && optopt < FIRST_LONG_ONLY)
        (void)cmd_fail(o->command, EXIT_USAGE, "unknown option \"-%c\"", optopt);
    else if (optopt >= FIRST_LONG_ONLY)
        (void)cmd_fail(o->command, EXIT_USAGE, "option \"%s\" takes no value", argv[optind - 1]);
    else
        (void)cmd_fail(o->command, EXIT_USAGE, "unknown option \"%s\"", argv[optind - 1]);
    return OPTIONS_WRONG;
}

static enum options_verdict take(const struct options *o, size_t index, const char *value,
                                 struct common_options *common)
{
    const struct option_spec *spec = spec_at(o, index);
    struct errmsg message;
    if (index >= o->spec_count)
        return take_common(o, spec, value, common);
    if (o->take(o->arg, spec, value, &message) == CW_OK)
        return OPTIONS_GO;
    (void)cmd_fail(o->command, EXIT_USAGE, "%s", message.text);
    return OPTIONS_WRONG;
}

enum options_verdict options_parse(const struct options *o, int argc, char **argv,
                                   struct common_options *ret_common, int *ret_first)
{
    size_t count = o->spec_count + ARRAY_LEN(common_specs);
    struct getopt_tables tables;
    enum options_verdict verdict = OPTIONS_GO;
    *ret_common = (struct common_options){.log_format = LOG_FORMAT_TEXT};
    fill_tables(o, count, &tables);
    optind = 0; /* GNU: start anew, permuting operands to the end */
    opterr = 0;
    for (int found; verdict == OPTIONS_GO &&
                    (found = getopt_long(argc, argv, tables.shorts, tables.longs, NULL)) != -1;) {
        size_t index = find_spec(o, count, found);
        verdict = found == '?' || found == ':' || index >= count
                      ? refuse(o, found, argv)
                      : take(o, index, optarg, ret_common);
    }
    *ret_first = optind;
    return verdict;
}
