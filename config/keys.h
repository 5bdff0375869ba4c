/* keys: the one table of what can be configured. The file, the command line, `crawld check` and the
 * shipped sample all follow it (a test compares the sample). Pure, constant. */
#ifndef CONFIG_KEYS_H
#define CONFIG_KEYS_H

#include <stdbool.h>

#include "config/config.h"

enum config_type {
    CONFIG_INT,
    CONFIG_DURATION, /* milliseconds */
    CONFIG_SIZE,     /* bytes */
    CONFIG_BOOL,
    CONFIG_CHOICE,
    CONFIG_TEXT,   /* from here on nothing (`null`) stands for the default */
    CONFIG_LIST,   /* of texts */
    CONFIG_CRAWLS, /* of mappings, each a crawl */
};

typedef bool config_check_fn(struct str text);

struct config_key {
    const char *name;
    enum config_type type;
    bool is_required;
    size_t offset;              /* of the field, in struct crawl_config or struct config */
    const char *default_text;   /* as the file would say it; "null": none */
    int64_t min, max;           /* of INT, DURATION (ms) and SIZE (bytes) */
    const char *word;           /* stands for -1: "unlimited", "auto"; NULL: no such word */
    const char *other_word;     /* stands for -2, where there are two */
    const char *const *choices; /* of CHOICE, in the order of the enum, NULL-terminated */
    config_check_fn *check;     /* of TEXT and of each item of LIST; NULL: anything but "" */
    const char *allowed;        /* what `check` accepts, in words */
    const char *meaning;        /* a sentence */
};

enum { CONFIG_MAX_KEYS = 48 }; /* of one level */
enum config_level { CONFIG_OF_PROCESS, CONFIG_OF_CRAWL };

/* Sets every field that has a default other than "null"; texts and lists stay NULL. Allocates
 * nothing. */
void config_key_defaults(enum config_level level, void *object);

/* The keys of one level, in the order of the sample. */
const struct config_key *config_keys(enum config_level level, size_t *ret_count);

/* NULL: no such key. */
const struct config_key *config_key_find(enum config_level level, struct str name);

/* The known key that `name` was most likely meant to be, or NULL. */
const char *config_key_suggest(enum config_level level, struct str name);

/* Parses `text` into the key's field of `object` (struct crawl_config or struct config), as
 * crawl_config_set() says. Not for CONFIG_CRAWLS. */
enum cw_err config_key_set(const struct config_key *key, void *object, struct str text,
                           struct errmsg *reterr_msg) MUST_CHECK;

/* What is allowed, in words: "a whole number from 1 to 256". Returns `room`. */
enum { CONFIG_ALLOWED_SIZE = 128 };
const char *config_key_allowed(const struct config_key *key, char room[CONFIG_ALLOWED_SIZE]);

/* `text` in quotes, cut and made printable, for a message. Returns `room`. */
enum { CONFIG_QUOTED_SIZE = 72 };
const char *config_quote(struct str text, char room[CONFIG_QUOTED_SIZE]);

#endif
