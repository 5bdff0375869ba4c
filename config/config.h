/* config: what the operator asked for, as one immutable struct. The command line of `crawl` and a
 * crawl in the service's file fill the same `struct crawl_config`, so there is one table of
 * defaults and limits (keys.h). The environment is not consulted. Thread: any after loading. All
 * strings are owned by the struct they hang on. */
#ifndef CONFIG_CONFIG_H
#define CONFIG_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "crawler/base/err.h"
#include "crawler/base/str.h"

enum config_scope { CONFIG_SCOPE_HOST, CONFIG_SCOPE_DOMAIN, CONFIG_SCOPE_PREFIX, CONFIG_SCOPE_ANY };
enum config_store { CONFIG_STORE_BODIES, CONFIG_STORE_TEXT, CONFIG_STORE_NONE };
enum { CONFIG_DELAY_AUTO = -1, CONFIG_UNLIMITED = -1 };
enum { CONFIG_NEVER = -1, CONFIG_EVERY_AUTO = -2 };

struct config_list {
    char **items; /* owned, each owned */
    size_t count;
};

/* One crawl. Durations in milliseconds, sizes in bytes, CONFIG_UNLIMITED where it may be. */
struct crawl_config {
    char *name; /* of the crawl, and of its database in the service: NAME.db */
    struct config_list seeds;
    enum config_scope scope;
    struct config_list include, exclude;
    int64_t depth;                                    /* links from a seed; unlimited */
    int64_t max_pages;                                /* in the database; unlimited */
    int64_t max_pages_per_host, max_pages_per_domain; /* in the database; unlimited */
    int64_t max_hosts_per_domain;                     /* with pages; 1,000 */
    int64_t max_time_ms;                              /* of one run; unlimited */
    int64_t every_ms;       /* until a page is asked for again; CONFIG_NEVER, CONFIG_EVERY_AUTO */
    int64_t revisit_budget; /* requests a day for known pages, where every is auto */
    int64_t per_host;       /* requests at once to one host */
    int64_t delay_ms;       /* CONFIG_DELAY_AUTO */
    int64_t timeout_ms;     /* of one request in all */
    int64_t max_size;       /* of one body, decoded */
    int64_t retries;
    int64_t stall_after_ms; /* without a finished URL until it counts as stalled */
    bool robots;            /* obey robots.txt; true */
    bool follow;            /* follow links; true */
    bool sitemaps;          /* read sitemaps; true */
    bool requisites;        /* fetch the parts of pages too; false */
    bool traps;             /* look for pages without end; true */
    bool allow_private;
    bool insecure;
    enum config_store store;
    struct config_list headers; /* "Name: value" */
    char *cookies;              /* file, or NULL */
    char *proxy;                /* URL, or NULL */
};

/* The process. */
struct config {
    char *user_agent;      /* NULL after config_init(), never after config_load() */
    char *state_directory; /* the same */
    int64_t connections;
    int64_t per_address; /* requests at once to one address; after config_load() at least the
                          * largest per_host */
    char *dns_servers;   /* NULL: the system's */
    struct crawl_config *crawls;
    size_t crawl_count;
};

/* The defaults of design.md, section 2.1, with nothing allocated but the empty struct. */
void crawl_config_init(struct crawl_config *c);
void crawl_config_release(struct crawl_config *c);
void config_init(struct config *config);
void config_release(struct config *config);
enum cw_err config_list_add(struct config_list *list, const char *item) MUST_CHECK; /* copies */

/* A setting of a crawl, or of the process, by its key in the file (the option's name with _ for -,
 * such as `per_host`, `max_size`, `delay`): parses `text`, checks the range, sets the field; of a
 * list (`seeds`, `include`, `exclude`, `headers`) adds one item. CW_ECONFIG with a sentence that
 * names key, value and what is allowed; the struct is then as it was. Serves command line and file
 * alike. */
enum cw_err crawl_config_set(struct crawl_config *c, const char *key, const char *text,
                             struct errmsg *reterr_msg) MUST_CHECK;
enum cw_err config_set(struct config *config, const char *key, const char *text,
                       struct errmsg *reterr_msg) MUST_CHECK;

bool crawl_config_equal(const struct crawl_config *a, const struct crawl_config *b);

struct config_problem {
    unsigned line, column; /* 1-based, in characters; 0: the file as a whole */
    char text[256];        /* names the key at fault and what is allowed */
};
struct config_report {
    struct config_problem *problems; /* owned; in the order of the file */
    size_t count;
};
void config_report_release(struct config_report *report);

/* What a file may hold; beyond it is a problem like any other. */
enum {
    CONFIG_MAX_BYTES = 1 << 20,
    CONFIG_MAX_DEPTH = 16,      /* of lists and mappings in one another */
    CONFIG_MAX_VALUES = 100000, /* in the whole file */
    CONFIG_MAX_CRAWLS = 1000,   /* each has its database open */
    CONFIG_MAX_PROBLEMS = 1000, /* reported; a last one, at 0:0, says that there are more */
};

/* Asked about each text that has passed this room's own checks, for what only other rooms know: is
 * a seed a URL, does a pattern compile? `key` is its key. CW_ECONFIG, with a sentence that begins
 * with the key: a problem at the text's place. */
typedef enum cw_err config_vet_fn(const char *key, struct str text, struct errmsg *reterr_msg);

/* Reads the file whole; `vet` may be NULL. On failure *ret is untouched and every problem found is
 * in *ret_report (which is always filled, and the caller's to release): CW_ECONFIG. CW_ENOTFOUND:
 * no such file. CW_ENOMEM. What is not YAML ends the search at the first place where it is not. */
enum cw_err config_load(struct config **ret, const char *path, config_vet_fn *vet,
                        struct config_report *ret_report) MUST_CHECK;

/* The same for a text already read. */
enum cw_err config_parse(struct config **ret, struct str text, config_vet_fn *vet,
                         struct config_report *ret_report) MUST_CHECK;
void config_free(struct config *config);

/* "crawld/0.1.0", followed by " (+URL)" when the project was built with a home page: what is sent
 * when nothing is configured. */
const char *config_default_user_agent(void);

#endif
