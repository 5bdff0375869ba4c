/* The body is read twice: first to learn whether any group names the agent, then to keep the rules
 * of the groups that count (the agent's own, or else those of `*`). So nothing is kept that will
 * not be used: a robots.txt of 500 KiB for other robots costs some hundred bytes.
 *
 * Matching does not try rule after rule. The rules are sorted by their literal prefix (what stands
 * before the first `*` or `$`), and each knows the nearest rule before it whose prefix begins its
 * own. All rules whose prefix begins a path are then found by one binary search, for the last
 * prefix not greater than the path, and a walk up from there: any other such prefix begins that one
 * too. 10,000 rules cost a path no more than a dozen comparisons, unless they all begin alike.
 *
 * Which pattern is the longest is counted in octets of the canonical form, so that two spellings of
 * one path weigh the same and "allow" wins between them (RFC 9309, 2.2.2).
 *
 * Beyond the RFC, after Google's parser: "Allow: /dir/index.html" allows "/dir/" too. */
#include "crawler/parse/robots.h"

#include <assert.h>

#include "crawler/base/buf.h"
#include "crawler/parse/charset.h"
#include "crawler/parse/robots_line_p.h"
#include "crawler/parse/robots_path_p.h"

enum { TEXT_MAX_BYTES = 16 * ROBOTS_MAX_BYTES };

#define NO_RULE UINT32_MAX

struct span {
    uint32_t at, len; /* in robots.text */
};

struct rule {
    struct span text;    /* "Disallow: /a*b", for people */
    struct span pattern; /* canonical */
    uint32_t literal_len;
    uint32_t line;
    uint32_t parent; /* nearest rule before it whose literal prefix begins ours; NO_RULE: none */
    bool allow;
};

/* The ceilings are never met: a body adds at most 16 octets of text, and one item, for each octet
 * of its own. */
struct robots {
    struct buf text;     /* owned; texts and patterns of the rules, sitemaps */
    struct buf rules;    /* owned; array of struct rule, sorted by literal prefix */
    struct buf sitemaps; /* owned; array of struct span */
    int64_t crawl_delay_ms;
};

/* --- groups --- */

/* UTF-16, if `body` starts with its byte order mark. The RFC wants UTF-8; some editors write this.
 */
static struct str utf16_of(struct str body)
{
    if (str_starts(body, STR("\xFF\xFE")))
        return STR("UTF-16LE");
    return str_starts(body, STR("\xFE\xFF")) ? STR("UTF-16BE") : STR_NONE;
}

/* RFC 9309, 2.5: at least 500 KiB are parsed; what is beyond is cut at the last full line. */
static struct str cut_body(struct str body)
{
    if (body.len <= ROBOTS_MAX_BYTES)
        return body;
    size_t end = ROBOTS_MAX_BYTES;
    while (end > 0 && body.ptr[end - 1] != '\n' && body.ptr[end - 1] != '\r')
        end--;
    return str_first(body, end);
}

struct str robots_product_token(struct str user_agent)
{
    size_t end = 0;
    while (end < user_agent.len && (ascii_is_alpha(user_agent.ptr[end]) ||
                                    user_agent.ptr[end] == '_' || user_agent.ptr[end] == '-'))
        end++;
    return str_first(user_agent, end);
}

/* Whether a user-agent line speaks to `agent`, a product token or "*". What follows the token in
 * the line ("ExampleBot/1.0 (+http://...)", "* all others") is ignored. */
static bool names_agent(struct str value, struct str agent)
{
    if (str_eq(agent, STR("*")))
        return value.len > 0 && value.ptr[0] == '*' &&
               (value.len == 1 || ascii_is_space(value.ptr[1]));
    struct str token = robots_product_token(value);
    return token.len > 0 && str_eq_nocase(token, agent);
}

static bool has_group_for(struct str body, struct str agent)
{
    struct robots_lines lines = robots_lines(body);
    for (struct robots_line line; robots_next_line(&lines, &line);)
        if (line.field == FIELD_AGENT && names_agent(line.value, agent))
            return true;
    return false;
}

/* Decimal seconds, or -1. Above ten years is ten years. */
static int64_t parse_delay_ms(struct str text)
{
    const int64_t ten_years_ms = 3650LL * 86400000;
    int64_t ms = 0, unit = 1000;
    bool has_digit = false, has_dot = false;
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '.' && !has_dot) {
            has_dot = true;
            continue;
        }
        if (!ascii_is_digit(text.ptr[i]))
            return -1;
        has_digit = true;
        int64_t digit = text.ptr[i] - '0';
        unit /= has_dot ? 10 : 1;
        ms = has_dot ? ms + digit * unit : ms * 10 + digit * unit;
        ms = MIN(ms, ten_years_ms);
    }
    return has_digit ? ms : -1;
}

/* --- rules --- */

static struct str text_of(const struct robots *robots, struct span span)
{
    return str_from(robots->text.ptr + span.at, span.len);
}

static struct rule *rules_of(const struct robots *robots)
{
    return (struct rule *)(void *)robots->rules.ptr;
}

static size_t rule_count(const struct robots *robots)
{
    return robots->rules.len / sizeof(struct rule);
}

static struct str literal_of(const struct robots *robots, const struct rule *rule)
{
    return str_first(text_of(robots, rule->pattern), rule->literal_len);
}

static enum cw_err add_text(struct robots *robots, struct str s, struct span *ret)
{
    *ret = (struct span){(uint32_t)robots->text.len, (uint32_t)s.len};
    return buf_add(&robots->text, s);
}

/* Adds `rule` with a canonical pattern. Most rules are written canonically; their pattern is then
 * the end of their text and not stored twice. */
static enum cw_err add_rule(struct robots *robots, struct rule rule, struct str pattern)
{
    struct str text = text_of(robots, rule.text);
    rule.pattern =
        (struct span){(uint32_t)(rule.text.at + text.len - pattern.len), (uint32_t)pattern.len};
    if (!str_ends(text, pattern)) {
        enum cw_err err = add_text(robots, pattern, &rule.pattern);
        if (err != CW_OK)
            return err;
    }
    rule.literal_len = (uint32_t)robots_pattern_literal_size(text_of(robots, rule.pattern));
    return buf_add_bytes(&robots->rules, &rule, sizeof rule);
}

/* Adds what `value` means: one rule, or two where it depends on the path whether an escape behind
 * a `*` stands in a query. */
static enum cw_err add_readings(struct robots *robots, struct rule rule, struct str value)
{
    CLEANUP(buf_release) struct buf in_path = BUF_INIT(3 * value.len);
    CLEANUP(buf_release) struct buf in_query = BUF_INIT(3 * value.len);
    enum cw_err err = robots_pattern_add(&in_path, value, false);
    if (err == CW_OK)
        err = robots_pattern_add(&in_query, value, true);
    if (err == CW_OK)
        err = add_rule(robots, rule, buf_str(&in_path));
    if (err == CW_OK && !str_eq(buf_str(&in_path), buf_str(&in_query)))
        err = add_rule(robots, rule, buf_str(&in_query));
    return err;
}

/* "/dir/" of "/dir/index.html" or "/dir/index.htm"; absent for anything else. */
static struct str folder_of_index(struct str value)
{
    size_t slash = value.len;
    while (slash > 0 && value.ptr[slash - 1] != '/')
        slash--;
    return str_starts(str_skip(value, slash), STR("index.htm")) ? str_first(value, slash)
                                                                : STR_NONE;
}

static enum cw_err keep_rule(struct robots *robots, struct robots_line line)
{
    struct rule rule = {.line = line.number, .allow = line.field == FIELD_ALLOW};
    struct str name = rule.allow ? STR("Allow: ") : STR("Disallow: ");
    struct str folder = rule.allow ? folder_of_index(line.value) : STR_NONE;
    if (line.value.len == 0 || (line.value.ptr[0] != '/' && line.value.ptr[0] != '*'))
        return CW_OK; /* matches no path: all begin with a slash */
    struct span value;
    enum cw_err err = add_text(robots, name, &rule.text);
    if (err == CW_OK)
        err = add_text(robots, line.value, &value);
    if (err != CW_OK)
        return err;
    rule.text.len += value.len;
    err = add_readings(robots, rule, line.value);
    if (err != CW_OK || str_is_absent(folder))
        return err;
    CLEANUP(buf_release) struct buf pattern = BUF_INIT(folder.len + 1);
    err = buf_add(&pattern, folder);
    if (err == CW_OK)
        err = buf_add_char(&pattern, '$');
    return err == CW_OK ? add_readings(robots, rule, buf_str(&pattern)) : err;
}

static enum cw_err keep_sitemap(struct robots *robots, struct str value)
{
    struct span span;
    enum cw_err err = value.len > 0 ? add_text(robots, value, &span) : CW_OK;
    return value.len > 0 && err == CW_OK ? buf_add_bytes(&robots->sitemaps, &span, sizeof span)
                                         : err;
}

/* Keeps the rules of the groups that name `agent`. Several user-agent lines in a row, whatever
 * other lines stand between them, open one group; a rule, even an empty one, ends the row. */
static enum cw_err keep_groups(struct robots *robots, struct str body, struct str agent)
{
    struct robots_lines lines = robots_lines(body);
    bool in_group = false, has_rules = false;
    enum cw_err err = CW_OK;
    for (struct robots_line line; err == CW_OK && robots_next_line(&lines, &line);) {
        switch (line.field) {
        case FIELD_AGENT:
            in_group = (in_group && !has_rules) || names_agent(line.value, agent);
            has_rules = false;
            break;
        case FIELD_ALLOW:
        case FIELD_DISALLOW:
            has_rules = true;
            err = in_group ? keep_rule(robots, line) : CW_OK;
            break;
        case FIELD_DELAY:
            if (in_group)
                robots->crawl_delay_ms = MAX(robots->crawl_delay_ms, parse_delay_ms(line.value));
            break;
        case FIELD_SITEMAP: err = keep_sitemap(robots, line.value); break;
        case FIELD_OTHER: break;
        }
    }
    return err;
}

/* --- the index --- */

static int compare_rules(const void *a, const void *b, void *context)
{
    const struct rule *left = a, *right = b;
    int order = str_compare(literal_of(context, left), literal_of(context, right));
    return order != 0 ? order : (left->line > right->line) - (left->line < right->line);
}

static void link_rules(struct robots *robots)
{
    struct rule *rules = rules_of(robots);
    size_t count = rule_count(robots);
    if (count > 0)
        qsort_r(rules, count, sizeof *rules, compare_rules, robots);
    for (uint32_t i = 0; i < count; i++) {
        struct str literal = literal_of(robots, &rules[i]);
        uint32_t parent = i > 0 ? i - 1 : NO_RULE;
        while (parent != NO_RULE && !str_starts(literal, literal_of(robots, &rules[parent])))
            parent = rules[parent].parent;
        rules[i].parent = parent;
    }
}

/* The last rule whose literal prefix is not greater than `path`. */
static uint32_t last_not_greater(const struct robots *robots, struct str path)
{
    uint32_t low = 0, high = (uint32_t)rule_count(robots);
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (str_compare(literal_of(robots, &rules_of(robots)[middle]), path) <= 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low > 0 ? low - 1 : NO_RULE;
}

/* Whether `rule` decides over `best`: longer; or as long, and allow; or the same thing, earlier. */
static bool outweighs(const struct rule *rule, const struct rule *best)
{
    if (best == NULL || rule->pattern.len != best->pattern.len)
        return best == NULL || rule->pattern.len > best->pattern.len;
    return rule->allow != best->allow ? rule->allow : rule->line < best->line;
}

static size_t common_prefix_size(struct str a, struct str b)
{
    size_t size = 0;
    while (size < a.len && size < b.len && a.ptr[size] == b.ptr[size])
        size++;
    return size;
}

static const struct rule *find_rule(const struct robots *robots, struct str path)
{
    const struct rule *rules = rules_of(robots), *best = NULL;
    uint32_t i = last_not_greater(robots, path);
    if (i == NO_RULE)
        return NULL;
    size_t common = common_prefix_size(literal_of(robots, &rules[i]), path);
    for (; i != NO_RULE; i = rules[i].parent) {
        struct str rest = str_skip(text_of(robots, rules[i].pattern), rules[i].literal_len);
        if (rules[i].literal_len <= common && outweighs(&rules[i], best) &&
            (rest.len == 0 ||
             robots_pattern_rest_matches(rest, str_skip(path, rules[i].literal_len))))
            best = &rules[i];
    }
    return best;
}

/* --- the calls --- */

/* Gives back what a buffer has taken in advance: robots live long, and there is one a host. */
static void fit(struct buf *buf)
{
    char *fitted = buf->len > 0 ? realloc(buf->ptr, buf->len + 1) : NULL;
    if (fitted == NULL)
        return;
    buf->ptr = fitted;
    buf->cap = buf->len + 1;
}

static enum cw_err read_body(struct robots *robots, struct str body, struct str agent)
{
    body = cut_body(body);
    return keep_groups(robots, body, has_group_for(body, agent) ? agent : STR("*"));
}

static enum cw_err read_utf16(struct robots *robots, struct str body, struct str agent,
                              struct str encoding)
{
    CLEANUP(buf_release) struct buf text = BUF_INIT(2 * ROBOTS_MAX_BYTES);
    enum cw_err err = charset_to_utf8(&text, body, encoding);
    return err == CW_OK || err == CW_ETOOBIG ? read_body(robots, buf_str(&text), agent) : err;
}

enum cw_err robots_parse(struct robots **ret, struct str body, struct str agent)
{
    struct str utf16 = utf16_of(body);
    struct robots *robots = malloc(sizeof *robots);
    if (robots == NULL)
        return CW_ENOMEM;
    *robots = (struct robots){
        .text = BUF_INIT(TEXT_MAX_BYTES),
        .rules = BUF_INIT(ROBOTS_MAX_BYTES * sizeof(struct rule)),
        .sitemaps = BUF_INIT(ROBOTS_MAX_BYTES * sizeof(struct span)),
        .crawl_delay_ms = -1,
    };
    enum cw_err err = str_is_absent(utf16) ? read_body(robots, body, agent)
                                           : read_utf16(robots, body, agent, utf16);
    if (err != CW_OK) {
        robots_free(robots);
        return err;
    }
    fit(&robots->text);
    fit(&robots->rules);
    fit(&robots->sitemaps);
    link_rules(robots);
    *ret = robots;
    return CW_OK;
}

void robots_free(struct robots *robots)
{
    if (robots == NULL)
        return;
    buf_release(&robots->text);
    buf_release(&robots->rules);
    buf_release(&robots->sitemaps);
    free(robots);
}

struct robots_match robots_match(const struct robots *robots, struct str path_and_query)
{
    if (rule_count(robots) == 0 || str_eq(path_and_query, STR("/robots.txt")))
        return (struct robots_match){.allowed = true}; /* RFC 9309, 2.2.2: implicitly allowed */
    CLEANUP(buf_release) struct buf path = BUF_INIT(3 * path_and_query.len);
    if (robots_path_add(&path, path_and_query) != CW_OK)
        return (struct robots_match){.allowed = false};
    const struct rule *rule = find_rule(robots, buf_str(&path));
    if (rule == NULL)
        return (struct robots_match){.allowed = true};
    return (struct robots_match){rule->allow, rule->line, text_of(robots, rule->text)};
}

int64_t robots_crawl_delay_ms(const struct robots *robots)
{
    return robots->crawl_delay_ms;
}

size_t robots_sitemap_count(const struct robots *robots)
{
    return robots->sitemaps.len / sizeof(struct span);
}

struct str robots_sitemap(const struct robots *robots, size_t index)
{
    assert(index < robots_sitemap_count(robots));
    const struct span *spans = (const void *)robots->sitemaps.ptr;
    return text_of(robots, spans[index]);
}

size_t robots_footprint(const struct robots *robots)
{
    return sizeof *robots + robots->text.cap + robots->rules.cap + robots->sitemaps.cap;
}
