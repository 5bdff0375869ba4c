#include "crawler/parse/robots_line_p.h"

enum { LINE_MAX_BYTES = 16663 };

/* RFC 9309, 2.2.4: "crawlers may accept common misspellings of the record". These are Google's. */
static const struct {
    struct str name;
    enum robots_field field;
} fields[] = {
    {{"user-agent", 10}, FIELD_AGENT},  {{"useragent", 9}, FIELD_AGENT},
    {{"user agent", 10}, FIELD_AGENT},  {{"allow", 5}, FIELD_ALLOW},
    {{"disallow", 8}, FIELD_DISALLOW},  {{"dissallow", 9}, FIELD_DISALLOW},
    {{"dissalow", 8}, FIELD_DISALLOW},  {{"disalow", 7}, FIELD_DISALLOW},
    {{"diasllow", 8}, FIELD_DISALLOW},  {{"disallaw", 8}, FIELD_DISALLOW},
    {{"sitemap", 7}, FIELD_SITEMAP},    {{"site-map", 8}, FIELD_SITEMAP},
    {{"crawl-delay", 11}, FIELD_DELAY},
};

static enum robots_field field_of(struct str name)
{
    for (size_t i = 0; i < ARRAY_LEN(fields); i++)
        if (str_eq_nocase(name, fields[i].name))
            return fields[i].field;
    return FIELD_OTHER;
}

/* Where the name of a line ends. Without a colon, white space between exactly two words counts. */
static size_t find_separator(struct str line)
{
    size_t colon = str_find_char(line, ':'), blank = 0;
    if (colon < line.len)
        return colon;
    while (blank < line.len && !ascii_is_space(line.ptr[blank]))
        blank++;
    struct str value = str_trim(str_skip(line, blank));
    for (size_t i = 0; i < value.len; i++)
        if (ascii_is_space(value.ptr[i]))
            return line.len;
    return blank;
}

static struct robots_line parse_line(struct str text, uint32_t number)
{
    text = str_first(text, LINE_MAX_BYTES);
    text = str_trim(str_first(text, str_find_char(text, '#')));
    size_t separator = find_separator(text);
    return (struct robots_line){
        .field = field_of(str_trim(str_first(text, separator))),
        .value = str_trim(str_skip(text, separator + 1)),
        .number = number,
    };
}

struct robots_lines robots_lines(struct str body)
{
    static const char bom[] = {'\xEF', '\xBB', '\xBF'};
    size_t skip = 0;
    while (skip < sizeof bom && skip < body.len && body.ptr[skip] == bom[skip])
        skip++;
    return (struct robots_lines){.rest = str_skip(body, skip)};
}

bool robots_next_line(struct robots_lines *lines, struct robots_line *ret)
{
    struct str rest = lines->rest;
    size_t end = 0;
    if (rest.len == 0)
        return false;
    while (end < rest.len && rest.ptr[end] != '\n' && rest.ptr[end] != '\r')
        end++;
    bool is_crlf = str_starts(str_skip(rest, end), STR("\r\n"));
    lines->rest = str_skip(rest, end + 1 + is_crlf);
    *ret = parse_line(str_first(rest, end), ++lines->count);
    return true;
}
