#include "config/keys.h"

#include <assert.h>

#include "config/checks_p.h"

#define SECOND    INT64_C(1000)
#define DAY       (86400 * SECOND)
#define KIB       INT64_C(1024)
#define MIB       (1024 * KIB)
#define MAX_COUNT INT64_C(1000000000000)

static const char *const scopes[] = {"host", "domain", "prefix", "any", NULL};
static const char *const stores[] = {"bodies", "text", "none", NULL};

#define FIELD(member) .name = #member, .offset = offsetof(struct config, member)
static const struct config_key process_keys[] = {
    {FIELD(user_agent), .type = CONFIG_TEXT, .default_text = "null", .check = check_header_value,
     .allowed = "a line of text",
     .meaning = "How the crawler names itself to every server; null: crawld and its version."},
    {FIELD(state_directory), .type = CONFIG_TEXT, .default_text = "/var/lib/crawld",
     .check = check_absolute_path, .allowed = "an absolute path",
     .meaning = "Where the databases live, one NAME.db for each crawl."},
    {FIELD(connections), .type = CONFIG_INT, .default_text = "64", .min = 1, .max = 10000,
     .meaning = "Requests under way at once, over all crawls."},
    {FIELD(per_address), .type = CONFIG_INT, .default_text = "8", .min = 1, .max = 10000,
     .meaning = "Requests under way at once to one IP address, however many hosts share it; at "
                "least the largest per_host."},
    {FIELD(dns_servers), .type = CONFIG_TEXT, .default_text = "null", .check = check_servers,
     .allowed = "a list of IP addresses such as 192.0.2.1,[2001:db8::1]:5353",
     .meaning = "Name servers to ask, IP addresses with an optional port, separated by commas; "
                "null: those of the system."},
    {FIELD(crawls), .type = CONFIG_CRAWLS, .default_text = "[]",
     .meaning = "What to crawl; each crawl has its own limits and its own database."},
};
#undef FIELD

#define NAMED(key, member) .name = #key, .offset = offsetof(struct crawl_config, member)
#define FIELD(member)      NAMED(member, member)
static const struct config_key crawl_keys[] = {
    {FIELD(name), .type = CONFIG_TEXT, .is_required = true, .default_text = "null",
     .check = check_crawl_name,
     .allowed = "a name of a-z, 0-9, _ and -, at most 64 long and beginning with a letter or digit",
     .meaning = "Names the crawl and its database NAME.db; required, and used once only."},
    {FIELD(seeds), .type = CONFIG_LIST, .is_required = true, .default_text = "[]",
     .check = check_web_url, .allowed = "an http:// or https:// URL",
     .meaning = "The URLs to begin with; required."},
    {FIELD(scope), .type = CONFIG_CHOICE, .default_text = "host", .choices = scopes,
     .meaning = "Which links belong to the crawl: those to the seeds' hosts, to their registered "
                "domains, below the seeds' paths, or any."},
    {FIELD(include), .type = CONFIG_LIST, .default_text = "[]", .check = check_pattern,
     .allowed = "a pattern",
     .meaning = "Patterns of URLs to fetch, nothing else: globs over the whole URL, or re: and a "
                "regular expression (PCRE2)."},
    {FIELD(exclude), .type = CONFIG_LIST, .default_text = "[]", .check = check_pattern,
     .allowed = "a pattern", .meaning = "Patterns of URLs not to fetch; they win over include."},
    {FIELD(depth), .type = CONFIG_INT, .default_text = "unlimited", .max = 1000000,
     .word = "unlimited", .meaning = "Links to follow from a seed, in a row; 0: the seeds alone."},
    {FIELD(max_pages), .type = CONFIG_INT, .default_text = "unlimited", .min = 1, .max = MAX_COUNT,
     .word = "unlimited", .meaning = "Pages to store in the database before the crawl ends."},
    {FIELD(max_pages_per_host), .type = CONFIG_INT, .default_text = "unlimited", .min = 1,
     .max = MAX_COUNT, .word = "unlimited",
     .meaning = "Pages to store of one host; its other URLs are excluded (budget)."},
    {FIELD(max_pages_per_domain), .type = CONFIG_INT, .default_text = "unlimited", .min = 1,
     .max = MAX_COUNT, .word = "unlimited",
     .meaning = "Pages to store of all hosts of one registered domain (example.co.uk)."},
    {FIELD(max_hosts_per_domain), .type = CONFIG_INT, .default_text = "1000", .min = 1,
     .max = MAX_COUNT, .word = "unlimited",
     .meaning = "Hosts of one registered domain to fetch pages from, since wildcard DNS makes "
                "names without end; hosts of seeds are never refused."},
    {NAMED(max_time, max_time_ms), .type = CONFIG_DURATION, .default_text = "unlimited",
     .min = SECOND, .max = 3650 * DAY, .word = "unlimited",
     .meaning = "How long one run may take."},
    {NAMED(every, every_ms), .type = CONFIG_DURATION, .default_text = "never", .min = SECOND,
     .max = 3650 * DAY, .word = "never", .other_word = "auto",
     .meaning =
         "How long after its answer a URL is asked for again, also one that failed; auto: as "
         "often as each page changes. Such a crawl does not end by itself."},
    {FIELD(revisit_budget), .type = CONFIG_INT, .default_text = "10000", .min = 1,
     .max = 1000000000,
     .meaning = "Requests a day that every: auto may make for pages it knows; new pages are not "
                "counted."},
    {FIELD(per_host), .type = CONFIG_INT, .default_text = "2", .min = 1, .max = 10000,
     .meaning = "Requests under way at once to one host."},
    {NAMED(delay, delay_ms), .type = CONFIG_DURATION, .default_text = "auto", .max = DAY,
     .word = "auto",
     .meaning = "Pause between the end of a request to a host and the next; auto: follows the "
                "host's own speed. A longer Crawl-delay in robots.txt wins."},
    {NAMED(timeout, timeout_ms), .type = CONFIG_DURATION, .default_text = "30s", .min = 100,
     .max = DAY, .meaning = "How long one request may take in all."},
    {FIELD(max_size), .type = CONFIG_SIZE, .default_text = "10M", .min = 1, .max = 512 * MIB,
     .meaning = "Largest body to accept, after decompression."},
    {FIELD(retries), .type = CONFIG_INT, .default_text = "2", .max = 20,
     .meaning = "How often to repeat a request that failed for a passing reason."},
    {NAMED(stall_after, stall_after_ms), .type = CONFIG_DURATION, .default_text = "5s", .min = 100,
     .max = DAY,
     .meaning = "How long no URL may come to an end until the crawl counts as stalled and the log "
                "says why."},
    {FIELD(robots), .type = CONFIG_BOOL, .default_text = "true",
     .meaning = "Whether to obey robots.txt."},
    {FIELD(follow), .type = CONFIG_BOOL, .default_text = "true",
     .meaning = "Whether to follow links; false: fetch the seeds and nothing else."},
    {FIELD(sitemaps), .type = CONFIG_BOOL, .default_text = "true",
     .meaning = "Whether to look for more URLs in the sitemaps of the seeds' hosts; never without "
                "robots and follow."},
    {FIELD(requisites), .type = CONFIG_BOOL, .default_text = "false",
     .meaning =
         "Whether to fetch what pages are made of too: images, scripts, style sheets, as far "
         "as they are in scope."},
    {FIELD(traps), .type = CONFIG_BOOL, .default_text = "true",
     .meaning = "Whether to look for pages without end (calendars, session ids, filters that "
                "combine), fetch them last, and exclude what has nothing new (trap)."},
    {FIELD(allow_private), .type = CONFIG_BOOL, .default_text = "false",
     .meaning = "Whether private and loopback addresses may be reached."},
    {FIELD(insecure), .type = CONFIG_BOOL, .default_text = "false",
     .meaning = "Whether to accept any TLS certificate."},
    {FIELD(store), .type = CONFIG_CHOICE, .default_text = "bodies", .choices = stores,
     .meaning = "What to keep of each page besides its metadata and links: the body, its text "
                "alone, or nothing."},
    {FIELD(headers), .type = CONFIG_LIST, .default_text = "[]", .check = check_header,
     .allowed = "a header such as \"Accept-Language: en\"",
     .meaning = "Headers to send with every request, each \"Name: value\"."},
    {FIELD(cookies), .type = CONFIG_TEXT, .default_text = "null", .check = check_path,
     .allowed = "a path",
     .meaning = "File of cookies to begin with, in Netscape's format; null: none."},
    {FIELD(proxy), .type = CONFIG_TEXT, .default_text = "null", .check = check_proxy_url,
     .allowed = "a URL of http, https, socks4, socks4a, socks5 or socks5h",
     .meaning = "Proxy for every request; null: none."},
};
#undef FIELD
#undef NAMED
_Static_assert(ARRAY_LEN(crawl_keys) <= CONFIG_MAX_KEYS, "raise CONFIG_MAX_KEYS");

const struct config_key *config_keys(enum config_level level, size_t *ret_count)
{
    *ret_count = level == CONFIG_OF_CRAWL ? ARRAY_LEN(crawl_keys) : ARRAY_LEN(process_keys);
    return level == CONFIG_OF_CRAWL ? crawl_keys : process_keys;
}

const struct config_key *config_key_find(enum config_level level, struct str name)
{
    size_t count;
    const struct config_key *keys = config_keys(level, &count);
    for (size_t i = 0; i < count; i++)
        if (str_eq(name, str_of(keys[i].name)))
            return &keys[i];
    return NULL;
}

/* How many characters to add, drop or change to make `b` of `a` (Levenshtein). */
static size_t count_edits(struct str a, struct str b)
{
    enum { LONGEST = 32 };
    size_t row[LONGEST + 1];
    if (a.len > LONGEST || b.len > LONGEST)
        return LONGEST;
    for (size_t j = 0; j <= b.len; j++)
        row[j] = j;
    for (size_t i = 1; i <= a.len; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b.len; j++) {
            size_t change = diagonal + (a.ptr[i - 1] != b.ptr[j - 1]);
            diagonal = row[j];
            row[j] = MIN(change, MIN(row[j], row[j - 1]) + 1);
        }
    }
    return row[b.len];
}

const char *config_key_suggest(enum config_level level, struct str name)
{
    size_t count, best_edits = 3; /* more than two slips is another word */
    const struct config_key *keys = config_keys(level, &count);
    const char *best = NULL;
    for (size_t i = 0; i < count; i++) {
        struct str known = str_of(keys[i].name);
        size_t edits = count_edits(name, known);
        if (edits < best_edits && edits <= known.len / 2) {
            best = keys[i].name;
            best_edits = edits;
        }
    }
    return best;
}

void config_key_defaults(enum config_level level, void *object)
{
    size_t count;
    const struct config_key *keys = config_keys(level, &count);
    for (size_t i = 0; i < count; i++) {
        if (keys[i].type >= CONFIG_TEXT)
            continue;
        enum cw_err err = config_key_set(&keys[i], object, str_of(keys[i].default_text), NULL);
        assert(err == CW_OK);
        (void)err;
    }
}
