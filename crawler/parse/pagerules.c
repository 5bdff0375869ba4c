/* The syntax is folklore, written down by search engines only: rules separated by commas, any of
 * them behind "agent:", which then holds for the rest of that header. Two colons are no agent's:
 * those of rules with a value ("max-snippet:-1") and those of times of day. A date may hold a comma
 * ("unavailable_after: Fri, 25 Jun 2010 15:00:00 PST"). */
#include "crawler/parse/pagerules.h"

#include "crawler/parse/httpdate.h"

struct reader {
    struct str rest; /* what is still to be read; absent at the end */
    int64_t now_unix_ms;
};

static struct str take_element(struct str *rest)
{
    size_t end = 0;
    while (end < rest->len && rest->ptr[end] != ',' && rest->ptr[end] != ';')
        end++;
    struct str element = str_first(*rest, end);
    *rest = end < rest->len ? str_skip(*rest, end + 1) : STR_NONE;
    return str_trim(element);
}

/* Splits "name: value"; without a colon all is name. */
static struct str take_name(struct str *element)
{
    return str_trim(str_cut(element, ':'));
}

static bool has_value(struct str rule)
{
    static const struct str names[] = {
        {"unavailable_after", 17},
        {"max-snippet", 11},
        {"max-image-preview", 17},
        {"max-video-preview", 17},
    };
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (str_eq_nocase(rule, names[i]))
            return true;
    return false;
}

static bool parse_date(struct str text, int64_t now_unix_ms, int64_t *ret)
{
    return httpdate_parse_iso(text, ret) || httpdate_parse(text, now_unix_ms, ret);
}

/* Whether the date that `value` begins has passed. The date may go on behind the next comma. */
static bool is_past(struct reader *reader, struct str value)
{
    int64_t when;
    struct str rest = reader->rest;
    if (!parse_date(value, reader->now_unix_ms, &when)) {
        if (str_is_absent(rest))
            return false;
        struct str more = take_element(&rest);
        if (!parse_date(str_from(value.ptr, (size_t)(more.ptr + more.len - value.ptr)),
                        reader->now_unix_ms, &when))
            return false;
        reader->rest = rest;
    }
    return when <= reader->now_unix_ms;
}

static void add_rule(struct pagerules *rules, struct reader *reader, struct str name,
                     struct str value)
{
    bool is_none = str_eq_nocase(name, STR("none"));
    rules->noindex |= is_none || str_eq_nocase(name, STR("noindex"));
    rules->nofollow |= is_none || str_eq_nocase(name, STR("nofollow"));
    rules->noarchive |= str_eq_nocase(name, STR("noarchive"));
    if (str_eq_nocase(name, STR("unavailable_after")) && !str_is_absent(value))
        rules->noindex |= is_past(reader, str_trim(value));
}

static bool is_agent_name(struct str name)
{
    for (size_t i = 0; i < name.len; i++)
        if (ascii_is_space(name.ptr[i]))
            return false;
    return name.len > 0;
}

void pagerules_add_header(struct pagerules *rules, struct str value, struct str agent,
                          int64_t now_unix_ms)
{
    struct reader reader = {value, now_unix_ms};
    bool for_us = true;
    while (!str_is_absent(reader.rest)) {
        struct str element = take_element(&reader.rest);
        struct str name = take_name(&element);
        if (!str_is_absent(element) && !has_value(name)) {
            if (!is_agent_name(name))
                continue;
            for_us = str_eq_nocase(name, agent);
            name = take_name(&element);
        }
        struct pagerules others = {.noindex = false};
        add_rule(for_us ? rules : &others, &reader, name, element);
    }
}

void pagerules_add_meta(struct pagerules *rules, struct str name, struct str content,
                        struct str agent, int64_t now_unix_ms)
{
    struct reader reader = {content, now_unix_ms};
    name = str_trim(name);
    if (!str_eq_nocase(name, STR("robots")) && (name.len == 0 || !str_eq_nocase(name, agent)))
        return;
    while (!str_is_absent(reader.rest)) {
        struct str element = take_element(&reader.rest);
        struct str rule = take_name(&element);
        add_rule(rules, &reader, rule, element);
    }
}
