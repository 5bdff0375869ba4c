/* crawld crawl: crawl once; goes on where the database left off. */
#include <errno.h>
#include <unistd.h>

#include "config/keys.h"
#include "crawler/base/err.h"
#include "crawler/cli/cmd.h"
#include "crawler/cli/command_line.h"
#include "crawler/cli/crawl_run.h"
#include "crawler/engine/vet.h"
#include "crawler/parse/url.h"

enum { PATH_MAX_BYTES = 4096, KEY_MAX = 64, CONNECTIONS_DEFAULT = 64 };

static const struct option_spec specs[] = {
    {"output", 'o', "DB", "the database [<host of the first URL>.db]"},
    {"input", 0, "FILE|-", "also start from the URLs in FILE, one a line; - is standard input"},
    {"depth", 0, "N", "follow links at most N deep [unlimited]"},
    {"max-pages", 0, "N", "stop when the database holds N pages [unlimited]"},
    {"max-pages-per-host", 0, "N", "store N pages of each host [unlimited]"},
    {"max-pages-per-domain", 0, "N", "store N pages of each registered domain [unlimited]"},
    {"max-hosts-per-domain", 0, "N", "fetch from N hosts of a registered domain [1000]"},
    {"max-time", 0, "T", "stop after this time, such as 90s, 5m or 6h [unlimited]"},
    {"scope", 0, "WHAT", "stay on host, domain, prefix; or go to any [host]"},
    {"include", 0, "PATTERN", "only URLs that match; * and ? over the whole URL, or re:PCRE2"},
    {"exclude", 0, "PATTERN", "no URLs that match; both may be given several times"},
    {"no-follow", 0, NULL, "fetch what was named, follow no links"},
    {"no-sitemaps", 0, NULL, "do not look for more URLs in the hosts' sitemaps"},
    {"no-traps", 0, NULL, "do not look for pages without end"},
    {"requisites", 0, NULL, "fetch images, scripts and style sheets of pages too"},
    {"per-host", 0, "N", "requests at once to one host [2]"},
    {"connections", 0, "N", "requests at once in all [64]"},
    {"delay", 0, "T|auto", "pause between two requests to a host [auto: by its response time]"},
    {"timeout", 0, "T", "longest time for one request [30s]"},
    {"max-size", 0, "S", "largest body, decoded, such as 500K or 10M [10M]"},
    {"retries", 0, "N", "further tries after a failure that may pass [2]"},
    {"stall-after", 0, "T", "without a finished URL for so long, say what holds it up [5s]"},
    {"no-robots", 0, NULL, "do not ask for robots.txt (on your own sites only)"},
    {"user-agent", 0, "S", "who asks; its first word is what robots.txt rules name"},
    {"header", 'H', "'K: V'", "send this header, too (repeatable)"},
    {"cookies", 0, "FILE", "keep cookies, and begin with those in FILE (Netscape format)"},
    {"proxy", 0, "URL", "ask through this proxy (http or socks5)"},
    {"dns-servers", 0, "LIST", "ask these name servers, ADDRESS[:PORT],... [the system's]"},
    {"store", 0, "WHAT", "keep bodies, text or none [bodies]"},
    {"format", 0, "jsonl", "print a line of JSON for each page as it lands"},
    {"revisit", 0, NULL, "ask once more for all that the database holds, if it has changed"},
    {"fresh", 0, NULL, "forget what the database holds first"},
    {"allow-private", 0, NULL, "also connect to private and local addresses"},
    {"insecure", 0, NULL, "do not check certificates"},
};

/* The key in the configuration file that an option stands for: its name with _ for -. */
static const char *key_of(const struct option_spec *spec, char key[KEY_MAX])
{
    if (strcmp(spec->name, "header") == 0)
        return "headers";
    (void)snprintf(key, KEY_MAX, "%s", spec->name);
    for (char *c = key; *c != '\0'; c++)
        *c = *c == '-' ? '_' : *c;
    return key;
}

/* Options whose value is a setting follow the table that the configuration file follows. */
static enum cw_err set_by_key(struct crawl_settings *s, const struct option_spec *spec,
                              const char *value, struct errmsg *reterr_msg)
{
    char room[KEY_MAX];
    struct errmsg message;
    const char *key = key_of(spec, room), *words = message.text;
    enum cw_err err = config_key_find(CONFIG_OF_PROCESS, str_of(key)) != NULL
                          ? config_set(&s->process, key, value, &message)
                          : crawl_config_set(&s->config, key, value, &message);
    if (err == CW_OK)
        return CW_OK;
    if (str_starts(str_of(words),
                   str_of(key))) /* the message names the key; people typed the option */
        words += strlen(key);
    return errmsg_set(reterr_msg, err, "--%s%s", spec->name, words);
}

/* The switches; false: it is none. */
static bool set_switch(struct crawl_settings *s, const char *name)
{
    const struct {
        const char *name;
        bool *field, value;
    } switches[] = {
        {"no-robots", &s->config.robots, false},
        {"no-follow", &s->config.follow, false},
        {"no-sitemaps", &s->config.sitemaps, false},
        {"no-traps", &s->config.traps, false},
        {"requisites", &s->config.requisites, true},
        {"allow-private", &s->config.allow_private, true},
        {"insecure", &s->config.insecure, true},
        {"fresh", &s->fresh, true},
        {"revisit", &s->revisit, true},
    };
    for (size_t i = 0; i < ARRAY_LEN(switches); i++)
        if (strcmp(switches[i].name, name) == 0)
            return *switches[i].field = switches[i].value, true;
    return false;
}

/* The texts that are taken as they are; false: it is none. */
static bool set_text(struct crawl_settings *s, const char *name, const char *value)
{
    const struct {
        const char *name, **field;
    } texts[] = {
        {"output", &s->output},
        {"input", &s->input},
    };
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        if (strcmp(texts[i].name, name) == 0)
            return *texts[i].field = value, true;
    return false;
}

static enum cw_err take(void *arg, const struct option_spec *spec, const char *value,
                        struct errmsg *reterr_msg)
{
    struct crawl_settings *s = arg;
    if (set_switch(s, spec->name) || set_text(s, spec->name, value))
        return CW_OK;
    if (strcmp(spec->name, "format") == 0) {
        s->jsonl = true;
        return strcmp(value, "jsonl") == 0
                   ? CW_OK
                   : errmsg_set(reterr_msg, CW_ECONFIG, "--format \"%s\": must be jsonl", value);
    }
    return set_by_key(s, spec, value, reterr_msg);
}

/* "example.com.db" for https://example.com:8443/a; from an operand that may be anything. */
static enum cw_err name_database(const char *first_url, char *ret_path, size_t size,
                                 struct errmsg *reterr_msg)
{
    struct url url = URL_INIT;
    enum cw_err err = url_parse(&url, str_of(first_url), NULL);
    if (err != CW_OK || !url_is_http(&url))
        err = engine_refuse_url(str_of(first_url), reterr_msg);
    else
        (void)snprintf(ret_path, size, STR_FMT ".db", STR_ARG(url_hostname(&url)));
    url_release(&url);
    return err;
}

/* Files that are named must be there before anything is fetched. */
static enum cw_err check_files(const struct crawl_settings *s, struct errmsg *reterr_msg)
{
    if (s->config.cookies != NULL && access(s->config.cookies, R_OK) != 0)
        return errmsg_set(reterr_msg, CW_EINVAL, "--cookies %s: %s", s->config.cookies,
                          strerror(errno));
    if (s->input != NULL && strcmp(s->input, "-") != 0 && access(s->input, R_OK) != 0)
        return errmsg_set(reterr_msg, CW_EINVAL, "--input %s: %s", s->input, strerror(errno));
    return CW_OK;
}

static enum cw_err take_operands(struct crawl_settings *s, int count, char **urls, char *path,
                                 struct errmsg *reterr_msg)
{
    enum cw_err err = CW_OK;
    if (count == 0 && s->input == NULL)
        return errmsg_set(reterr_msg, CW_EINVAL, "no URL given; name one, or use --input");
    if (s->output != NULL)
        (void)snprintf(path, PATH_MAX_BYTES, "%s", s->output);
    else if (count > 0)
        err = name_database(urls[0], path, PATH_MAX_BYTES, reterr_msg);
    else
        return errmsg_set(reterr_msg, CW_EINVAL,
                          "--input alone names no database: add --output DB");
    for (int i = 0; err == CW_OK && i < count; i++)
        err = config_list_add(&s->config.seeds, urls[i]);
    return err == CW_OK ? check_files(s, reterr_msg) : err;
}

static int run(int argc, char **argv)
{
    struct crawl_settings s = {0};
    const struct options options = {
        .command = "crawl",
        .usage = "[options] URL...",
        .about = "Crawls from the URLs into a database, and goes on where the database left off.\n"
                 "Ctrl-C finishes what is under way and saves the rest; the same command goes on.",
        .closing = "Exit status: 0 finished; 1 no start URL could be fetched; 2 usage;\n"
                   "3 the database failed; 4 interrupted, state saved.",
        .specs = specs,
        .spec_count = ARRAY_LEN(specs),
        .take = take,
        .arg = &s,
    };
    struct errmsg message;
    char path[PATH_MAX_BYTES];
    int first, status = EXIT_DONE;
    crawl_config_init(&s.config);
    config_init(&s.process);
    s.process.connections = CONNECTIONS_DEFAULT;
    s.command = command_line_to_keep(argc, argv);
    s.next_command = command_line_to_repeat(argc, argv, "--fresh");
    switch (options_parse(&options, argc, argv, &s.common, &first)) {
    case OPTIONS_ENDED: break;
    case OPTIONS_WRONG: status = EXIT_USAGE; break;
    case OPTIONS_GO:
        if (s.command == NULL || s.next_command == NULL)
            status = cmd_fail("crawl", EXIT_USAGE, "the command line is too long: use --input");
        else if (take_operands(&s, argc - first, argv + first, path, &message) != CW_OK)
            status = cmd_fail("crawl", EXIT_USAGE, "%s", message.text);
        else
            status = crawl_run(&s, path);
    }
    crawl_config_release(&s.config);
    config_release(&s.process);
    free(s.command);
    free(s.next_command);
    return status;
}

const struct command command_crawl = {"crawl",
                                      "crawl once into a database; goes on where it left off", run};
