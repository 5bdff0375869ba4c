#include "crawler/parse/linkheader.h"

/* A parameter as written. */
struct parameter {
    struct str name, value; /* value: without quotes; absent when there is no "=" */
};

static void skip_space(struct str *rest)
{
    while (rest->len > 0 && (rest->ptr[0] == ' ' || rest->ptr[0] == '\t'))
        *rest = str_skip(*rest, 1);
}

/* Takes `c` off the front, with the white space before it. */
static bool take_char(struct str *rest, char c)
{
    skip_space(rest);
    if (rest->len == 0 || rest->ptr[0] != c)
        return false;
    *rest = str_skip(*rest, 1);
    return true;
}

/* Takes what comes before any of `ends`. */
static struct str take_until(struct str *rest, const char *ends)
{
    size_t len = 0;
    while (len < rest->len && (rest->ptr[len] == '\0' || strchr(ends, rest->ptr[len]) == NULL))
        len++;
    struct str taken = str_first(*rest, len);
    *rest = str_skip(*rest, len);
    return str_trim(taken);
}

/* RFC 8288, B.4: a quoted string without its end goes to the end of the value. */
static struct str take_quoted(struct str *rest)
{
    size_t len = 0;
    while (len < rest->len && rest->ptr[len] != '"')
        len += rest->ptr[len] == '\\' ? 2 : 1;
    struct str taken = str_first(*rest, len);
    *rest = str_skip(*rest, len + 1);
    return taken;
}

static struct parameter take_parameter(struct str *rest)
{
    struct parameter p = {.name = take_until(rest, "=;,"), .value = STR_NONE};
    if (!take_char(rest, '='))
        return p;
    if (take_char(rest, '"')) {
        p.value = take_quoted(rest);
        (void)take_until(rest, ";,"); /* junk behind the quotes */
    } else {
        p.value = take_until(rest, ";,");
    }
    return p;
}

static unsigned rel_of_word(struct str word)
{
    static const struct {
        struct str word;
        enum linkheader_rel rel;
    } words[] = {
        {{"canonical", 9}, LINKHEADER_CANONICAL}, {{"next", 4}, LINKHEADER_NEXT},
        {{"prev", 4}, LINKHEADER_PREV},           {{"previous", 8}, LINKHEADER_PREV},
        {{"alternate", 9}, LINKHEADER_ALTERNATE}, {{"nofollow", 8}, LINKHEADER_NOFOLLOW},
        {{"ugc", 3}, LINKHEADER_NOFOLLOW},        {{"sponsored", 9}, LINKHEADER_NOFOLLOW},
    };
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (str_eq_nocase(word, words[i].word))
            return words[i].rel;
    return 0;
}

static unsigned rels_of(struct str rel)
{
    unsigned rels = 0;
    while (rel.len > 0) {
        rels |= rel_of_word(take_until(&rel, " \t"));
        skip_space(&rel);
    }
    return rels;
}

/* RFC 8288, 3.3 and 3.4.1: of rel, type and hreflang the first counts. */
static void keep_first(struct str *field, struct parameter p)
{
    if (str_is_absent(*field) && !str_is_absent(p.value))
        *field = p.value;
}

static void read_parameters(struct str *rest, struct linkheader_link *link)
{
    while (take_char(rest, ';')) {
        struct parameter p = take_parameter(rest);
        if (str_eq_nocase(p.name, STR("rel")))
            keep_first(&link->rel, p);
        else if (str_eq_nocase(p.name, STR("hreflang")))
            keep_first(&link->hreflang, p);
        else if (str_eq_nocase(p.name, STR("type")))
            keep_first(&link->type, p);
        else if (str_eq_nocase(p.name, STR("anchor")))
            link->is_about_other = true;
    }
    link->rels = rels_of(link->rel);
}

bool linkheader_next(struct str *rest, struct linkheader_link *ret)
{
    while (rest->len > 0) {
        struct linkheader_link link = {.rel = STR_NONE};
        bool is_link = take_char(rest, '<');
        if (is_link) {
            link.target = take_until(rest, ">");
            is_link = take_char(rest, '>');
        }
        if (is_link)
            read_parameters(rest, &link);
        (void)take_until(rest, ","); /* whatever is left of it */
        (void)take_char(rest, ',');
        if (is_link) {
            *ret = link;
            return true;
        }
    }
    return false;
}
