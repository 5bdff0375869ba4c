#include "crawler/parse/links.h"

#include "crawler/base/util.h"

static const struct link_attribute attributes[] = {
    {STR("a"), STR("href"), LINK_URL, LINK_PAGE},
    {STR("area"), STR("href"), LINK_URL, LINK_PAGE},
    {STR("link"), STR("href"), LINK_URL, LINK_MENTION},
    {STR("img"), STR("src"), LINK_URL, LINK_PART},
    {STR("source"), STR("src"), LINK_URL, LINK_PART},
    {STR("iframe"), STR("src"), LINK_URL, LINK_PAGE},
    {STR("frame"), STR("src"), LINK_URL, LINK_PAGE},
    {STR("script"), STR("src"), LINK_URL, LINK_PART},
    {STR("video"), STR("src"), LINK_URL, LINK_PART},
    {STR("audio"), STR("src"), LINK_URL, LINK_PART},
    {STR("embed"), STR("src"), LINK_URL, LINK_PART},
    {STR("track"), STR("src"), LINK_URL, LINK_PART},
    {STR("input"), STR("src"), LINK_URL, LINK_PART},
    {STR("video"), STR("poster"), LINK_URL, LINK_PART},
    {STR("object"), STR("data"), LINK_URL, LINK_PART},
    {STR("form"), STR("action"), LINK_URL, LINK_MENTION},
    {STR("img"), STR("srcset"), LINK_SRCSET, LINK_PART},
    {STR("source"), STR("srcset"), LINK_SRCSET, LINK_PART},
    {STR("link"), STR("imagesrcset"), LINK_SRCSET, LINK_PART},
    {STR("img"), STR("longdesc"), LINK_URL, LINK_MENTION},
    {STR("a"), STR("ping"), LINK_LIST, LINK_MENTION},
    {STR("area"), STR("ping"), LINK_LIST, LINK_MENTION},
    {STR("body"), STR("background"), LINK_URL, LINK_PART},
    {STR("table"), STR("background"), LINK_URL, LINK_PART},
    {STR("td"), STR("background"), LINK_URL, LINK_PART},
    {STR("th"), STR("background"), LINK_URL, LINK_PART},
    {STR("blockquote"), STR("cite"), LINK_URL, LINK_MENTION},
    {STR("q"), STR("cite"), LINK_URL, LINK_MENTION},
    {STR("ins"), STR("cite"), LINK_URL, LINK_MENTION},
    {STR("del"), STR("cite"), LINK_URL, LINK_MENTION},
    {STR("image"), STR("href"), LINK_URL, LINK_PART},
    {STR("image"), STR("xlink:href"), LINK_URL, LINK_PART},
    {STR("use"), STR("href"), LINK_URL, LINK_PART},
    {STR("use"), STR("xlink:href"), LINK_URL, LINK_PART},
};

const struct link_attribute *link_attribute_find(struct str element, struct str attribute)
{
    for (size_t i = 0; i < ARRAY_LEN(attributes); i++)
        if (str_eq(attributes[i].element, element) && str_eq(attributes[i].attribute, attribute))
            return &attributes[i];
    return NULL;
}

enum link_use links_use_of_rel(struct str rel)
{
    static const struct {
        struct str word;
        enum link_use use;
    } words[] = {
        {STR("canonical"), LINK_PAGE},
        {STR("next"), LINK_PAGE},
        {STR("prev"), LINK_PAGE},
        {STR("stylesheet"), LINK_PART}, /* before "alternate": an alternate sheet is a sheet */
        {STR("alternate"), LINK_PAGE},
        {STR("icon"), LINK_PART},
        {STR("apple-touch-icon"), LINK_PART},
        {STR("mask-icon"), LINK_PART},
        {STR("preload"), LINK_PART},
        {STR("modulepreload"), LINK_PART},
        {STR("manifest"), LINK_PART},
    };
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (links_has_word(rel, words[i].word))
            return words[i].use;
    return LINK_MENTION;
}

typedef bool char_test(char c);

static bool is_space_or_comma(char c)
{
    return ascii_is_space(c) || c == ',';
}

static bool is_not_space(char c)
{
    return !ascii_is_space(c);
}

static bool is_digit_or_dot(char c)
{
    return ascii_is_digit(c) || c == '.';
}

/* Takes the longest run of characters that pass the test off the front. */
static struct str take_while(struct str *rest, char_test *passes)
{
    size_t count = 0;
    while (count < rest->len && passes(rest->ptr[count]))
        count++;
    struct str run = str_first(*rest, count);
    *rest = str_skip(*rest, count);
    return run;
}

static bool take_char(struct str *rest, char lower)
{
    if (rest->len == 0 || ascii_lower(rest->ptr[0]) != lower)
        return false;
    *rest = str_skip(*rest, 1);
    return true;
}

/* What the descriptors of one image candidate said so far. */
struct candidate {
    bool width, density, height, error;
};

static bool has_digit_above_zero(struct str digits)
{
    for (size_t i = 0; i < digits.len; i++)
        if (digits.ptr[i] >= '1' && digits.ptr[i] <= '9')
            return true;
    return false;
}

static bool is_positive_integer(struct str s)
{
    struct str rest = s;
    return take_while(&rest, ascii_is_digit).len > 0 && rest.len == 0 && has_digit_above_zero(s);
}

/* HTML, "valid floating-point number", and not below zero. */
static bool is_float_from_zero(struct str s)
{
    bool minus = take_char(&s, '-');
    struct str whole = take_while(&s, ascii_is_digit), fraction = STR("");
    if (take_char(&s, '.')) {
        fraction = take_while(&s, ascii_is_digit);
        if (fraction.len == 0)
            return false;
    }
    if (whole.len + fraction.len == 0)
        return false;
    if (take_char(&s, 'e')) {
        if (!take_char(&s, '-'))
            (void)take_char(&s, '+');
        if (take_while(&s, ascii_is_digit).len == 0)
            return false;
    }
    return s.len == 0 &&
           !(minus && (has_digit_above_zero(whole) || has_digit_above_zero(fraction)));
}

/* HTML, "parse a srcset attribute", step 13: one descriptor. */
static void read_descriptor(struct candidate *c, struct str descriptor)
{
    if (descriptor.len == 0)
        return;
    struct str number = str_first(descriptor, descriptor.len - 1);
    char unit = descriptor.ptr[descriptor.len - 1];
    if (unit == 'w' && !c->width && !c->density && is_positive_integer(number))
        c->width = true;
    else if (unit == 'x' && !c->width && !c->density && !c->height && is_float_from_zero(number))
        c->density = true;
    else if (unit == 'h' && !c->height && !c->density && is_positive_integer(number))
        c->height = true;
    else
        c->error = true;
}

/* Step 8: descriptors are parted by white space and end at a comma, both only outside parentheses.
 */
static void read_descriptors(struct candidate *c, struct str *rest)
{
    bool in_parens = false;
    size_t start = 0, i = 0;
    for (; i < rest->len; i++) {
        char now = rest->ptr[i];
        if (in_parens) {
            in_parens = now != ')';
        } else if (ascii_is_space(now) || now == ',') {
            read_descriptor(c, str_from(rest->ptr + start, i - start));
            start = i + 1;
            if (now == ',')
                break;
        } else {
            in_parens = now == '(';
        }
    }
    if (i == rest->len && start < i)
        read_descriptor(c, str_from(rest->ptr + start, i - start));
    *rest = str_skip(*rest, i + 1);
}

bool links_next_srcset(struct str *rest, struct str *ret_url)
{
    for (;;) {
        struct candidate c = {0};
        (void)take_while(rest, is_space_or_comma);
        if (rest->len == 0)
            return false;
        struct str url = take_while(rest, is_not_space);
        if (url.ptr[url.len - 1] == ',')
            while (url.ptr[url.len - 1] == ',')
                url.len--;
        else
            read_descriptors(&c, rest);
        if (!c.error && !(c.height && !c.width)) {
            *ret_url = url;
            return true;
        }
    }
}

bool links_next_word(struct str *rest, struct str *ret_word)
{
    (void)take_while(rest, ascii_is_space);
    *ret_word = take_while(rest, is_not_space);
    return ret_word->len > 0;
}

bool links_has_word(struct str list, struct str word)
{
    for (struct str next; links_next_word(&list, &next);)
        if (str_eq_nocase(next, word))
            return true;
    return false;
}

static uint64_t to_seconds(struct str digits)
{
    uint64_t value = 0;
    return digits.len == 0 || str_to_u64(digits, UINT64_MAX, &value) ? value : UINT64_MAX;
}

/* Takes `url =` off the front, or nothing. False when it starts like that and then does not. */
static bool skip_url_word(struct str *rest)
{
    if (!take_char(rest, 'u'))
        return true;
    if (!take_char(rest, 'r') || !take_char(rest, 'l'))
        return false;
    (void)take_while(rest, ascii_is_space);
    if (!take_char(rest, '='))
        return false;
    (void)take_while(rest, ascii_is_space);
    return true;
}

static struct str read_refresh_url(struct str rest)
{
    struct str whole = rest;
    if (!skip_url_word(&rest))
        return whole;
    char quote = rest.len > 0 ? rest.ptr[0] : '\0';
    if (quote != '"' && quote != '\'')
        return rest;
    rest = str_skip(rest, 1);
    return str_first(rest, str_find_char(rest, quote));
}

bool links_parse_refresh(struct str content, uint64_t *ret_seconds, struct str *ret_url)
{
    struct str rest = content;
    (void)take_while(&rest, ascii_is_space);
    struct str digits = take_while(&rest, ascii_is_digit);
    if (digits.len == 0 && (rest.len == 0 || rest.ptr[0] != '.'))
        return false;
    (void)take_while(&rest, is_digit_or_dot);
    if (rest.len > 0 && !is_space_or_comma(rest.ptr[0]) && rest.ptr[0] != ';')
        return false;
    (void)take_while(&rest, ascii_is_space);
    if (!take_char(&rest, ';'))
        (void)take_char(&rest, ',');
    (void)take_while(&rest, ascii_is_space);
    *ret_seconds = to_seconds(digits);
    *ret_url = rest.len > 0 ? read_refresh_url(rest) : STR("");
    return true;
}
