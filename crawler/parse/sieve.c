#include "crawler/parse/sieve.h"

#include "crawler/parse/charref.h"
#include "crawler/parse/tagrule.h"

enum { NAME_MAX_BYTES = 16 }; /* more than the longest name that we know */

/* The attributes that html.c reads. */
static const struct str kept_attributes[] = {
    STR("href"),    STR("src"),    STR("rel"),      STR("alt"),    STR("name"),
    STR("content"), STR("lang"),   STR("data"),     STR("srcset"), STR("http-equiv"),
    STR("action"),  STR("poster"), STR("xml:lang"),
};

struct sieve {
    struct str html;
    bool is_xhtml;
    size_t at;       /* the next byte to read */
    struct buf *out; /* where the current tag goes: bases or markup */
    struct buf *bases, *markup;
    bool a_is_open;
    size_t svg_depth;       /* of <svg>; its tags are not HTML's */
    bool in_foreign_object; /* HTML inside SVG */
    size_t template_depth;  /* of <template>; its text is not visible */
    enum cw_err err;        /* the first one; nothing is added after it */
};

struct tag {
    char name_bytes[NAME_MAX_BYTES];
    struct str name; /* in lower case; empty when longer than any that matters */
    unsigned flags;
    bool is_kept; /* flags as they apply here */
    bool is_self_closing;
};

static void put(struct sieve *s, struct str text)
{
    if (s->err == CW_OK)
        s->err = buf_add(s->out, text);
}

/* Drops what was added to the current output since it held `len` bytes. */
static void take_back(struct sieve *s, size_t len)
{
    if (s->out->len == len)
        return;
    s->out->len = len;
    s->out->ptr[len] = '\0';
}

/* Bytes that markup cannot hold as they are. */
static const bool needs_escape[256] = {['<'] = true, ['&'] = true, ['"'] = true, ['\0'] = true};

static size_t count_plain(struct str text)
{
    size_t count = 0;
    while (count < text.len && !needs_escape[(unsigned char)text.ptr[count]])
        count++;
    return count;
}

static void put_escaped(struct sieve *s, struct str text, bool in_attribute)
{
    while (text.len > 0 && s->err == CW_OK) {
        size_t plain = count_plain(text);
        put(s, str_first(text, plain));
        text = str_skip(text, plain);
        if (text.len == 0)
            return;
        if (text.ptr[0] == '&' && s->err == CW_OK) {
            s->err = charref_normalize(s->out, &text, in_attribute);
            continue;
        }
        put(s, text.ptr[0] == '<'   ? STR("&lt;")
               : text.ptr[0] == '"' ? STR("&#34;")
                                    : STR("\xEF\xBF\xBD"));
        text = str_skip(text, 1);
    }
}

static void put_text(struct sieve *s, struct str text)
{
    if (s->template_depth == 0)
        put_escaped(s, text, false);
}

static struct str remaining(const struct sieve *s)
{
    return str_skip(s->html, s->at);
}

static bool in_svg(const struct sieve *s)
{
    return s->svg_depth > 0 && !s->in_foreign_object;
}

/* Moves behind the next `end` at or after `from`, or to the end of the text. */
static void skip_past(struct sieve *s, size_t from, struct str end)
{
    size_t at = from + str_find(str_skip(s->html, from), end);
    s->at = MIN(at + end.len, s->html.len);
}

static bool ends_tag_name(char c)
{
    return ascii_is_space(c) || c == '/' || c == '>';
}

static void read_tag_name(struct sieve *s, struct tag *tag)
{
    size_t start = s->at, len;
    while (s->at < s->html.len && !ends_tag_name(s->html.ptr[s->at]))
        s->at++;
    len = s->at - start;
    if (len > sizeof tag->name_bytes)
        len = 0;
    for (size_t i = 0; i < len; i++)
        tag->name_bytes[i] = ascii_lower(s->html.ptr[start + i]);
    tag->name = str_from(tag->name_bytes, len);
    tag->flags = tagrule_flags(tag->name);
}

/* The bit of an attribute that html.c reads, or 0. */
static unsigned attribute_bit(struct str name)
{
    for (size_t i = 0; i < ARRAY_LEN(kept_attributes); i++)
        if (str_eq_nocase(kept_attributes[i], name))
            return 1U << i;
    return 0;
}

static void put_attribute(struct sieve *s, struct str name, struct str value)
{
    put(s, STR(" "));
    size_t start = s->out->len;
    put(s, name);
    for (size_t i = start; i < s->out->len; i++)
        s->out->ptr[i] = ascii_lower(s->out->ptr[i]);
    put(s, STR("=\""));
    put_escaped(s, value, true);
    put(s, STR("\""));
}

static void skip_space(struct sieve *s)
{
    while (s->at < s->html.len && ascii_is_space(s->html.ptr[s->at]))
        s->at++;
}

static struct str read_attribute_name(struct sieve *s)
{
    size_t start = s->at++; /* an equals sign in the first place belongs to the name */
    while (s->at < s->html.len && !ends_tag_name(s->html.ptr[s->at]) && s->html.ptr[s->at] != '=')
        s->at++;
    return str_from(s->html.ptr + start, s->at - start);
}

static struct str read_attribute_value(struct sieve *s)
{
    skip_space(s);
    if (s->at == s->html.len || s->html.ptr[s->at] != '=')
        return STR("");
    s->at++;
    skip_space(s);
    char quote = s->at < s->html.len ? s->html.ptr[s->at] : '\0';
    if (quote == '"' || quote == '\'') {
        struct str inner = str_skip(s->html, s->at + 1);
        struct str value = str_first(inner, str_find_char(inner, quote));
        s->at = MIN(s->at + value.len + 2, s->html.len);
        return value;
    }
    size_t start = s->at;
    while (s->at < s->html.len && !ascii_is_space(s->html.ptr[s->at]) && s->html.ptr[s->at] != '>')
        s->at++;
    return str_from(s->html.ptr + start, s->at - start);
}

/* Reads up to and with the '>' that ends the tag, and writes what is kept of its attributes. False:
 * the text ends inside the tag. */
static bool read_attributes(struct sieve *s, struct tag *tag)
{
    unsigned seen = 0;
    while (s->at < s->html.len) {
        char c = s->html.ptr[s->at];
        if (c == '>') {
            s->at++;
            return true;
        }
        if (c == '/' || ascii_is_space(c)) {
            s->at++;
            tag->is_self_closing = c == '/' && s->at < s->html.len && s->html.ptr[s->at] == '>';
            continue;
        }
        struct str name = read_attribute_name(s), value = read_attribute_value(s);
        unsigned bit = tag->is_kept ? attribute_bit(name) : 0;
        if (bit != 0 && (seen & bit) == 0)
            put_attribute(s, name, value);
        seen |= bit;
    }
    return false;
}

/* Does "/>" end the element? In XHTML, and of HTML in SVG; else HTML ignores it. */
static bool is_empty(const struct sieve *s, const struct tag *tag)
{
    bool is_foreign = in_svg(s) && (tag->flags & TAG_BREAKOUT) == 0;
    return tag->is_self_closing && (s->is_xhtml || is_foreign);
}

/* A start tag inside <svg>: may end it, or open HTML inside it. */
static void track_foreign_start(struct sieve *s, const struct tag *tag)
{
    if (in_svg(s) && (tag->flags & TAG_BREAKOUT) != 0)
        s->svg_depth = 0;
    if (tag->is_self_closing)
        return;
    if (str_eq(tag->name, STR("svg")))
        s->svg_depth++;
    else if (in_svg(s) && str_eq(tag->name, STR("foreignobject")))
        s->in_foreign_object = true;
    if (s->svg_depth == 0)
        s->in_foreign_object = false;
}

static void track_foreign_end(struct sieve *s, const struct tag *tag)
{
    if (str_eq(tag->name, STR("foreignobject")))
        s->in_foreign_object = false;
    else if (str_eq(tag->name, STR("svg")) && s->svg_depth > 0)
        s->svg_depth--;
    else if (in_svg(s) && (tag->flags & TAG_BREAKOUT) != 0)
        s->svg_depth = 0; /* the end of what holds the <svg> */
}

/* The place of the next `</name` that ends the tag's raw text, or the end. */
static size_t raw_text_end(const struct sieve *s, struct str name, size_t at)
{
    for (;; at++) {
        at += str_find_char(str_skip(s->html, at), '<');
        struct str rest = str_skip(s->html, at);
        if (rest.len == 0)
            return s->html.len;
        struct str behind = str_skip(rest, 2 + name.len);
        if (rest.len > 2 + name.len && rest.ptr[1] == '/' &&
            str_starts_nocase(str_skip(rest, 2), name) && ends_tag_name(behind.ptr[0]))
            return at;
    }
}

static bool starts_script_tag(struct str rest, struct str opening)
{
    return rest.len > opening.len && str_starts_nocase(rest, opening) &&
           ends_tag_name(rest.ptr[opening.len]);
}

/* HTML, "script data (double) escaped state": after `<!--`, a <script> within the script has an end
 * tag of its own, until `-->`. */
static size_t script_end(const struct sieve *s)
{
    bool is_escaped = false, is_double = false;
    for (size_t at = s->at; at < s->html.len; at++) {
        char c = s->html.ptr[at];
        if (c != '<' && c != '-')
            continue;
        struct str rest = str_skip(s->html, at);
        if (str_starts(rest, STR("-->"))) {
            is_escaped = is_double = false;
        } else if (!is_escaped && str_starts(rest, STR("<!--"))) {
            is_escaped = true;
            at++; /* of `<!-->` the dashes count twice */
        } else if (is_escaped && !is_double && starts_script_tag(rest, STR("<script"))) {
            is_double = true;
        } else if (starts_script_tag(rest, STR("</script"))) {
            if (!is_double)
                return at;
            is_double = false;
        }
    }
    return s->html.len;
}

static void skip_raw_text(struct sieve *s, const struct tag *tag)
{
    s->at = str_eq(tag->name, STR("script")) ? script_end(s) : raw_text_end(s, tag->name, s->at);
}

/* All that follows is text. */
static void put_plaintext(struct sieve *s)
{
    put_text(s, remaining(s));
    s->at = s->html.len;
}

/* SVG has these two as well, and nobody sees what they hold. */
static bool is_code(const struct tag *tag)
{
    return str_eq(tag->name, STR("script")) || str_eq(tag->name, STR("style"));
}

/* Of elements whose content is not plain markup. */
static void enter_content(struct sieve *s, const struct tag *tag)
{
    if (str_eq(tag->name, STR("template")))
        s->template_depth++;
    else if (str_eq(tag->name, STR("plaintext")))
        put_plaintext(s);
    else if ((tag->flags & TAG_RAW) != 0 && (!in_svg(s) || is_code(tag)))
        skip_raw_text(s, tag);
}

static void put_title(struct sieve *s)
{
    size_t end = raw_text_end(s, STR("title"), s->at);
    put_escaped(s, str_from(s->html.ptr + s->at, end - s->at), false);
    put(s, STR("</title>"));
    s->at = end;
}

static void close_a(struct sieve *s)
{
    if (s->a_is_open)
        put(s, STR("</a>"));
    s->a_is_open = false;
}

static void put_tag_start(struct sieve *s, const struct tag *tag)
{
    if (str_eq(tag->name, STR("a")))
        close_a(s);
    put(s, STR("<"));
    put(s, str_eq(tag->name, STR("image")) ? STR("img") : tag->name);
}

/* What follows the tag decides how it ends: an <a> holds text, a title is read here, all others are
 * closed at once. */
static void put_tag_end(struct sieve *s, const struct tag *tag)
{
    bool is_a = str_eq(tag->name, STR("a")) && !is_empty(s, tag);
    bool is_title = str_eq(tag->name, STR("title")) && !is_empty(s, tag);
    put(s, is_a || is_title ? STR(">") : STR("/>"));
    s->a_is_open |= is_a;
    if (is_title)
        put_title(s);
}

static void sieve_start_tag(struct sieve *s)
{
    struct tag tag = {0};
    s->at++;
    read_tag_name(s, &tag);
    tag.is_kept = (tag.flags & TAG_KEPT) != 0 && (!in_svg(s) || (tag.flags & TAG_BREAKOUT) != 0);
    s->out = str_eq(tag.name, STR("base")) ? s->bases : s->markup;
    size_t before = s->out->len;
    bool a_was_open = s->a_is_open;
    if ((tag.flags & TAG_INLINE) == 0)
        put_text(s, STR(" "));
    if (tag.is_kept)
        put_tag_start(s, &tag);
    if (!read_attributes(s, &tag)) {
        take_back(s, before);
        s->a_is_open = a_was_open;
        return;
    }
    bool has_content = !is_empty(s, &tag);
    if (tag.is_kept)
        put_tag_end(s, &tag);
    s->out = s->markup;
    track_foreign_start(s, &tag);
    if (has_content)
        enter_content(s, &tag);
}

static void sieve_end_tag(struct sieve *s)
{
    struct tag tag = {0};
    s->at += 2;
    read_tag_name(s, &tag);
    if (!read_attributes(s, &tag))
        return;
    if ((tag.flags & TAG_INLINE) == 0)
        put_text(s, STR(" "));
    if (str_eq(tag.name, STR("a")) && !in_svg(s))
        close_a(s);
    else if (str_eq(tag.name, STR("template")) && s->template_depth > 0)
        s->template_depth--;
    track_foreign_end(s, &tag);
}

/* HTML, "comment start state" and on: `<!-->` and `<!--->` are whole, `--!>` ends one too. */
static void skip_comment(struct sieve *s)
{
    size_t body = s->at + 4;
    struct str rest = str_skip(s->html, body);
    if (str_starts(rest, STR(">")) || str_starts(rest, STR("->"))) {
        skip_past(s, body, STR(">"));
        return;
    }
    for (s->at = body; s->at < s->html.len; s->at++) {
        s->at += str_find(remaining(s), STR("--"));
        struct str end = str_skip(remaining(s), 2);
        if (str_starts(end, STR(">")) || str_starts(end, STR("!>"))) {
            skip_past(s, s->at, STR(">"));
            return;
        }
    }
    s->at = s->html.len;
}

static void sieve_cdata(struct sieve *s)
{
    size_t start = s->at + sizeof "<![CDATA[" - 1;
    skip_past(s, start, STR("]]>"));
    struct str text = str_from(s->html.ptr + start, s->at - start);
    if (str_ends(text, STR("]]>")))
        text.len -= 3;
    put_text(s, text);
}

/* What starts with '<': a tag, a comment, or text after all. */
static void sieve_markup(struct sieve *s)
{
    struct str rest = remaining(s);
    char second = rest.len > 1 ? rest.ptr[1] : '\0', third = rest.len > 2 ? rest.ptr[2] : '\0';
    if (ascii_is_alpha(second)) {
        sieve_start_tag(s);
    } else if (second == '/' && ascii_is_alpha(third)) {
        sieve_end_tag(s);
    } else if (str_starts(rest, STR("<!--"))) {
        skip_comment(s);
    } else if ((in_svg(s) || s->is_xhtml) && str_starts(rest, STR("<![CDATA["))) {
        sieve_cdata(s);
    } else if (second == '!' || second == '?' || (second == '/' && rest.len > 2)) {
        skip_past(s, s->at, STR(">"));
    } else {
        put_text(s, STR("<"));
        s->at++;
    }
}

enum cw_err sieve_html(struct buf *ret_bases, struct buf *ret_markup, struct str html,
                       bool is_xhtml)
{
    struct sieve s = {.html = html,
                      .is_xhtml = is_xhtml,
                      .out = ret_markup,
                      .bases = ret_bases,
                      .markup = ret_markup};
    while (s.at < html.len && s.err == CW_OK) {
        struct str rest = remaining(&s);
        struct str text = str_first(rest, str_find_char(rest, '<'));
        put_text(&s, text);
        s.at += text.len;
        if (s.at < html.len)
            sieve_markup(&s);
    }
    close_a(&s);
    return s.err;
}
